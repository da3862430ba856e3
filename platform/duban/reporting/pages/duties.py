"""The clerk's pages: what my unit owes, and one duty to fill in and hand in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.fields.values import as_typed, from_stored
from duban.files import operations as files
from duban.files.queries import list_of
from duban.files.receiving import current_store, file_items, upload_limit, uploads
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.organisation.queries.units import contacts
from duban.reporting import operations, queries
from duban.reporting.operations.submissions import CONTACTS_NEEDED, DUTY_FILES, SUBMISSION_FILES
from duban.reporting.pages.responsible import responsible_people
from duban.reporting.pages.wording import answer_rows, history
from duban.reporting.queries import DutyLine
from duban.reporting.rules import is_allowed
from duban.reporting.states import Act, Outcome, Precondition
from duban.web.api import expected_version
from duban.web.errors import status_of
from duban.web.requests import current_scope, work

ANSWER = "answer."
"""Prefix of the answers in the form, so that no field of a requirement can be taken for one of the page's own."""
NOTE = "note"
SOON_DAYS = 31


def list_open() -> ResponseReturnValue:
    """Show what my units still owe, most urgent first."""
    scope = current_scope()
    return _list_page(scope, queries.open_duties(scope, after=request.args.get("after")), done=False)


def list_handed_in() -> ResponseReturnValue:
    """Show what my units have handed in, latest first."""
    scope = current_scope()
    return _list_page(scope, queries.handed_in(scope, after=request.args.get("after")), done=True)


def _list_page(scope: Scope, page: Page[DutyLine], *, done: bool) -> str:
    return render_template(
        "reporting/duties.html",
        page=page,
        done=done,
        open_count=queries.counts(scope)["open"],
        soon=scope.today + timedelta(days=SOON_DAYS),
        several_units=len(access.home_paths(scope)) > 1,
    )


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show one duty: the form where my unit has to act, else what was handed in."""
    scope = current_scope()
    return _page(scope, queries.line_of(scope, queries.get_duty(scope, duty_id)))


def save_draft(duty_id: UUID) -> ResponseReturnValue:
    """Keep what is typed: quietly for the page's script, with a message for a press on the button; files come along."""
    quiet = request.headers.get("X-Requested-With") == "autosave"
    with work() as scope:
        draft = operations.save_draft(
            scope, duty_id=duty_id, typed=_typed(), version=expected_version() if request.headers.get("If-Match") else None
        )
    if quiet:
        return jsonify({"version": draft.version})
    problem = _take_files(duty_id)
    if problem is not None:
        return _again(duty_id, problem)
    flash(_("已保存，尚未提交。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def submit(duty_id: UUID) -> ResponseReturnValue:
    """Hand in. What was typed and attached is kept first, so that a refusal loses nothing."""
    with work() as scope:
        operations.save_draft(scope, duty_id=duty_id, typed=_typed())
    problem = _take_files(duty_id)
    if problem is not None:
        return _again(duty_id, problem)
    try:
        with work() as scope:
            operations.submit(scope, duty_id=duty_id, typed=_answers(_typed()), note=request.form.get(NOTE, ""))
    except (InvalidInputError, RuleBrokenError) as error:
        return _again(duty_id, error)
    flash(_("已提交，等待审核。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def submit_nil(duty_id: UUID) -> ResponseReturnValue:
    """Hand in a nil return."""
    try:
        with work() as scope:
            operations.submit_nil(scope, duty_id=duty_id, note=request.form.get("reason", ""))
    except RuleBrokenError as error:
        return _again(duty_id, error)
    flash(_("已提交零报告，等待审核。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def remove_file(duty_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Take an attachment off a duty not handed in yet; versions handed in keep theirs."""
    with work() as scope:
        duty = queries.get_duty(scope, duty_id)
        if not is_allowed(duty.stands, Act.SUBMIT):
            raise NotAllowedError
        files.remove(scope, file_id=file_id, owner=operations.owner_of(duty))
    flash(_("附件已移除。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id, _anchor="attachments"), 303)


def _typed() -> dict[str, str]:
    """Give the answers and the note as typed, under the form's own names."""
    return {name: request.form[name] for name in request.form if name == NOTE or name.startswith(ANSWER)}


def _answers(typed: Mapping[str, str]) -> dict[str, object]:
    return {name.removeprefix(ANSWER): text for name, text in typed.items() if name.startswith(ANSWER)}


def _take_files(duty_id: UUID) -> AnticipatedError | None:
    """Store what was attached, each file on its own: one refused file does not cost the others."""
    problems: list[Text] = []
    for upload in uploads("attachments"):
        try:
            with work() as scope:
                owner = operations.owner_of(queries.get_duty(scope, duty_id))
                files.store(
                    scope,
                    owner=owner,
                    filename=upload.filename or "",
                    stream=upload.stream,
                    into=current_store(),
                    limit_bytes=upload_limit(),
                )
        except (NotFoundError, NotAllowedError):
            raise
        except AnticipatedError as error:
            problems.append(error.text)
    return InvalidInputError(fields={"attachments": problems}) if problems else None


def _again(duty_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    """Show the form again with what was typed and what is wrong with it."""
    scope = current_scope()
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    specs = {spec.key for spec in line.requirement.specs}
    found: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    errors = {f"{ANSWER}{key}" if key in specs else key: texts for key, texts in found.items()}
    return _page(scope, line, typed=_typed() or None, errors=errors, general=None if errors else error.text), status_of(error)


def _page(
    scope: Scope,
    line: DutyLine,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, Sequence[Text]] | None = None,
    general: Text | None = None,
) -> str:
    duty = line.duty
    versions = queries.versions_of(scope, duty.id)
    may_write = access.may(scope, "submission", "write", duty)
    to_fill = may_write and is_allowed(duty.stands, Act.SUBMIT)
    draft = queries.draft_of(scope, duty.id) if to_fill else None
    last = versions[-1] if versions else None
    if typed is None and to_fill:
        typed = draft.typed if draft else _from_version(line, last.content if last and not last.is_nil else {})
    stored = list_of(scope, SUBMISSION_FILES, [version.id for version in versions])
    return render_template(
        "reporting/duty.html",
        line=line,
        responsible=responsible_people(scope, line.unit),
        duty=duty,
        requirement=line.requirement,
        to_fill=to_fill,
        may_write=may_write,
        may_review=access.may(scope, "submission", "review", duty),
        may_read_requirement=access.may(scope, "requirement", "read", line.requirement),
        typed=typed or {},
        draft=draft,
        errors=errors or {},
        general=general,
        versions=versions,
        returned=last if last and last.decided is Outcome.RETURNED and to_fill else None,
        files_by_version={version.id: file_items(stored.get(version.id, ())) for version in versions},
        attached=_attached(scope, line) if to_fill else [],
        history=history(scope, versions, queries.due_changes_of(scope, duty.id)),
        answers=answer_rows(line.requirement.specs, last),
        last=last,
        missing_contacts=_missing_contacts(scope, line) if to_fill else [],
        contacts_url=_contacts_url(line),
        accept=ACCEPT,
        upload_limit=upload_limit(),
    )


def _attached(scope: Scope, line: DutyLine) -> list[dict[str, Any]]:
    rows = list_of(scope, DUTY_FILES, [line.duty.id]).get(line.duty.id, ())
    return file_items(rows, lambda row: url_for("reporting.remove_file", duty_id=line.duty.id, file_id=row.id))


def _from_version(line: DutyLine, content: Mapping[str, Any]) -> dict[str, str]:
    """Begin a correction with what was handed in before."""
    return {
        f"{ANSWER}{spec.key}": as_typed(from_stored(spec, content[spec.key]))
        for spec in line.requirement.specs
        if spec.key in content
    }


def _missing_contacts(scope: Scope, line: DutyLine) -> list[str]:
    if Precondition.CONTACTS_NAMED not in line.requirement.needs:
        return []
    named = contacts(scope, line.unit.id)
    return [label for kind, label in CONTACTS_NEEDED.items() if kind not in named]


def _contacts_url(line: DutyLine) -> str | None:
    """Where a unit names its contacts; None in an installation without that page."""
    endpoint = "organisation.contacts"
    return url_for(endpoint, unit_id=line.unit.id) if endpoint in current_app.view_functions else None
