"""Ladders as they are read: when a requirement's first calls for something, who would get what on which day, the tenant's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from duban.access.checks import require
from duban.calendar.ladders import Call, Course, Ladder, Recipient, Step, next_call, planned
from duban.identity.models import Person
from duban.kernel.scope import Scope, owned
from duban.reporting.climbing import ladder_of
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.requirements import preview_of, working_calendar
from duban.reporting.recipients import Recipients
from duban.reporting.states import DutyState
from duban.tenancy.ladders import PART, ladders_of
from duban.tenancy.models import Catalogue
from duban.tree.models import Unit
from duban.tree.queries import root


def first_step_at(scope: Scope, requirement: Requirement, due_on: date) -> datetime | None:
    """Give when a duty issued today is to be looked at first."""
    course = Course(
        since=scope.today, zone=scope.zone, calendar=working_calendar(scope), due_on=due_on, grace_days=requirement.grace_days
    )
    return next_call(ladder_of(requirement), course)


@dataclass(frozen=True)
class Told:
    """Whom a recipient of a step stands for: names, none where nobody holds the role."""

    recipient: Recipient
    names: Sequence[str]
    is_copy: bool


@dataclass(frozen=True)
class PreviewStep:
    """One step for one unit: the day, None where something must happen first, and who gets it."""

    step: Step
    on: date | None
    is_over: bool
    told: Sequence[Told]


@dataclass(frozen=True)
class LadderPreview:
    """What would happen to one unit that never hands in, for the next due date."""

    unit: Unit
    due_on: date
    units: int
    steps: Sequence[PreviewStep]


def preview_ladder(scope: Scope, requirement: Requirement, ladder: Ladder) -> LadderPreview | None:
    """
    Say who will get what on which day, for the first unit that owes and the next due date; None where nobody owes anything.

    Costs: a query for each kind of recipient, and one for the names.
    """
    found = preview_of(scope, requirement, limit=1)
    if not found.units or not found.occurrences:
        return None
    unit = found.units[0]
    due_on = next((one.due_on for one in found.occurrences if one.due_on >= scope.today), found.occurrences[-1].due_on)
    course = Course(
        since=scope.today, zone=scope.zone, calendar=working_calendar(scope), due_on=due_on, grace_days=requirement.grace_days
    )
    days = {call.step.code: call for call in planned(ladder, course)}
    sample = Duty(
        path=unit.path, to_path=requirement.path, lines=unit.lines, work_line=requirement.work_line, state=DutyState.OPEN.value
    )
    people = Recipients(scope, [sample])
    everybody = {one: people.everybody([one], sample) for step in ladder.steps for one in step.everybody}
    wanted = {person for found_people in everybody.values() for person in found_people}
    names = {row.id: row.name for row in scope.session.scalars(owned(scope, Person).where(Person.id.in_(wanted)))}

    def told(step: Step) -> list[Told]:
        both = [(one, False) for one in step.to] + [(one, True) for one in step.copies]
        return [Told(one, sorted(names[person] for person in everybody[one]), is_copy) for one, is_copy in both]

    def shown(step: Step, call: Call | None) -> PreviewStep:
        owed = ladder.family(step) is None
        return PreviewStep(step, call.planned_on if call else None, owed and call is None, told(step))

    return LadderPreview(unit, due_on, found.unit_count, [shown(step, days.get(step.code)) for step in ladder.steps])


@dataclass(frozen=True)
class LadderVersion:
    """The tenant's ladders of one version."""

    version: int
    active_from: date
    ladders: Sequence[Ladder]


def newest_ladders(scope: Scope) -> Catalogue | None:
    """Find the newest version of the tenant's ladders, in force or to come."""
    statement = owned(scope, Catalogue).where(Catalogue.part == PART).order_by(Catalogue.version.desc()).limit(1)
    return scope.session.scalars(statement).first()


def ladder_versions(scope: Scope) -> Sequence[LadderVersion]:
    """List the versions of the tenant's ladders, newest first. Raises: NotFoundError, NotAllowedError."""
    require(scope, "tenant", "manage", root(scope))
    rows = scope.session.scalars(owned(scope, Catalogue).where(Catalogue.part == PART).order_by(Catalogue.version.desc()))
    return [LadderVersion(row.version, row.active_from, ladders_of(row.body)) for row in rows]
