"""For which duties somebody may enter in a unit's stead （代报）, and by which office."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, not_, or_, select, tuple_

from duban.access import checks as access
from duban.access.relations import Grant
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting.entering import Office, fits_office
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.reviewing import name_of_level
from duban.reporting.states import UNIT_TO_ACT, RequirementState

NOT_ALLOWED = N_("这项要求没有允许上级代报，或者不由您这一级代报。")


def enterable(scope: Scope, requirement: Requirement) -> ColumnElement[bool]:
    """
    Say in SQL for which duties of a requirement the actor may enter in the unit's stead, as `may_enter` does for one: not those
    they hand in themselves.
    """
    if requirement.work_line is None:
        allowed = access.readable(scope, Duty, "submission", "enter", fits=lambda grant: grant.path.startswith(requirement.path))
    else:
        issuing = access.readable(scope, Duty, "submission", "enter", fits=lambda grant: grant.path == requirement.path)
        allowed = or_(issuing, *(_between(scope, path) for path in sorted({grant.path for grant in access.grants_of(scope)})))
    return and_(allowed, not_(access.readable(scope, Duty, "submission", "write")))


def _between(scope: Scope, path: str) -> ColumnElement[bool]:
    held_there = access.readable(scope, Duty, "submission", "enter", fits=lambda grant: grant.path == path)
    return and_(held_there, Duty.review_chain.contains([path]))


def may_enter(scope: Scope, duty: Duty, requirement: Requirement) -> bool:
    """Say whether the actor may enter for the unit and does not hand in for it anyway; for pages. Costs: nothing."""
    return _grant(scope, duty, requirement) is not None and not access.may(scope, "submission", "write", duty)


def require_office(scope: Scope, duty: Duty, requirement: Requirement) -> Office:
    """
    Refuse to enter for the unit, unless the requirement allows it and a role of the actor's is held where it counts.

    Gives: the office it is done by. Raises: NotFoundError, NotAllowedError. Costs: two queries.
    """

    def fits(grant: Grant) -> bool:
        return requirement.superiors_may_enter and fits_office(grant, duty, requirement)

    access.require_held(scope, "submission", "enter", duty, fits, lambda: NotAllowedError(NOT_ALLOWED))
    grant = _grant(scope, duty, requirement)
    assert grant is not None  # noqa: S101 - required above
    return Office(grant.path, name_of_level(scope, grant.path))


def _grant(scope: Scope, duty: Duty, requirement: Requirement) -> Grant | None:
    if not requirement.superiors_may_enter:
        return None
    held = access.grants_for(scope, "submission", "enter", duty)
    return next((grant for grant in held if fits_office(grant, duty, requirement)), None)


def a_duty_to_enter(scope: Scope, requirement: Requirement) -> UUID | None:
    """Find a duty of a requirement the actor may enter for now, the way to its workbook. Costs: at most one query."""
    if not requirement.superiors_may_enter or requirement.stands is not RequirementState.ISSUED:
        return None
    statement = select(Duty.id).where(
        Duty.tenant_id == scope.tenant_id,
        Duty.requirement_id == requirement.id,
        Duty.state.in_(UNIT_TO_ACT),
        enterable(scope, requirement),
    )
    return scope.session.scalars(statement.order_by(Duty.due_at, Duty.id).limit(1)).first()


def entered_by(scope: Scope, duties: Sequence[Duty]) -> dict[UUID, str]:
    """
    Name the office that handed in the newest version of each duty in its unit's stead; those it was not done for are left out.

    Asks no leave: the caller has read the duties. Costs: one query, none where nothing was handed in.
    """
    newest = [(duty.id, duty.versions) for duty in duties if duty.versions]
    if not newest:
        return {}
    statement = select(Submission.duty_id, Submission.office_name).where(
        Submission.tenant_id == scope.tenant_id,
        tuple_(Submission.duty_id, Submission.number).in_(newest),
        Submission.office_path.is_not(None),
    )
    return {row.duty_id: row.office_name for row in scope.session.execute(statement)}
