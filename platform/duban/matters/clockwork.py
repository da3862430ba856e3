"""How a matter climbs its ladder, and when the clock has to look at it next: kept on its row, so a sweep costs what is due."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from duban.calendar.climbing import Climbed, climbed_from_json
from duban.calendar.ladder_json import ladder_from_json
from duban.calendar.ladder_presets import MATTERS
from duban.calendar.ladders import ONE_DAY, Call, Course, Event, Ladder, Step, next_call, planned, sheet_step
from duban.kernel.scope import Scope
from duban.matters.models import Matter
from duban.matters.rules import morning
from duban.matters.states import LIVING, OWING, MatterState
from duban.reporting.queries import working_calendar


def ladder_of(matter: Matter) -> Ladder:
    """Give the ladder a matter climbs: the tenant's when it was registered."""
    return ladder_from_json(matter.ladder) if matter.ladder else MATTERS


def standing_of(scope: Scope, matter: Matter) -> Climbed:
    """Say how far a matter has climbed; an extension that was granted lets it begin anew, a return does not."""
    kept = climbed_from_json(matter.climbed) if matter.climbed else None
    key = str(matter.due_version)
    if kept is None or kept.key != key:
        kept = Climbed(key, matter.due_since, told=_told_before(matter, scope.zone))
    return replace(kept, since=matter.due_since).with_events(ladder_of(matter), _events(scope, matter, kept))


def told_by_hand(standing: Climbed, step: Step, now: datetime) -> Climbed:
    """Note that somebody sent a step's sheet before the clock did."""
    return replace(standing, told={**standing.told, step.code: now})


def _told_before(matter: Matter, zone: ZoneInfo) -> Mapping[str, datetime]:
    """Give what was told before the ladder was kept: the last sheet stands for all below it."""
    step = sheet_step(ladder_of(matter), matter.colour) if matter.colour is not None else None
    return {} if step is None or matter.sheet_on is None else {step.code: morning(matter.sheet_on, zone)}


def _events(scope: Scope, matter: Matter, kept: Climbed) -> Mapping[Event, date]:
    found: dict[Event, date] = {}
    if matter.state is MatterState.REPORTED and matter.reported_at is not None:
        found[Event.SUBMITTED] = matter.reported_at.astimezone(scope.zone).date()
    if matter.state is MatterState.RETURNED:
        found[Event.RETURNED] = kept.events.get(Event.RETURNED, scope.today)
    if matter.has_pending:
        found[Event.EXTENSION_ASKED] = kept.events.get(Event.EXTENSION_ASKED, scope.today)
    if matter.behind_since is not None and matter.state in OWING:
        found[Event.BEHIND] = matter.behind_since
    return found


def course_of(scope: Scope, matter: Matter, standing: Climbed) -> Course:
    """Give the course of the ladder: it stands still while the ball is not with the units, and begins after its first day."""
    owes = matter.state in OWING and not matter.has_pending
    return Course(
        since=standing.since,
        owed_from=standing.since + ONE_DAY,
        zone=scope.zone,
        calendar=working_calendar(scope),
        due_on=matter.counts_from if owes else None,
        events=standing.events,
        told=standing.told,
        answered=matter.answered,
        is_major=matter.is_major,
    )


def coming_sheet(scope: Scope, matter: Matter) -> Call | None:
    """Say which sheet comes next and when if nothing happens; None where none does, or the ball is not with the units."""
    if matter.state not in OWING:
        return None
    standing, held = standing_of(scope, matter), matter.colour.rank if matter.colour is not None else 0
    to_come = planned(ladder_of(matter), course_of(scope, matter, standing))
    return next((call for call in to_come if call.step.colour.rank > held), None)


def wind(scope: Scope, matter: Matter) -> None:
    """Set when the clock has to look at it next. To be called by whatever changes state, dates, sheets or reports."""
    if matter.state not in LIVING or matter.state is MatterState.DISPUTED:
        matter.next_step_at = None
        return
    standing = standing_of(scope, matter)
    matter.climbed = standing.to_json()
    moments = [next_call(ladder_of(matter), course_of(scope, matter, standing))]
    if matter.report_due_on is not None and matter.state in OWING:
        told = matter.report_told_on == matter.report_due_on
        moments.append(morning(matter.report_due_on + timedelta(days=1) if told else matter.report_due_on, scope.zone))
    matter.next_step_at = min((one for one in moments if one is not None), default=None)
