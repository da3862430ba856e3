"""
Whether a rule ever falls due within its campaign, and in words what to change where it does not.

A requirement that asks for nothing, or only for what is over, is a slip: said while it is written, refused when issued.
"""

from collections.abc import Sequence
from datetime import date

from duban.calendar.due_dates import Campaign, Forecast, Occurrence, due_on, forecast
from duban.calendar.due_rules import AfterEvent, DueRule, FixedDate, ListedDates, Since
from duban.calendar.errors import NeverDueError
from duban.calendar.periods import EVERY_LABELS, MONTHS, period_of, periods_ending_within
from duban.calendar.working_days import WorkingCalendar
from duban.kernel.text import N_, Text


def falls_due(
    rule: DueRule, campaign: Campaign, calendar: WorkingCalendar, *, today: date, issued_on: date | None = None
) -> Forecast:
    """
    List what the rule asks for, as `forecast` does, and refuse rules that ask for nothing or only for what is over; what waits
    for a year's working days is something.

    Raises: NeverDueError naming the field to change; OpenEndedWindowError, TooManyPeriodsError.
    """
    told = forecast(rule, campaign, calendar, issued_on=issued_on)
    if told.unknown:
        return told
    if not told.found:
        raise _nothing(rule, campaign, calendar)
    if all(one.due_on < today for one in told.found):
        raise _over(rule, told.found)
    return told


def _nothing(rule: DueRule, campaign: Campaign, calendar: WorkingCalendar) -> NeverDueError:
    window: dict[str, object] = {"start": _said(campaign.start), "end": _said(campaign.end or campaign.start)}
    if isinstance(rule, ListedDates):
        words = N_("列出的日期没有一个落在 %(start)s 至 %(end)s 之间，请修改列出的日期或起止日期。")
        return NeverDueError("due.days", Text(words, window))
    within = list(periods_ending_within(rule.every, campaign.start, campaign.end or campaign.start))
    every = Text(EVERY_LABELS[rule.every])
    if not within:
        first = period_of(rule.every, campaign.start)
        words = N_(
            "%(every)s报送，而从 %(start)s 到 %(end)s 没有一期结束。请把结束日期改到 %(wanted)s 或以后，或改用更短的周期。"
        )
        return NeverDueError("active_until", Text(words, window | {"every": every, "wanted": _said(first.end)}))
    # a period ends within, but its due date lies before the campaign begins
    first_due = max(due_on(rule, period, calendar) for period in within)
    words = N_("%(every)s报送，而各期的截止日期（最晚 %(due)s）都早于起始日期。请把起始日期提前，或把结束日期推后到下一期结束。")
    return NeverDueError("active_from", Text(words, window | {"every": every, "due": _said(first_due)}))


def _over(rule: DueRule, found: Sequence[Occurrence]) -> NeverDueError:
    last = {"last": _said(max(one.due_on for one in found))}
    match rule:
        case FixedDate():
            return NeverDueError("due.on", Text(N_("截止日期 %(last)s 已经过去，请改成今天或以后的日期。"), last))
        case AfterEvent():
            field = "due.event_on" if rule.since is Since.EVENT else "due.count"
            return NeverDueError(field, Text(N_("算出的截止日期 %(last)s 已经过去，请改期限或起算的日期。"), last))
        case ListedDates():
            words = N_("列出的日期都已经过去（最晚 %(last)s），请加上今天以后的日期，或把结束日期推后。")
            return NeverDueError("due.days", Text(words, last))
        case _:
            words = N_("各期的截止日期都已经过去（最后一期 %(last)s），请把结束日期推后。")
            return NeverDueError("active_until", Text(words, last))


def _said(day: date) -> Text:
    return Text(N_("%(year)s年%(month)s%(day)s日"), {"year": day.year, "month": Text(MONTHS[day.month - 1]), "day": day.day})
