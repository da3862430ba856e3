"""
What was accepted and turns out wrong: the unit asks, or the superior orders, a correction. The old version counts until the
new one is accepted, and both are kept.
"""

from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.reporting import telling
from duban.reporting.correcting import give_days, under_way
from duban.reporting.course import correct, course_of
from duban.reporting.errors import OwnWorkError, ReasonMissingError
from duban.reporting.models import Correction, Duty
from duban.reporting.queries.corrections import corrections_of
from duban.reporting.queries.duties import get_duty, get_version
from duban.reporting.queries.forms import requirement_of
from duban.reporting.queries.reviewing import chain_of_duty, day_of, fits_issuer
from duban.reporting.states import CorrectionAct, CorrectionState


def ask_correction(scope: Scope, *, duty_id: UUID, reason: str) -> Correction:
    """
    Ask, for the unit, that something accepted may be corrected.

    Raises: NotFoundError, NotAllowedError, CorrectionStateError, ReasonMissingError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    made = _begin(scope, duty, CorrectionAct.ASK, reason)
    made.asked_at, made.asked_by, made.asker_name = scope.now, scope.actor.person_id, scope.actor.name
    record(scope, "submission.correction-asked", "duty", duty.id, duty.path, reason=made.reason)
    telling.of_asking(scope, duty, made.reason)
    return made


def allow_correction(scope: Scope, *, duty_id: UUID, answer: str = "") -> Correction:
    """
    Allow the correction the unit has asked for; it may hand in a new version.

    Raises: NotFoundError, NotAllowedError, CorrectionStateError, OwnWorkError.
    """
    duty, found = _locked_asked(scope, duty_id, CorrectionAct.ALLOW)
    _decide(scope, found, answer)
    give_days(scope, duty)
    record(scope, "submission.correction-allowed", "duty", duty.id, duty.path, answer=found.answer)
    telling.of_reopening(scope, duty, found.reason)
    return found


def refuse_correction(scope: Scope, *, duty_id: UUID, answer: str) -> Correction:
    """
    Refuse the correction the unit has asked for, saying why; what was accepted stays.

    Raises: NotFoundError, NotAllowedError, CorrectionStateError, OwnWorkError, ReasonMissingError.
    """
    duty, found = _locked_asked(scope, duty_id, CorrectionAct.REFUSE)
    if not answer.strip():
        raise ReasonMissingError
    _decide(scope, found, answer)
    found.settled_at = scope.now
    record(scope, "submission.correction-refused", "duty", duty.id, duty.path, answer=found.answer)
    telling.of_refusal(scope, duty, found.answer)
    return found


def reopen_accepted(scope: Scope, *, duty_id: UUID, reason: str) -> Correction:
    """
    Order, for the superior, the correction of something accepted.

    Raises: NotFoundError, NotAllowedError, CorrectionStateError, OwnWorkError, ReasonMissingError.
    """
    duty = _locked_for_issuer(scope, duty_id)
    accepted = get_version(scope, duty, duty.accepted_version) if duty.accepted_version else None
    if accepted is not None:
        _refuse_one_hand(scope, accepted.submitted_by, accepted.submitted_at)
    made = _begin(scope, duty, CorrectionAct.REOPEN, reason)
    _decide(scope, made, "")
    give_days(scope, duty)
    record(scope, "submission.correction-ordered", "duty", duty.id, duty.path, reason=made.reason)
    telling.of_reopening(scope, duty, made.reason)
    return made


def drop_correction(scope: Scope, *, duty_id: UUID) -> Correction:
    """
    Give up a correction that was asked for or allowed, before a new version is handed in; by the unit, or by the superior.

    Raises: NotFoundError, NotAllowedError, CorrectionStateError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    if not access.granted(scope, "submission", "write", duty):
        _require_issuer(scope, duty)
    found = _take_on(scope, duty, CorrectionAct.DROP)
    found.settled_at, duty.correct_by = scope.now, None
    record(scope, "submission.correction-dropped", "duty", duty.id, duty.path)
    telling.of_dropping(scope, duty)
    return found


def _begin(scope: Scope, duty: Duty, act: CorrectionAct, reason: str) -> Correction:
    after = correct(course_of(duty), act)
    if not reason.strip():
        raise ReasonMissingError
    duty.correction, duty.changed_at = after.correction, scope.now
    return scope.add(
        Correction(
            id=new_id(),
            duty_id=duty.id,
            position=len(corrections_of(scope, duty.id)) + 1,
            state=after.correction,
            from_version=duty.accepted_version,
            reason=reason.strip(),
            asker_name="",
            decider_name="",
            answer="",
        )
    )


def _take_on(scope: Scope, duty: Duty, act: CorrectionAct) -> Correction:
    """Let the correction under way take the course the act gives it."""
    after = correct(course_of(duty), act)
    found = under_way(scope, duty)
    duty.correction, duty.changed_at = after.correction, scope.now
    over = {CorrectionAct.REFUSE: CorrectionState.REFUSED, CorrectionAct.DROP: CorrectionState.DROPPED}
    found.state = after.correction or over[act]
    return found


def _locked_asked(scope: Scope, duty_id: UUID, act: CorrectionAct) -> tuple[Duty, Correction]:
    duty = _locked_for_issuer(scope, duty_id)
    correct(course_of(duty), act)
    found = under_way(scope, duty)
    _refuse_one_hand(scope, found.asked_by, found.asked_at)
    return duty, _take_on(scope, duty, act)


def _refuse_one_hand(scope: Scope, person_id: UUID | None, at: object) -> None:
    """Nobody decides, as superior, about what they handed in or asked for themselves."""
    if person_id is not None and access.is_same_hand(scope, person_id, {day_of(scope, at)}):  # type: ignore[arg-type]
        raise OwnWorkError


def _locked_for_issuer(scope: Scope, duty_id: UUID) -> Duty:
    duty = get_duty(scope, duty_id, lock=True)
    _require_issuer(scope, duty)
    return duty


def _require_issuer(scope: Scope, duty: Duty) -> None:
    """What was accepted for good is opened again only where that was decided: at the issuer, or above it."""
    issuer = chain_of_duty(duty, requirement_of(scope, duty))[-1]
    access.require_held(scope, "submission", "review", duty, lambda grant: fits_issuer(grant, duty, issuer))


def _decide(scope: Scope, found: Correction, answer: str) -> None:
    found.decided_at, found.decided_by, found.decider_name = scope.now, scope.actor.person_id, scope.actor.name
    found.answer = answer.strip()
