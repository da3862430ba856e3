"""The way of a version through its levels: what each of them did, who may act now, since when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from duban.access import checks as access
from duban.access.relations import Grant
from duban.identity.queries import people_by_id
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned
from duban.reporting.levels import chain_of, levels_below, levels_from
from duban.reporting.models import Duty, Handover, Requirement, ReviewStep, Submission
from duban.reporting.queries.forms import form_of
from duban.reporting.remarks import ATTACHMENTS
from duban.reporting.states import ReviewMode, StepOutcome
from duban.tree.models import Unit
from duban.tree.queries import units_by_id, units_of_paths

MOST_NAMES = 5


def chain_of_duty(duty: Duty, requirement: Requirement) -> tuple[str, ...]:
    """Give the places of the levels that review a duty, from below."""
    mode = ReviewMode(requirement.review_mode)
    return chain_of(path=duty.path, to_path=duty.to_path or requirement.path, mode=mode, stored=duty.review_chain)


def steps_of(scope: Scope, duty_id: UUID) -> Sequence[ReviewStep]:
    """List what the levels did with the versions of a duty, first to last."""
    return scope.session.scalars(
        owned(scope, ReviewStep).where(ReviewStep.duty_id == duty_id).order_by(ReviewStep.position)
    ).all()


def handovers_of(scope: Scope, duty_id: UUID) -> Sequence[Handover]:
    """List to whom the review of a duty was handed over, first to last."""
    return scope.session.scalars(owned(scope, Handover).where(Handover.duty_id == duty_id).order_by(Handover.handed_at)).all()


def next_position(scope: Scope, duty_id: UUID) -> int:
    """Give the number of the next step of a duty; the duty must be locked."""
    last = scope.session.scalar(
        select(func.max(ReviewStep.position)).where(ReviewStep.tenant_id == scope.tenant_id, ReviewStep.duty_id == duty_id)
    )
    return (last or 0) + 1


def reviewers_at(scope: Scope, duty: Duty, level: str) -> list[PersonId]:
    """List who may review a duty at one of its levels. Costs: two queries, three in a second line."""
    return access.superiors_at_level(scope, "submission", "review", duty, level)


def others_at(scope: Scope, duty: Duty, level: str, submission: Submission) -> list[PersonId]:
    """
    List who may review this version at a level: not whoever handed it in, nor who is one hand with them. Costs: five
    queries.
    """
    found = reviewers_at(scope, duty, level)
    if not found or submission.submitted_by is None:
        return found
    hands = access.hands_of(scope, submission.submitted_by, {day_of(scope, submission.submitted_at)})
    return [person for person in found if person not in hands]


def day_of(scope: Scope, instant: datetime) -> date:
    """Give the day of an instant where the tenant is."""
    return instant.astimezone(scope.zone).date()


def level_below(duty: Duty, requirement: Requirement, steps: Sequence[ReviewStep]) -> str | None:
    """Find the nearest level below the present one that has reviewed the version that stands; None where there is none."""
    if duty.at_path is None:
        return None
    acted = {step.level_path for step in steps if step.number == duty.versions and step.outcome != StepOutcome.SKIPPED}
    below = levels_below(chain_of_duty(duty, requirement), duty.at_path)
    return next((level for level in below if level in acted), None)


class StopState(StrEnum):
    """How a stop on the way stands."""

    DONE = "done"
    HERE = "here"
    SKIPPED = "skipped"
    AHEAD = "ahead"


@dataclass(frozen=True)
class Stop:
    """
    One stop on the way of a version: the unit itself, or a level that reviews.

    `people`: who has the ball, where it is here; `deputies`: who does it in their stead today. `since`: since when; for what is
    done, when it was done. Units: `days` full days.
    """

    name: str
    state: StopState
    people: tuple[str, ...] = ()
    since: datetime | None = None
    days: int = 0
    is_unit: bool = False
    deputies: tuple[str, ...] = ()


def track_of(scope: Scope, duty: Duty, requirement: Requirement, unit: Unit, steps: Sequence[ReviewStep]) -> list[Stop]:
    """
    Say where a duty is stuck, with whom and since when: the unit, and every level up to the issuer.

    Costs: two queries for the names of the levels, up to seven for the people who have the ball.
    """
    chain = chain_of_duty(duty, requirement)
    names = names_of_places(scope, chain)
    with_unit = duty.at_path is None and (duty.accepted_version is None or duty.correction == "open")
    stops = [_first(scope, duty, unit, with_unit=with_unit)]
    done = {step.level_path: step for step in steps if step.number == duty.versions}
    settled = duty.at_path is None and not with_unit
    passed = set() if with_unit else set(chain) - set(levels_from(chain, duty.at_path)) - {duty.at_path}
    for level in chain:
        step, name = done.get(level), names.get(level, level)
        if level == duty.at_path:
            stops.append(_here(scope, duty, name))
        elif settled or (level in passed and duty.at_path is not None):
            skipped = step is not None and step.outcome == StepOutcome.SKIPPED
            who = (step.decider_name,) if step is not None and step.decider_name and not skipped else ()
            at = step.decided_at if step is not None else duty.accepted_at
            stops.append(Stop(name, StopState.SKIPPED if skipped else StopState.DONE, who, at))
        else:
            stops.append(Stop(name, StopState.AHEAD))
    return stops


def _first(scope: Scope, duty: Duty, unit: Unit, *, with_unit: bool) -> Stop:
    if not with_unit:
        return Stop(unit.name, StopState.DONE, since=duty.last_submitted_at, is_unit=True)
    people = access.holders(scope, "submission", "write", duty.path)
    return Stop(unit.name, StopState.HERE, _named(scope, people), duty.changed_at, _days(scope, duty.changed_at), is_unit=True)


def _here(scope: Scope, duty: Duty, name: str) -> Stop:
    assert duty.at_path is not None  # noqa: S101 - the caller has compared it
    people: Collection[UUID] = reviewers_at(scope, duty, duty.at_path)
    if is_handed_over(scope, duty) and duty.reviewer_id is not None:
        people = [duty.reviewer_id]
    since = duty.waiting_since or duty.changed_at
    lent = access.deputies_at(scope, "submission", "review", [PersonId(one) for one in people], duty.at_path, not_of=duty.unit_id)
    deputies = _named(scope, set(lent) - set(people))
    return Stop(name, StopState.HERE, _named(scope, people), since, _days(scope, since), deputies=deputies)


def is_handed_over(scope: Scope, duty: Duty) -> bool:
    """Say whether a colleague was asked to review what waits, and the time for it is not over."""
    return duty.reviewer_id is not None and duty.reviewer_until is not None and duty.reviewer_until >= scope.today


def _named(scope: Scope, people: Collection[UUID]) -> tuple[str, ...]:
    found = people_by_id(scope, set(people)) if people else {}
    return tuple(sorted(person.name for person in found.values()))[:MOST_NAMES]


def _days(scope: Scope, since: datetime) -> int:
    return (scope.today - day_of(scope, since)).days


def names_of_places(scope: Scope, places: Collection[str]) -> Mapping[str, str]:
    """Name the units that stand or once stood at these places, as they are called today. Costs: two queries."""
    found = units_of_paths(scope, sorted(set(places)))
    units = units_by_id(scope, set(found.values()))
    return {place: units[unit_id].name for place, unit_id in found.items() if unit_id in units}


def name_of_level(scope: Scope, level: str) -> str:
    """Name one level."""
    return names_of_places(scope, [level]).get(level, "")


def places_of_form(scope: Scope, submission: Submission) -> Mapping[str, Collection[str]]:
    """Give the keys of the form a version was handed in under, each with the columns of its table if it is one."""
    places = {spec.key: tuple(column.key for column in spec.columns) for spec in form_of(scope, submission).fields}
    return places | {ATTACHMENTS: ()}


def may_review(scope: Scope, duty: Duty, requirement: Requirement) -> bool:
    """Say whether a role of the actor's lets them decide at the level the duty waits at; for pages. Costs: nothing."""
    level = duty.at_path or chain_of_duty(duty, requirement)[-1]
    return any(fits_level(grant, duty, requirement, level) for grant in access.grants_for(scope, "submission", "review", duty))


def fits_level(grant: Grant, duty: Duty, requirement: Requirement, level: str) -> bool:
    """
    Say whether a role is held where it counts: level by level at the very level; in one step at the issuer, or above it, for
    whoever stands above may step in, and in a second line wherever it allows the review.
    """
    if requirement.review_mode == ReviewMode.BY_LEVEL:
        return grant.path == level
    return duty.work_line is not None or level.startswith(grant.path)


def may_answer(scope: Scope, duty: Duty, requirement: Requirement) -> bool:
    """Say whether a role of the actor's lets them decide about corrections of what was accepted; for pages. Costs: nothing."""
    issuer = chain_of_duty(duty, requirement)[-1]
    return any(fits_issuer(grant, duty, issuer) for grant in access.grants_for(scope, "submission", "review", duty))


def fits_issuer(grant: Grant, duty: Duty, issuer: str) -> bool:
    """Say whether a role is held where something was accepted for good: at the issuer, in the primary line also above it."""
    return grant.path == issuer if duty.work_line is not None else issuer.startswith(grant.path)
