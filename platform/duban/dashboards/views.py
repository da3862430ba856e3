"""The pages people start from: the workbench, the matrix, the leader's one page, how a unit stands."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.assessments.states import LABELS as ASSESSMENT_LABELS
from duban.dashboards import benches, overview, standing, working_for
from duban.dashboards.behind import TABS, WHICH_LABELS, Asked, Which, list_behind
from duban.dashboards.cells import look_of_cell, look_of_state, matrix_columns, matrix_rows, title_of
from duban.dashboards.gathering import table_of
from duban.dashboards.queries import abilities, home_unit, levels_below, matrix_window, set_up, units_below
from duban.dashboards.rules import Face, face_of
from duban.kernel.days import read_day
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.letters.states import STATE_LABELS as LETTER_LABELS
from duban.matters.pages.words import look_of_colour
from duban.reporting.operations import urge
from duban.reporting.pages.wording import look_of_sheet, words_for_templates
from duban.targets.states import DIRECTION_LABELS, KIND_LABELS, LEVEL_LABELS
from duban.tenancy.kinds_in_force import level_name
from duban.tree.models import Unit
from duban.tree.queries import chain, get_unit
from duban.web.addresses import safe_next
from duban.web.filters import same_page
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.navigation import NavEntry, menu_of
from duban.web.requests import current_scope, work

bp = Blueprint("dashboards", __name__, template_folder="templates")


bp.context_processor(words_for_templates)

CHART_ROWS = 6


@bp.context_processor
def words() -> dict[str, object]:
    """Give the pages the words and looks of the features they show."""
    return {
        "look_of_state": look_of_state,
        "look_of_sheet": look_of_sheet,
        "look_of_colour": look_of_colour,
        "look_of_cell": look_of_cell,
        "title_of": title_of,
        "months_of": overview.months_of,
        "level_labels": LEVEL_LABELS,
        "kind_labels": KIND_LABELS,
        "direction_labels": DIRECTION_LABELS,
        "letter_labels": LETTER_LABELS,
        "assessment_labels": ASSESSMENT_LABELS,
        "working_for": g.get("working_for"),
        "matrix_key": [
            (_("已通过"), "circle-check", "done"),
            (_("待报送"), "clock", "todo"),
            (_("待审核、退回、临期"), "hourglass", "warn"),
            (_("逾期、漏报"), "alert-triangle", "late"),
        ],
    }


def _sees_below(scope: Scope) -> bool:
    return abilities(scope).sees_below


NAV = (
    NavEntry(label=N_("工作台"), endpoint="dashboards.home", icon="layout-dashboard", order=0, prefix="dashboards.home"),
    NavEntry(
        label=N_("总览"),
        endpoint="dashboards.show_overview",
        icon="gauge",
        order=40,
        prefix="dashboards.show_overview",
        condition=lambda scope: _sees_below(scope) and face_of(abilities(scope)) is not Face.LEADER,
    ),
    NavEntry(
        label=N_("任务对照表"),
        endpoint="dashboards.show_matrix",
        icon="table",
        order=45,
        prefix="dashboards.show_matrix",
        condition=_sees_below,
    ),
)


@bp.get("/")
def home() -> ResponseReturnValue:
    """Show the workbench that fits what the person may do, at all their units or at the one they chose."""
    whole = current_scope()
    menu_of(whole)
    g.working_for = choice = working_for.choice_of(whole)
    scope = working_for.narrowed(whole, choice)
    face = face_of(abilities(scope))
    page = _overview(scope, _home(scope)) if face is Face.LEADER else _BENCHES[face](scope)
    return working_for.remember(make_response(page))


def _clerk(scope: Scope) -> str:
    return render_template(
        "dashboards/clerk.html", bench=benches.clerk(scope, after=request.args.get("after")), unit=home_unit(scope)
    )


def _officer(scope: Scope) -> str:
    unit = _home(scope)
    bench = benches.officer(scope, unit)
    table = bench.table
    return render_template(
        "dashboards/officer.html",
        bench=bench,
        unit=unit,
        columns=matrix_columns(table.matrix, may_urge=abilities(scope).urges),
        rows=matrix_rows(table),
    )


def _evaluator(scope: Scope) -> str:
    return render_template("dashboards/evaluator.html", bench=benches.evaluator(scope), unit=home_unit(scope))


def _administrator(scope: Scope) -> str:
    return render_template("dashboards/administrator.html", state=set_up(scope), unit=home_unit(scope))


def _plain(scope: Scope) -> str:
    return render_template("dashboards/plain.html", unit=home_unit(scope))


_BENCHES: dict[Face, Callable[[Scope], str]] = {
    Face.CLERK: _clerk,
    Face.OFFICER: _officer,
    Face.EVALUATOR: _evaluator,
    Face.ADMINISTRATOR: _administrator,
    Face.PLAIN: _plain,
}


def _home(scope: Scope) -> Unit:
    unit = home_unit(scope)
    if unit is None:
        raise NotFoundError
    return unit


def _asked_unit(scope: Scope) -> Unit:
    """
    Give the unit asked for in the address, else the person's own, for a page on how the work there stands.

    Raises: NotFoundError also where the actor knows the unit but not its work: a superior's page names all who stand beside.
    """
    asked = request.args.get("unit")
    if not asked:
        return _home(scope)
    try:
        unit = get_unit(scope, UUID(asked))
    except ValueError as error:
        raise NotFoundError from error
    access.require(scope, "unit", "read", unit)
    if not access.may(scope, "duty", "read", unit):
        raise NotFoundError
    return unit


@bp.get("/overview")
def show_overview() -> ResponseReturnValue:
    """Show the one page for leaders: five numbers, the ranking, the three worst."""
    scope = current_scope()
    unit = _asked_unit(scope)
    if not abilities(scope).sees_below:
        raise NotFoundError
    return _overview(scope, unit)


def _overview(scope: Scope, unit: Unit) -> str:
    page = overview.build(scope, unit)
    return render_template("dashboards/overview.html", page=page, unit=unit, rate_chart=_rate_chart(page))


def _rate_chart(page: overview.OverviewPage) -> dict[str, object]:
    """Describe the bar chart of the branches with the lowest on-time rate, worst at the top."""
    lowest = [(row.unit.short_name or row.unit.name, row.sums) for row in page.rows if row.place is not None][
        : -CHART_ROWS - 1 : -1
    ]
    percents = [((sums.rate or Decimal(0)) * 100).quantize(Decimal("0.1")) for _name, sums in lowest]
    return {
        "kind": "hbar",
        "categories": [name for name, _sums in lowest],
        "series": [
            {"name": _("按时率（%）"), "data": percents, "tones": ["late" if sums.unmet else "todo" for _name, sums in lowest]}
        ],
        "max": 100,
    }


@bp.get("/overview/duties", endpoint="list_behind")
def list_duties() -> ResponseReturnValue:
    """List the duties behind a number of the one page or of a cell of the matrix; ?which= says how they stand."""
    scope = current_scope()
    unit = _asked_unit(scope)
    if not abilities(scope).sees_below:
        raise NotFoundError
    try:
        which = Which(request.args.get("which", Which.ALL))
        branch = UUID(request.args["branch"]) if request.args.get("branch") else None
        requirement = UUID(request.args["requirement"]) if request.args.get("requirement") else None
        due_from = read_day(request.args.get("from") or scope.today.replace(month=1, day=1).isoformat())
        due_until = read_day(request.args.get("until") or scope.today.replace(month=12, day=31).isoformat())
    except ValueError as error:
        raise NotFoundError from error
    below = get_unit(scope, branch) if branch else None
    if below is not None:
        access.require(scope, "unit", "read", below)
    asked = Asked(due_from, due_until, below, requirement, request.args.get("period") or None)
    page, counts = list_behind(scope, unit, asked, which, after=request.args.get("after"))
    return render_template(
        "dashboards/behind.html",
        unit=unit,
        asked=asked,
        page=page,
        which=which,
        ways=[
            (_(WHICH_LABELS[one]), same_page(which=one.value, after=None), one is which, counts[one])
            for one in ((Which.JUDGED, *TABS[1:]) if which is Which.JUDGED else TABS)
            if one in {which, Which.ALL} or (counts[one] and (requirement is not None or one is not Which.OVERDUE))
        ],
        labels=WHICH_LABELS,
    )


@bp.get("/matrix")
def show_matrix() -> ResponseReturnValue:
    """Show units × requirements, a page of units at a time."""
    scope = current_scope()
    unit = _asked_unit(scope)
    if not abilities(scope).sees_below:
        raise NotFoundError
    first, last = matrix_window(scope.today)
    due_from = request.args.get("from", first, type=read_day)
    due_until = request.args.get("until", last, type=read_day)
    levels = levels_below(scope, unit)
    units = units_below(scope, unit, level=request.args.get("level"), after=request.args.get("after"))
    table = table_of(scope, unit, units.items, due_from=due_from, due_until=due_until)
    return render_template(
        "dashboards/matrix.html",
        unit=unit,
        chain=[one for one in chain(scope, unit) if access.may(scope, "duty", "read", one)],
        columns=matrix_columns(table.matrix, may_urge=abilities(scope).urges),
        rows=matrix_rows(table),
        next=units.next,
        levels=[(level, level_name(scope, level, current_language())) for level in levels],
        due_from=due_from,
        due_until=due_until,
    )


@bp.post("/matrix/urge/<uuid:requirement_id>/<period>")
def urge_column(requirement_id: UUID, period: str) -> ResponseReturnValue:
    """Urge every unit that is late in one column."""
    with work() as scope:
        count = urge(scope, requirement_id=requirement_id, period_code=period)
    flash(_("已催办 %(n)s 家单位", n=count), "success")
    return redirect(safe_next(request.form.get("next")) or url_for("dashboards.home"))


@bp.get("/units/<uuid:unit_id>/supervision")
def supervision(unit_id: UUID) -> ResponseReturnValue:
    """Show how one unit stands: its duties, targets and letters."""
    scope = current_scope()
    unit = get_unit(scope, unit_id)
    access.require(scope, "unit", "read", unit)
    above = [one for one in chain(scope, unit) if access.may(scope, "unit", "read", one)]
    return render_template("dashboards/supervision.html", unit=unit, chain=above, page=standing.build(scope, unit))
