"""
The grammar of due dates: what a requirement may say about when it is due.

Five shapes cover every calendar we have found (docs/rules/due-dates.md): a fixed date; a list of dates; so many days before
or after a period's end; the n-th day of a period or of the one after it; so long after the issuing or an event. Each is a
frozen value with a JSON form.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.periods import LONGEST_IN_DAYS, MONTHS_IN, RECURRING, PeriodKind, last_day_of_month
from duban.kernel.text import N_, Text

MOST_DAYS_FROM_END = 366
MOST_DAYS_OF_A_MONTH = 31
MOST_LISTED = 60
LONGEST_EVENT = 60


class DayUnit(StrEnum):
    """What is counted."""

    DAY = "day"
    WORKING_DAY = "working_day"


class SpanUnit(StrEnum):
    """What a time limit from an event is counted in."""

    DAY = "day"
    WORKING_DAY = "working_day"
    MONTH = "month"
    YEAR = "year"


class Since(StrEnum):
    """What a time limit runs from: the day the requirement is issued, or a named event's."""

    ISSUE = "issue"
    EVENT = "event"


class Side(StrEnum):
    """On which side of the period's end the days are counted."""

    BEFORE = "before"
    AFTER = "after"


class WhichPeriod(StrEnum):
    """Whether the n-th day is of the period reported on or of the one after it."""

    SAME = "same"
    NEXT = "next"


class Shift(StrEnum):
    """What happens to a due date that falls on a day off."""

    NONE = "none"
    PREVIOUS_WORKING_DAY = "previous_working_day"
    NEXT_WORKING_DAY = "next_working_day"


class Before(StrEnum):
    """
    Whether "before 20 May" (5月20日前) still allows 20 May.

    Source: the Civil Code (art. 1259) and Decree 493 (art. 3) read such words differently, so each rule says it.
    """

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


DAY_UNIT_LABELS: dict[DayUnit, str] = {DayUnit.DAY: N_("天"), DayUnit.WORKING_DAY: N_("个工作日")}
SPAN_UNIT_LABELS: dict[SpanUnit, str] = {
    SpanUnit.DAY: N_("天"),
    SpanUnit.WORKING_DAY: N_("个工作日"),
    SpanUnit.MONTH: N_("个月"),
    SpanUnit.YEAR: N_("年"),
}
MOST_OF_SPAN: dict[SpanUnit, int] = {SpanUnit.DAY: 366, SpanUnit.WORKING_DAY: 250, SpanUnit.MONTH: 36, SpanUnit.YEAR: 5}
SINCE_LABELS: dict[Since, str] = {Since.ISSUE: N_("下达之日"), Since.EVENT: N_("某件事发生之日")}
SIDE_LABELS: dict[Side, str] = {Side.BEFORE: N_("期末之前"), Side.AFTER: N_("期末之后")}
WHICH_LABELS: dict[WhichPeriod, str] = {WhichPeriod.SAME: N_("本期"), WhichPeriod.NEXT: N_("下一期")}
SHIFT_LABELS: dict[Shift, str] = {
    Shift.NONE: N_("不顺延"),
    Shift.PREVIOUS_WORKING_DAY: N_("遇休息日提前到前一个工作日"),
    Shift.NEXT_WORKING_DAY: N_("遇休息日顺延到后一个工作日"),
}
BEFORE_LABELS: dict[Before, str] = {Before.INCLUSIVE: N_("含当日"), Before.EXCLUSIVE: N_("不含当日")}


@dataclass(frozen=True, kw_only=True)
class FixedDate:
    """
    Due once, on a named day ("5月20日前").

    Takes: `reporting_year` where the day's own year is not the one reported on ("before 6 Jan 2012" of 2011); without
           it `reporting_year_of` in duban.calendar.due_dates decides.
    """

    on: date
    reporting_year: int | None = None
    before: Before = Before.INCLUSIVE
    shift: Shift = Shift.NONE

    @property
    def every(self) -> PeriodKind:
        """How often it recurs: it does not."""
        return PeriodKind.ONCE

    def __post_init__(self) -> None:
        """
        Refuse a reporting year that the day cannot belong to.

        Raises: InvalidDueRuleError.
        """
        if self.reporting_year is not None and self.on.year - self.reporting_year not in {0, 1}:
            raise InvalidDueRuleError({"reporting_year": [Text(N_("报告年度只能是截止日当年或上一年。"))]})

    def to_json(self) -> dict[str, object]:
        """Give the shape `due_rule_from_json` reads back."""
        return {
            "kind": "fixed",
            "on": self.on.isoformat(),
            "reporting_year": self.reporting_year,
            "before": self.before.value,
            "shift": self.shift.value,
        }


@dataclass(frozen=True, kw_only=True)
class FromPeriodEnd:
    """
    Due `count` days before or after each period's last day ("每季度结束前2日").

    Units:  `count` in `unit`; working days before the end leave `count` worked days of the period unused.
    Takes:  `counts_last_day` for the reading "within the last 2 days", where the last day itself is the first of the two.
    """

    every: PeriodKind
    count: int
    side: Side
    unit: DayUnit = DayUnit.DAY
    counts_last_day: bool = False
    before: Before = Before.INCLUSIVE
    shift: Shift = Shift.NONE

    def __post_init__(self) -> None:
        """
        Refuse counts that leave the period or mean nothing.

        Raises: InvalidDueRuleError.
        """
        fields: dict[str, list[Text]] = {}
        _check_recurring(self.every, fields)
        most = LONGEST_IN_DAYS.get(self.every, MOST_DAYS_FROM_END) - 1 if self.side is Side.BEFORE else MOST_DAYS_FROM_END
        if not 0 <= self.count <= most:
            fields["count"] = [Text(N_("天数应在 0 至 %(most)s 之间。"), {"most": most})]
        elif self.counts_last_day and (self.side is Side.AFTER or self.count == 0):
            fields["counts_last_day"] = [Text(N_("“期末当日计入”只用于期末之前，且天数至少为 1。"))]
        if fields:
            raise InvalidDueRuleError(fields)

    def to_json(self) -> dict[str, object]:
        """Give the shape `due_rule_from_json` reads back."""
        return {
            "kind": "from_end",
            "every": self.every.value,
            "count": self.count,
            "side": self.side.value,
            "unit": self.unit.value,
            "counts_last_day": self.counts_last_day,
            "before": self.before.value,
            "shift": self.shift.value,
        }


_MONTH_PROBLEMS = {
    0: N_("按周、旬、半月报送时不能指定月份。"),
    1: N_("每月报送时不用填第几个月，请留空。"),
}
"""By how many months the period has, where there is nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class NthDay:
    """
    Due on the n-th day of each period, or of the period after it ("次季度首月15日", "每周五", "每月28日").

    Takes:  `month` to count within that month of the period (a year's 1–12, a quarter's 1–3) instead of the whole of it.
    Units:  `nth` from 1, in `unit`. Where the month or period is shorter, its last (working) day (Civil Code art. 202).
    """

    every: PeriodKind
    nth: int
    which: WhichPeriod
    unit: DayUnit = DayUnit.DAY
    month: int | None = None
    before: Before = Before.INCLUSIVE
    shift: Shift = Shift.NONE

    def __post_init__(self) -> None:
        """
        Refuse days and months that no such period has.

        Raises: InvalidDueRuleError.
        """
        fields: dict[str, list[Text]] = {}
        _check_recurring(self.every, fields)
        most = LONGEST_IN_DAYS.get(self.every, MOST_DAYS_FROM_END)
        if self.month is not None:
            months = MONTHS_IN.get(self.every, 0)
            if not 1 <= self.month <= months:
                fields["month"] = [Text(_MONTH_PROBLEMS.get(months, N_("月份应在 1 至 %(months)s 之间。")), {"months": months})]
            most = MOST_DAYS_OF_A_MONTH
        if not 1 <= self.nth <= most:
            fields["nth"] = [Text(N_("日序应在 1 至 %(most)s 之间。"), {"most": most})]
        if fields:
            raise InvalidDueRuleError(fields)

    def to_json(self) -> dict[str, object]:
        """Give the shape `due_rule_from_json` reads back."""
        return {
            "kind": "nth_day",
            "every": self.every.value,
            "nth": self.nth,
            "which": self.which.value,
            "unit": self.unit.value,
            "month": self.month,
            "before": self.before.value,
            "shift": self.shift.value,
        }


@dataclass(frozen=True, kw_only=True, order=True)
class ListedDay:
    """A day in a list: of every year, or of `year` alone. 29 February stands for the last of the month in shorter years."""

    month: int
    day: int
    year: int | None = None

    @property
    def code(self) -> str:
        """How it is written: 03-31 or 2026-03-31."""
        return f"{self.month:02}-{self.day:02}" if self.year is None else f"{self.year}-{self.month:02}-{self.day:02}"

    def in_year(self, year: int) -> date | None:
        """Give it in a year; None where it is another year's."""
        if self.year not in {None, year}:
            return None
        return date(year, self.month, min(self.day, last_day_of_month(year, self.month).day))


@dataclass(frozen=True, kw_only=True)
class ListedDates:
    """
    Due on each day of a list ("每年3月31日、6月30日和11月15日", "分别于4月10日、7月20日前").

    Each day ends a stretch of its own, which begins after the day before it in the list.
    """

    days: tuple[ListedDay, ...]
    before: Before = Before.INCLUSIVE
    shift: Shift = Shift.NONE

    @property
    def every(self) -> PeriodKind:
        """How often it recurs: as listed."""
        return PeriodKind.UNTIL

    def __post_init__(self) -> None:
        """
        Refuse an empty, an endless and a double list.

        Raises: InvalidDueRuleError.
        """
        text = None
        if not self.days:
            text = Text(N_("请至少列出一个日期，每行一个，例如 3月31日 或 2026-03-31。"))
        elif len(self.days) > MOST_LISTED:
            text = Text(N_("最多列出 %(limit)s 个日期。"), {"limit": MOST_LISTED})
        else:
            double = [day for place, day in enumerate(self.days) if day in self.days[:place]]
            text = Text(N_("“%(day)s”列了两次。"), {"day": double[0].code}) if double else None
        if text is not None:
            raise InvalidDueRuleError({"days": [text]})

    def to_json(self) -> dict[str, object]:
        """Give the shape `due_rule_from_json` reads back."""
        return {
            "kind": "dates",
            "days": [day.code for day in self.days],
            "before": self.before.value,
            "shift": self.shift.value,
        }


@dataclass(frozen=True, kw_only=True)
class AfterEvent:
    """
    Due once, so long after the day it is issued or an event happened ("接到通知后5个工作日内", "事故发生之日起30日内").

    The day of the event is not counted; months end on the corresponding day, else on the month's last (Civil Code 201, 202).
    Takes:  `event` in words and `event_on`, both only where it runs from an event.
    """

    count: int
    unit: SpanUnit = SpanUnit.DAY
    since: Since = Since.ISSUE
    event: str = ""
    event_on: date | None = None
    before: Before = Before.INCLUSIVE
    shift: Shift = Shift.NONE

    @property
    def every(self) -> PeriodKind:
        """How often it recurs: it does not."""
        return PeriodKind.ONCE

    def __post_init__(self) -> None:
        """
        Refuse spans nobody means, and an event that is not named or not dated.

        Raises: InvalidDueRuleError.
        """
        fields: dict[str, list[Text]] = {}
        most = MOST_OF_SPAN[self.unit]
        if not 1 <= self.count <= most:
            fields["count"] = [Text(N_("数目应在 1 至 %(most)s 之间。"), {"most": most})]
        if self.since is Since.EVENT:
            if self.event_on is None:
                fields["event_on"] = [Text(N_("请填写这件事发生的日期，例如收到通知的那一天。"))]
            if not self.event.strip():
                fields["event"] = [Text(N_("请写明从哪件事算起，例如“事故发生”。"))]
            elif len(self.event) > LONGEST_EVENT:
                fields["event"] = [Text(N_("最多 %(limit)s 个字，现在有 %(length)s 个"), _length(self.event))]
        if fields:
            raise InvalidDueRuleError(fields)

    def to_json(self) -> dict[str, object]:
        """Give the shape `due_rule_from_json` reads back."""
        return {
            "kind": "after",
            "count": self.count,
            "unit": self.unit.value,
            "since": self.since.value,
            "event": self.event,
            "event_on": self.event_on.isoformat() if self.event_on else None,
            "before": self.before.value,
            "shift": self.shift.value,
        }


DueRule = FixedDate | ListedDates | FromPeriodEnd | NthDay | AfterEvent


def recurs(rule: DueRule) -> bool:
    """Say whether a rule goes on as long as its campaign, which then needs a last day."""
    match rule:
        case FixedDate() | AfterEvent():
            return False
        case ListedDates():
            return any(day.year is None for day in rule.days)
        case _:
            return True


def _length(text: str) -> dict[str, object]:
    return {"limit": LONGEST_EVENT, "length": len(text)}


def _check_recurring(every: PeriodKind, fields: dict[str, list[Text]]) -> None:
    if every not in RECURRING:
        fields["every"] = [Text(N_("请从列出的周期中选择一个。"))]
