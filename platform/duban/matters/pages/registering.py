"""Registering a matter: from nothing, of an overdue duty, or anew what was filed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.kernel.digits import whole
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import operations
from duban.matters.errors import FormError
from duban.matters.leave import parties_of
from duban.matters.models import Matter
from duban.matters.operations import MatterForm
from duban.matters.pages.reading import day, ids_of, uuid_of, word
from duban.matters.queries.matters import get_readable_matter
from duban.matters.settings import settings_of
from duban.matters.states import OVERDUE_DUTY, Cycle, PartyRole
from duban.reporting.queries import DutyLine, get_duty, line_of
from duban.tenancy.ladders import matters_ladder
from duban.tree.line_units import units_in_lines
from duban.tree.models import Unit
from duban.tree.queries import children, get_unit, get_unit_by_path
from duban.web.errors import status_of
from duban.web.i18n import current_language, gettext
from duban.web.requests import current_scope, work

MOST_OFFERED = 300
LATEST_REPORT_DAY = 99
"""As many units are offered as co-units with a tick; more can be typed by name."""


def new() -> ResponseReturnValue:
    """Show the form of a new matter; ?duty_id= fills it in for an overdue duty, ?again= as a matter that came up again."""
    scope = current_scope()
    unit = _unit(scope, request.args.get("unit_id", ""))
    access.require(scope, "matter", "assign", unit)
    return _page(scope, unit, typed=_suggested(scope))


def register() -> ResponseReturnValue:
    """Register it and go to its page."""
    scope = current_scope()
    unit = _unit(scope, request.form.get("unit_id", ""))
    access.require(scope, "matter", "assign", unit)
    try:
        form = typed_form()
        with work() as doing:
            matter = operations.register_matter(doing, unit_id=unit.id, form=form)
    except (InvalidInputError, RuleBrokenError) as error:
        fields = error.fields if isinstance(error, InvalidInputError) else {}
        page = _page(current_scope(), unit, typed=_typed(), errors=fields, error=None if fields else error)
        return page, status_of(error)
    flash(gettext(N_("%(number)s 已立项并交办，相关单位会收到通知。"), number=matter.number), "success")
    return redirect(url_for("matters.show_matter", matter_id=matter.id), 303)


def typed_form(prefix: str = "") -> MatterForm:
    """Read the form of one matter. Raises: FormError."""
    form = request.form
    source, _, term = form.get(f"{prefix}term", "").partition(".")
    return MatterForm(
        title=form.get(f"{prefix}title", ""),
        body=form.get(f"{prefix}body", ""),
        source=source,
        source_note=form.get(f"{prefix}source_note", ""),
        term=term,
        due_on=day(f"{prefix}due_on", required=False),
        lead_id=uuid_of(form.get(f"{prefix}lead_id", "")),
        co_ids=co_units(prefix),
        is_major=form.get(f"{prefix}is_major") == "1",
        cycle=word(Cycle, f"{prefix}cycle") if form.get(f"{prefix}cycle") else Cycle.NONE,
        report_day=_report_day(form.get(f"{prefix}report_day", "")),
        duty_id=uuid_of(form.get(f"{prefix}duty_id", "")),
    )


def _report_day(typed: str) -> int | None:
    typed = typed.strip()
    if not typed:
        return None
    day = whole(typed)
    return day if day is not None and day <= LATEST_REPORT_DAY else 0


def co_units(prefix: str = "") -> list[UUID]:
    """Read the co-units: those ticked directly below, and those picked from deeper. Raises: FormError."""
    name = f"{prefix}co_more"
    if any(typed.strip() and uuid_of(typed) is None for typed in request.form.getlist(name)):
        raise FormError({"co_more": [Text(N_("没有找到这个单位，请从查找结果中选择。"))]})
    return ids_of([f"{prefix}co_ids", name])


def _unit(scope: Scope, wanted: str) -> Unit:
    """Find the unit one assigns for: the one asked for, else one's own. Raises: NotFoundError."""
    if wanted:
        unit_id = uuid_of(wanted)
        if unit_id is None:
            raise NotFoundError
        return get_unit(scope, unit_id)
    homes = access.home_paths(scope)
    if not homes:
        raise NotFoundError
    return get_unit_by_path(scope, homes[0])


def _suggested(scope: Scope) -> dict[str, Any]:
    """What the form begins with: of an overdue duty its unit, its name and its source."""
    settings = settings_of(scope)
    first = settings.sources[0]
    plain = {"term": f"{first.code}.{first.terms[0].term.code}", "cycle": Cycle.NONE.value, "co_ids": []}
    before = uuid_of(request.args.get("again", ""))
    if before is not None:
        return plain | _as_before(scope, get_readable_matter(scope, before))
    duty_id = uuid_of(request.args.get("duty_id", ""))
    if duty_id is None:
        return plain
    line: DutyLine = line_of(scope, get_duty(scope, duty_id))
    source = settings.source(OVERDUE_DUTY)
    term = f"{OVERDUE_DUTY}.{source.terms[0].term.code}" if source else plain["term"]
    period = "" if line.duty.period_code == "once" else f"（{line.duty.period_code}）"
    return plain | {
        "term": term,
        "title": gettext(N_("限期报送：%(title)s"), title=f"{line.requirement.title}{period}"),
        "lead_id": str(line.unit.id),
        "duty_id": str(line.duty.id),
    }


def _as_before(scope: Scope, matter: Matter) -> dict[str, Any]:
    """What is known of it: all but its term and days, which begin anew."""
    parties = parties_of(scope, matter)
    return {
        "title": matter.title,
        "body": matter.body,
        "source_note": gettext(N_("原%(number)s归档后问题又出现"), number=matter.number),
        "lead_id": str(matter.lead_id),
        "co_ids": [str(one.unit_id) for one in parties if one.role == PartyRole.CO],
        "is_major": "1" if matter.is_major else "",
    }


def _typed() -> dict[str, Any]:
    names = ("title", "body", "source_note", "term", "due_on", "lead_id", "is_major", "cycle", "report_day", "duty_id")
    return {name: request.form.get(name, "") for name in names} | {"co_ids": request.form.getlist("co_ids")}


def picked_units(prefix: str = "") -> list[tuple[str, str]]:
    """Give the units picked from deeper below as they were typed, with their names, to show them again."""
    scope = current_scope()
    typed = [one.strip() for one in request.form.getlist(f"{prefix}co_more") if one.strip()]
    return [(one, _name_of(scope, uuid_of(one)) or one) for one in typed]


def picked_lead(prefix: str = "") -> str:
    """Give the name of the unit picked to lead, what was typed where it is none."""
    typed = request.form.get(f"{prefix}lead_id", "").strip()
    return _name_of(current_scope(), uuid_of(typed)) or typed


def offered_units(scope: Scope, unit: Unit) -> list[tuple[str, str]]:
    """List the units directly below, to be ticked as co-units; who assigns there reads them."""
    below = [*children(scope, unit), *(one for units in units_in_lines(scope, unit).values() for one in units)]
    known = {one.id: one for one in below}
    return [(str(one.id), one.short_name or one.name) for one in known.values()][:MOST_OFFERED]


def term_options(scope: Scope) -> list[tuple[str, str]]:
    """List every source with its terms, in the reader's language: 领导批示 · 急件（1–5 天）."""
    language, found = current_language(), []
    for source in settings_of(scope).sources:
        for named in source.terms:
            term = named.term
            days = f"{term.least}–{term.days}" if term.least is not None else str(term.days)
            said = N_("%(days)s 个工作日") if term.unit.value == "working_day" else N_("%(days)s 天")
            name = "" if len(source.terms) == 1 else f" · {named.name.in_language(language)}"
            label = gettext(
                N_("%(name)s（%(days)s）"), name=f"{source.name.in_language(language)}{name}", days=gettext(said, days=days)
            )
            found.append((f"{source.code}.{term.code}", label))
    return found


def _page(
    scope: Scope,
    unit: Unit,
    *,
    typed: Mapping[str, Any],
    errors: Mapping[str, Sequence[Text]] | None = None,
    error: AnticipatedError | None = None,
) -> str:
    lead_id = uuid_of(str(typed.get("lead_id", "")))
    offered = offered_units(scope, unit)
    deeper = [one for one in typed.get("co_ids", ()) if one not in {code for code, _name in offered}]
    return render_template(
        "matters/new.html",
        unit=unit,
        typed=typed,
        errors=_by_field(errors or {}),
        general=error.text if error else None,
        terms=term_options(scope),
        offered=offered,
        deeper=[(one, _name_of(scope, uuid_of(one))) for one in deeper],
        major_from=matters_ladder(scope).major_from,
        picked_units=picked_units,
        lead_name=_name_of(scope, lead_id),
    )


def _by_field(errors: Mapping[str, Sequence[Text]]) -> dict[str, Sequence[Text]]:
    """The form has one field for source and term."""
    return {("term" if name == "source" else name): texts for name, texts in errors.items()}


def _name_of(scope: Scope, unit_id: UUID | None) -> str:
    if unit_id is None:
        return ""
    try:
        unit = get_unit(scope, unit_id)
    except NotFoundError:
        return ""
    return unit.name if access.may(scope, "unit", "read", unit) else ""
