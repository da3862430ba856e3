"""
What every decision about a duty's time does to it, under the leave its operation has asked: the date moves, what was handed
in is judged again, a request for a later day that still waits ends, and the decision is kept beside the duty.
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Select, update

from duban.calendar.due_dates import due_at
from duban.calendar.lateness import Timeliness
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting.errors import DueDateError
from duban.reporting.models import DueChange, Duty, Extension, Requirement
from duban.reporting.rules import judge_submission
from duban.reporting.states import DueChangeKind, DutyState, ExtensionState
from duban.reporting.windows import times_of

LATEST_DAYS = 366 * 2


def check_new_date(scope: Scope, due_on: date, *, before: date | None = None) -> None:
    """Refuse a day that is the old one, over, or absurdly far. Raises: DueDateError."""
    if due_on == before:
        raise DueDateError(N_("新的日期与原来的相同。"))
    if due_on < scope.today:
        raise DueDateError(N_("新的截止日期不能早于今天。"))
    if due_on > scope.today + timedelta(days=LATEST_DAYS):
        raise DueDateError(N_("新的截止日期太远，请检查年份。"))


def move(
    scope: Scope,
    duty: Duty,
    requirement: Requirement,
    *,
    due_on: date,
    state: DutyState,
    reason: str,
    extension: Extension | None = None,
) -> DueChange:
    """
    Give a locked duty its new date and keep the decision.

    Takes: `state` it goes on in. A window that was open stays open; reminders of the old date die with its `due_version`.
    """
    times = times_of(requirement.window, due_on=due_on, period_end=duty.period_end, zone=scope.zone)
    before, duty.due_on, duty.due_since = duty.due_on, due_on, scope.today
    duty.due_at, duty.missing_at, duty.closes_at = times.due_at, times.missing_at, times.closes_at
    if duty.opens_at is not None and times.opens_at is not None:
        duty.opens_at = min(duty.opens_at, times.opens_at)
    if duty.correct_by is not None:
        _keep_correction(scope, duty, duty.correct_by)
    duty.state, duty.changed_at = state, scope.now
    judge_again(scope, duty, requirement)
    return keep_change(scope, duty, before=before, after=due_on, reason=reason, kind=DueChangeKind.MOVED, extension=extension)


def _keep_correction(scope: Scope, duty: Duty, correct_by: date) -> None:
    """The days granted for a correction stand, whatever happens to the due date."""
    end = due_at(correct_by, scope.zone)
    duty.missing_at = max(duty.missing_at, end)
    if duty.closes_at is not None:
        duty.closes_at = max(duty.closes_at, end)


def keep_change(
    scope: Scope,
    duty: Duty,
    *,
    before: date,
    after: date,
    reason: str,
    kind: DueChangeKind,
    extension: Extension | None = None,
) -> DueChange:
    """Keep a decision about a duty's time beside it, under a new `due_version`."""
    duty.due_version += 1
    return scope.add(
        DueChange(
            id=new_id(),
            duty_id=duty.id,
            due_version=duty.due_version,
            before_on=before,
            after_on=after,
            reason=reason,
            kind=kind.value,
            extension_id=extension.id if extension else None,
            decided_at=scope.now,
            decided_by=scope.actor.person_id,
            decider_name=scope.actor.name,
        )
    )


def judge_again(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Judge what was already handed in by the date as it is now; what was not is pending again."""
    if duty.counted_at is None or duty.stands is DutyState.OPEN:
        duty.timeliness, duty.late_days = Timeliness.PENDING, 0
        return
    verdict = judge_submission(
        due_on=duty.due_on,
        counted_at=duty.counted_at,
        missing_at=duty.missing_at,
        zone=scope.zone,
        grace_days=requirement.grace_days,
    )
    duty.timeliness, duty.late_days = verdict.timeliness, verdict.late_days


def end_waiting(scope: Scope, duties: Collection[UUID] | Select[UUID], state: ExtensionState, answer: str = "") -> int:
    """End the requests for a later day that still wait for these duties. Gives how many. Costs: one statement."""
    ended = scope.session.scalars(
        update(Extension)
        .where(
            Extension.tenant_id == scope.tenant_id,
            Extension.duty_id.in_(duties),
            Extension.state == ExtensionState.ASKED,
        )
        .values(
            state=state.value,
            answer=answer,
            decided_at=scope.now,
            decided_by=scope.actor.person_id,
            decider_name=scope.actor.name,
        )
        .returning(Extension.id)
        .execution_options(synchronize_session="fetch")
    ).all()
    return len(ended)
