"""
From a due rule and a window to the periods it gives and the day each is due.

Source: docs/rules/due-dates.md; Civil Code arts. 201–204.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from duban.calendar.due_rules import (
    AfterEvent,
    Before,
    DayUnit,
    DueRule,
    FixedDate,
    FromPeriodEnd,
    ListedDates,
    NthDay,
    Shift,
    Side,
    Since,
    SpanUnit,
    WhichPeriod,
    recurs,
)
from duban.calendar.errors import OpenEndedWindowError, TooManyPeriodsError, UnknownYearError
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


@dataclass(frozen=True)
class Forecast:
    """
    What a rule asks for as far as it can be told: `found`, and `unknown`, the periods whose due dates take the working days
    of a year nobody has told us about, the first of which is `year`.
    """

    found: tuple[Occurrence, ...]
    unknown: tuple[Period, ...] = ()
    year: int | None = None


def occurrences(
    rule: DueRule, campaign: Campaign, calendar: WorkingCalendar, *, issued_on: date | None = None
) -> tuple[Occurrence, ...]:
    """
    List what the rule asks for within the campaign, by period.

    Takes:  `issued_on` for rules that run from the issuing; without it they run from the campaign's first day.
    A recurring due date that had passed before the campaign began is not asked for; a single one always is.
    Raises: UnknownYearError, OpenEndedWindowError, TooManyPeriodsError.
    """
    told = forecast(rule, campaign, calendar, issued_on=issued_on)
    if told.year is not None:
        raise UnknownYearError(told.year)
    return told.found


def forecast(rule: DueRule, campaign: Campaign, calendar: WorkingCalendar, *, issued_on: date | None = None) -> Forecast:
    """
    List what the rule asks for as `occurrences` does, and beside it the periods that wait for a year's working days.

    Raises: OpenEndedWindowError, TooManyPeriodsError.
    """
    if isinstance(rule, FixedDate | AfterEvent):
        return _only(rule, campaign, calendar, issued_on)
    if campaign.end is None and recurs(rule):
        raise OpenEndedWindowError
    found: list[Occurrence] = []
    unknown: dict[Period, UnknownYearError] = {}
    for period in _periods(rule, campaign):
        try:
            occurrence = _recurring(rule, period, campaign, calendar)
        except UnknownYearError as error:
            unknown[period] = error
        else:
            found += [occurrence] if occurrence.due_on >= campaign.start else []
    return Forecast(tuple(found), tuple(unknown), min((error.year for error in unknown.values()), default=None))


def _only(rule: FixedDate | AfterEvent, campaign: Campaign, calendar: WorkingCalendar, issued_on: date | None) -> Forecast:
    begins = min(campaign.start, rule.on) if isinstance(rule, FixedDate) else _begins(rule, campaign, issued_on)
    try:
        if isinstance(rule, FixedDate):
            return Forecast((_once(rule, campaign, calendar),))
        return Forecast((_after(rule, begins, calendar),))
    except UnknownYearError as error:  # the day it ends on is not known either: it stands here for that it waits
        return Forecast((), (Period(start=begins, end=begins, kind=PeriodKind.ONCE),), error.year)


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


def span_after(event: date, count: int, unit: SpanUnit, calendar: WorkingCalendar) -> date:
    """
    Give the last day of a time limit that runs from an event; the day of the event is not counted.

    Months and years end on the corresponding day, or where the month is shorter on its last.
    Raises: UnknownYearError, where working days are counted. Source: Civil Code arts. 201, 202.
    """
    if unit in {SpanUnit.DAY, SpanUnit.WORKING_DAY}:
        return days_after(event, count, DayUnit(unit.value), calendar)
    months = event.month - 1 + (count if unit is SpanUnit.MONTH else count * 12)
    year, month = event.year + months // 12, months % 12 + 1
    return date(year, month, min(event.day, last_day_of_month(year, month).day))


def reporting_year_of(rule: FixedDate, campaign: Campaign) -> int:
    """
    Tell which year a one-off submission reports on.

    A day in January of a campaign begun in an earlier year closes the year before ("2012年1月6日前报送全年工作总结" is 2011's).
    """
    return rule.reporting_year if rule.reporting_year is not None else _year_of(rule.on, campaign)


def _year_of(day: date, campaign: Campaign) -> int:
    closes_last_year = day.month == 1 and campaign.start.year < day.year
    return day.year - 1 if closes_last_year else day.year


def _once(rule: FixedDate, campaign: Campaign, calendar: WorkingCalendar) -> Occurrence:
    period = Period(start=min(campaign.start, rule.on), end=rule.on, kind=PeriodKind.ONCE)
    return Occurrence(period=period, due_on=due_on(rule, period, calendar), reporting_year=reporting_year_of(rule, campaign))


def _begins(rule: AfterEvent, campaign: Campaign, issued_on: date | None) -> date:
    issue = issued_on or campaign.start
    return (rule.event_on or issue) if rule.since is Since.EVENT else issue


def _after(rule: AfterEvent, begins: date, calendar: WorkingCalendar) -> Occurrence:
    last = span_after(begins, rule.count, rule.unit, calendar)
    period = Period(start=begins, end=last, kind=PeriodKind.ONCE)
    return Occurrence(period=period, due_on=due_on(rule, period, calendar), reporting_year=begins.year)


def _stretches(rule: ListedDates, campaign: Campaign) -> Iterable[Period]:
    """Go through the stretches that end on a listed day within the campaign, each begun after the listed day before it."""
    last_year = campaign.end.year if campaign.end else max(day.year or campaign.start.year for day in rule.days)
    years = range(campaign.start.year, last_year + 1)
    named = sorted({day for year in years for one in rule.days if (day := one.in_year(year)) is not None})
    begins = campaign.start
    for count, day in enumerate((day for day in named if day >= campaign.start), 1):
        if campaign.end is not None and day > campaign.end:
            return
        if count > MOST_PERIODS:
            raise TooManyPeriodsError(count=count, limit=MOST_PERIODS)
        yield Period(start=begins, end=day, kind=PeriodKind.UNTIL)
        begins = day + ONE_DAY


def _periods(rule: ListedDates | FromPeriodEnd | NthDay, campaign: Campaign) -> Iterable[Period]:
    if isinstance(rule, ListedDates):
        return _stretches(rule, campaign)
    return _limited(periods_ending_within(rule.every, campaign.start, campaign.end or campaign.start))


def _recurring(
    rule: ListedDates | FromPeriodEnd | NthDay, period: Period, campaign: Campaign, calendar: WorkingCalendar
) -> Occurrence:
    year = _year_of(period.end, campaign) if isinstance(rule, ListedDates) else period.reporting_year
    return Occurrence(period=period, due_on=due_on(rule, period, calendar), reporting_year=year)


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
        case ListedDates() | AfterEvent():
            return period.end
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
        months = wanted.start.month - 1 + rule.month - 1
        year, month = wanted.start.year + months // 12, months % 12 + 1
        first, last = date(year, month, 1), last_day_of_month(year, month)
    if rule.unit is DayUnit.DAY:
        return min(first + timedelta(days=rule.nth - 1), last)
    return _nth_worked(first, last, rule.nth, calendar)


def _nth_worked(first: date, last: date, nth: int, calendar: WorkingCalendar) -> date:
    """Find the n-th day worked of a stretch, or its last; never looks past the stretch, whose next year may not be known yet."""
    day, left = first, nth
    while day <= last:
        left -= calendar.is_working_day(day)
        if not left:
            return day
        day += ONE_DAY
    return calendar.on_or_before(last)
