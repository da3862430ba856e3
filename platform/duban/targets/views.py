"""Pages of targets: a unit's indicators, the splitting grid, accepting, monthly actuals."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import lines_of as lines_held
from duban.access.checks import may_somewhere, require
from duban.access.places import places_of
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError, StaleError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.programmes.models import Programme
from duban.programmes.queries import get_programme, list_programmes
from duban.targets import queries
from duban.targets.charts import children_chart, months_chart, used_chart
from duban.targets.counting import Tally, alarms_below, is_told, own_of, unit_and_below, unit_tallies
from duban.targets.forms import Typed, read_actuals, read_draft, read_grid, read_number
from duban.targets.framing import Place, find_place, frame, plain_number, typed_strings
from duban.targets.lines import lines_of, warning_percent
from duban.targets.offers import catalogue_indicators
from duban.targets.operations.adopting import adopt_indicators
from duban.targets.operations.defining import define_indicator, set_limit
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.recording import ActualInput, record_actual
from duban.targets.operations.splitting import save_grid
from duban.targets.queries import Grid
from duban.targets.rules import months_of, plain
from duban.targets.states import DIRECTION_LABELS, KIND_LABELS, SPREAD_LABELS, Kind, ShareState
from duban.tree.queries import get_unit, units_by_id
from duban.web.errors import status_of, translate
from duban.web.i18n import current_language, gettext
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

bp = Blueprint("targets", __name__, url_prefix="/targets", template_folder="templates")

NAV = (
    NavEntry(
        label=N_("目标指标"),
        endpoint="targets.index",
        icon="target",
        group=N_("督办"),
        order=30,
        condition=lambda scope: may_somewhere(scope, "target", "read"),
    ),
)

bp.add_app_template_filter(plain_number, "plain")

_ALARMING = 8


@bp.get("/")
def index() -> ResponseReturnValue:
    """A unit's indicators of a year with what is used up of them, and who below is in trouble."""
    scope = current_scope()
    place = find_place(scope)
    within = places_of(scope, place.unit, "target")
    found = unit_and_below(scope, unit=place.unit, year=place.year, keep=[place.unit.id])
    own = own_of(scope, place.unit, found)
    alarming, alarming_count = alarms_below(scope, unit=place.unit, within=within, found=found, year=place.year, limit=_ALARMING)
    has_below = bool(queries.lines_below(scope, unit=place.unit))
    return render_template(
        "targets/index.html",
        **frame(scope, place, [tally.share for tally in own if is_told(tally.share)]),
        groups=[(kind, [tally for tally in own if tally.indicator.kind is kind]) for kind in Kind],
        own=own,
        kind_labels=KIND_LABELS,
        to_accept=[tally for tally in own if tally.share.state is ShareState.ISSUED],
        to_issue=queries.count_to_issue(scope, unit_id=place.unit.id, year=place.year) if has_below else 0,
        has_below=has_below,
        alarming=alarming,
        alarming_count=alarming_count,
        units=units_by_id(scope, {alarm.share.unit_id for alarm in alarming}),
        chart=used_chart([tally for tally in own if tally.indicator.kind is Kind.CONTROL], warn_from=warning_percent(scope)),
        warn_from=plain(warning_percent(scope)),
    )


@bp.get("/indicators/<uuid:indicator_id>")
def show(indicator_id: UUID) -> ResponseReturnValue:
    """One indicator at one unit: its months, and how the units below stand."""
    scope = current_scope()
    indicator = queries.get_indicator(scope, indicator_id)
    request_unit = request.args.get("unit")
    place = find_place(scope) if request_unit else Place(get_unit(scope, indicator.owner_id), indicator.year)
    require(scope, "target", "read", place.unit)
    below_ids = {unit.id for units in queries.lines_below(scope, unit=place.unit).values() for unit in units}
    found = unit_and_below(
        scope, unit=place.unit, year=indicator.year, keep={place.unit.id, *below_ids}, indicator_id=indicator.id
    )
    of_it = list(found.values())
    own = next(iter(own_of(scope, place.unit, found)), None)
    if own is None:
        raise NotFoundError
    below = [tally for tally in of_it if tally.share.parent_id == own.share.id and is_told(tally.share)]
    units = units_by_id(scope, {tally.share.unit_id for tally in below})
    below.sort(key=lambda tally: (units[tally.share.unit_id].position, tally.share.path))  # type: ignore[index]
    by_line = [(line, [tally for tally in below if tally.share.line == line.code]) for line in lines_of(scope)]
    return render_template(
        "targets/show.html",
        **frame(scope, Place(place.unit, indicator.year)),
        tally=own,
        units=units,
        by_line=[(line.name(current_language()), tallies) for line, tallies in by_line if tallies],
        months=months_chart(own),
        charts={line.name(current_language()): children_chart(tallies, units, _show_url) for line, tallies in by_line if tallies},
        kind_labels=KIND_LABELS,
        spread_labels=SPREAD_LABELS,
        direction_labels=DIRECTION_LABELS,
        programme=_programme_of(scope, indicator.programme_id),
    )


def _programme_of(scope: Scope, programme_id: UUID | None) -> Programme | None:
    """Give the programme an indicator rests on, if the reader may see it."""
    try:
        return get_programme(scope, programme_id) if programme_id else None
    except NotFoundError:
        return None


def _show_url(tally: Tally) -> str:
    return url_for("targets.show", indicator_id=tally.indicator.id, unit=tally.share.unit_id, year=tally.indicator.year)


@bp.post("/indicators/<uuid:indicator_id>/limit")
def change_limit(indicator_id: UUID) -> ResponseReturnValue:
    """Change the owner's limit."""
    try:
        limit = read_number(request.form.get("limit", ""))
        version = int(request.form.get("version", ""))
        with work() as scope:
            set_limit(scope, indicator_id=indicator_id, limit=limit, version=version)
        flash(gettext(N_("总数已更改。")), "success")
    except ValueError:
        flash(gettext(N_("请填写数字，例如 12 或 0.27。")), "error")
    except InvalidInputError as error:
        flash(" ".join(translate(text) for texts in error.fields.values() for text in texts), "error")
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(url_for("targets.show", indicator_id=indicator_id))


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Set an indicator of one's own words, or take over those of the kind's catalogue."""
    scope = current_scope()
    place = find_place(scope, act="define")
    typed = Typed(typed_strings())
    general: Text | None = None
    if request.method == "POST":
        try:
            count = _define(place, typed)
            if count:
                flash(gettext(N_("已设定 %(n)s 项指标。"), n=count), "success")
                return redirect(place.url("index"))
        except InvalidInputError as error:
            typed.errors.update({key: list(texts) for key, texts in error.fields.items()})
    return _new_page(place, typed, general), 422 if request.method == "POST" else 200


def _define(place: Place, typed: Typed) -> int:
    """Set what the form asks for; gives how many, 0 where something is wrong and said in the form."""
    if typed.text("form") == "catalogue":
        limits = {
            name.removeprefix("limit-"): typed.number(name)
            for name in typed.strings
            if name.startswith("limit-") and f"adopt-{name.removeprefix('limit-')}" in typed.strings
        }
        if typed.errors:
            return 0
        if not limits:
            typed.refuse("catalogue", Text(N_("请至少勾选一项指标。")))
            return 0
        with work() as scope:
            return len(adopt_indicators(scope, owner_id=place.unit.id, year=place.year, limits=limits))
    draft = read_draft(typed, year=place.year)
    if draft is None:
        return 0
    with work() as scope:
        define_indicator(scope, owner_id=place.unit.id, draft=draft)
    return 1


def _new_page(place: Place, typed: Typed, general: Text | None) -> str:
    scope = current_scope()
    totals = [
        (indicator.id, indicator.name)
        for indicator, _ in queries.list_shares(scope, unit_id=place.unit.id, year=place.year)
        if indicator.owner_id == place.unit.id and indicator.total_id is None and indicator.spread == "split"
    ]
    return render_template(
        "targets/new.html",
        **frame(scope, place),
        typed=typed.strings,
        errors=typed.errors,
        general=general,
        totals=totals,
        programmes=[(one.id, one.title) for one in list_programmes(scope, year=place.year, limit=200).items],
        offered=catalogue_indicators(scope, owner_id=place.unit.id, year=place.year),
        kinds=list(KIND_LABELS.items()),
        spreads=list(SPREAD_LABELS.items()),
        directions=list(DIRECTION_LABELS.items()),
        kind_labels=KIND_LABELS,
    )


@bp.route("/grid", methods=["GET", "POST"])
def grid() -> ResponseReturnValue:
    """Split a year's indicators over the units below in one line; the live remainder is the browser's, the check is ours."""
    scope = current_scope()
    place = find_place(scope)
    lines = queries.lines_below(scope, unit=place.unit)
    line = request.values.get("line", "")
    line = line if line in lines else next(iter(lines), "")
    found = queries.grid(scope, unit=place.unit, year=place.year, line=line)
    if request.method == "GET":
        return _grid_page(place, found, Typed({}))
    require(scope, "target", "assign", place.unit)
    typed = Typed(typed_strings())
    given = read_grid(typed, found)
    if typed.errors:
        return _grid_page(place, found, typed), 422
    try:
        with work() as scope:
            if given.versions:
                save_grid(scope, unit_id=place.unit.id, year=place.year, line=line, typed=given)
            if typed.text("then") == "issue":
                told = issue_allocations(scope, unit_id=place.unit.id, year=place.year, line=line)
                flash(gettext(N_("已保存并下达 %(n)s 项，有关单位已收到通知。"), n=len(told)), "success")
            else:
                flash(gettext(N_("分解结果已保存，尚未下达。")), "success")
    except InvalidInputError as error:
        typed.errors.update({key: list(texts) for key, texts in error.fields.items()})
        return _grid_page(place, _grid_now(place, line), typed, error.text), 422
    except (StaleError, RuleBrokenError) as error:
        return _grid_page(place, _grid_now(place, line), typed, error.text), status_of(error)
    return redirect(place.url("grid", line=line))


def _grid_now(place: Place, line: str) -> Grid:
    return queries.grid(current_scope(), unit=place.unit, year=place.year, line=line)


def _grid_page(place: Place, found: Grid, typed: Typed, general: Text | None = None) -> str:
    scope = current_scope()
    groups = queries.lines_below(scope, unit=place.unit)
    names = {line.code: line.name(current_language()) for line in lines_of(scope)}
    parts = {column.indicator.total_id for column in found.columns if column.indicator.total_id}
    framed = frame(scope, place)
    used = found.work_lines({unit.id for unit in found.units})
    framed["may_assign"] = framed["may_assign"] and lines_held(scope, "target", "assign", place.unit) >= used
    return render_template(
        "targets/grid.html",
        **framed,
        grid=found,
        typed=typed.strings,
        errors=typed.errors,
        general=general,
        lines=[(code, names.get(code, code), len(units)) for code, units in groups.items()],
        totals=parts,
        locked=[column for column in found.columns if column.share.state is not ShareState.ACCEPTED],
        pending=sum(cell.state is ShareState.PROPOSED and cell.value is not None for cell in found.cells.values()),
    )


@bp.route("/accept", methods=["GET", "POST"])
def accept() -> ResponseReturnValue:
    """Accept what the superior handed down."""
    scope = current_scope()
    place = find_place(scope)
    general: Text | None = None
    status = 200
    if request.method == "POST":
        shown = {
            UUID(name.removeprefix("version-")): int(value)
            for name, value in typed_strings().items()
            if name.startswith("version-") and value.isdigit()
        }
        try:
            with work() as scope:
                taken = accept_allocations(scope, unit_id=place.unit.id, year=place.year, versions=shown)
            flash(gettext(N_("已签收 %(n)s 项指标。"), n=len(taken)), "success")
            return redirect(place.url("index"))
        except RuleBrokenError as error:
            general, status = error.text, status_of(error)
    scope = current_scope()
    issued = [
        (indicator, share)
        for indicator, share in queries.list_own_shares(scope, unit=place.unit, year=place.year)
        if share.state is ShareState.ISSUED
    ]
    page = render_template(
        "targets/accept.html", **frame(scope, place), issued=issued, general=general, direction_labels=DIRECTION_LABELS
    )
    return page, status


@bp.route("/actuals", methods=["GET", "POST"])
def actuals() -> ResponseReturnValue:
    """Record a month's numbers of a unit, all indicators on one page."""
    scope = current_scope()
    place = find_place(scope)
    tallies = [tally for tally in unit_tallies(scope, unit=place.unit, year=place.year) if is_told(tally.share)]
    months = sorted(
        {
            month
            for tally in tallies
            for month in months_of(counts_from=tally.indicator.counts_from, counts_before=tally.indicator.counts_before)
        }
    )
    month = _month(scope, months)
    typed = Typed(typed_strings() if request.method == "POST" else {})
    if request.method == "GET":
        return _actuals_page(place, tallies, months, month, typed)
    try:
        changed = read_actuals(typed, tallies, month) if month else []
        if not typed.errors and not changed:
            typed.refuse("form", Text(N_("没有改动：请填写或更正至少一个数字。")))
        if typed.errors:
            return _actuals_page(place, tallies, months, month, typed), 422
        with work() as scope:
            for one in changed:
                given = ActualInput(month or scope.today, one.value, typed.text("source"), one.revision, typed.text("reason"))
                record_actual(scope, allocation_id=one.share_id, typed=given)
    except InvalidInputError as error:
        typed.errors.update({key: list(texts) for key, texts in error.fields.items()})
        return _actuals_page(place, tallies, months, month, typed, error.text), 422
    except StaleError as error:
        return _actuals_page(place, tallies, months, month, typed, error.text), status_of(error)
    flash(gettext(N_("已保存 %(n)s 项完成情况。"), n=len(changed)), "success")
    return redirect(place.url("actuals", month=month.isoformat()[:7] if month else None))


def _month(scope: Scope, months: list[date]) -> date | None:
    """Give the month asked for (2026-03), else this month or the last of the year that has begun."""
    wanted = request.values.get("month", "")
    asked = next((month for month in months if month.isoformat()[:7] == wanted), None)
    begun = [month for month in months if month <= scope.today]
    return asked or (begun[-1] if begun else (months[0] if months else None))


def _actuals_page(
    place: Place,
    tallies: list[Tally],
    months: list[date],
    month: date | None,
    typed: Typed,
    general: AnticipatedError | Text | None = None,
) -> str:
    scope = current_scope()
    history = queries.list_actuals(scope, allocation_ids=[tally.share.id for tally in tallies])
    return render_template(
        "targets/actuals.html",
        **frame(scope, place, [tally.share for tally in tallies]),
        tallies=tallies,
        months=months,
        month=month,
        today=scope.today,
        history=history,
        typed=typed.strings,
        errors=typed.errors,
        general=general,
        corrects=any(month in tally.own for tally in tallies),
        parts_sums=_parts_sums(tallies, month),
    )


def _parts_sums(tallies: list[Tally], month: date | None) -> dict[UUID, Decimal]:
    """Add up what was recorded for the parts of each total in a month, to be held against the total's own record."""
    sums: dict[UUID, Decimal] = {}
    for tally in tallies:
        if month is not None and tally.indicator.total_id is not None and month in tally.own:
            sums[tally.indicator.total_id] = sums.get(tally.indicator.total_id, Decimal(0)) + tally.own[month]
    return sums
