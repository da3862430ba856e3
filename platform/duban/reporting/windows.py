"""
When a duty may be filled in, until when what is late is taken, and what is not yet late. Pure.

Source: docs/rules/due-dates.md, "Window, grace and cut-offs".
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from duban.calendar.due_dates import Occurrence, due_at
from duban.calendar.lateness import missing_from
from duban.kernel.text import N_, Text


class Opens(StrEnum):
    """From when a duty may be filled in."""

    ALWAYS = "always"
    BEFORE_DUE = "before_due"
    BEFORE_PERIOD_END = "before_period_end"


OPENS_LABELS: dict[Opens, str] = {
    Opens.ALWAYS: N_("下达后随时可以填报"),
    Opens.BEFORE_DUE: N_("截止日前若干天起"),
    Opens.BEFORE_PERIOD_END: N_("期末前若干天起"),
}


@dataclass(frozen=True)
class TimeWindow:
    """
    A requirement's times around its due dates.

    Units: days of the calendar. `late_until_days` None: what is late is always taken; 0: nothing after the due date.
    """

    opens: Opens = Opens.ALWAYS
    opens_days: int = 0
    late_until_days: int | None = None
    grace_days: int = 0
    missing_after_days: int = 10


@dataclass(frozen=True)
class Times:
    """
    The instants of one duty that follow from its due date: all but `opens_at` the first instant too late.

    `opens_at` None: any time; `closes_at` None: never.
    """

    due_at: datetime
    missing_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None


def times_of(window: TimeWindow, *, due_on: date, period_end: date, zone: ZoneInfo) -> Times:
    """Work out a duty's instants in the tenant's zone."""
    opens = opens_on(window, due_on=due_on, period_end=period_end)
    closes = None if window.late_until_days is None else due_on + timedelta(days=window.late_until_days)
    return Times(
        due_at=due_at(due_on, zone),
        missing_at=missing_from(due_on, window.missing_after_days, zone),
        opens_at=None if opens is None else datetime.combine(opens, time.min, tzinfo=zone),
        closes_at=None if closes is None else due_at(closes, zone),
    )


def opens_on(window: TimeWindow, *, due_on: date, period_end: date) -> date | None:
    """Give the first day on which it may be filled in; None: any day."""
    match window.opens:
        case Opens.ALWAYS:
            return None
        case Opens.BEFORE_DUE:
            return due_on - timedelta(days=window.opens_days)
        case Opens.BEFORE_PERIOD_END:
            return period_end - timedelta(days=window.opens_days)


def never_open(window: TimeWindow, found: tuple[Occurrence, ...]) -> Text | None:
    """Say which period would be due before it opens, and what to change; None where there is none."""
    for one in found:
        opens = opens_on(window, due_on=one.due_on, period_end=one.period.end)
        if opens is not None and opens > one.due_on:
            days = (one.period.end - one.due_on).days
            words = N_("%(period)s在 %(due)s 截止，而按此设置 %(opens)s 才开放填报。请把天数改为至少 %(days)s。")
            params = {"period": one.period.label, "due": one.due_on.isoformat(), "opens": opens.isoformat(), "days": days}
            return Text(words, params)
    return None


def wrong_window(window: TimeWindow) -> dict[str, Text]:
    """Name the fields of a window that contradict each other, with what to change."""
    late = window.late_until_days
    if late is not None and late < window.grace_days:
        words = N_("宽限期 %(grace)s 天比迟报的受理期 %(late)s 天还长，请改其中一个。")
        return {"grace_days": Text(words, {"grace": window.grace_days, "late": late})}
    return {}
