"""What a reviewer does with a version: accept it at their level, send it back, ask a colleague to look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.due_dates import due_at
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError, StaleError
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope
from duban.reporting import telling
from duban.reporting.arriving import add_step, lay_before, move, send_up
from duban.reporting.correcting import reopen_correction, settle_correction
from duban.reporting.course import course_of, follow
from duban.reporting.errors import (
    AskedBackError,
    DutyClosedError,
    HandoverDayError,
    NobodyBelowError,
    NotReceivingError,
    OtherLevelError,
    OwnWorkError,
    ReasonMissingError,
)
from duban.reporting.levels import levels_from
from duban.reporting.models import Duty, Handover, Requirement, Submission
from duban.reporting.queries.asking_back import return_asked
from duban.reporting.queries.duties import get_duty, get_version
from duban.reporting.queries.forms import form_of, requirement_of
from duban.reporting.queries.reviewing import (
    chain_of_duty,
    fits_level,
    level_below,
    name_of_level,
    others_at,
    places_of_form,
    steps_of,
)
from duban.reporting.remarks import Remark, checked, said_at
from duban.reporting.rules import correct_by, missing_at
from duban.reporting.states import Act, DutyState, Outcome, StepOutcome

LONGEST_HANDOVER_DAYS = 30


class ReturnTo(StrEnum):
    """Whom a version goes back to."""

    UNIT = "unit"
    BELOW = "below"


@dataclass(frozen=True)
class UnderReview:
    """A duty locked for whoever may review what stands, and what it takes to decide. `level`: where it waits."""

    duty: Duty
    submission: Submission
    requirement: Requirement
    level: str


def accept(scope: Scope, *, duty_id: UUID, number: int | None = None, one_of_many: bool = False) -> Duty:
    """
    Accept the version that stands, for the level it waits at. At the last level it counts from now on and the duty is over; below
    it goes to the next level that has somebody to review it.

    Takes:  `number` of the version the reviewer read, refused as stale when another one has come since; `one_of_many` where they
            have not read each: what its unit asks to have back is left to be decided by itself.
    Raises: NotFoundError, NotAllowedError, OtherLevelError, OwnWorkError, DutyClosedError, StaleError, AskedBackError.
    """
    found = _locked_for_review(scope, duty_id, number, Act.ACCEPT)
    asked = return_asked(scope, found.duty)
    if asked is not None and one_of_many:
        raise AskedBackError(asked.reason)
    above = levels_from(chain_of_duty(found.duty, found.requirement), found.level)
    if above:
        _forward(scope, found, above)
    else:
        _accept_for_good(scope, found)
    if asked is not None:
        telling.of_keeping(scope, found.duty, asked.reason)
    telling.of_enough_below(scope, found.duty, found.requirement)
    return found.duty


def _forward(scope: Scope, found: UnderReview, above: Sequence[str]) -> None:
    duty = found.duty
    move(duty, Act.FORWARD)
    add_step(scope, duty, level=found.level, outcome=StepOutcome.PASSED)
    record(scope, "submission.passed", "duty", duty.id, duty.path, number=found.submission.number, level=found.level)
    send_up(scope, duty, found.submission, above)
    telling.of_passing(scope, duty, found.requirement, name_of_level(scope, found.level))


def _accept_for_good(scope: Scope, found: UnderReview) -> None:
    duty, submission = found.duty, found.submission
    add_step(scope, duty, level=found.level, outcome=StepOutcome.ACCEPTED)
    move(duty, Act.ACCEPT)
    before, duty.accepted_version = duty.accepted_version, submission.number
    lay_before(scope, duty, None)
    _decide(scope, submission, Outcome.ACCEPTED, "")
    if before is None:
        duty.accepted_at = scope.now
        record(scope, "submission.accepted", "duty", duty.id, duty.path, number=submission.number, timeliness=duty.timeliness)
        telling.of_acceptance(scope, duty, submission)
    else:
        duty.is_nil = submission.is_nil
        settle_correction(scope, duty)
        record(scope, "submission.corrected", "duty", duty.id, duty.path, number=submission.number, before=before)
        telling.of_correction(scope, duty, submission)
        telling.of_correction_below(scope, duty, submission)


def return_for_correction(
    scope: Scope,
    *,
    duty_id: UUID,
    reason: str = "",
    number: int | None = None,
    remarks: Sequence[Remark] = (),
    to: ReturnTo = ReturnTo.UNIT,
) -> Duty:
    """
    Send the version that stands back: to the unit, which gets the days of correction from today, or to the level below that had
    accepted it, to look again.

    Takes:  why, in words or pinned to fields, or both.
    Raises: NotFoundError, NotAllowedError, OtherLevelError, OwnWorkError, DutyClosedError, StaleError, ReasonMissingError,
            InvalidInputError for remarks at places the form does not have, NobodyBelowError.
    """
    found = _locked_for_review(scope, duty_id, number, Act.RETURN)
    pinned = checked(remarks, places_of_form(scope, found.submission))
    if not reason.strip() and not pinned:
        raise ReasonMissingError
    if to is ReturnTo.BELOW:
        _give_back(scope, found, reason.strip(), pinned)
    else:
        _return_to_unit(scope, found, reason.strip(), pinned)
    return found.duty


def _give_back(scope: Scope, found: UnderReview, reason: str, remarks: Sequence[Remark]) -> None:
    duty = found.duty
    below = level_below(duty, found.requirement, steps_of(scope, duty.id))
    if below is None:
        raise NobodyBelowError
    move(duty, Act.GIVE_BACK)
    add_step(scope, duty, level=found.level, outcome=StepOutcome.GIVEN_BACK, reason=reason, remarks=remarks)
    lay_before(scope, duty, below)
    record(scope, "submission.given-back", "duty", duty.id, duty.path, number=found.submission.number, to=below, reason=reason)
    telling.of_giving_back(scope, duty, found.requirement, reason or remarks[0].text)


def _return_to_unit(scope: Scope, found: UnderReview, reason: str, remarks: Sequence[Remark]) -> None:
    duty, requirement = found.duty, found.requirement
    add_step(scope, duty, level=found.level, outcome=StepOutcome.RETURNED, reason=reason, remarks=remarks)
    passed = [step.decided_by for step in steps_of(scope, duty.id) if step.number == duty.versions]
    was_missing, is_correction = duty.stands is DutyState.MISSING_SUBMITTED, duty.accepted_version is not None
    move(duty, Act.RETURN)
    lay_before(scope, duty, None)
    if is_correction:
        reopen_correction(scope, duty)
    elif not was_missing:
        days, grace = requirement.correction_days, requirement.missing_after_days
        cut_off = missing_at(
            due_on=duty.due_on, missing_after_days=grace, zone=scope.zone, returned_at=scope.now, correction_days=days
        )
        duty.missing_at = max(duty.missing_at, cut_off)
        duty.correct_by = max(correct_by(scope.now, grace if days is None else days, scope.zone), duty.due_on)
        if duty.closes_at is not None:  # a correction asked for is taken
            duty.closes_at = max(duty.closes_at, due_at(duty.correct_by, scope.zone))
    _decide(scope, found.submission, Outcome.RETURNED, reason or _said(scope, found.submission, remarks))
    record(
        scope,
        "submission.returned",
        "duty",
        duty.id,
        duty.path,
        number=found.submission.number,
        reason=reason,
        remarks=[remark.to_json() for remark in remarks],
    )
    telling.of_return(
        scope, duty, found.submission, also={PersonId(one) for one in passed if one and one != scope.actor.person_id}
    )


def hand_over(scope: Scope, *, duty_id: UUID, receiver_id: UUID, until: date, reason: str = "") -> Duty:
    """
    Ask a colleague who may review at this level to take what waits, to the end of a day. It leaves the others' queue for so
    long; the right to decide it is not touched.

    Raises: NotFoundError, NotAllowedError, OtherLevelError, OwnWorkError, DutyClosedError, NotReceivingError, HandoverDayError.
    """
    found = _locked_for_review(scope, duty_id, None, Act.ACCEPT)
    duty = found.duty
    if receiver_id == scope.person_id or receiver_id not in others_at(scope, duty, found.level, found.submission):
        raise NotReceivingError
    if not scope.today <= until <= scope.today + timedelta(days=LONGEST_HANDOVER_DAYS):
        raise HandoverDayError(LONGEST_HANDOVER_DAYS)
    duty.reviewer_id, duty.reviewer_until, duty.changed_at = receiver_id, until, scope.now
    receiver = get_person(scope, receiver_id)
    scope.add(
        Handover(
            id=new_id(),
            duty_id=duty.id,
            number=duty.versions,
            receiver_id=receiver_id,
            receiver_name=receiver.name,
            until=until,
            reason=reason.strip(),
            handed_at=scope.now,
            handed_by=scope.actor.person_id,
            hander_name=scope.actor.name,
        )
    )
    record(scope, "submission.review-handed-over", "duty", duty.id, duty.path, number=duty.versions, to=receiver_id, until=until)
    telling.of_handover(scope, duty, found.requirement, PersonId(receiver_id), until)
    return duty


def take_back_review(scope: Scope, *, duty_id: UUID) -> Duty:
    """
    End a handover before its day: what waits is everybody's at the level again.

    Raises: NotFoundError, NotAllowedError, OtherLevelError, OwnWorkError, DutyClosedError.
    """
    duty = _locked_for_review(scope, duty_id, None, Act.ACCEPT).duty
    if duty.reviewer_id is not None:
        duty.reviewer_id = duty.reviewer_until = None
        duty.changed_at = scope.now
        record(scope, "submission.review-taken-back", "duty", duty.id, duty.path, number=duty.versions)
    return duty


def _locked_for_review(scope: Scope, duty_id: UUID, number: int | None, act: Act) -> UnderReview:
    duty = get_duty(scope, duty_id, lock=True)
    requirement = requirement_of(scope, duty)
    level = duty.at_path
    if level is None:
        access.require(scope, "submission", "review", duty)
        raise DutyClosedError(state=duty.stands, act=act)
    _require_level(scope, duty, requirement, level)
    follow(course_of(duty), act)
    if number is not None and number != duty.versions:
        raise StaleError
    submission = get_version(scope, duty, lock=True)
    by = submission.submitted_by
    if by is not None and access.is_same_hand(scope, by, {submission.submitted_at.astimezone(scope.zone).date()}):
        raise OwnWorkError
    return UnderReview(duty, submission, requirement, level)


def _require_level(scope: Scope, duty: Duty, requirement: Requirement, level: str) -> None:
    """Nobody reviews past the level a version waits at: not who has reviewed it, not who will."""

    def elsewhere() -> NotAllowedError:
        return OtherLevelError(name_of_level(scope, level))

    access.require_held(scope, "submission", "review", duty, lambda grant: fits_level(grant, duty, requirement, level), elsewhere)


def _said(scope: Scope, submission: Submission, remarks: Sequence[Remark]) -> str:
    form = form_of(scope, submission)
    return "\n".join(said_at(form, remark) for remark in remarks)


def _decide(scope: Scope, submission: Submission, outcome: Outcome, reason: str) -> None:
    submission.outcome, submission.reason = outcome, reason
    submission.reviewed_at, submission.reviewed_by = scope.now, scope.actor.person_id
    submission.reviewer_name = scope.actor.name
