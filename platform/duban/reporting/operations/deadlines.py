"""Time passing: changed due dates, duties that become missing, reminders and urging."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.due_dates import due_at
from duban.calendar.lateness import Timeliness, late_days
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_
from duban.reporting import telling
from duban.reporting.errors import DueDateError, NobodyOwesError, ReasonMissingError
from duban.reporting.models import DueChange, Duty, Requirement
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.reminders import due_stages, not_yet_told
from duban.reporting.queries.requirements import get_requirement
from duban.reporting.rules import judge_submission, missing_at, next_state
from duban.reporting.states import UNIT_TO_ACT, Act, DutyState

SWEEP_BATCH = 500
LATEST_DAYS = 366 * 2


def change_due_date(scope: Scope, *, duty_id: UUID, due_on: date, reason: str) -> Duty:
    """
    Move one duty's published due date by a recorded decision; reminders of the old date die with its `due_version`.

    A duty already missing comes back to life when its new cut-off lies ahead and nothing was handed in.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, DueDateError, ReasonMissingError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "duty", "change_due", duty)
    act = Act.REOPEN if duty.stands is DutyState.MISSING else Act.CHANGE_DUE
    state = next_state(duty.stands, act)
    if not reason.strip():
        raise ReasonMissingError
    _check_new_date(scope, duty, due_on)
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    cut_off = missing_at(due_on=due_on, missing_after_days=requirement.missing_after_days, zone=scope.zone)
    if act is Act.REOPEN and cut_off <= scope.now:
        raise DueDateError(N_("按新的日期这项任务仍然是漏报，请选择更晚的日期。"))
    before, duty.due_on = duty.due_on, due_on
    duty.due_at, duty.missing_at, duty.due_since = due_at(due_on, scope.zone), cut_off, scope.today
    duty.state, duty.changed_at = state, scope.now
    duty.due_version += 1
    _judge_again(scope, duty)
    scope.add(
        DueChange(
            id=new_id(),
            duty_id=duty.id,
            due_version=duty.due_version,
            before_on=before,
            after_on=due_on,
            reason=reason.strip(),
            decided_at=scope.now,
            decided_by=scope.actor.person_id,
            decider_name=scope.actor.name,
        )
    )
    record(scope, "duty.due_changed", "duty", duty.id, duty.path, before=before, after=due_on, reason=reason.strip())
    telling.of_due_change(scope, duty, requirement)
    return duty


def sweep_missing(scope: Scope) -> int:
    """
    Mark as missing what nobody handed in by its cut-off. For the clock: acts as the service itself.

    Gives: how many were marked, at most a batch; call again while it gives the whole batch.
    Costs: one query and one row lock each; rows somebody is working on are passed over and found the next time.
    """
    _require_service(scope)
    statement = (
        owned(scope, Duty)
        .where(
            Duty.state.in_((DutyState.OPEN, DutyState.RETURNED)),
            Duty.missing_at <= scope.now,
            Duty.due_at <= scope.now,  # never after the cut-off, so nothing is left out; but this has an index
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


def plan_reminders(scope: Scope) -> int:
    """
    Write to the ledger the reminders that are due today: T−7, T−3, T−1 to the clerk, T+1, T+3 to the superior as well.

    For the clock: acts as the service itself. Safe to repeat: what is in the ledger is not written again, and two clocks
    at once are held apart by its key. Gives: how many new rows. Costs: six queries, and one or two statements for each
    duty that has reached a new stage.
    """
    _require_service(scope)
    return telling.of_stages(scope, not_yet_told(scope, due_stages(scope)))


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
        Duty.state.in_(UNIT_TO_ACT),
        Duty.due_at <= scope.now,
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


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")


def _check_new_date(scope: Scope, duty: Duty, due_on: date) -> None:
    if due_on == duty.due_on:
        raise DueDateError(N_("新的日期与原来的相同。"))
    if due_on < scope.today:
        raise DueDateError(N_("新的截止日期不能早于今天。"))
    if due_on > scope.today + timedelta(days=LATEST_DAYS):
        raise DueDateError(N_("新的截止日期太远，请检查年份。"))


def _judge_again(scope: Scope, duty: Duty) -> None:
    """Judge what was already handed in by the new date; what was not is pending again."""
    if duty.counted_at is None or duty.stands is DutyState.OPEN:
        duty.timeliness, duty.late_days = Timeliness.PENDING, 0
        return
    verdict = judge_submission(due_on=duty.due_on, counted_at=duty.counted_at, missing_at=duty.missing_at, zone=scope.zone)
    duty.timeliness, duty.late_days = verdict.timeliness, verdict.late_days
