"""A version is made: judged, laid before its reviewers, told, whoever hands it in. Asks no leave: the operations do."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete

from duban.audit.operations import record
from duban.fields.answers import Reading
from duban.fields.forms import FormSpec
from duban.fields.values import Stored, to_stored
from duban.files.operations import FileOwner, link
from duban.files.queries import list_of
from duban.forms.boxes import EXPLAIN
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.queries.units import contacts
from duban.reporting import telling
from duban.reporting.arriving import move, send_up
from duban.reporting.correcting import hand_in_correction
from duban.reporting.entering import Office
from duban.reporting.errors import ContactsMissingError, ContentError, WaitingForBelowError
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.moving import end_waiting
from duban.reporting.queries.answering import DUTY_FILES, attached_to
from duban.reporting.queries.below import below_of
from duban.reporting.queries.duties import versions_of
from duban.reporting.queries.forms import Asked
from duban.reporting.queries.locks import require_unlocked
from duban.reporting.queries.reviewing import chain_of_duty
from duban.reporting.rules import Version, judge_submission, time_that_counts
from duban.reporting.states import Act, ExtensionState, Outcome, Precondition

SUBMISSION_FILES = "submission"
LONGEST_TYPED = 50_000

CONTACTS_NEEDED: dict[str, str] = {"leader_in_charge": N_("分管领导"), "designated_person": N_("专门人员")}
"""Kinds of contact S002-47 asks for."""


def owner_of(duty: Duty) -> FileOwner:
    """Say what attachments of a duty not handed in yet hang on, and under whose leave."""
    return FileOwner(kind=DUTY_FILES, id=duty.id, placed=duty, obj="submission", act="write")


def owner_of_field(duty: Duty, key: str) -> FileOwner:
    """Say what the files of one question hang on while the duty is not handed in."""
    return replace(owner_of(duty), kind=f"{DUTY_FILES}.{key}")


def require_ready(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """
    Refuse to hand in what is shut, what has to be done before, what waits for those below.

    Raises: DutyLockedError, ContactsMissingError, WaitingForBelowError.
    """
    require_unlocked(scope, duty, requirement)
    if Precondition.CONTACTS_NAMED in requirement.needs:
        named = contacts(scope, duty.unit_id)
        missing = [label for kind, label in CONTACTS_NEEDED.items() if kind not in named]
        if missing:
            raise ContactsMissingError(missing)
    _require_below(scope, duty, requirement)


def _require_below(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Keep a unit's own submission back until enough of its subordinates' have passed it, where the requirement says so."""
    below = below_of(scope, duty, requirement)
    if below is not None and below.blocks and not below.is_met:
        names = [line.unit.name for line in below.missing]
        raise WaitingForBelowError(passed=below.passed, total=below.total, needed=below.needed, what=below.what, missing=names)


def checked(reading: Reading, said: Mapping[str, str]) -> tuple[dict[str, Stored], dict[str, str]]:
    """Give what is kept of sound answers, and the words about those that needed some. Raises: ContentError."""
    wrong: dict[str, list[Text]] = {key: [problem] for key, problem in reading.problems.items()}
    wrong |= {f"{EXPLAIN}{code}": [reading.warnings[code]] for code in reading.unexplained(said)}
    if wrong:
        raise ContentError(wrong)
    explained = {code: said[code].strip()[:LONGEST_TYPED] for code in reading.warnings}
    return {key: to_stored(value) for key, value in reading.values.items()}, explained


def hand_in(
    scope: Scope,
    duty: Duty,
    requirement: Requirement,
    asked: Asked,
    *,
    content: dict[str, Stored] | None = None,
    explanations: dict[str, str] | None = None,
    note: str,
    from_below: dict[str, dict[str, Stored]] | None = None,
    office: Office | None = None,
) -> Submission:
    """
    Make the next version; without content it is a nil return. The caller has asked for the leave and made sure it is open.

    Takes: `from_below` what is kept of those below; `office` that hands it in in the unit's stead: what the unit itself has typed
    and attached is then left to it.
    """
    is_nil = content is None
    before = versions_of(scope, duty.id)
    submission = scope.add(
        Submission(
            id=new_id(),
            duty_id=duty.id,
            number=duty.versions + 1,
            content=content or {},
            form_version_id=asked.version_id,
            explanations=explanations or {},
            is_nil=is_nil,
            **({"from_below": from_below} if from_below else {}),
            note=note.strip()[:LONGEST_TYPED],
            submitted_at=scope.now,
            submitted_by=scope.actor.person_id,
            submitter_name=scope.actor.name,
            office_path=office.path if office else None,
            office_name=office.name if office else "",
            reason="",
            reviewer_name="",
            path=duty.path,
            to_path=duty.to_path,
            lines=duty.lines,
            work_line=duty.work_line,
        )
    )
    move(duty, Act.SUBMIT)
    duty.versions, duty.correct_by = submission.number, None
    duty.first_submitted_at = duty.first_submitted_at or scope.now
    duty.last_submitted_at, duty.last_submitted_by, duty.changed_at = scope.now, scope.actor.person_id, scope.now
    if duty.accepted_version is None:  # a correction is judged by nothing: what it corrects was in time or late, and counts on
        duty.is_nil = is_nil
        history = [Version(one.submitted_at, one.reviewed_at if one.decided is Outcome.RETURNED else None) for one in before]
        _judge(scope, duty, requirement, [*history, Version(scope.now)])
    else:
        hand_in_correction(scope, duty)
    send_up(scope, duty, submission, chain_of_duty(duty, requirement))
    if office is None:
        scope.session.execute(delete(Draft).where(Draft.tenant_id == scope.tenant_id, Draft.duty_id == duty.id))
        scope.session.flush()  # the attachments below hang on it
        _attach(scope, duty, submission, asked.form)
    record(
        scope,
        "submission.entered" if office else "submission.handed_in",
        "duty",
        duty.id,
        duty.path,
        number=submission.number,
        is_nil=is_nil,
        timeliness=duty.timeliness,
        late_days=duty.late_days,
        **({"office": office.name} if office else {}),
    )
    end_waiting(scope, [duty.id], ExtensionState.WITHDRAWN)
    telling.of_submission(scope, duty, requirement, submission)
    if office is not None:
        telling.of_entering(scope, duty, requirement, submission)
    telling.of_enough_below(scope, duty, requirement)
    return submission


def _judge(scope: Scope, duty: Duty, requirement: Requirement, versions: list[Version]) -> None:
    duty.counted_at = time_that_counts(versions, correction_days=requirement.correction_days, zone=scope.zone)
    verdict = judge_submission(
        due_on=duty.due_on,
        counted_at=duty.counted_at,
        missing_at=duty.missing_at,
        zone=scope.zone,
        grace_days=requirement.grace_days,
    )
    duty.timeliness, duty.late_days = verdict.timeliness, verdict.late_days


def _attach(scope: Scope, duty: Duty, submission: Submission, form: FormSpec) -> None:
    """
    Give the version its own rows for the files, so that what is changed later on the duty leaves it as it was.

    The answers name these rows. A nil return answers nothing, but what was attached to the duty as a whole goes with it.
    """
    owner = replace(owner_of(duty), kind=SUBMISSION_FILES, id=submission.id)
    for file in list_of(scope, DUTY_FILES, [duty.id]).get(duty.id, ()):
        link(scope, file_id=file.id, owner=owner)
    named = {key: files for key, files in attached_to(scope, duty, form).items() if submission.content.get(key)}
    if not named:
        return
    content = dict(submission.content)
    for key, files in named.items():
        inside = replace(owner, kind=f"{SUBMISSION_FILES}.{key}")
        content[key] = [str(link(scope, file_id=UUID(file_id), owner=inside).id) for file_id in files]
    submission.content = content
