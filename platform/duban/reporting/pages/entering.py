"""The page on which an office above hands in for one unit below （代报）, and its part of the duty's page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.fields.specs import Kind
from duban.forms.boxes import NOTE, explanations_in, known_answers
from duban.kernel.errors import AnticipatedError, InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.reporting import operations, queries
from duban.reporting.errors import UnitAtWorkError
from duban.reporting.pages.filling import boxes_of, sheet_of, typed_from_version, typed_in_request, with_changed_rows
from duban.reporting.queries import DutyLine
from duban.reporting.queries.entering import may_enter, require_office
from duban.reporting.queries.forms import Asked, asked_of
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work


def part(scope: Scope, line: DutyLine) -> Mapping[str, object]:
    """Give the part of the duty's page its names."""
    open_to_me = may_enter(scope, line.duty, line.requirement) and queries.lock_of(scope, line.duty, line.requirement) is None
    return {"may_enter": open_to_me}


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show the form, beginning with what was handed in last; never with what the unit has typed itself."""
    return _page(current_scope(), duty_id)


def enter(duty_id: UUID) -> ResponseReturnValue:
    """Hand in for the unit. Nothing is kept before: a refusal brings back the page with what was typed."""
    typed = typed_in_request()
    if "row" in request.form:
        scope = current_scope()
        asked = asked_of(scope, queries.get_duty(scope, duty_id))
        return _page(scope, duty_id, typed=with_changed_rows(asked.form, typed)[0])
    try:
        with work() as scope:
            made = _handed_in(scope, duty_id, typed)
    except (InvalidInputError, RuleBrokenError) as error:
        return _page(current_scope(), duty_id, typed=typed, error=error), status_of(error)
    flash(_("已由%(office)s代报，该单位会收到通知。", office=made), "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def _handed_in(scope: Scope, duty_id: UUID, typed: Mapping[str, str]) -> str:
    anyway = "anyway" in request.form
    if "nil" in request.form:
        return operations.enter_nil(scope, duty_id=duty_id, note=typed.get(NOTE, ""), anyway=anyway).office_name
    asked = asked_of(scope, queries.get_duty(scope, duty_id))
    made = operations.enter(
        scope,
        duty_id=duty_id,
        typed=known_answers(asked.form, typed),
        note=typed.get(NOTE, ""),
        explanations=explanations_in(typed),
        anyway=anyway,
    )
    return made.office_name


def _page(scope: Scope, duty_id: UUID, *, typed: Mapping[str, str] | None = None, error: AnticipatedError | None = None) -> str:
    line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    duty, requirement = line.duty, line.requirement
    office = require_office(scope, duty, requirement)
    asked, takes_files = _without_files(asked_of(scope, duty, requirement))
    if typed is None:
        versions = queries.versions_of(scope, duty.id)
        typed = typed_from_version(scope, versions[-1]) if versions else {}
    is_asked = isinstance(error, UnitAtWorkError)
    errors: Mapping[str, Sequence[Text]] = boxes_of(asked.form, error.fields) if isinstance(error, InvalidInputError) else {}
    lock = queries.handing_in_lock(scope, duty)
    return render_template(
        "reporting/entering.html",
        line=line,
        duty=duty,
        requirement=requirement,
        office=office,
        typed=typed,
        lock=lock,
        sheet=sheet_of(scope, line, asked, typed=typed, errors=errors, with_files=False) if lock is None else None,
        takes_files=takes_files or requirement.attachments_required,
        errors=errors,
        question=translate(error.text) if error is not None and is_asked else "",
        with_nil="nil" in request.form,
        general=error.text if error is not None and not errors and not is_asked else None,
    )


def _without_files(asked: Asked) -> tuple[Asked, bool]:
    """Give what is asked but for documents, which are the unit's own to attach, and whether there were any."""
    fields = tuple(spec for spec in asked.form.fields if spec.kind is not Kind.ATTACHMENT)
    return replace(asked, form=replace(asked.form, fields=fields)), len(fields) < len(asked.form.fields)
