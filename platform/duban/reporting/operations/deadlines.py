"""Time passing: changed due dates, duties that become missing, reminders and urging."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.orm import load_only

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.lateness import Timeliness, late_days
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.reporting import telling
from duban.reporting.errors import NobodyOwesError
from duban.reporting.later_periods import issue_later_periods, with_later_periods
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.overdue import is_overdue
from duban.reporting.queries.requirements import get_requirement
from duban.reporting.rules import next_state
from duban.reporting.service import require_service
from duban.reporting.states import Act, DutyState, RequirementState

SWEEP_BATCH = 500
LATEST_DAYS = 366 * 2
LONGEST_WAIT = timedelta(days=366)
"""For a year's working days, after the last day of what asked for them."""


def sweep_missing(scope: Scope) -> int:
    """
    Mark as missing what nobody handed in by its cut-off. For the clock: acts as the service itself.

    Gives: how many were marked, at most a batch; call again while it gives the whole batch.
    Costs: one query on an index of what may still become missing, and one row lock each; rows somebody is working on are passed
    over and found the next time.
    """
    require_service(scope)
    statement = (
        owned(scope, Duty)
        .where(
            Duty.state.in_((DutyState.OPEN, DutyState.RETURNED)),
            Duty.missing_at <= scope.now,
        )
        .order_by(Duty.missing_at, Duty.id)
        .limit(SWEEP_BATCH)
        .with_for_update(skip_locked=True)
    )
    swept = scope.session.scalars(statement).all()
    for duty in swept:
        duty.state = next_state(duty.stands, Act.MISS)
        duty.timeliness = Timeliness.MISSING
        duty.late_days = late_days(duty.due_on, scope.now, scope.zone)
        duty.correct_by, duty.changed_at = None, scope.now
        record(scope, "duty.missing", "duty", duty.id, duty.path, due_on=duty.due_on)
    telling.of_missing(scope, swept)
    return len(swept)


def issue_waiting_periods(scope: Scope) -> int:
    """
    Issue the periods that could not be issued with the others because the working days of their year were not known.

    For the clock: acts as the service itself, safe to repeat. Gives how many duties were made.
    Costs: two queries and arithmetic, of what is under way only dates and rules are read; those that wait are locked and issued.
    """
    require_service(scope)
    under_way = owned(scope, Requirement).where(
        Requirement.state == RequirementState.ISSUED,
        or_(
            Requirement.active_until >= scope.today - LONGEST_WAIT,
            and_(Requirement.active_until.is_(None), Requirement.issued_at > scope.now - 2 * LONGEST_WAIT),
        ),
    )
    dated = load_only(Requirement.due_rule, Requirement.active_from, Requirement.active_until, Requirement.issued_at)
    waiting = with_later_periods(scope, scope.session.scalars(under_way.options(dated)))
    if not waiting:
        return 0
    locked = under_way.where(Requirement.id.in_(waiting)).with_for_update(skip_locked=True)
    found = scope.session.scalars(locked.execution_options(populate_existing=True)).all()
    return sum(issue_later_periods(scope, one) for one in found)


def urge(scope: Scope, *, requirement_id: UUID, period_code: str | None = None, duty_ids: Sequence[UUID] = ()) -> int:
    """
    Press every unit that is late with a requirement (催办); the actor's own units and units above stay untouched.

    Takes:  `period_code` or `duty_ids` to press only some. Gives: how many units were pressed.
    Raises: NotFoundError, NotAllowedError for who may urge nobody, NobodyOwesError where nothing the actor may urge is late.
    """
    requirement = get_requirement(scope, requirement_id)
    if not access.may_somewhere(scope, "duty", "urge"):
        raise NotAllowedError
    statement = owned(scope, Duty).where(
        Duty.requirement_id == requirement.id,
        is_overdue(scope),
        access.readable(scope, Duty, "duty", "urge"),
    )
    if period_code is not None:
        statement = statement.where(Duty.period_code == period_code)
    if duty_ids:
        statement = statement.where(Duty.id.in_(duty_ids))
    late = scope.session.scalars(statement.order_by(Duty.path, Duty.id)).all()
    if not late:
        raise NobodyOwesError(N_("现在没有需要催办的单位。"))
    for duty in late:
        access.require(scope, "duty", "urge", duty)
        record(scope, "duty.urged", "duty", duty.id, duty.path, due_on=duty.due_on)
    telling.of_urging(scope, late, requirement)
    return len(late)
