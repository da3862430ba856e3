"""Filling in a duty: what the page sent, what it shows of a form, what has changed under the hands of who types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for

from duban.access.checks import hold_on
from duban.fields.forms import FormSpec
from duban.fields.specs import Kind
from duban.files.queries import list_of
from duban.files.receiving import file_items, keep, upload_limit, uploads
from duban.files.states import ACCEPT
from duban.forms.apart import APART, set_apart
from duban.forms.asking import Sheet
from duban.forms.boxes import ANSWER, EXPLAIN, FILES, NOTE, left_over, typed_from, typed_in, with_row, without_row
from duban.forms.comparing import Change, asks_otherwise
from duban.forms.wording import in_words
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.reporting import operations, queries
from duban.reporting.models import Draft, Submission
from duban.reporting.pages.last_time import whose
from duban.reporting.queries import DutyLine
from duban.reporting.queries.answering import DUTY_FILES, read_beside
from duban.reporting.queries.forms import Asked, begun_under, form_of, typed_of, values_of
from duban.reporting.queries.last_time import last_time
from duban.web.requests import work


def typed_in_request() -> dict[str, str]:
    """Give the answers, explanations and the note as typed, under the form's own names; of a box and its tick the tick."""
    return typed_in(request.form.lists())


def with_changed_rows(form: FormSpec, typed: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """
    Do what a pressed button of a table says ("add:cases", "remove:cases:2").

    Gives: what is typed then, and the box to go back to; nothing to do gives no box.
    """
    verb, _, rest = request.form.get("row", "").partition(":")
    key, _, number = rest.partition(":")
    spec = form.field(key)
    if spec is None or spec.kind is not Kind.TABLE:
        return dict(typed), ""
    if verb == "add":
        return with_row(spec, typed), f"{ANSWER}{key}"
    if verb == "remove" and number.isdigit():
        return without_row(spec, typed, int(number)), f"{ANSWER}{key}"
    return dict(typed), ""


def take_files(duty_id: UUID, form: FormSpec, after: Scope | None = None) -> AnticipatedError | None:
    """
    Store what was attached, to the duty and to single questions; one refused file does not cost the others.

    Takes: `after` the part of the request that has kept what was typed, by the same leave.
    """
    problems: dict[str, list[Text]] = {}
    boxes = {f"{FILES}{spec.key}": spec.key for spec in form.fields if spec.kind is Kind.ATTACHMENT}
    for box, key in {"attachments": "", **boxes}.items():
        for upload in uploads(box):
            try:
                with work() as scope:
                    if after is not None:
                        hold_on(scope, after)
                    duty = queries.get_duty(scope, duty_id)
                    keep(scope, operations.owner_of_field(duty, key) if key else operations.owner_of(duty), upload)
            except (NotFoundError, NotAllowedError):
                raise
            except AnticipatedError as error:
                problems.setdefault(box, []).append(error.text)
    return InvalidInputError(fields=problems) if problems else None


def boxes_of(form: FormSpec, found: Mapping[str, Sequence[Text]]) -> dict[str, Sequence[Text]]:
    """Give what is wrong by the page's boxes; what is about no question keeps its name."""
    keys = {spec.key for spec in form.fields}
    return {f"{ANSWER}{key}" if key.partition(".")[0] in keys else key: texts for key, texts in found.items()}


def sheet_of(
    scope: Scope,
    line: DutyLine,
    asked: Asked,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, Sequence[Text]],
    with_files: bool = True,
) -> Sheet:
    """
    Give the form as the page shows it.

    Takes: `with_files` false for who enters in the unit's stead, who neither sees nor adds any.
    Costs: one or two queries, one more for each question that takes files.
    """
    duty, gone = line.duty, _gone(asked.form, typed)
    known = {name: text for name, text in typed.items() if name not in gone}
    last = last_time(scope, duty, line.requirement, asked.form)
    reading = read_beside(scope, duty, asked, known, last, is_draft=True, with_files=with_files)
    return Sheet(
        form=asked.form,
        typed=typed,
        errors=errors,
        reading=reading,
        previous=last.values if last else None,
        previous_from=whose(last, line.requirement),
        files=_files(scope, line, asked.form) if with_files else {},
        accept=ACCEPT,
        most=upload_limit(),
    )


def _gone(form: FormSpec, typed: Mapping[str, str]) -> set[str]:
    """Give the names of the boxes the form no longer has, blank ones too: nobody is told off for a question that went away."""
    return set(left_over(form, {name: text or "-" for name, text in typed.items()}))


def _files(scope: Scope, line: DutyLine, form: FormSpec) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for spec in form.fields:
        if spec.kind is Kind.ATTACHMENT:
            rows = list_of(scope, f"{DUTY_FILES}.{spec.key}", [line.duty.id]).get(line.duty.id, ())
            found[spec.key] = file_items(rows, lambda row: url_for("reporting.remove_file", duty_id=line.duty.id, file_id=row.id))
    return found


def left_files(scope: Scope, line: DutyLine, form: FormSpec) -> list[dict[str, Any]]:
    """List what was attached and can no longer be handed in, to be saved elsewhere. Costs: one query, one for each question."""
    keys = ["", *(f".{spec.key}" for spec in form.fields if spec.kind is Kind.ATTACHMENT)]
    return [
        item for key in keys for item in file_items(list_of(scope, f"{DUTY_FILES}{key}", [line.duty.id]).get(line.duty.id, ()))
    ]


def typed_so_far(scope: Scope, asked: Asked, draft: Draft | None, last: Submission | None) -> dict[str, str]:
    """Give what the page begins with: what was saved, else what was handed in, by the form asked now."""
    if draft is not None:
        return typed_of(scope, draft, asked)
    if last is None:
        return {}
    before, typed = begun_under(scope, last, asked), typed_from_version(scope, last)
    return typed if before is None else set_apart(before, asked.form, typed)


def typed_from_version(scope: Scope, last: Submission) -> dict[str, str]:
    """Begin a correction with what was handed in before, words of explanation included."""
    if last.is_nil:
        return {}
    form = form_of(scope, last)
    typed = typed_from(form, values_of(scope, last, form)) | {
        f"{EXPLAIN}{code}": text for code, text in last.explanations.items()
    }
    return typed | ({NOTE: last.note} if last.note else {})


@dataclass(frozen=True)
class Moved:
    """What is otherwise since the typing began: the changes, and what was typed for questions that went away."""

    changes: Sequence[Change] = ()
    left: Sequence[tuple[str, str, str]] = ()
    """Name of the box, label, text."""


def moved_since(
    scope: Scope, asked: Asked, *, typed: Mapping[str, str], draft: Draft | None, last: Submission | None
) -> Moved | None:
    """Compare the form with the version the typing began under; None where nothing that matters has changed."""
    began = draft or last
    before = begun_under(scope, began, asked) if began is not None else None
    if before is None:
        return None
    found = asks_otherwise(before, asked.form)
    left = [(name, label_of(before, name), text) for name, text in left_over(asked.form, typed).items()]
    return Moved(found, left) if found or left else None


def label_of(form: FormSpec, box: str) -> str:
    """Name a box by its question, row and column."""
    key, _, rest = box.removeprefix(ANSWER).partition(".")
    spec = form.field(key)
    if spec is None:
        return key
    label = in_words(spec.label, spec.label_en)
    row, _, column_key = rest.removeprefix(f"{APART}.").partition(".")
    column = next((one for one in spec.columns if one.key == column_key), None)
    if column is not None and row.isdigit():
        return f"{label} {int(row) + 1} · {in_words(column.label, column.label_en)}"
    option = next((one for one in spec.options if one.code == rest), None)
    return f"{label} · {in_words(option.label, option.label_en)}" if option else label


def kept_rows(form: FormSpec, typed: Mapping[str, str]) -> list[tuple[str, str]]:
    """List what was typed and could not be handed in, by question, to be read and copied."""
    rows = [(label_of(form, name), text) for name, text in typed.items() if name.startswith(ANSWER) and text.strip()]
    return rows + [("", text) for name, text in typed.items() if not name.startswith(ANSWER) and text.strip()]
