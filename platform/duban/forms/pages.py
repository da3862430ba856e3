"""Pages of forms: list, beginning one, designing with preview and test fill, versions, publishing, comparing."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.fields.answers import read_form
from duban.fields.forms import FormSpec
from duban.fields.specs import Kind
from duban.files.receiving import uploads
from duban.forms import operations, queries
from duban.forms.asking import Sheet, said, worked_out
from duban.forms.below import sources, with_likely_fields
from duban.forms.boxes import ANSWER, EXPLAIN, FILES, explanations_in, known_answers, typed_in, with_row, without_row
from duban.forms.comparing import changes
from duban.forms.designs import Design, change, posted_design, settled
from duban.forms.errors import DesignError
from duban.forms.models import Form, FormVersion
from duban.forms.reading import design_of, read_design
from duban.forms.starting import form_of_template, template, templates
from duban.forms.states import FormState
from duban.forms.tools import Tool
from duban.forms.uses import touched, use_of
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError, StaleError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.tree.models import Unit
from duban.tree.queries import get_unit, units_by_path
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work

_PLACE = re.compile(r"(fields|checks)(\.[0-9]{1,3}(\.columns\.[0-9]{1,2})?)?")
Errors = Mapping[str, Sequence[Text]]


def list_forms() -> ResponseReturnValue:
    """Show the forms one may see, newest first."""
    scope = current_scope()
    written = request.args.get("state", "")
    state = FormState(written) if written in set(FormState) else None
    page = queries.list_forms(scope, after=request.args.get("after"), state=state)
    return render_template(
        "forms/forms.html",
        page=page,
        owners=units_by_path(scope, {row.path for row in page.items}),
        may_design=access.may_somewhere(scope, queries.OBJECT, queries.MANAGE),
    )


def new() -> ResponseReturnValue:
    """Begin a form: blank, or from what the tenant's kind suggests (?template=)."""
    scope = current_scope()
    unit = _designing_unit(scope)
    code = request.values.get("template", "")
    chosen = template(scope, level=unit.level, code=code)
    if request.method == "GET":
        typed = {"title": chosen["title"]["zh"], "title_en": chosen["title"].get("en", "")} if chosen else {}
        return _new_page(scope, unit, typed, code)
    typed = {name: request.form.get(name, "") for name in ("title", "title_en")}
    try:
        with work() as writing:
            made = operations.create_form(
                writing,
                unit_id=UnitId(unit.id),
                title=typed["title"],
                title_en=typed["title_en"],
                design=design_of(form_of_template(chosen)) if chosen else None,
                copied_from=chosen["title"]["zh"] if chosen else "",
            )
    except InvalidInputError as error:
        return _new_page(current_scope(), unit, typed, code, errors=error.fields), status_of(error)
    return redirect(url_for("forms.design", form_id=made.id), 303)


def _new_page(scope: Scope, unit: Unit, typed: Mapping[str, str], code: str, *, errors: Errors | None = None) -> str:
    return render_template(
        "forms/new.html", unit=unit, typed=typed, template=code, templates=templates(scope, level=unit.level), errors=errors or {}
    )


def show(form_id: UUID) -> ResponseReturnValue:
    """Show a form: what it asks today, its versions, what one may do with it."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    versions = queries.versions_of(scope, form.id)
    number = request.args.get("version", "")
    shown = next((one for one in versions if str(one.number) == number), queries.in_force(versions, scope.today))
    may_design = queries.may_manage(scope, form)
    spec = queries.form_in(shown) if shown else read_design(form.design).form
    return render_template(
        "forms/form.html",
        form=form,
        unit=get_owned(scope, Unit, form.unit_id),
        versions=versions,
        shown=shown,
        in_force=queries.in_force(versions, scope.today),
        sheet=Sheet(form=spec),
        may_design=may_design,
        may_copy=access.may_somewhere(scope, queries.OBJECT, queries.MANAGE),
        may_issue=access.may_somewhere(scope, "requirement", "issue"),
        is_changed=may_design and _is_changed(form, versions),
        use=use_of(scope, form.id) if may_design else None,
    )


def _is_changed(form: Form, versions: Sequence[FormVersion]) -> bool:
    if not versions:
        return False
    read = read_design(form.design)
    return not read.is_sound or bool(changes(queries.form_in(versions[-1]), read.form))


def design(form_id: UUID) -> ResponseReturnValue:
    """Design: every button, and the page by itself, keeps what is typed; nothing is published here."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    queries.require_managing(scope, form)
    if request.method == "GET":
        place = request.args.get("at", "")
        at = place if _PLACE.fullmatch(place) else ""
        errors = read_design(form.design).problems if request.args.get("check") == "1" else {}
        return _design_page(scope, form, form.design, titles=_titles(form), errors=errors, at=at)
    quietly = request.headers.get("X-Requested-With") == "autosave"
    act = "" if quietly else request.form.get("act", "save")
    taken = queries.taken_codes(scope, form)
    posted = with_likely_fields(settled(posted_design(request.form), taken), sources(scope, form.path))
    rows, at = change(posted, act, taken)
    titles = {name: request.form.get(name, "") for name in ("title", "title_en", "code")}
    try:
        with work() as writing:
            version = operations.save_design(
                writing, form_id=form_id, design=rows, version=request.form.get("version", 0, type=int), **titles
            ).version
    except (InvalidInputError, RuleBrokenError, StaleError) as error:
        if quietly:
            return jsonify(error=translate(error.text)), status_of(error)
        return _design_again(form_id, rows, titles, error, at)
    if quietly:
        return jsonify(version=version)
    return _after(act, form_id, at)


def _after(act: str, form_id: UUID, at: str) -> ResponseReturnValue:
    """Go where the button pressed leads."""
    if act in {"publish", "test"}:
        return _leave_for(url_for(f"forms.{act}", form_id=form_id))
    if act == "save":
        flash(_("已保存，尚未发布。"), "success")
        return _leave_for(url_for("forms.design", form_id=form_id, check=1))
    return redirect(url_for("forms.design", form_id=form_id, at=at or None, _anchor=at or None), 303)


def _leave_for(address: str) -> ResponseReturnValue:
    """Go to another page, with a script too: it would otherwise put a part of that page into this one."""
    if "HX-Request" in request.headers:
        return "", 204, {"HX-Redirect": address}
    return redirect(address, 303)


def _design_again(
    form_id: UUID, rows: Design, titles: Mapping[str, str], error: AnticipatedError, at: str
) -> ResponseReturnValue:
    """Show what was typed again, with what is wrong."""
    scope = current_scope()
    errors = error.fields if isinstance(error, InvalidInputError) else {}
    general = None if errors else error.text
    page = _design_page(scope, queries.get_form(scope, form_id), rows, titles=titles, errors=errors, at=at, general=general)
    return page, status_of(error)


def _titles(form: Form) -> dict[str, str]:
    return {"title": form.title, "title_en": form.title_en, "code": form.code}


def _design_page(
    scope: Scope,
    form: Form,
    rows: Design,
    *,
    titles: Mapping[str, str],
    errors: Errors | None = None,
    at: str = "",
    general: Text | None = None,
) -> str:
    read = read_design(rows)
    return render_template(
        "forms/design.html",
        form=form,
        unit=get_owned(scope, Unit, form.unit_id),
        titles=titles,
        tool=Tool(rows, errors or {}, at, sources(scope, form.path)),
        errors=errors or {},
        general=general,
        sheet=Sheet(form=read.form),
        left=_left(read.problems),
    )


def preview(form_id: UUID) -> ResponseReturnValue:
    """Show what is typed so far as its filler would see it, keeping nothing; for the designer's script."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    queries.require_managing(scope, form)
    read = read_design(settled(posted_design(request.form)))
    return render_template("forms/preview.html", sheet=Sheet(form=read.form), left=_left(read.problems))


def _left(problems: Errors) -> list[tuple[str, Text]]:
    """List what is still to be put right: the box, and words that name the row it stands in."""
    found = []
    for box, texts in problems.items():
        part, _sep, rest = box.partition(".")
        number = rest.partition(".")[0]
        where = {"fields": N_("第 %(n)s 个填报项：%(text)s"), "checks": N_("第 %(n)s 条核对规则：%(text)s")}.get(part)
        known = where is not None and number.isdigit()
        found += [(box, Text(where, {"n": int(number) + 1, "text": one}) if known and where else one) for one in texts]
    return found


def test(form_id: UUID) -> ResponseReturnValue:
    """Try a form: type answers, see what is wrong, asked for, worked out. Nothing is kept."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    version = request.values.get("version", "")
    spec = _tried(scope, form, version)
    typed = typed_in(request.form.lists())
    sheet = Sheet(form=spec, typed=typed)
    tried = request.method == "POST"
    if tried:
        verb, _sep, rest = request.form.get("row", "").partition(":")
        typed, tried = _rows_changed(spec, typed, verb, rest), not verb
        sheet = _sheet_tried(spec, typed, tried=tried)
        if request.headers.get("X-Requested-With") == "try" and sheet.reading is not None:
            return jsonify(worked_out(spec, typed, sheet.reading))
    return render_template(
        "forms/test.html",
        form=form,
        sheet=sheet,
        tried=tried,
        version=version,
        values=[(one, said(one, sheet.reading.values.get(one.key))) for one in spec.fields] if sheet.reading else [],
    )


def _rows_changed(spec: FormSpec, typed: dict[str, str], verb: str, rest: str) -> dict[str, str]:
    key, _sep, number = rest.partition(":")
    table = spec.field(key)
    if table is None or table.kind is not Kind.TABLE:
        return typed
    if verb == "remove" and number.isdigit():
        return without_row(table, typed, int(number))
    return with_row(table, typed) if verb == "add" else typed


def _sheet_tried(spec: FormSpec, typed: Mapping[str, str], *, tried: bool) -> Sheet:
    files = {one.key: [f"{n}" for n, _file in enumerate(uploads(f"{FILES}{one.key}"))] for one in spec.fields}
    reading = read_form(spec, known_answers(spec, typed), attached=files, is_draft=not tried)
    keys = {one.key for one in spec.fields}
    errors: dict[str, list[Text]] = {}
    if tried:
        errors = {
            f"{ANSWER}{key}" if key.partition(".")[0] in keys else key: [problem] for key, problem in reading.problems.items()
        }
        unsaid = reading.unexplained(explanations_in(typed))
        errors |= {f"{EXPLAIN}{code}": [reading.warnings[code]] for code in unsaid}
    return Sheet(form=spec, typed=typed, errors=errors, reading=reading)


def _tried(scope: Scope, form: Form, version: str) -> FormSpec:
    """Give the version named, else what is being designed where one may, else the last one published."""
    if version.isascii() and version.isdigit() and len(version) < 10:  # noqa: PLR2004
        return queries.form_in(queries.get_version(scope, form, int(version)))
    if queries.may_manage(scope, form):
        return read_design(form.design).form
    return queries.form_in(queries.get_version(scope, form, form.number))


def publish(form_id: UUID) -> ResponseReturnValue:
    """Show what publishing would change, for open duties and drafts too; publish."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    queries.require_managing(scope, form)
    if request.method == "GET":
        read = read_design(form.design)
        if not read.is_sound:
            return redirect(url_for("forms.design", form_id=form_id, check=1))
        written = request.args.get("effective_from", "")
        return _publish_page(scope, form, {"effective_from": written or scope.today.isoformat()})
    typed = {name: request.form.get(name, "") for name in ("effective_from", "note")}
    try:
        with work() as writing:
            made = operations.publish(
                writing,
                form_id=form_id,
                effective_from=_day(typed["effective_from"]),
                note=typed["note"],
                version=request.form.get("version", 0, type=int),
            )
    except DesignError:
        return redirect(url_for("forms.design", form_id=form_id, check=1), 303)
    except (InvalidInputError, RuleBrokenError, StaleError) as error:
        scope = current_scope()
        errors = error.fields if isinstance(error, InvalidInputError) else {}
        page = _publish_page(scope, queries.get_form(scope, form_id), typed, errors, None if errors else error.text)
        return page, status_of(error)
    flash(_("第 %(n)s 版已发布。", n=made.number), "success")
    return redirect(url_for("forms.show", form_id=form_id), 303)


def _publish_page(
    scope: Scope, form: Form, typed: Mapping[str, str], errors: Errors | None = None, general: Text | None = None
) -> str:
    versions = queries.versions_of(scope, form.id)
    spec = read_design(form.design).form
    try:
        day = read_day(typed["effective_from"])
    except ValueError:
        day = scope.today
    before = queries.in_force(versions, day)
    return render_template(
        "forms/publish.html",
        form=form,
        typed=typed,
        number=form.number + 1,
        changes=changes(queries.form_in(before), spec) if before else [],
        before=before,
        touched=touched(use_of(scope, form.id), versions, day),
        sheet=Sheet(form=spec),
        errors=errors or {},
        general=general,
    )


def compare(form_id: UUID) -> ResponseReturnValue:
    """Show what one version asks that another does not."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    versions = queries.versions_of(scope, form.id)
    if not versions:
        raise NotFoundError
    by_number = {str(one.number): one for one in versions}
    new_one = by_number.get(request.args.get("new", ""), versions[-1])
    old_one = by_number.get(request.args.get("old", ""), by_number.get(str(new_one.number - 1), versions[0]))
    return render_template(
        "forms/compare.html",
        form=form,
        versions=versions,
        old=old_one,
        new=new_one,
        changes=changes(queries.form_in(old_one), queries.form_in(new_one)),
    )


def copy(form_id: UUID) -> ResponseReturnValue:
    """Begin a form of one's own unit with what this one asks."""
    scope = current_scope()
    unit = _designing_unit(scope)
    with work() as writing:
        made = operations.copy_form(writing, form_id=form_id, unit_id=UnitId(unit.id))
    flash(_("已复制，可以在这里修改。"), "success")
    return redirect(url_for("forms.design", form_id=made.id), 303)


def retire(form_id: UUID) -> ResponseReturnValue:
    """Take a form out of use."""
    try:
        with work() as scope:
            operations.retire(scope, form_id=form_id, version=request.form.get("version", 0, type=int))
    except RuleBrokenError as error:
        flash(_(error.text.template), "error")
    else:
        flash(_("已停用。正在使用它的要求照常进行。"), "success")
    return redirect(url_for("forms.show", form_id=form_id), 303)


def _day(written: str) -> date:
    try:
        return read_day(written)
    except ValueError as error:
        raise InvalidInputError(fields={"effective_from": [Text(wrong_day(error, N_("请填写日期。")))]}) from None


def _designing_unit(scope: Scope) -> Unit:
    """Give the unit the designer works for: ?unit_id=, else the highest they may design for."""
    wanted = request.values.get("unit_id", "")
    if wanted:
        try:
            unit = get_unit(scope, UnitId(UUID(wanted)))
        except ValueError:
            raise InvalidInputError(fields={}) from None
        access.require(scope, queries.OBJECT, queries.MANAGE, unit)
        return unit
    homes: Mapping[str, Any] = units_by_path(scope, access.home_paths(scope))
    for path in access.home_paths(scope):
        if path in homes and access.may(scope, queries.OBJECT, queries.MANAGE, homes[path]):
            return homes[path]  # type: ignore[no-any-return]
    path = access.home_paths(scope)[0] if homes else "0."
    access.require(scope, queries.OBJECT, queries.MANAGE, access.Place(path))
    raise AssertionError
