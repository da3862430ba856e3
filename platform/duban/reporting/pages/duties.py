"""The clerk's pages: what my unit owes, and one duty to fill in and hand in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.files.queries import list_of
from duban.files.receiving import file_items, upload_limit
from duban.files.states import ACCEPT
from duban.forms.asking import worked_out
from duban.forms.boxes import ANSWER, NOTE, explanations_in, known_answers
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, RuleBrokenError, StaleError
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.queries.units import contacts
from duban.reporting import operations, queries
from duban.reporting.handing_in import CONTACTS_NEEDED, SUBMISSION_FILES
from duban.reporting.pages.answers import shown_answers
from duban.reporting.pages.drafts import OtherDraft, other_draft, said_withdrawal, version_seen
from duban.reporting.pages.duty_parts import parts_of
from duban.reporting.pages.duty_review import remarked
from duban.reporting.pages.filling import (
    boxes_of,
    kept_rows,
    left_files,
    moved_since,
    sheet_of,
    take_files,
    typed_in_request,
    typed_so_far,
    with_changed_rows,
)
from duban.reporting.pages.handing_in_again import asked_once, may_ask_once, not_begun
from duban.reporting.pages.responsible import responsible_people
from duban.reporting.pages.wording import history
from duban.reporting.queries import DutyLine
from duban.reporting.queries.answering import DUTY_FILES, read_duty
from duban.reporting.queries.forms import asked_of
from duban.reporting.states import Outcome, Precondition
from duban.reporting.workbooks.knowing import several_to_fill
from duban.web.api import expected_version
from duban.web.errors import status_of, translate
from duban.web.filters import instant
from duban.web.requests import current_scope, work

SOON_DAYS = 31
_RETURNED_MEANWHILE = N_(
    "这项任务已经在别处提交，又被退回。下面的表单里是您在这里填写的内容：请看退回理由，核对后再提交，就以这里的为准。"
)


def list_open() -> ResponseReturnValue:
    """Show what my units still owe, most urgent first."""
    scope = current_scope()
    return _list_page(scope, queries.open_duties(scope, after=request.args.get("after")), done=False)


def list_handed_in() -> ResponseReturnValue:
    """Show what my units have handed in, latest first."""
    scope = current_scope()
    return _list_page(scope, queries.handed_in(scope, after=request.args.get("after")), done=True)


def _list_page(scope: Scope, page: Page[DutyLine], *, done: bool) -> str:
    several = len(access.home_paths(scope)) > 1
    return render_template(
        "reporting/duties.html",
        page=page,
        done=done,
        open_count=queries.counts(scope)["open"],
        soon=scope.today + timedelta(days=SOON_DAYS),
        several_units=several,
        in_excel=several_to_fill(scope) if several and not done else (),
    )


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show one duty: the form where my unit has to act, else what was handed in."""
    scope = current_scope()
    return _page(scope, queries.line_of(scope, queries.get_duty(scope, duty_id)))


def save_draft(duty_id: UUID) -> ResponseReturnValue:
    """Keep what is typed: quietly for the page's script, with a message for a press on the button; files come along."""
    asked_how = request.headers.get("X-Requested-With")
    if asked_how == "upload":
        return _uploaded(duty_id)
    quiet = asked_how == "autosave"
    version = expected_version() if request.headers.get("If-Match") else version_seen()
    typed, box = typed_in_request(), ""
    try:
        with work() as scope:
            asked = asked_of(scope, queries.get_duty(scope, duty_id))
            if not quiet:
                typed, box = with_changed_rows(asked.form, typed)
            draft = operations.save_draft(scope, duty_id=duty_id, typed=typed, version=version, device=request.user_agent.string)
            withdrawn = said_withdrawal(scope, queries.get_duty(scope, duty_id))
    except (RuleBrokenError, StaleError) as error:
        if quiet:
            raise
        return _again(duty_id, error, typed)  # what another device saved, or that it is closed, beside what was typed here
    if quiet:
        told = {"version": draft.version, "saved_at": instant(draft.saved_at), "withdrawn": withdrawn}
        return jsonify(told | _worked_out(duty_id, typed))
    if withdrawn:
        flash(withdrawn, "warning")
        return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)
    problem = take_files(duty_id, asked.form)
    if problem is not None:
        return _again(duty_id, problem, typed)
    if not box:
        flash(_("已保存，尚未提交。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id, _anchor=box or None), 303)


def copy_last(duty_id: UUID) -> ResponseReturnValue:
    """Fill the boxes that are still blank with what was handed in for the period before; nothing typed is changed."""
    try:
        with work() as scope:
            count = operations.copy_last_period(scope, duty_id=duty_id, typed=typed_in_request(), version=version_seen())
    except (RuleBrokenError, StaleError) as error:
        return _again(duty_id, error, typed_in_request())
    flash(_("已从上期填入 %(n)s 项，请逐项核对。", n=count) if count else _("上期没有可填入的内容，或者都已填写。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def _uploaded(duty_id: UUID) -> ResponseReturnValue:
    """Store files as soon as they are chosen; the text around them is saved by its own way."""
    problem = take_files(duty_id, asked_of(current_scope(), queries.get_duty(current_scope(), duty_id)).form)
    if problem is None:
        return jsonify({"errors": []})
    said = [translate(text) for texts in getattr(problem, "fields", {}).values() for text in texts]
    return jsonify({"errors": said or [translate(problem.text)]}), status_of(problem)


def submit(duty_id: UUID) -> ResponseReturnValue:
    """Hand in. What was typed and attached is kept first, so that a refusal loses nothing."""
    typed = typed_in_request()
    try:
        with work() as first:
            duty = queries.get_duty(first, duty_id)
            asked = asked_of(first, duty)
            operations.save_draft(first, duty_id=duty_id, typed=typed, version=version_seen(), device=request.user_agent.string)
    except (RuleBrokenError, StaleError) as error:
        return _again(duty_id, error, typed)
    problem = take_files(duty_id, asked.form, after=first)
    if problem is not None:
        return _again(duty_id, problem, typed)
    if "anyway" not in request.form and may_ask_once(first, duty):
        scope = current_scope()
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
        question = asked_once(scope, line.duty, asked, typed)
        if question:
            return _page(scope, line, typed=typed or None, question=question), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with work() as scope:
            access.hold_on(scope, first)
            operations.submit(
                scope,
                duty_id=duty_id,
                typed=known_answers(asked.form, typed),
                note=typed.get(NOTE, ""),
                explanations=explanations_in(typed),
            )
    except (InvalidInputError, RuleBrokenError) as error:
        return _again(duty_id, error, typed)
    flash(_("已提交，等待审核。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def submit_nil(duty_id: UUID) -> ResponseReturnValue:
    """Hand in a nil return; its form asks for nothing, so nothing sent besides is taken (the API takes a note)."""
    if "anyway" not in request.form:
        scope = current_scope()
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
        question = "" if queries.lock_of(scope, line.duty, line.requirement) else not_begun(scope, line.duty)
        if question:
            return _page(scope, line, nil_question=question), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with work() as scope:
            operations.submit_nil(scope, duty_id=duty_id)
    except RuleBrokenError as error:
        return _again(duty_id, error, {})
    flash(_("已提交零报告，等待审核。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def remove_file(duty_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Take an attachment off a duty not handed in yet, keeping what is typed beside it; versions handed in keep theirs."""
    typed = typed_in_request()
    with work() as scope:
        duty = queries.get_duty(scope, duty_id)
        if queries.lock_of(scope, duty) is not None:
            raise NotAllowedError
        if typed:
            operations.save_draft(scope, duty_id=duty_id, typed=typed, device=request.user_agent.string)
        operations.remove_duty_file(scope, duty_id=duty_id, file_id=file_id)
    flash(_("附件已移除。"), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id, _anchor="attachments"), 303)


def _worked_out(duty_id: UUID, typed: Mapping[str, str]) -> dict[str, Any]:
    """Give what the page's script writes beside the boxes."""
    scope = current_scope()
    duty = queries.get_duty(scope, duty_id)
    asked = asked_of(scope, duty)
    known = {f"{ANSWER}{name}": str(text) for name, text in known_answers(asked.form, typed).items()}
    return worked_out(asked.form, known, read_duty(scope, duty, asked, known, is_draft=True))


def _again(duty_id: UUID, error: AnticipatedError, typed: Mapping[str, str]) -> ResponseReturnValue:
    """Show the form again with what was typed and what is wrong with it."""
    scope = current_scope()
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    asked = asked_of(scope, line.duty, line.requirement)
    errors = boxes_of(asked.form, error.fields if isinstance(error, InvalidInputError) else {})
    is_stale = isinstance(error, StaleError)
    other = other_draft(scope, line.duty, asked.form.fields, typed) if is_stale else None
    general = None if errors or other else error.text
    if is_stale and not other and queries.versions_of(scope, duty_id):  # handing in takes the draft away
        general = Text(_RETURNED_MEANWHILE)
    page = _page(scope, line, typed=typed or None, errors=errors, general=general, other=other, unkept=is_stale)
    return page, status_of(error)


def _page(
    scope: Scope,
    line: DutyLine,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, Sequence[Text]] | None = None,
    general: Text | None = None,
    other: OtherDraft | None = None,
    question: str = "",
    nil_question: str = "",
    unkept: bool = False,
) -> str:
    duty = line.duty
    versions = queries.versions_of(scope, duty.id)
    may_write = access.may(scope, "submission", "write", duty)
    parts = parts_of(scope, line)
    to_fill = may_write and parts["lock"] is None
    draft = queries.draft_of(scope, duty.id) if may_write else None
    last = versions[-1] if versions else None
    asked = asked_of(scope, duty, line.requirement)
    if typed is None:
        typed = typed_so_far(scope, asked, draft, last if to_fill else None)
    stored = list_of(scope, SUBMISSION_FILES, [version.id for version in versions])
    sheet = (
        sheet_of(scope, line, asked, typed=typed, errors=remarked(parts["course"], duty, asked.form, errors)) if to_fill else None
    )
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
        typed=typed,
        sheet=sheet,
        moved=moved_since(scope, asked, typed=typed, draft=draft, last=last) if to_fill else None,
        kept=kept_rows(asked.form, typed) if may_write and not to_fill else [],
        kept_files=left_files(scope, line, asked.form) if may_write and not to_fill and (draft or not last) else [],
        draft=draft if to_fill else None,
        errors=errors or {},
        general=general,
        other=other,
        question=question,
        nil_question=nil_question,
        unkept=unkept,
        versions=versions,
        returned=last if last and last.decided is Outcome.RETURNED and to_fill else None,
        files_by_version={version.id: file_items(stored.get(version.id, ())) for version in versions},
        attached=_attached(scope, line) if to_fill else [],
        history=history(scope, versions, queries.due_changes_of(scope, duty.id), parts["extensions"]),
        answers=shown_answers(scope, last) if last else [],
        last=last,
        missing_contacts=_missing_contacts(scope, line) if to_fill else [],
        contacts_url=_contacts_url(line),
        accept=ACCEPT,
        upload_limit=upload_limit(),
        **parts,
    )


def _attached(scope: Scope, line: DutyLine) -> list[dict[str, Any]]:
    rows = list_of(scope, DUTY_FILES, [line.duty.id]).get(line.duty.id, ())
    return file_items(rows, lambda row: url_for("reporting.remove_file", duty_id=line.duty.id, file_id=row.id))


def _missing_contacts(scope: Scope, line: DutyLine) -> list[str]:
    if Precondition.CONTACTS_NAMED not in line.requirement.needs:
        return []
    named = contacts(scope, line.unit.id)
    return [label for kind, label in CONTACTS_NEEDED.items() if kind not in named]


def _contacts_url(line: DutyLine) -> str | None:
    """Where a unit names its contacts; None in an installation without that page."""
    endpoint = "organisation.contacts"
    return url_for(endpoint, unit_id=line.unit.id) if endpoint in current_app.view_functions else None
