"""The author's pages: requirements, their form with dates worked out while typing, preview, issuing, status by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import checks as access
from duban.calendar.due_dates import Campaign, Occurrence, occurrences
from duban.calendar.rule_json import due_rule_from_json
from duban.fields.specs import spec_to_json
from duban.kernel.days import read_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import Text
from duban.programmes.models import Programme
from duban.programmes.queries import get_programme
from duban.reporting import operations, queries
from duban.reporting.forms import requirement_form
from duban.reporting.lines import may_withdraw, offered_lines, require_issuing
from duban.reporting.models import Requirement
from duban.reporting.pages.choices import level_names, template_data
from duban.reporting.schemas import SPARE_ROWS, due_data, requirement_data
from duban.reporting.states import DutyState, RequirementState
from duban.tree.models import Unit
from duban.tree.queries import children, children_in_line, get_unit, units_by_path
from duban.web.errors import status_of
from duban.web.requests import current_scope, work

LISTED_UNITS = 300
CURRENT_DAYS = 10


@dataclass(frozen=True)
class DueBox:
    """The dates a rule gives, worked out while it is typed; `problem` says why there are none."""

    found: Sequence[Occurrence] = ()
    problem: Text | None = None


def list_requirements() -> ResponseReturnValue:
    """Show the requirements I may see; ?mine=1 only those of my unit."""
    scope = current_scope()
    homes = access.home_paths(scope)
    mine = request.args.get("mine") == "1"
    state = _state(RequirementState, "state")
    page = queries.list_requirements(
        scope,
        after=request.args.get("after"),
        issued_by=homes[0] if mine and homes else None,
        state=state,
        programme_id=_uuid_arg("programme_id"),
    )
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
        return _form_page(scope, unit, data)
    data = requirement_data(request.form)
    try:
        form = requirement_form(data)
        with work() as writing:
            made = operations.create_requirement(writing, unit_id=UnitId(unit.id), form=form)
    except InvalidInputError as error:
        return _form_page(current_scope(), unit, data, errors=error.fields), status_of(error)
    return redirect(url_for("reporting.preview", requirement_id=made.id), 303)


def edit(requirement_id: UUID) -> ResponseReturnValue:
    """Rewrite a drafted requirement."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, requirement)
    unit = get_owned(scope, Unit, requirement.unit_id)
    if request.method == "GET":
        return _form_page(scope, unit, _as_data(requirement), requirement=requirement)
    data = requirement_data(request.form)
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
    box = _due_box(current_scope(), {"due": data} | {name: request.form.get(name) for name in ("active_from", "active_until")})
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
    except RuleBrokenError as error:
        scope = current_scope()
        page = _preview_page(scope, queries.get_requirement(scope, requirement_id), general=error.text)
        return page, status_of(error)
    flash(_("已下达，共生成 %(n)s 项任务，报送单位会收到通知。", n=done.created), "success")
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id), 303)


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
    if request.form.get("back") == "late":
        return redirect(url_for("reporting.list_late"), 303)
    return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id), 303)


def _status_again(requirement_id: UUID, error: AnticipatedError) -> ResponseReturnValue:
    scope = current_scope()
    return _status_page(scope, queries.get_requirement(scope, requirement_id), general=error.text), status_of(error)


def _status_page(scope: Scope, requirement: Requirement, *, general: Text | None = None) -> str:
    found = occurrences(requirement.rule, requirement.campaign, queries.working_calendar(scope))
    period = request.args.get("period", _current_period(scope, found)) or None
    return render_template(
        "reporting/requirement.html",
        period=period,
        requirement=requirement,
        programme=_programme(scope, requirement.programme_id),
        issuer=get_owned(scope, Unit, requirement.unit_id),
        progress=queries.progress_of(scope, [requirement.id])[requirement.id],
        occurrences=found,
        page=queries.status_by_unit(
            scope,
            requirement_id=requirement.id,
            period_code=period,
            state=_state(DutyState, "state"),
            after=request.args.get("after"),
        ),
        may_withdraw=may_withdraw(scope, requirement),
        may_urge=access.may_somewhere(scope, "duty", "urge"),
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
    days = {one.due_on for one in found.occurrences} if found else set()
    calendar = queries.working_calendar(scope)
    return render_template(
        "reporting/preview.html",
        requirement=requirement,
        preview=found,
        days_off={day for day in days if calendar.knows(day.year) and not calendar.is_working_day(day)},
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
) -> str:
    below = _listable(scope, unit)
    return render_template(
        "reporting/requirement_form.html",
        unit=unit,
        data=data,
        programme=_programme(scope, _as_uuid(str(data.get("programme_id") or ""))),
        due=data.get("due") or {},
        spare=SPARE_ROWS,
        rows=[*(data.get("fields") or []), *({} for _spare in range(SPARE_ROWS))],
        box=_due_box(scope, data),
        requirement=requirement,
        errors=errors or {},
        general=general,
        levels=level_names(scope),
        below=below[:LISTED_UNITS],
        lines=offered_lines(scope, unit),
        templates=queries.templates(scope, level=unit.level) if requirement is None else (),
        template=request.args.get("template", ""),
    )


def _listable(scope: Scope, unit: Unit) -> Sequence[Unit]:
    """List the units directly below, in every line the author may issue in, each once."""
    second = [line.code for line in offered_lines(scope, unit) if not line.primary]
    found = [*children(scope, unit), *(one for line in second for one in children_in_line(scope, unit, line))]
    return list({one.id: one for one in found}.values())


def _due_box(scope: Scope, data: Mapping[str, Any]) -> DueBox:
    try:
        start = read_day(str(data.get("active_from") or scope.today.isoformat()))
        end = read_day(str(data["active_until"])) if data.get("active_until") else None
        rule = due_rule_from_json(data.get("due") or {})
        return DueBox(found=occurrences(rule, Campaign(start, end), queries.working_calendar(scope)))
    except InvalidInputError as error:
        first = next(iter(error.fields.values()), ())
        return DueBox(problem=first[0] if first else error.text)
    except RuleBrokenError as error:
        return DueBox(problem=error.text)
    except ValueError:
        return DueBox()


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


def _as_data(requirement: Requirement) -> dict[str, Any]:
    data = {
        name: getattr(requirement, name) for name in ("title", "title_en", "instruction", "instruction_en", "recipient", "line")
    }
    for name in ("nil_allowed", "attachments_required", "late_model", "missing_after_days", "targets", "preconditions"):
        data[name] = getattr(requirement, name)
    data["correction_days"] = "" if requirement.correction_days is None else requirement.correction_days
    data |= {name: str(getattr(requirement, name) or "") for name in ("programme_id", "task_id")}
    data["due"] = requirement.rule.to_json()
    data["active_from"] = requirement.active_from.isoformat()
    data["active_until"] = requirement.active_until.isoformat() if requirement.active_until else ""
    data["late_points"] = format(requirement.late_points.normalize(), "f")
    data["missing_points"] = format(requirement.missing_points.normalize(), "f")
    data["fields"] = [spec_to_json(spec) for spec in requirement.specs]
    return data


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
