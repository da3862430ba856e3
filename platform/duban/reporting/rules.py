"""
What the states and dates of a duty mean. Pure.

Source: docs/rules/due-dates.md; the worked Example B.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from duban.calendar.due_dates import due_at
from duban.calendar.lateness import Timeliness, Verdict, late_days, missing_from
from duban.reporting.errors import DutyClosedError
from duban.reporting.states import AFTER, Act, DutyState

DEFAULT_CORRECTION_DAYS = 3


@dataclass(frozen=True)
class Version:
    """One version as judgement sees it: when it came, and when it was returned, if it was."""

    submitted_at: datetime
    returned_at: datetime | None = None


def next_state(state: DutyState, act: Act) -> DutyState:
    """
    Say where the act leads.

    Raises: DutyClosedError.
    """
    following = AFTER[state].get(act)
    if following is None:
        raise DutyClosedError(state=state, act=act)
    return following


def is_allowed(state: DutyState, act: Act) -> bool:
    """Say whether the state allows the act; for buttons."""
    return act in AFTER[state]


def time_that_counts(versions: Sequence[Version], *, correction_days: int | None, zone: ZoneInfo) -> datetime:
    """
    Find the instant a duty is judged by.

    Takes:  all versions in their order, at least one; the last is the one that stands.
    Gives:  the last version's own time where no correction is granted ("first acceptable submission"); else the time of
            the version it corrects, as long as each correction came within `correction_days` of its return.
    """
    counted = versions[0].submitted_at
    for earlier, later in pairwise(versions):
        granted = (
            correction_days is not None
            and earlier.returned_at is not None
            and later.submitted_at < correction_ends(earlier.returned_at, correction_days, zone)
        )
        if not granted:
            counted = later.submitted_at
    return counted


def correction_ends(returned_at: datetime, correction_days: int, zone: ZoneInfo) -> datetime:
    """Give the first instant too late for a correction; the day of the return is not counted (Civil Code art. 201)."""
    return due_at(correct_by(returned_at, correction_days, zone), zone)


def correct_by(returned_at: datetime, correction_days: int, zone: ZoneInfo) -> date:
    """Give the last day for a correction."""
    return returned_at.astimezone(zone).date() + timedelta(days=correction_days)


def missing_at(
    *,
    due_on: date,
    missing_after_days: int,
    zone: ZoneInfo,
    returned_at: datetime | None = None,
    correction_days: int | None = None,
) -> datetime:
    """
    Give the instant from which a duty with nothing acceptable counts as missing.

    A return moves it on, so that a slow reviewer makes nobody missing: the unit has the days of correction, or where
    none are set the days of grace, from the return.
    """
    cut_off = missing_from(due_on, missing_after_days, zone)
    if returned_at is None:
        return cut_off
    days = missing_after_days if correction_days is None else correction_days
    return max(cut_off, correction_ends(returned_at, days, zone))


def judge_submission(*, due_on: date, counted_at: datetime, missing_at: datetime, zone: ZoneInfo, grace_days: int = 0) -> Verdict:
    """
    Judge what was handed in, by the instant that counts.

    Takes: `grace_days` after the due date that do not count as late; what comes after them is late from the due date on.
    """
    days = late_days(due_on, counted_at, zone)
    if counted_at >= missing_at:
        return Verdict(Timeliness.MISSING, days)
    return Verdict(Timeliness.LATE, days) if days > grace_days else Verdict(Timeliness.ON_TIME)
