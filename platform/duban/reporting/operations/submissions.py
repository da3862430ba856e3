"""What a unit does with a duty: type, hand in, hand in a nil return, correct."""

from collections.abc import Mapping
from uuid import UUID

from duban.access import checks as access
from duban.files.models import StoredFile
from duban.files.operations import remove
from duban.files.queries import list_of
from duban.forms.apart import saved_over
from duban.forms.boxes import ANSWER, NOTE, blank_keys, explanations_in, known_answers, typed_from
from duban.kernel.errors import NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.reporting.errors import (
    AttachmentMissingError,
    DutyLockedError,
    NilNotAllowedError,
)
from duban.reporting.handing_in import LONGEST_TYPED, checked, hand_in, owner_of, owner_of_field, require_ready
from duban.reporting.locks import LockReason
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.queries.answering import DUTY_FILES, read_duty
from duban.reporting.queries.duties import draft_of, get_duty
from duban.reporting.queries.forms import Asked, asked_of, begun_under, requirement_of, typed_of
from duban.reporting.queries.from_below import kept_gaps
from duban.reporting.queries.last_time import previous_values
from duban.reporting.queries.locks import lock_of

MOST_TYPED = 5_000
MOST_KEPT = 1_000_000
"""Most characters of a draft as a whole: a table of a thousand rows, not a book."""
LONGEST_DEVICE = 300
SHUT_MEANWHILE = frozenset({LockReason.CLOSED, LockReason.WITHDRAWN})
"""What was typed while it closed or was withdrawn is kept, to be read and copied; it is not handed in."""


def save_draft(scope: Scope, *, duty_id: UUID, typed: Mapping[str, str], version: int | None = None, device: str = "") -> Draft:
    """
    Keep what was typed, exactly as typed.

    Takes:  `version` of the draft the typist had seen, 0 for none; None saves over whatever is there. `device`: what the
            browser says of itself, for whoever finds the draft changed on another one.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, StaleError.
    """
    # Locked: two devices saving the first draft at once would both find none and both insert one.
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    lock = lock_of(scope, duty)
    if lock is not None and lock.reason not in SHUT_MEANWHILE:
        raise DutyLockedError(lock.reason, lock.text)
    kept = _bounded(typed)
    draft = draft_of(scope, duty.id, lock=True)
    if version is not None and version != (draft.version if draft else 0):
        raise StaleError
    asked = asked_of(scope, duty)
    if draft is None:
        draft = scope.add(Draft(id=new_id(), duty_id=duty.id, form_version_id=asked.version_id, version=0))
    elif (before := begun_under(scope, draft, asked)) is not None:
        kept = saved_over(before, asked.form, kept=draft.typed, typed=kept)
    draft.typed, draft.saved_at, draft.saved_by = kept, scope.now, scope.actor.person_id
    draft.saved_device = device[:LONGEST_DEVICE]
    draft.version += 1
    return draft


def _bounded(typed: Mapping[str, str]) -> dict[str, str]:
    kept, room = {}, MOST_KEPT
    for key, text in list(typed.items())[:MOST_TYPED]:
        words = str(text)[: min(LONGEST_TYPED, room)].replace("\x00", "")
        kept[str(key)] = words
        room -= len(words)
    return kept


def copy_last_period(scope: Scope, *, duty_id: UUID, typed: Mapping[str, str], version: int | None = None) -> int:
    """
    Save a draft with the blank questions filled from the period before; what is typed stays as it is.

    Gives: how many questions were filled. Raises: NotFoundError, NotAllowedError, DutyClosedError, StaleError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    requirement = requirement_of(scope, duty)
    asked = asked_of(scope, duty, requirement)
    values = previous_values(scope, duty, requirement, asked.form) or {}
    blank = set(blank_keys(asked.form, typed))
    filled = {key: value for key, value in values.items() if key in blank and value is not None}
    begun = {name: text for name, text in typed.items() if text.strip() or name.partition(".")[2].partition(".")[0] not in filled}
    added = typed_from(asked.form, filled)
    save_draft(scope, duty_id=duty_id, typed=begun | added, version=version)
    return len({name.split(".")[1] for name in added})


def remove_duty_file(scope: Scope, *, duty_id: UUID, file_id: UUID) -> None:
    """
    Take a file off a duty not handed in, or off one of its questions.

    Raises: NotFoundError, NotAllowedError.
    """
    duty = get_duty(scope, duty_id)
    access.require(scope, "submission", "write", duty)
    row = get_owned(scope, StoredFile, file_id)
    kind, _, key = row.owner_kind.partition(".")
    if kind != DUTY_FILES:
        raise NotFoundError
    remove(scope, file_id=file_id, owner=owner_of_field(duty, key) if key else owner_of(duty))


def submit(
    scope: Scope,
    *,
    duty_id: UUID,
    typed: Mapping[str, object] | None = None,
    note: str = "",
    explanations: Mapping[str, str] | None = None,
) -> Submission:
    """
    Hand in a new version of a duty.

    Takes:  the answers as typed or as JSON, by key or under the page's names; None takes those of the saved draft;
            `explanations` by check or field, those typed among the answers where left out.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, ContactsMissingError, ContentError, AttachmentMissingError.
    """
    duty, requirement = _locked_for_unit(scope, duty_id)
    asked = asked_of(scope, duty, requirement)
    if typed is None:
        draft = draft_of(scope, duty.id)
        kept = typed_of(scope, draft, asked) if draft else {}
        explanations = {**explanations_in(kept), **(explanations or {})}
        typed = known_answers(asked.form, kept) if any(name.startswith(ANSWER) for name in kept) else _without_note(asked, kept)
    said = {**explanations_in(typed), **(explanations or {})}
    reading = read_duty(scope, duty, asked, typed)
    content, explained = checked(reading, said)
    if requirement.attachments_required and not list_of(scope, DUTY_FILES, [duty.id]).get(duty.id):
        raise AttachmentMissingError
    below = kept_gaps(scope, duty, asked.form, reading.values)
    return hand_in(scope, duty, requirement, asked, content=content, explanations=explained, note=note, from_below=below)


def submit_nil(scope: Scope, *, duty_id: UUID, note: str = "") -> Submission:
    """
    Hand in that there was nothing to report (零报告); it counts as a submission.

    Raises: NotFoundError, NotAllowedError, DutyClosedError, ContactsMissingError, NilNotAllowedError.
    """
    duty, requirement = _locked_for_unit(scope, duty_id)
    if not requirement.nil_allowed:
        raise NilNotAllowedError
    return hand_in(scope, duty, requirement, asked_of(scope, duty, requirement), note=note)


def _locked_for_unit(scope: Scope, duty_id: UUID) -> tuple[Duty, Requirement]:
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    requirement = requirement_of(scope, duty)
    require_ready(scope, duty, requirement)
    return duty, requirement


def _without_note(asked: Asked, kept: Mapping[str, object]) -> dict[str, object]:
    """Leave out the note a program kept beside its answers, where the form asks nothing of that name."""
    return {name: text for name, text in kept.items() if name != NOTE or asked.form.field(NOTE)}
