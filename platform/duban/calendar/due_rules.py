"""
The grammar of due dates: what a requirement may say about when it is due.

Three shapes cover every calendar we have found (docs/rules/due-dates.md): a fixed date; so many days before or after a
period's end; the n-th day of a period or of the one after it. Each is a frozen value with a JSON form.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.periods import LONGEST_IN_DAYS, MONTHS_IN, RECURRING, PeriodKind
from duban.kernel.text import N_, Text

MOST_DAYS_FROM_END = 366
MOST_DAYS_OF_A_MONTH = 31


class DayUnit(StrEnum):
    """What is counted."""

    DAY = "day"
    WORKING_DAY = "working_day"


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
                text = N_("月份应在 1 至 %(months)s 之间。") if months else N_("按周报送时不能指定月份。")
                fields["month"] = [Text(text, {"months": months})]
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


DueRule = FixedDate | FromPeriodEnd | NthDay


def _check_recurring(every: PeriodKind, fields: dict[str, list[Text]]) -> None:
    if every not in RECURRING:
        fields["every"] = [Text(N_("请选择周、月、季、半年或年。"))]
