"""What the reviewer does with a version: accept it, or return it for correction."""

from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.kernel.errors import StaleError
from duban.kernel.scope import Scope, get_owned
from duban.reporting import telling
from duban.reporting.errors import DutyClosedError, OwnWorkError, ReasonMissingError
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.duties import get_duty, get_version
from duban.reporting.rules import correct_by, missing_at, next_state
from duban.reporting.states import Act, DutyState, Outcome


def accept(scope: Scope, *, duty_id: UUID, number: int | None = None) -> Duty:
    """
    Accept the version that stands; the duty is over.

    Takes:  `number` of the version the reviewer read, refused as stale when another one has come since.
    Raises: NotFoundError, NotAllowedError, OwnWorkError, DutyClosedError, StaleError.
    """
    duty, submission = _locked_for_review(scope, duty_id, number, Act.ACCEPT)
    duty.state = next_state(duty.stands, Act.ACCEPT)
    duty.accepted_at = duty.changed_at = scope.now
    _decide(scope, submission, Outcome.ACCEPTED, "")
    record(scope, "submission.accepted", "duty", duty.id, duty.path, number=submission.number, timeliness=duty.timeliness)
    telling.of_acceptance(scope, duty, submission)
    return duty


def return_for_correction(scope: Scope, *, duty_id: UUID, reason: str, number: int | None = None) -> Duty:
    """
    Return the version that stands, saying what to correct. The unit gets the days of correction from today.

    Raises: NotFoundError, NotAllowedError, OwnWorkError, DutyClosedError, StaleError, ReasonMissingError.
    """
    duty, submission = _locked_for_review(scope, duty_id, number, Act.RETURN)
    if not reason.strip():
        raise ReasonMissingError
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    was_missing = duty.stands is DutyState.MISSING_SUBMITTED
    duty.state = next_state(duty.stands, Act.RETURN)
    duty.changed_at = scope.now
    days, grace = requirement.correction_days, requirement.missing_after_days
    if not was_missing:
        duty.missing_at = max(
            duty.missing_at,
            missing_at(
                due_on=duty.due_on, missing_after_days=grace, zone=scope.zone, returned_at=scope.now, correction_days=days
            ),
        )
        duty.correct_by = correct_by(scope.now, grace if days is None else days, scope.zone)
        duty.correct_by = max(duty.correct_by, duty.due_on)
    _decide(scope, submission, Outcome.RETURNED, reason.strip())
    record(scope, "submission.returned", "duty", duty.id, duty.path, number=submission.number, reason=submission.reason)
    telling.of_return(scope, duty, submission)
    return duty


def _locked_for_review(scope: Scope, duty_id: UUID, number: int | None, act: Act) -> tuple[Duty, Submission]:
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "review", duty)
    next_state(duty.stands, act)
    if duty.accepted_at is not None:
        raise DutyClosedError(state=duty.stands, act=act)
    if number is not None and number != duty.versions:
        raise StaleError
    submission = get_version(scope, duty, lock=True)
    by = submission.submitted_by
    if by is not None and access.is_same_hand(scope, by, {submission.submitted_at.astimezone(scope.zone).date()}):
        raise OwnWorkError
    return duty, submission


def _decide(scope: Scope, submission: Submission, outcome: Outcome, reason: str) -> None:
    submission.outcome, submission.reason = outcome, reason
    submission.reviewed_at, submission.reviewed_by = scope.now, scope.actor.person_id
    submission.reviewer_name = scope.actor.name
