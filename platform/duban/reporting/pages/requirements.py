"""The author's pages: requirements, their form with dates worked out while typing, preview, issuing, status by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.calendar.due_dates import Occurrence
from duban.forms.below import sources, with_likely_fields
from duban.forms.designs import change, posted_design, settled
from duban.forms.queries import choosable
from duban.forms.tools import Tool
from duban.forms.wording import in_words
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import Text
from duban.programmes.models import Programme
from duban.programmes.queries import get_programme
from duban.reporting import operations, queries
from duban.reporting.forms import requirement_form
from duban.reporting.later_periods import forecast_of
from duban.reporting.lines import may_issue, may_withdraw, offered_lines, require_issuing
from duban.reporting.models import Requirement
from duban.reporting.pages.choices import brought, level_names, levels_below, requirement_as_data, template_data
from duban.reporting.pages.date_wording import day_marks
from duban.reporting.pages.dates import may_change_many
from duban.reporting.pages.due_boxes import due_box_of
from duban.reporting.queries.entering import a_duty_to_enter
from duban.reporting.queries.forms import asked_by
from duban.reporting.queries.requirements import is_unmet
from duban.reporting.schemas import due_data, requirement_data
from duban.reporting.states import DutyState, RequirementState
from duban.reporting.workbooks.knowing import a_duty_to_fill
from duban.tenancy.ladders import duty_ladders
from duban.tree.models import Unit
from duban.tree.queries import children, children_in_line, get_unit, units_by_path
from duban.web.errors import status_of
from duban.web.requests import current_scope, work

LISTED_UNITS = 300
CURRENT_DAYS = 10
LATE = "overdue"


def list_requirements() -> ResponseReturnValue:
    """Show the requirements I may see; ?mine=1 only those of my unit."""
    scope = current_scope()
    homes = access.home_paths(scope)
    mine = request.args.get("mine") == "1"
    state = _state(RequirementState, "state")
    read = partial(
        queries.list_requirements,
        scope,
        issued_by=homes[0] if mine and homes else None,
        state=state,
        programme_id=_uuid_arg("programme_id"),
    )
    page = read(after=request.args.get("after"))
    return render_template(
        "reporting/requirements.html",
        page=page,
        mine=mine,
        programme=_programme(scope, _uuid_arg("programme_id")),
        progress=queries.progress_of(scope, [row.id for row in page.items]),
        issuers=units_by_path(scope, {row.path for row in page.items}),
        may_issue=access.may_somewhere(scope, "requirement", "issue"),
    )


def new() -> ResponseReturnValue:
    """Draft a requirement, from nothing or from what the tenant's kind offers (?template=)."""
    scope = current_scope()
    unit = _issuing_unit(scope)
    if request.method == "GET":
        data = template_data(scope, unit, code=request.args.get("template", ""), year=_year(scope))
        data |= {name: str(_uuid_arg(name) or "") for name in ("programme_id", "task_id")}
        data |= _with_form(scope, unit, _uuid_arg("form_id"))
        return _form_page(scope, unit, data)
    data = requirement_data(request.form)
    if "act" in request.form:
        return _changed_page(scope, unit, data)
    try:
        form = requirement_form(data)
        with work() as writing:
            made = operations.create_requirement(writing, unit_id=UnitId(unit.id), form=form)
    except InvalidInputError as error:
        return _form_page(current_scope(), unit, data, errors=error.fields), status_of(error)
    return redirect(url_for("reporting.preview", requirement_id=made.id), 303)


def _with_form(scope: Scope, unit: Unit, form_id: UUID | None) -> dict[str, Any]:
    """Begin with a form of the library, and with its name."""
    form = next((one for one in choosable(scope, unit.path) if one.id == form_id), None) if form_id else None
    return {"form_id": str(form.id), "title": form.title, "title_en": form.title_en} if form else {}


def edit(requirement_id: UUID) -> ResponseReturnValue:
    """Rewrite a drafted requirement."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, requirement)
    unit = get_owned(scope, Unit, requirement.unit_id)
    if request.method == "GET":
        return _form_page(scope, unit, requirement_as_data(requirement), requirement=requirement)
    data = requirement_data(request.form)
    if "act" in request.form:
        return _changed_page(scope, unit, data, requirement=requirement)
    try:
        version = request.form.get("version", 0, type=int)
        with work() as writing:
            operations.edit_requirement(writing, requirement_id=requirement_id, form=requirement_form(data), version=version)
    except InvalidInputError as error:
        return _form_page(current_scope(), unit, data, requirement=requirement, errors=error.fields), status_of(error)
    except RuleBrokenError as error:
        page = _form_page(current_scope(), unit, data, requirement=requirement, general=error.text)
        return page, status_of(error)
    return redirect(url_for("reporting.preview", requirement_id=requirement_id), 303)


def due_box() -> ResponseReturnValue:
    """Work out the dates of what is typed so far; for the form's script."""
    data = due_data(request.form)
    box = due_box_of(current_scope(), {"due": data} | {name: request.form.get(name) for name in ("active_from", "active_until")})
    return render_template("reporting/due_box.html", due=data, data=request.form, box=box, errors={})


def show(requirement_id: UUID) -> ResponseReturnValue:
    """Show a requirement with its status by unit."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    if requirement.stands is RequirementState.DRAFT:
        return redirect(url_for("reporting.preview", requirement_id=requirement_id))
    return _status_page(scope, requirement)


def preview(requirement_id: UUID) -> ResponseReturnValue:
    """Show who would owe what by when, with the button that issues it."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, requirement)
    if requirement.stands is not RequirementState.DRAFT:
        return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id))
    return _preview_page(scope, requirement)


def issue(requirement_id: UUID) -> ResponseReturnValue:
    """Issue it."""
    try:
        with work() as scope:
            done = operations.issue(scope, requirement_id=requirement_id, version=request.form.get("version", 0, type=int))
    except (InvalidInputError, RuleBrokenError) as error:
        scope = current_scope()
        page = _preview_page(scope, queries.get_requirement(scope, requirement_id), general=_first(error))
        return page, status_of(error)
    if done.created:
        flash(_("已下达，共生成 %(n)s 项任务，报送单位会收到通知。", n=done.created), "success")
    else:
        flash(
            _("已下达。各期等 %(year)s 年的工作日历，录入以后任务自动生成，届时通知报送单位。", year=done.later_year), "success"
        )
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id), 303)


def _first(error: AnticipatedError) -> Text:
    """Give what is wrong in words: a field's own where there are fields, for the preview has none to show it at."""
    return next(iter(error.fields.values()))[0] if isinstance(error, InvalidInputError) and error.fields else error.text


def withdraw(requirement_id: UUID) -> ResponseReturnValue:
    """Take it back, with a reason."""
    try:
        with work() as scope:
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason=request.form.get("reason", ""))
    except (InvalidInputError, RuleBrokenError) as error:
        return _status_again(requirement_id, error)
    flash(_("已撤销，报送单位会收到通知。"), "success")
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id), 303)


def urge(requirement_id: UUID) -> ResponseReturnValue:
    """Press every unit that is late with it, of one period with `period`."""
    try:
        with work() as scope:
            count = operations.urge(
                scope,
                requirement_id=requirement_id,
                period_code=request.values.get("period") or None,
                duty_ids=_uuids("duty"),
            )
    except RuleBrokenError as error:
        return _status_again(requirement_id, error)
    flash(_("已催办 %(n)s 家单位。", n=count), "success")
    if request.form.get("back") in {"late", "all"}:
        return redirect(url_for("reporting.list_late", scope="all" if request.form["back"] == "all" else None), 303)
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id), 303)


def _status_again(requirement_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    scope = current_scope()
    return _status_page(scope, queries.get_requirement(scope, requirement_id), general=error.text), status_of(error)


def _status_page(scope: Scope, requirement: Requirement, *, general: Text | None = None) -> str:
    told = forecast_of(scope, requirement)
    dates, progress = queries.dates_and_progress(scope, requirement.id)
    found = [replace(one, due_on=dates[one.period.code].due_on) if one.period.code in dates else one for one in told.found]
    late = request.args.get("state") == LATE
    period = request.args.get("period", _current_period(scope, found)) or None
    return render_template(
        "reporting/requirement.html",
        period=period,
        requirement=requirement,
        asks=asked_by(scope, requirement),
        programme=_programme(scope, requirement.programme_id),
        issuer=get_owned(scope, Unit, requirement.unit_id),
        progress=progress,
        occurrences=found,
        moved=[now for before, now in zip(told.found, found, strict=True) if before.due_on != now.due_on],
        dates=dates,
        workbook_duty=a_duty_to_fill(scope, requirement.id),
        enter_duty=a_duty_to_enter(scope, requirement),
        later=told.unknown,
        later_year=told.year,
        page=queries.status_by_unit(
            scope,
            requirement_id=requirement.id,
            period_code=period,
            state=None if late else _state(DutyState, "state"),
            only=is_unmet(scope) if late else None,
            after=request.args.get("after"),
        ),
        receiver=_receiver(scope, requirement),
        may_change_many=may_change_many(scope, requirement),
        may_withdraw=may_withdraw(scope, requirement),
        may_issue=may_issue(scope, requirement),
        may_urge=access.may_somewhere(scope, "duty", "urge"),
        may_supervise=access.may_somewhere(scope, "matter", "assign"),
        general=general,
    )


def _current_period(scope: Scope, found: Sequence[Occurrence]) -> str:
    """Choose the period people ask about: the last one that has ended its time, until the next one's last ten days."""
    near = [one for one in found if one.due_on <= scope.today + timedelta(days=CURRENT_DAYS)]
    return (near[-1] if near else found[0]).period.code if found else ""


def _preview_page(scope: Scope, requirement: Requirement, *, general: Text | None = None) -> str:
    found: queries.Preview | None = None
    try:
        found = queries.preview_of(scope, requirement)
    except RuleBrokenError as error:
        general = general or error.text
    marks = day_marks(scope, [one.due_on for one in found.occurrences] if found else [])
    return render_template(
        "reporting/preview.html",
        requirement=requirement,
        preview=found,
        day_marks=marks,
        off_count=sum(marks.get(one.due_on, ("", ""))[1] == "warn" for one in found.occurrences) if found else 0,
        today=scope.today,
        receiver=_receiver(scope, requirement),
        asks=asked_by(scope, requirement),
        general=general,
        levels=level_names(scope),
    )


def _form_page(
    scope: Scope,
    unit: Unit,
    data: Mapping[str, Any],
    *,
    requirement: Requirement | None = None,
    errors: Mapping[str, Sequence[Text]] | None = None,
    general: Text | None = None,
    at: str = "",
) -> str:
    below = _listable(scope, unit)
    return render_template(
        "reporting/requirement_form.html",
        unit=unit,
        data=data,
        programme=_programme(scope, _as_uuid(str(data.get("programme_id") or ""))),
        due=data.get("due") or {},
        tool=Tool(
            data.get("design") or {"fields": [], "checks": []},
            errors or {},
            at,
            sources(scope, unit.path),
            post_url=request.full_path,
        ),
        forms=choosable(scope, unit.path),
        brings=brought(scope, unit, str(data.get("form_id") or "")),
        box=due_box_of(scope, data),
        requirement=requirement,
        errors=errors or {},
        general=general,
        levels=levels_below(scope, unit, (data.get("targets") or {}).get("levels") or ()),
        below=below[:LISTED_UNITS],
        lines=offered_lines(scope, unit),
        offices=queries.offices_of(scope, unit),
        ladders=[(one.code, in_words(one.name.zh, one.name.en)) for one in duty_ladders(scope)],
        waitable=queries.waitable(scope, unit),
        templates=queries.templates(scope, level=unit.level) if requirement is None else (),
        template=request.args.get("template", ""),
    )


def _receiver(scope: Scope, requirement: Requirement) -> Unit | None:
    """Find the office that receives for the issuer."""
    return get_owned(scope, Unit, requirement.receiver_id) if requirement.receiver_id else None


def _changed_page(scope: Scope, unit: Unit, data: dict[str, Any], *, requirement: Requirement | None = None) -> str:
    """Do what a button of the questions says, keeping nothing: the form comes back as typed."""
    posted = with_likely_fields(settled(posted_design(request.form)), sources(scope, unit.path))
    data["design"], at = change(posted, request.form["act"])
    return _form_page(scope, unit, data, requirement=requirement, at=at)


def _listable(scope: Scope, unit: Unit) -> Sequence[Unit]:
    """List the units directly below, in every line the author may issue in, each once."""
    second = [line.code for line in offered_lines(scope, unit) if not line.primary]
    found = [*children(scope, unit), *(one for line in second for one in children_in_line(scope, unit, line))]
    return list({one.id: one for one in found}.values())


def _issuing_unit(scope: Scope) -> Unit:
    """Give the unit the author writes for: ?unit=, else the highest they may issue for."""
    wanted = request.values.get("unit_id", "")
    if wanted:
        try:
            unit = get_unit(scope, UnitId(UUID(wanted)))
        except ValueError:
            raise InvalidInputError(fields={}) from None
        access.require(scope, "requirement", "issue", unit)
        return unit
    homes = units_by_path(scope, access.home_paths(scope))
    for path in access.home_paths(scope):
        if path in homes and access.may(scope, "requirement", "issue", homes[path]):
            return homes[path]
    path = access.home_paths(scope)[0] if homes else "0."
    access.require(scope, "requirement", "issue", access.Place(path))
    raise AssertionError


def _state(states: Any, name: str) -> Any:
    try:
        return states(request.args[name]) if request.args.get(name) else None
    except ValueError:
        return None


def _programme(scope: Scope, programme_id: UUID | None) -> Programme | None:
    """Find the programme a requirement belongs to, if the reader may see it."""
    if programme_id is None:
        return None
    try:
        return get_programme(scope, programme_id)
    except NotFoundError:
        return None


def _uuid_arg(name: str) -> UUID | None:
    return _as_uuid(request.args.get(name, ""))


def _as_uuid(written: str) -> UUID | None:
    try:
        return UUID(written) if written else None
    except ValueError:
        return None


def _uuids(name: str) -> list[UUID]:
    try:
        return [UUID(written) for written in request.form.getlist(name)]
    except ValueError:
        raise InvalidInputError(fields={}) from None


def _year(scope: Scope) -> int:
    written = request.args.get("year", "")
    return int(written) if len(written) == 4 and written.isascii() and written.isdigit() else scope.today.year  # noqa: PLR2004
