"""
How far a receipt has climbed the ladder of its dispatch: who has not signed, and who has not answered by the day asked for.

A course lasts until the day to reply by is moved: then another begins on the day after, and reminders of the old one are stale.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from duban.calendar.climbing import PREFIX, Climbed, climb, climbed_from_json
from duban.calendar.ladder_json import ladder_from_json
from duban.calendar.ladder_presets import DISPATCHES
from duban.calendar.ladders import Call, Course, Event, Ladder, Step, next_call
from duban.calendar.working_days import WorkingCalendar
from duban.dispatches.models import Dispatch, Receipt

BEFORE = {
    "unsigned+1": "unsigned_1", "unsigned+3": "unsigned_3", "reply-3": "reply_3", "reply-1": "reply_1", "reply+1": "late_1",
}  # fmt: skip
"""What reminders were called in the ledger before documents had a ladder, and the steps they were."""


def ladder_of(dispatch: Dispatch) -> Ladder:
    """Give the ladder of a dispatch; one sent before there was any keeps the days it had, which are the usual ones."""
    return ladder_from_json(dispatch.ladder) if dispatch.ladder else DISPATCHES


def stage_of(step: Step) -> str:
    """Name a reminder in the ledger."""
    return f"{PREFIX}{step.code}"


def is_reminder(stage: str) -> bool:
    """Say whether something in the ledger is a step of a ladder."""
    return stage.startswith(PREFIX) or stage in BEFORE


def step_at(ladder: Ladder, stage: str) -> Step | None:
    """Find the step a reminder is of."""
    return ladder.step(BEFORE.get(stage, stage.removeprefix(PREFIX)))


def is_wanted(ladder: Ladder, step: Step, receipt: Receipt) -> bool:
    """Say whether a step still asks for something: who has answered has signed as well."""
    if ladder.family(step) is Event.SENT:
        return receipt.signed_at is None and receipt.replied_at is None
    return receipt.replied_at is None


def begin(receipt: Receipt, ladder: Ladder, *, today: date, zone: ZoneInfo, calendar: WorkingCalendar) -> None:
    """Let a course begin: with the sending, and with another day to reply by. What lies before tomorrow is not told."""
    receipt.climbed = Climbed(str(receipt.due_version), today + timedelta(days=1)).to_json()
    look_again(receipt, ladder, today=today, zone=zone, calendar=calendar)


def look_again(receipt: Receipt, ladder: Ladder, *, today: date, zone: ZoneInfo, calendar: WorkingCalendar) -> None:
    """Set anew when the clock looks at it."""
    course = _course(receipt, _standing(receipt, ladder, today=today), zone=zone, calendar=calendar)
    receipt.next_step_at, receipt.next_step_on = next_call(ladder, course), None


@dataclass(frozen=True)
class Looked:
    """What looking at a receipt found: the step to tell of, if any, how it stands after it, and when to look again."""

    call: Call | None
    standing: Climbed
    next_at: datetime | None


def look(receipt: Receipt, ladder: Ladder, *, now: datetime, zone: ZoneInfo, calendar: WorkingCalendar) -> Looked:
    """Look at a receipt. Of several steps a clock that stood still meets at once only the latest is told."""
    standing = _standing(receipt, ladder, today=now.astimezone(zone).date())
    found = climb(ladder, standing, _course(receipt, standing, zone=zone, calendar=calendar), now)
    latest = max(found.calls.now, key=lambda one: one.planned_on, default=None)
    return Looked(latest, found.standing, found.next_at)


def _standing(receipt: Receipt, ladder: Ladder, *, today: date) -> Climbed:
    """Give the course it is in. One sent before there was a ladder goes on at the day it was to be looked at next."""
    if receipt.climbed is None:
        kept = Climbed(str(receipt.due_version), receipt.next_step_on or today + timedelta(days=1))
    else:
        kept = climbed_from_json(receipt.climbed)
    is_open = receipt.signed_at is None and receipt.replied_at is None
    return kept.with_events(ladder, {Event.SENT: receipt.sent_on} if is_open else {})


def _course(receipt: Receipt, standing: Climbed, *, zone: ZoneInfo, calendar: WorkingCalendar) -> Course:
    return Course(
        since=standing.since,
        zone=zone,
        calendar=calendar,
        due_on=None if receipt.replied_at is not None else receipt.reply_by,
        events=standing.events,
        told=standing.told,
    )
