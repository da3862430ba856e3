"""
How far a duty has climbed its requirement's ladder: what is kept on the row, and the course the ladder runs along.

A course is one stretch of a duty's life: until it is handed in, while it waits for review, until the correction comes. Every
change of the duty begins another one, and the reminders of the one before are stale.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from duban.calendar.climbing import LOOK, PREFIX, Climbed, Look, climb, climbed_from_json
from duban.calendar.ladder_presets import STANDARD
from duban.calendar.ladders import Calls, Colour, Course, Event, Ladder, Step, colour_told
from duban.calendar.working_days import WorkingCalendar
from duban.reporting.models import Duty, Requirement
from duban.reporting.states import CorrectionState, DutyState
from duban.tenancy.ladders import duty_ladder


class Phase(StrEnum):
    """Whose turn it is, as far as reminding goes."""

    OWED = "owed"
    RETURNED = "returned"
    WAITING = "waiting"
    OVER = "over"


def ladder_of(requirement: Requirement) -> Ladder:
    """Give the ladder of a requirement; one issued before there were ladders keeps the days it had."""
    return duty_ladder(requirement.ladder) if requirement.ladder else STANDARD


def phase_of(duty: Duty) -> Phase:
    """Say whose turn it is. A correction that was opened is owed like what was returned."""
    if duty.at_path is not None:
        return Phase.WAITING
    if duty.stands is DutyState.RETURNED or duty.correcting is CorrectionState.OPEN:
        return Phase.RETURNED
    return Phase.OWED if duty.stands in {DutyState.OPEN, DutyState.MISSING} else Phase.OVER


def key_of(duty: Duty) -> str:
    """Name the course a duty is in: another date, another version or another turn is another course."""
    waits = f".{duty.waiting_since:%Y%m%dT%H%M%S}" if duty.waiting_since else ""
    return f"{duty.due_version}.{duty.versions}.{phase_of(duty)}{waits}"


def first_climb(*, today: date) -> Climbed:
    """Give what a duty begins with when it is issued."""
    return Climbed(key=f"1.0.{Phase.OWED}", since=today)


def standing_of(duty: Duty, *, today: date, zone: ZoneInfo) -> Climbed:
    """
    Give the course the duty is in, beginning a new one where it was changed since it was looked at.

    One never looked at begins today: what came before ladders was told as it was then.
    """
    if duty.climbed is None:
        return Climbed(key_of(duty), today)
    kept = climbed_from_json(duty.climbed)
    if kept.key != key_of(duty):
        return Climbed(key_of(duty), _changed_on(duty, zone))
    return kept


def _changed_on(duty: Duty, zone: ZoneInfo) -> date:
    return (duty.waiting_since or duty.changed_at).astimezone(zone).date()


def due_of(duty: Duty) -> date:
    """Give the day what is owed is due: for what was returned, the last day of the correction."""
    late = duty.correct_by if phase_of(duty) is Phase.RETURNED else None
    return max(duty.due_on, late) if late else duty.due_on


def course_of(duty: Duty, standing: Climbed, *, zone: ZoneInfo, calendar: WorkingCalendar, grace_days: int = 0) -> Course:
    """Give the course for the ladder; what was returned is due by the last day of the correction, without days of grace."""
    phase, due_on = phase_of(duty), None
    events = dict(standing.events)
    if phase is Phase.WAITING:
        events[Event.SUBMITTED] = standing.since
    elif phase is Phase.RETURNED:
        events[Event.RETURNED] = standing.since
        due_on = due_of(duty)
    elif phase is Phase.OWED:
        due_on = duty.due_on
    return Course(
        since=standing.since,
        zone=zone,
        calendar=calendar,
        due_on=due_on,
        events=events,
        told=standing.told,
        grace_days=grace_days if phase is Phase.OWED else 0,
    )


def look(
    duty: Duty,
    ladder: Ladder,
    *,
    now: datetime,
    zone: ZoneInfo,
    calendar: WorkingCalendar,
    asked_on: date | None = None,
    grace_days: int = 0,
) -> Look:
    """Look at a duty: which steps this instant calls for, each once in its course."""
    standing = standing_of(duty, today=now.astimezone(zone).date(), zone=zone)
    if phase_of(duty) is Phase.OVER:
        return Look(Calls((), ()), Climbed(standing.key, standing.since), None)
    standing = standing.with_events(ladder, {Event.EXTENSION_ASKED: asked_on} if asked_on else {})
    return climb(ladder, standing, course_of(duty, standing, zone=zone, calendar=calendar, grace_days=grace_days), now)


def stage_of(step: Step, duty: Duty, planned_on: date) -> str:
    """Name a reminder in the ledger: the step, the version it presses about, and the day it was planned for."""
    return f"{PREFIX}{step.code}:{duty.versions}:{planned_on:%Y%m%d}"


@dataclass(frozen=True)
class Reminded:
    """What was sent in the course a duty is in, and when the next is looked for."""

    told: tuple[tuple[Step, datetime], ...]
    next_at: datetime | None


def ladder_standing(duty: Duty, requirement: Requirement) -> Reminded | None:
    """Say how far a duty has climbed its ladder, for its page; None where nothing was sent and nothing is to come."""
    kept = climbed_from_json(duty.climbed) if duty.climbed else None
    if kept is None or kept.key != key_of(duty):
        return None
    sent = [(step, kept.told[step.code]) for step in ladder_of(requirement).steps if step.code in kept.told]
    told = tuple((step, at) for step, at in sent if step.code not in kept.dropped)
    next_at = duty.next_step_at if duty.next_step_at and duty.next_step_at > LOOK else None
    return Reminded(told, next_at) if told or next_at else None


def colour_now(duty: Duty, ladder: Callable[[], Ladder]) -> Colour:
    """Give the colour a duty has reached in the course it is in, for lists. Takes: its ladder, asked for where it was climbed."""
    kept = climbed_from_json(duty.climbed) if duty.climbed and "told" in duty.climbed else None
    return colour_told(ladder(), kept.told) if kept is not None and kept.key == key_of(duty) else Colour.NONE
