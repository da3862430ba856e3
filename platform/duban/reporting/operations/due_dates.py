"""Decisions about published due dates: one duty's, a whole requirement's or period's, and opening again what is closed."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, Text, Uuid, and_, cast, func, insert, literal, select, update

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.due_dates import due_at
from duban.calendar.lateness import Timeliness
from duban.kernel.errors import check_all
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_
from duban.reporting import telling_dates
from duban.reporting.errors import DueDateError, NobodyOwesError, ReasonMissingError, RequirementStateError
from duban.reporting.lines import require_issuing
from duban.reporting.locks import LockReason
from duban.reporting.models import DueChange, DueDecision, Duty, Extension, Requirement
from duban.reporting.moving import LATEST_DAYS, check_new_date, end_waiting, keep_change, move
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.locks import is_archived, lock_of, require_open_year
from duban.reporting.queries.requirements import get_requirement
from duban.reporting.rules import next_state
from duban.reporting.states import Act, DueChangeKind, DutyState, ExtensionState, RequirementState
from duban.reporting.windows import times_of

MOVABLE = (DutyState.OPEN, DutyState.RETURNED, DutyState.SUBMITTED, DutyState.MISSING)


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
    require_open_year(scope, duty)
    check_all(lambda: _check_reason(reason), lambda: check_new_date(scope, due_on, before=duty.due_on))
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    times = times_of(requirement.window, due_on=due_on, period_end=duty.period_end, zone=scope.zone)
    if act is Act.REOPEN and times.missing_at <= scope.now:
        raise DueDateError(N_("按新的日期这项任务仍然是漏报，请选择更晚的日期。"))
    change = move(scope, duty, requirement, due_on=due_on, state=state, reason=reason.strip())
    end_waiting(scope, [duty.id], ExtensionState.LAPSED, reason.strip())
    record(scope, "duty.due_changed", "duty", duty.id, duty.path, before=change.before_on, after=due_on, reason=change.reason)
    telling_dates.of_due_change(scope, duty, requirement)
    return duty


def reopen_duty(scope: Scope, *, duty_id: UUID, until: date, reason: str) -> Duty:
    """
    Let a unit hand in again what is closed, or open early what is not open yet; the due date stays, late remains late.

    Takes:  `until` the last day on which it is taken.
    Raises: NotFoundError, NotAllowedError, DutyClosedError where it is shut for another reason or not at all, DueDateError,
    ReasonMissingError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "duty", "change_due", duty)
    next_state(duty.stands, Act.SUBMIT)
    require_open_year(scope, duty)
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    lock = lock_of(scope, duty, requirement)
    if lock is None:
        raise DueDateError(N_("这项任务现在可以填报，不需要重新开放。"))
    check_all(lambda: _check_reason(reason), lambda: check_new_date(scope, until))
    if lock.reason is LockReason.NOT_OPEN:
        duty.opens_at = scope.now
    if duty.closes_at is not None:
        duty.closes_at = max(duty.closes_at, due_at(until, scope.zone))
    duty.changed_at = scope.now
    keep_change(scope, duty, before=duty.due_on, after=until, reason=reason.strip(), kind=DueChangeKind.REOPENED)
    record(scope, "duty.reopened", "duty", duty.id, duty.path, until=until, reason=reason.strip())
    telling_dates.of_reopening(scope, duty, requirement, until=until)
    return duty


@dataclass(frozen=True)
class _Group:
    """Duties of one period with one date: they move together."""

    period_code: str
    period_end: date
    due_on: date
    after_on: date


def change_due_dates(
    scope: Scope,
    *,
    requirement_id: UUID,
    due_on: date | None = None,
    by_days: int | None = None,
    period_code: str = "",
    reason: str,
) -> DueDecision:
    """
    Move the published date of many units at once, as one decision: of a period, or of the whole requirement.

    Takes:  the new day, or `by_days` to move each date on by so many days (for several periods). A unit that was granted a
            later day of its own keeps it; what is accepted, cancelled or of a closed year is left alone.
    Raises: NotFoundError, NotAllowedError, RequirementStateError, DueDateError, ReasonMissingError, NobodyOwesError.
    Costs: a few statements for each period, however many units; one more for each unit that had handed in already.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    if requirement.stands is not RequirementState.ISSUED:
        raise RequirementStateError(requirement.stands)
    groups: list[_Group] = []
    check_all(
        lambda: _check_reason(reason),
        lambda: groups.extend(_groups(scope, requirement, due_on=due_on, by_days=by_days, period_code=period_code)),
    )
    decision = scope.add(
        DueDecision(
            id=new_id(),
            requirement_id=requirement.id,
            period_code=period_code,
            after_on=due_on,
            by_days=by_days,
            reason=reason.strip(),
            duties=0,
            decided_at=scope.now,
            decided_by=scope.actor.person_id,
            decider_name=scope.actor.name,
        )
    )
    scope.session.flush()  # what is kept beside each duty points to it
    decision.duties = sum(_move_group(scope, requirement, decision, group) for group in groups)
    if not decision.duties:
        raise NobodyOwesError(N_("没有需要变更日期的任务：都已办结，或各有单独批准的更晚日期。"))
    moved = select(DueChange.duty_id).where(DueChange.tenant_id == scope.tenant_id, DueChange.decision_id == decision.id)
    end_waiting(scope, moved, ExtensionState.LAPSED, decision.reason)
    record(
        scope,
        "requirement.due_changed",
        "requirement",
        requirement.id,
        requirement.path,
        period=period_code,
        after=due_on,
        by_days=by_days,
        duties=decision.duties,
        reason=decision.reason,
    )
    telling_dates.of_decision(scope, requirement, decision)
    return decision


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissingError


def _groups(
    scope: Scope, requirement: Requirement, *, due_on: date | None, by_days: int | None, period_code: str
) -> list[_Group]:
    """List what moves together, with its new date. Raises: DueDateError."""
    if (due_on is None) == (by_days is None):
        raise DueDateError(N_("请填写新的截止日期，或各期顺延的天数，二者选一。"))
    if by_days is not None and not 1 <= by_days <= LATEST_DAYS:
        raise DueDateError(N_("顺延的天数应在 1 至 731 之间。"))
    rows = scope.session.execute(
        select(Duty.period_code, Duty.period_end, Duty.due_on)
        .where(*_movable(scope, requirement, period_code))
        .distinct()
        .order_by(Duty.due_on, Duty.period_code)
    ).all()
    if due_on is not None and len({row.period_code for row in rows}) > 1:
        raise DueDateError(N_("这项要求有好几期，请选定一期，或填写各期顺延的天数。"))
    groups = [
        _Group(row.period_code, row.period_end, row.due_on, due_on or row.due_on + timedelta(days=by_days or 0)) for row in rows
    ]
    # Moved on by days, what is over stays over: only the dates to come move.
    groups = [one for one in groups if one.after_on != one.due_on and (due_on is not None or one.due_on >= scope.today)]
    for group in groups:
        check_new_date(scope, group.after_on)
    return groups


def _movable(scope: Scope, requirement: Requirement, period_code: str) -> list[ColumnElement[bool]]:
    conditions = [
        Duty.tenant_id == scope.tenant_id,
        Duty.requirement_id == requirement.id,
        Duty.state.in_(MOVABLE),
        Duty.accepted_at.is_(None),
        access.readable(scope, Duty, "duty", "change_due"),
    ]
    return [*conditions, Duty.period_code == period_code] if period_code else conditions


def _move_group(scope: Scope, requirement: Requirement, decision: DueDecision, group: _Group) -> int:
    own_date = (
        select(Extension.id)
        .where(
            Extension.tenant_id == scope.tenant_id,
            Extension.duty_id == Duty.id,
            Extension.state == ExtensionState.GRANTED,
            Extension.granted_on == Duty.due_on,
            Duty.due_on > group.after_on,
        )
        .exists()
    )
    chosen = and_(
        *_movable(scope, requirement, group.period_code),
        Duty.period_end == group.period_end,
        Duty.due_on == group.due_on,
        ~own_date,
    )
    closed = _of_closed_years(scope, chosen, group)
    if closed:
        chosen = and_(chosen, Duty.id.not_in(closed))
    return _move_untouched(scope, requirement, decision, group, chosen) + _move_handed_in(
        scope, requirement, decision, group, chosen
    )


def _of_closed_years(scope: Scope, chosen: ColumnElement[bool], group: _Group) -> list[UUID]:
    """Name the duties whose year's results are closed; only what is over already can be among them."""
    if group.due_on >= scope.today:
        return []
    rows = scope.session.scalars(owned(scope, Duty).where(chosen)).all()
    return [duty.id for duty in rows if is_archived(scope, duty)]


def _move_untouched(
    scope: Scope, requirement: Requirement, decision: DueDecision, group: _Group, chosen: ColumnElement[bool]
) -> int:
    """Move what nobody has handed in yet, in one statement; what was missing is owed again."""
    times = times_of(requirement.window, due_on=group.after_on, period_end=group.period_end, zone=scope.zone)
    moved = (
        update(Duty)
        .where(chosen, Duty.versions == 0)
        .values(
            due_on=group.after_on,
            due_at=times.due_at,
            missing_at=times.missing_at,
            closes_at=times.closes_at,
            opens_at=func.least(Duty.opens_at, times.opens_at),
            due_since=scope.today,
            due_version=Duty.due_version + 1,
            state=DutyState.OPEN.value,
            timeliness=Timeliness.PENDING.value,
            late_days=0,
            changed_at=scope.now,
        )
        .returning(Duty.id, Duty.due_version)
        .cte("moved")
    )
    kept = {
        "tenant_id": cast(literal(scope.tenant_id), Uuid),
        "before_on": cast(literal(group.due_on), Date),
        "after_on": cast(literal(group.after_on), Date),
        "reason": cast(literal(decision.reason), Text),
        "kind": cast(literal(DueChangeKind.MOVED.value), Text),
        "decision_id": cast(literal(decision.id), Uuid),
        "decided_at": cast(literal(scope.now), DateTime(timezone=True)),
        "decided_by": cast(literal(scope.actor.person_id), Uuid),
        "decider_name": cast(literal(scope.actor.name), Text),
    }
    rows = select(func.gen_random_uuid(), moved.c.id, moved.c.due_version, *kept.values())
    names = ["id", "duty_id", "due_version", *kept]
    statement = insert(DueChange).from_select(names, rows, include_defaults=False).returning(DueChange.id)
    return len(scope.session.scalars(statement).all())


def _move_handed_in(
    scope: Scope, requirement: Requirement, decision: DueDecision, group: _Group, chosen: ColumnElement[bool]
) -> int:
    """Move what was handed in or returned, one by one: each is judged again by its own time."""
    statement = owned(scope, Duty).where(chosen, Duty.versions > 0).order_by(Duty.id).with_for_update()
    rows = scope.session.scalars(statement.execution_options(populate_existing=True)).all()
    for duty in rows:
        state = DutyState.OPEN if duty.stands is DutyState.MISSING else duty.stands
        change = move(scope, duty, requirement, due_on=group.after_on, state=state, reason=decision.reason)
        change.decision_id = decision.id
    return len(rows)
