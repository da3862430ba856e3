"""
Terms, numbers and the rhythm of reports. Pure.

Source: /domain 2.9; docs/decisions/0051.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from duban.calendar.due_dates import days_after
from duban.calendar.due_rules import DayUnit
from duban.calendar.periods import last_day_of_month
from duban.calendar.working_days import ONE_DAY, WorkingCalendar
from duban.matters.errors import MatterStateError
from duban.matters.states import AFTER, Act, Cycle, MatterState

WORK_BEGINS = time(8)
"""Nobody is woken at midnight: reminders of progress reports are made from this hour on, in the tenant's zone."""
FRIDAY = 5
ENDS_OF_TEN_DAYS = (10, 20)


def next_state(state: MatterState, act: Act) -> MatterState:
    """
    Say where the act leads.

    Raises: MatterStateError.
    """
    following = AFTER[state].get(act)
    if following is None:
        raise MatterStateError(state=state, act=act)
    return following


def is_allowed(state: MatterState, act: Act) -> bool:
    """Say whether the state allows the act; for buttons."""
    return act in AFTER[state]


@dataclass(frozen=True)
class Term:
    """
    How long a matter of a source may take.

    Units: `days` natural or working days, as `unit` says; `least` where the assigner chooses from a span up to `days`.
    """

    code: str
    days: int
    unit: DayUnit = DayUnit.DAY
    least: int | None = None

    def ends_on(self, assigned_on: date, calendar: WorkingCalendar) -> date:
        """
        Give the last day of the term; the day of assignment is not counted (Civil Code art. 201).

        Raises: UnknownYearError, where working days are counted.
        """
        return days_after(assigned_on, self.days, self.unit, calendar)

    def allows(self, assigned_on: date, day: date, calendar: WorkingCalendar) -> bool:
        """
        Say whether a day chosen by hand lies within the term's span; where it has none, any later day does.

        Raises: UnknownYearError, where working days are counted.
        """
        if self.least is None:
            return day > assigned_on
        return days_after(assigned_on, self.least, self.unit, calendar) <= day <= self.ends_on(assigned_on, calendar)


def number_of(prefix: str, year: int, serial: int) -> str:
    """Write an official number: 督办〔2026〕12号."""
    return f"{prefix}〔{year}〕{serial}号"


def morning(day: date, zone: ZoneInfo) -> datetime:
    """Give the instant work begins on a day."""
    return datetime.combine(day, WORK_BEGINS, tzinfo=zone)


def cycle_end(cycle: Cycle, day: date, on: int | None = None) -> date | None:
    """
    Give the day the report of the period of `day` is due; None without a rhythm.

    Takes: `on` the day of the week from Monday or of the month, the last one where it is shorter; None: the Friday, the last.
    """
    if cycle is Cycle.NONE:
        return None
    if cycle is Cycle.WEEK:
        return day + timedelta(days=((on or FRIDAY) - day.isoweekday()) % 7)
    last = last_day_of_month(day.year, day.month)
    if cycle is Cycle.TEN_DAYS:
        return next((day.replace(day=end) for end in ENDS_OF_TEN_DAYS if day.day <= end), last)
    if on is None or on >= last.day:
        return last
    if day.day <= on:
        return day.replace(day=on)
    return cycle_end(cycle, last + ONE_DAY, on)


def report_after(cycle: Cycle, day: date, on: int | None = None) -> date | None:
    """Give the day the next report is due when one was made, or the period was missed, on `day`; None without a rhythm."""
    end = cycle_end(cycle, day, on)
    return None if end is None else cycle_end(cycle, end + ONE_DAY, on)


def effective_due(due_on: date, redo_by: date | None) -> date:
    """Give the day everything counts to: once a report was returned, the day to put it right by, before the term or after it."""
    return due_on if redo_by is None else redo_by


@dataclass(frozen=True)
class ExtensionRule:
    """How often a term may be extended, and how far beyond the first due date at most. Units: natural days."""

    most: int
    longest_days: int

    def problem(self, *, granted: int, first_due_on: date, due_on: date, new_on: date, today: date) -> str | None:
        """Name what stands against an extension, as a code; None where nothing does."""
        if today > due_on:
            return "expired"
        if granted >= self.most:
            return "often"
        if new_on <= due_on:
            return "earlier"
        return "far" if new_on > first_due_on + timedelta(days=self.longest_days) else None


def unmet(answers: Sequence[bool]) -> bool:
    """Say whether the review of closure found something wanting."""
    return not all(answers)
