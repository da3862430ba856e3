"""The stretches of time a submission speaks about: a week, a month, a quarter, half a year, a year, or once."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from duban.kernel.text import N_, Text


class PeriodKind(StrEnum):
    """How often something recurs; ONCE does not."""

    ONCE = "once"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


RECURRING = (PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.HALF_YEAR, PeriodKind.YEAR)

EVERY_LABELS: dict[PeriodKind, str] = {
    PeriodKind.ONCE: N_("一次性"),
    PeriodKind.WEEK: N_("每周"),
    PeriodKind.MONTH: N_("每月"),
    PeriodKind.QUARTER: N_("每季度"),
    PeriodKind.HALF_YEAR: N_("每半年"),
    PeriodKind.YEAR: N_("每年"),
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
}

LONGEST_IN_DAYS: dict[PeriodKind, int] = {
    PeriodKind.WEEK: 7,
    PeriodKind.MONTH: 31,
    PeriodKind.QUARTER: 92,
    PeriodKind.HALF_YEAR: 184,
    PeriodKind.YEAR: 366,
}

QUARTER_LABELS = (N_("%(year)s年第一季度"), N_("%(year)s年第二季度"), N_("%(year)s年第三季度"), N_("%(year)s年第四季度"))
HALF_LABELS = (N_("%(year)s年上半年"), N_("%(year)s年下半年"))


@dataclass(frozen=True, order=True)
class Period:
    """A stretch from `start` to `end`, both days belonging to it. Weeks run from Monday to Sunday (ISO 8601)."""

    start: date
    end: date
    kind: PeriodKind

    @property
    def reporting_year(self) -> int:
        """The year whose books it belongs to; a week belongs to the year of its Thursday."""
        return self.start.isocalendar().year if self.kind is PeriodKind.WEEK else self.start.year

    @property
    def number(self) -> int:
        """Its place in the reporting year, from 1."""
        if self.kind is PeriodKind.WEEK:
            return self.start.isocalendar().week
        months = MONTHS_IN.get(self.kind)
        return (self.start.month - 1) // months + 1 if months else 1

    @property
    def code(self) -> str:
        """A short name that sorts and never changes: 2011, 2011-H1, 2011-Q2, 2011-06, 2011-W26, once."""
        match self.kind:
            case PeriodKind.ONCE:
                return "once"
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
    def label(self) -> Text:
        """Its name as people write it, e.g. 2011年第二季度 / Q2 2011."""
        year = {"year": self.reporting_year}
        match self.kind:
            case PeriodKind.ONCE:
                return Text(N_("一次性"))
            case PeriodKind.WEEK:
                return Text(N_("%(year)s年第%(number)s周"), {**year, "number": self.number})
            case PeriodKind.MONTH:
                return Text(N_("%(year)s年%(month)s"), {**year, "month": Text(MONTHS[self.start.month - 1])})
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

    Takes: a recurring kind; ONCE gives the single day.
    """
    if kind is PeriodKind.ONCE:
        return Period(start=day, end=day, kind=kind)
    if kind is PeriodKind.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(start=monday, end=monday + timedelta(days=6), kind=kind)
    months = MONTHS_IN[kind]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(start=date(day.year, first, 1), end=last_day_of_month(day.year, last), kind=kind)


def periods_ending_within(kind: PeriodKind, start: date, end: date) -> Iterator[Period]:
    """Go through the periods of a recurring kind whose last day is from `start` to `end`, earliest first."""
    period = period_of(kind, start)
    while period.end <= end:
        yield period
        period = period.next()


def last_day_of_month(year: int, month: int) -> date:
    """Give the 28th to 31st that ends the month."""
    return date(year, month, calendar.monthrange(year, month)[1])
