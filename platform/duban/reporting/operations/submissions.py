"""What a unit does with a duty: type, hand in, hand in a nil return, correct."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete

from duban.access import checks as access
from duban.audit.operations import record
from duban.fields.parsing import parse_form
from duban.fields.values import Stored, to_stored
from duban.files.operations import FileOwner, link
from duban.files.queries import list_of
from duban.kernel.errors import StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_
from duban.organisation.queries.units import contacts
from duban.reporting import telling
from duban.reporting.errors import AttachmentMissingError, ContactsMissingError, ContentError, NilNotAllowedError
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.queries.duties import draft_of, get_duty, versions_of
from duban.reporting.rules import Version, judge_submission, next_state, time_that_counts
from duban.reporting.states import Act, Outcome, Precondition

DUTY_FILES = "duty"
SUBMISSION_FILES = "submission"
LONGEST_TYPED = 50_000
MOST_TYPED = 200

CONTACTS_NEEDED: dict[str, str] = {"leader_in_charge": N_("分管领导"), "designated_person": N_("专门人员")}
"""Kinds of contact S002-47 asks for."""


def owner_of(duty: Duty) -> FileOwner:
    """Say what attachments of a duty not handed in yet hang on, and under whose leave."""
    return FileOwner(kind=DUTY_FILES, id=duty.id, placed=duty, obj="submission", act="write")


def save_draft(scope: Scope, *, duty_id: UUID, typed: Mapping[str, str], version: int | None = None) -> Draft:
    """
    Keep what was typed, exactly as typed.

    Takes:  `version` of the draft the typist had seen, 0 for none; None saves over whatever is there.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, StaleError.
    """
    # Locked: two devices saving the first draft at once would both find none and both insert one.
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    next_state(duty.stands, Act.SUBMIT)
    kept = {str(key): str(text)[:LONGEST_TYPED].replace("\x00", "") for key, text in list(typed.items())[:MOST_TYPED]}
    draft = draft_of(scope, duty.id, lock=True)
    if version is not None and version != (draft.version if draft else 0):
        raise StaleError
    if draft is None:
        draft = scope.add(
            Draft(id=new_id(), duty_id=duty.id, typed=kept, version=1, saved_at=scope.now, saved_by=scope.actor.person_id)
        )
    else:
        draft.typed, draft.saved_at, draft.saved_by = kept, scope.now, scope.actor.person_id
        draft.version += 1
    return draft


def submit(scope: Scope, *, duty_id: UUID, typed: Mapping[str, object] | None = None, note: str = "") -> Submission:
    """
    Hand in a new version of a duty.

    Takes:  the answers as typed or as JSON; None takes those of the saved draft.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, ContactsMissingError, ContentError, AttachmentMissingError.
    """
    duty, requirement = _locked_for_unit(scope, duty_id)
    if typed is None:
        draft = draft_of(scope, duty.id)
        typed = draft.typed if draft else {}
    content = _checked(requirement, typed)
    if requirement.attachments_required and not list_of(scope, DUTY_FILES, [duty.id]).get(duty.id):
        raise AttachmentMissingError
    return _hand_in(scope, duty, requirement, content=content, note=note, is_nil=False)


def submit_nil(scope: Scope, *, duty_id: UUID, note: str = "") -> Submission:
    """
    Hand in that there was nothing to report (零报告); it counts as a submission.

    Raises: NotFoundError, NotAllowedError, DutyClosedError, ContactsMissingError, NilNotAllowedError.
    """
    duty, requirement = _locked_for_unit(scope, duty_id)
    if not requirement.nil_allowed:
        raise NilNotAllowedError
    return _hand_in(scope, duty, requirement, content={}, note=note, is_nil=True)


def _locked_for_unit(scope: Scope, duty_id: UUID) -> tuple[Duty, Requirement]:
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    next_state(duty.stands, Act.SUBMIT)
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    if Precondition.CONTACTS_NAMED in requirement.needs:
        named = contacts(scope, duty.unit_id)
        missing = [label for kind, label in CONTACTS_NEEDED.items() if kind not in named]
        if missing:
            raise ContactsMissingError(missing)
    return duty, requirement


def _checked(requirement: Requirement, typed: Mapping[str, object]) -> dict[str, Stored]:
    form = parse_form(requirement.specs, typed)
    if not form.is_sound:
        raise ContentError({key: [problem] for key, problem in form.problems.items()})
    return {key: to_stored(value) for key, value in form.values.items()}


def _hand_in(
    scope: Scope, duty: Duty, requirement: Requirement, *, content: dict[str, Stored], note: str, is_nil: bool
) -> Submission:
    before = versions_of(scope, duty.id)
    submission = scope.add(
        Submission(
            id=new_id(),
            duty_id=duty.id,
            number=duty.versions + 1,
            content=content,
            is_nil=is_nil,
            note=note.strip()[:LONGEST_TYPED],
            submitted_at=scope.now,
            submitted_by=scope.actor.person_id,
            submitter_name=scope.actor.name,
            reason="",
            reviewer_name="",
            path=duty.path,
            to_path=duty.to_path,
            lines=duty.lines,
            work_line=duty.work_line,
        )
    )
    duty.state = next_state(duty.stands, Act.SUBMIT)
    duty.versions, duty.is_nil, duty.correct_by = submission.number, is_nil, None
    duty.first_submitted_at = duty.first_submitted_at or scope.now
    duty.last_submitted_at, duty.last_submitted_by, duty.changed_at = scope.now, scope.actor.person_id, scope.now
    history = [Version(one.submitted_at, one.reviewed_at if one.decided is Outcome.RETURNED else None) for one in before]
    _judge(scope, duty, requirement, [*history, Version(scope.now)])
    scope.session.execute(delete(Draft).where(Draft.tenant_id == scope.tenant_id, Draft.duty_id == duty.id))
    scope.session.flush()  # the attachments below hang on it
    _attach(scope, duty, submission)
    record(
        scope,
        "submission.handed_in",
        "duty",
        duty.id,
        duty.path,
        number=submission.number,
        is_nil=is_nil,
        timeliness=duty.timeliness,
        late_days=duty.late_days,
    )
    telling.of_submission(scope, duty, requirement)
    return submission


def _judge(scope: Scope, duty: Duty, requirement: Requirement, versions: list[Version]) -> None:
    duty.counted_at = time_that_counts(versions, correction_days=requirement.correction_days, zone=scope.zone)
    verdict = judge_submission(due_on=duty.due_on, counted_at=duty.counted_at, missing_at=duty.missing_at, zone=scope.zone)
    duty.timeliness, duty.late_days = verdict.timeliness, verdict.late_days


def _attach(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Give the version its own rows for the attachments, so that what is changed later on the duty leaves it as it was."""
    owner = replace(owner_of(duty), kind=SUBMISSION_FILES, id=submission.id)
    for file in list_of(scope, DUTY_FILES, [duty.id]).get(duty.id, ()):
        link(scope, file_id=file.id, owner=owner)
