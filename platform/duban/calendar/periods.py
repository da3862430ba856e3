"""The stretches of time a submission speaks about: a week, ten days, half a month, a month, … two years, or once."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import StrEnum

from duban.kernel.text import N_, Text


class PeriodKind(StrEnum):
    """How often something recurs; ONCE does not, and UNTIL is a stretch that ends on a day a list of days names."""

    ONCE = "once"
    UNTIL = "until"
    WEEK = "week"
    TEN_DAYS = "ten_days"
    HALF_MONTH = "half_month"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    TWO_YEARS = "two_years"


RECURRING = (
    PeriodKind.WEEK,
    PeriodKind.TEN_DAYS,
    PeriodKind.HALF_MONTH,
    PeriodKind.MONTH,
    PeriodKind.QUARTER,
    PeriodKind.HALF_YEAR,
    PeriodKind.YEAR,
    PeriodKind.TWO_YEARS,
)

EVERY_LABELS: dict[PeriodKind, str] = {
    PeriodKind.ONCE: N_("一次性"),
    PeriodKind.UNTIL: N_("按列出的日期"),
    PeriodKind.WEEK: N_("每周"),
    PeriodKind.TEN_DAYS: N_("每旬"),
    PeriodKind.HALF_MONTH: N_("每半月"),
    PeriodKind.MONTH: N_("每月"),
    PeriodKind.QUARTER: N_("每季度"),
    PeriodKind.HALF_YEAR: N_("每半年"),
    PeriodKind.YEAR: N_("每年"),
    PeriodKind.TWO_YEARS: N_("每两年"),
}

MONTHS = (
    N_("1月"),
    N_("2月"),
    N_("3月"),
    N_("4月"),
    N_("5月"),
    N_("6月"),
    N_("7月"),
    N_("8月"),
    N_("9月"),
    N_("10月"),
    N_("11月"),
    N_("12月"),
)

MONTHS_IN: dict[PeriodKind, int] = {
    PeriodKind.MONTH: 1,
    PeriodKind.QUARTER: 3,
    PeriodKind.HALF_YEAR: 6,
    PeriodKind.YEAR: 12,
    PeriodKind.TWO_YEARS: 24,
}

LONGEST_IN_DAYS: dict[PeriodKind, int] = {
    PeriodKind.WEEK: 7,
    PeriodKind.TEN_DAYS: 11,
    PeriodKind.HALF_MONTH: 16,
    PeriodKind.MONTH: 31,
    PeriodKind.QUARTER: 92,
    PeriodKind.HALF_YEAR: 184,
    PeriodKind.YEAR: 366,
    PeriodKind.TWO_YEARS: 731,
}

QUARTER_LABELS = (N_("%(year)s年第一季度"), N_("%(year)s年第二季度"), N_("%(year)s年第三季度"), N_("%(year)s年第四季度"))
TEN_DAYS_LABELS = (N_("%(year)s年%(month)s上旬"), N_("%(year)s年%(month)s中旬"), N_("%(year)s年%(month)s下旬"))
HALF_MONTH_LABELS = (N_("%(year)s年%(month)s上半月"), N_("%(year)s年%(month)s下半月"))
_PARTS_OF_MONTH: dict[PeriodKind, tuple[int, ...]] = {PeriodKind.TEN_DAYS: (1, 11, 21), PeriodKind.HALF_MONTH: (1, 16)}
"""The days on which the parts of a month begin; the last part runs to the month's end, be it the 28th or the 31st."""
HALF_LABELS = (N_("%(year)s年上半年"), N_("%(year)s年下半年"))


@dataclass(frozen=True, order=True)
class Period:
    """A stretch from `start` to `end`, both days belonging to it. Weeks run from Monday to Sunday (ISO 8601)."""

    start: date
    end: date
    kind: PeriodKind

    @property
    def reporting_year(self) -> int:
        """The year whose books it belongs to: a week's Thursday's; for two years and listed days the one it ends in."""
        if self.kind is PeriodKind.WEEK:
            return self.start.isocalendar().year
        return self.end.year if self.kind in {PeriodKind.TWO_YEARS, PeriodKind.UNTIL} else self.start.year

    @property
    def number(self) -> int:
        """Its place in the reporting year, a part of a month's in the month, from 1."""
        if self.kind is PeriodKind.WEEK:
            return self.start.isocalendar().week
        if self.kind in _PARTS_OF_MONTH:
            return _PARTS_OF_MONTH[self.kind].index(self.start.day) + 1
        months = MONTHS_IN.get(self.kind)
        return (self.start.month - 1) // months + 1 if months else 1

    @property
    def code(self) -> str:  # noqa: C901, PLR0911 - a line for each kind
        """
        A short name that sorts and never changes.

        Gives: 2011-2012, 2011, 2011-H1, 2011-Q2, 2011-06, 2011-06-F1 (half), 2011-06-T1 (ten days), 2011-W26, 2011-06-25, once.
        """
        match self.kind:
            case PeriodKind.ONCE:
                return "once"
            case PeriodKind.UNTIL:
                return self.end.isoformat()
            case PeriodKind.TEN_DAYS:
                return f"{self.start:%Y-%m}-T{self.number}"
            case PeriodKind.HALF_MONTH:
                return f"{self.start:%Y-%m}-F{self.number}"
            case PeriodKind.TWO_YEARS:
                return f"{self.start.year}-{self.end.year}"
            case PeriodKind.WEEK:
                return f"{self.reporting_year}-W{self.number:02}"
            case PeriodKind.MONTH:
                return f"{self.start:%Y-%m}"
            case PeriodKind.QUARTER:
                return f"{self.start.year}-Q{self.number}"
            case PeriodKind.HALF_YEAR:
                return f"{self.start.year}-H{self.number}"
            case PeriodKind.YEAR:
                return f"{self.start.year}"

    @property
    def label(self) -> Text:  # noqa: C901, PLR0911 - a line for each kind
        """Its name as people write it, e.g. 2011年第二季度 / Q2 2011."""
        year = {"year": self.reporting_year, "month": Text(MONTHS[self.start.month - 1])}
        match self.kind:
            case PeriodKind.ONCE:
                return Text(N_("一次性"))
            case PeriodKind.UNTIL:
                until = {"year": self.end.year, "month": Text(MONTHS[self.end.month - 1]), "day": self.end.day}
                return Text(N_("%(year)s年%(month)s%(day)s日一期"), until)
            case PeriodKind.TEN_DAYS:
                return Text(TEN_DAYS_LABELS[self.number - 1], year)
            case PeriodKind.HALF_MONTH:
                return Text(HALF_MONTH_LABELS[self.number - 1], year)
            case PeriodKind.TWO_YEARS:
                return Text(N_("%(first)s至%(last)s年度"), {"first": self.start.year, "last": self.end.year})
            case PeriodKind.WEEK:
                return Text(N_("%(year)s年第%(number)s周"), {**year, "number": self.number})
            case PeriodKind.MONTH:
                return Text(N_("%(year)s年%(month)s"), year)
            case PeriodKind.QUARTER:
                return Text(QUARTER_LABELS[self.number - 1], year)
            case PeriodKind.HALF_YEAR:
                return Text(HALF_LABELS[self.number - 1], year)
            case PeriodKind.YEAR:
                return Text(N_("%(year)s年度"), year)

    def next(self) -> "Period":
        """
        Give the period of the same kind that begins the day after this one ends.

        Takes: a recurring kind.
        """
        return period_of(self.kind, self.end + timedelta(days=1))


def period_of(kind: PeriodKind, day: date) -> Period:
    """
    Find the period that `day` lies in.

    Takes: a recurring kind; ONCE and UNTIL give the single day. Two years begin with the year of the day asked about: a
           campaign's are counted from its first year.
    """
    if kind in {PeriodKind.ONCE, PeriodKind.UNTIL}:
        return Period(start=day, end=day, kind=kind)
    if kind is PeriodKind.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(start=monday, end=monday + timedelta(days=6), kind=kind)
    if kind in _PARTS_OF_MONTH:
        return _part_of_month(kind, day)
    if kind is PeriodKind.TWO_YEARS:
        return Period(start=date(day.year, 1, 1), end=date(day.year + 1, 12, 31), kind=kind)
    months = MONTHS_IN[kind]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(start=date(day.year, first, 1), end=last_day_of_month(day.year, last), kind=kind)


def _part_of_month(kind: PeriodKind, day: date) -> Period:
    begins = _PARTS_OF_MONTH[kind]
    first = max(begin for begin in begins if begin <= day.day)
    following = [begin for begin in begins if begin > first]
    end = day.replace(day=following[0] - 1) if following else last_day_of_month(day.year, day.month)
    return Period(start=day.replace(day=first), end=end, kind=kind)


def periods_ending_within(kind: PeriodKind, start: date, end: date) -> Iterator[Period]:
    """Go through the periods of a recurring kind whose last day is from `start` to `end`, earliest first."""
    period = period_of(kind, start)
    while period.end <= end:
        yield period
        period = period.next()


def period_coded(code: str) -> Period | None:
    """Find the recurring period or listed day that has this code, whoever wrote it; None where there is none."""
    known = re.match(r"[0-9]{4}", code)
    if known is None or not MINYEAR <= int(known[0]) < MAXYEAR - 1:
        return None
    first = date(int(known[0]), 1, 1)
    for kind in PeriodKind:
        if kind is PeriodKind.ONCE:
            continue
        period = period_of(kind, first)
        while period.start.year <= first.year:
            if period.code == code:
                return period
            period = period.next()
    return None


def last_day_of_month(year: int, month: int) -> date:
    """Give the 28th to 31st that ends the month."""
    return date(year, month, calendar.monthrange(year, month)[1])
