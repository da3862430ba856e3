"""Where a version goes: to the first level that can review it, from there on level by level to the issuer."""

from collections.abc import Sequence

from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.reporting.course import course_of, follow
from duban.reporting.models import Duty, ReviewStep, Submission
from duban.reporting.queries.reviewing import next_position, others_at
from duban.reporting.remarks import Remark
from duban.reporting.states import Act, StepOutcome


def move(duty: Duty, act: Act) -> None:
    """
    Let a duty take the course the act gives it.

    Raises: DutyClosedError.
    """
    after = follow(course_of(duty), act)
    duty.state = after.state
    duty.correction = after.correction


def send_up(scope: Scope, duty: Duty, submission: Submission, levels: Sequence[str]) -> None:
    """
    Lay a version before the first of these levels, nearest first, that has somebody who may review it; the last takes it in
    any case.

    A level passed over because nobody there could review is written down. Costs: five queries a level, none at the last.
    """
    for level in levels[:-1]:
        if others_at(scope, duty, level, submission):
            lay_before(scope, duty, level)
            return
        add_step(scope, duty, level=level, outcome=StepOutcome.SKIPPED)
        record(scope, "submission.level-skipped", "duty", duty.id, duty.path, number=submission.number, level=level)
    lay_before(scope, duty, levels[-1])


def lay_before(scope: Scope, duty: Duty, level: str | None) -> None:
    """Say where the ball is: at a level, or with the unit. Whom the review had been handed over to is done with it."""
    duty.at_path = level
    duty.waiting_since = None if level is None else scope.now
    duty.reviewer_id = duty.reviewer_until = None
    duty.changed_at = scope.now


def add_step(
    scope: Scope, duty: Duty, *, level: str, outcome: StepOutcome, reason: str = "", remarks: Sequence[Remark] = ()
) -> ReviewStep:
    """Write down what a level did with the version that stands; for a level passed over, that nobody did anything."""
    by_nobody = outcome is StepOutcome.SKIPPED
    step = scope.add(
        ReviewStep(
            id=new_id(),
            duty_id=duty.id,
            position=next_position(scope, duty.id),
            number=duty.versions,
            level_path=level,
            outcome=outcome,
            reason=reason,
            remarks=[remark.to_json() for remark in remarks],
            arrived_at=(None if by_nobody else duty.waiting_since) or scope.now,
            decided_at=scope.now,
            decided_by=None if by_nobody else scope.actor.person_id,
            decider_name="" if by_nobody else scope.actor.name,
        )
    )
    scope.session.flush()  # the next step counts from it
    return step
