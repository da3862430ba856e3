"""
From a due rule and a window to the periods it gives and the day each is due.

Source: docs/rules/due-dates.md; Civil Code arts. 201–204.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from duban.calendar.due_rules import Before, DayUnit, DueRule, FixedDate, FromPeriodEnd, NthDay, Shift, Side, WhichPeriod
from duban.calendar.errors import OpenEndedWindowError, TooManyPeriodsError
from duban.calendar.periods import MONTHS_IN, Period, PeriodKind, last_day_of_month, periods_ending_within
from duban.calendar.working_days import ONE_DAY, WorkingCalendar

MOST_PERIODS = 400
"""A weekly requirement over seven years; more is a slip of the keyboard."""


@dataclass(frozen=True)
class Campaign:
    """
    The days a plan is in force; both belong to it.

    A period is asked for when its last day lies within: one that ended before the notice is not, nor one that ends
    after the campaign. `end` may be None where nothing recurs.
    """

    start: date
    end: date | None = None


@dataclass(frozen=True)
class Occurrence:
    """One thing to hand in: the period it speaks of, the last day for it, and the year whose books it belongs to."""

    period: Period
    due_on: date
    reporting_year: int


def occurrences(rule: DueRule, campaign: Campaign, calendar: WorkingCalendar) -> tuple[Occurrence, ...]:
    """
    List what the rule asks for within the campaign, by period.

    A recurring due date that had passed before the campaign began is not asked for; a fixed one always is.
    Raises: UnknownYearError, OpenEndedWindowError, TooManyPeriodsError.
    """
    if isinstance(rule, FixedDate):
        return (_once(rule, campaign, calendar),)
    if campaign.end is None:
        raise OpenEndedWindowError
    found = (
        Occurrence(period=period, due_on=due_on(rule, period, calendar), reporting_year=period.reporting_year)
        for period in _limited(periods_ending_within(rule.every, campaign.start, campaign.end))
    )
    return tuple(occurrence for occurrence in found if occurrence.due_on >= campaign.start)


def due_on(rule: DueRule, period: Period, calendar: WorkingCalendar) -> date:
    """
    Compute the last day on which a submission for `period` is in time.

    Raises: UnknownYearError, where working days are counted or shifted to.
    """
    day = _counted(rule, period, calendar)
    if rule.before is Before.EXCLUSIVE:
        day -= ONE_DAY
    return shifted(day, rule.shift, calendar)


def due_at(day: date, zone: ZoneInfo) -> datetime:
    """Give the first instant that is too late for `day`: the midnight that ends it (24:00) in `zone`."""
    return datetime.combine(day + ONE_DAY, time.min, tzinfo=zone)


def due_on_of(instant: datetime, zone: ZoneInfo) -> date:
    """Give back the day whose 24:00 `due_at` is."""
    return instant.astimezone(zone).date() - ONE_DAY


def shifted(day: date, shift: Shift, calendar: WorkingCalendar) -> date:
    """
    Move a day off as the rule says.

    Raises: UnknownYearError, unless the shift is NONE.
    """
    match shift:
        case Shift.NONE:
            return day
        case Shift.PREVIOUS_WORKING_DAY:
            return calendar.on_or_before(day)
        case Shift.NEXT_WORKING_DAY:
            return calendar.on_or_after(day)


def days_after(event: date, count: int, unit: DayUnit, calendar: WorkingCalendar) -> date:
    """
    Count a time limit from an event ("rectify within 3 days"); the day of the event is not counted.

    Raises: UnknownYearError, where working days are counted.
    Source: Civil Code art. 201.
    """
    return calendar.after(event, count) if unit is DayUnit.WORKING_DAY else event + timedelta(days=count)


def reporting_year_of(rule: FixedDate, campaign: Campaign) -> int:
    """
    Tell which year a one-off submission reports on.

    A day in January of a campaign begun in an earlier year closes the year before ("2012年1月6日前报送全年工作总结" is 2011's).
    """
    if rule.reporting_year is not None:
        return rule.reporting_year
    closes_last_year = rule.on.month == 1 and campaign.start.year < rule.on.year
    return rule.on.year - 1 if closes_last_year else rule.on.year


def _once(rule: FixedDate, campaign: Campaign, calendar: WorkingCalendar) -> Occurrence:
    period = Period(start=min(campaign.start, rule.on), end=rule.on, kind=PeriodKind.ONCE)
    return Occurrence(period=period, due_on=due_on(rule, period, calendar), reporting_year=reporting_year_of(rule, campaign))


def _limited(periods: Iterable[Period]) -> list[Period]:
    found: list[Period] = []
    for period in periods:
        found.append(period)
        if len(found) > MOST_PERIODS:
            raise TooManyPeriodsError(count=len(found), limit=MOST_PERIODS)
    return found


def _counted(rule: DueRule, period: Period, calendar: WorkingCalendar) -> date:
    match rule:
        case FixedDate():
            return rule.on
        case FromPeriodEnd():
            return _from_end(rule, period, calendar)
        case NthDay():
            return _nth_day(rule, period, calendar)


def _from_end(rule: FromPeriodEnd, period: Period, calendar: WorkingCalendar) -> date:
    if rule.side is Side.AFTER:
        return days_after(period.end, rule.count, rule.unit, calendar)
    count = rule.count - 1 if rule.counts_last_day else rule.count
    if rule.unit is DayUnit.DAY:
        return period.end - timedelta(days=count)
    # Counted from the last day that is worked, so that `count` worked days of the period remain after the due date:
    # with the make-up Saturday 31 Dec 2011 two working days before the year's end is the 29th, without it the 28th.
    return calendar.before(calendar.on_or_before(period.end), count)


def _nth_day(rule: NthDay, period: Period, calendar: WorkingCalendar) -> date:
    wanted = period.next() if rule.which is WhichPeriod.NEXT else period
    first, last = wanted.start, wanted.end
    if rule.month is not None and wanted.kind in MONTHS_IN:
        month = wanted.start.month + rule.month - 1
        first, last = date(wanted.start.year, month, 1), last_day_of_month(wanted.start.year, month)
    if rule.unit is DayUnit.DAY:
        return min(first + timedelta(days=rule.nth - 1), last)
    return min(calendar.after(first - ONE_DAY, rule.nth), calendar.on_or_before(last))
