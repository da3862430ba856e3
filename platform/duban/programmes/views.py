"""Programmes: list, page, opening, issuing, deriving, closing. The pages of documents and of drafting hang below."""

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from duban.access.checks import may, may_somewhere
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.programmes import coverage, document_pages, drafting_pages, queries
from duban.programmes.forms import identifiers, programme_form
from duban.programmes.models import Programme
from duban.programmes.operations import drafting, issuing
from duban.programmes.pages import attempt, choices_of, chosen_unit, explained, own_units, typed_version
from duban.programmes.states import LABELS, SIGNS, State
from duban.programmes.timeline import line_of
from duban.tree.queries import units_by_id
from duban.web.errors import translate
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

bp = Blueprint("programmes", __name__, template_folder="templates")
bp.register_blueprint(document_pages.bp)
bp.register_blueprint(drafting_pages.bp)


def _sees_programmes(scope: Scope) -> bool:
    return may_somewhere(scope, "programme", "read")


def _sees_documents(scope: Scope) -> bool:
    return may_somewhere(scope, "document", "read")


NAV = (
    NavEntry(
        label=N_("文件"),
        endpoint="programmes.documents.list_documents",
        icon="file-text",
        group=N_("督办"),
        order=10,
        condition=_sees_documents,
        prefix="programmes.documents.",
    ),
    NavEntry(
        label=N_("工作方案"),
        endpoint="programmes.list_programmes",
        icon="list-check",
        group=N_("督办"),
        order=20,
        condition=_sees_programmes,
        prefix="programmes.list_programmes programmes.show programmes.open programmes.derive programmes.drafting.",
    ),
)


@bp.get("/programmes")
def list_programmes() -> str:
    """List the programmes one sees."""
    scope = current_scope()
    year, state = request.args.get("year", ""), request.args.get("state", "")
    page = queries.list_programmes(
        scope,
        year=int(year) if year.isascii() and year.isdigit() and len(year) <= 4 else None,  # noqa: PLR2004 -- a year
        state=State(state) if state in set(State) else None,
        words=request.args.get("q", "").strip()[:100],
        after=request.args.get("after"),
    )
    return render_template(
        "programmes/programmes.html",
        page=page,
        units=units_by_id(scope, {row.unit_id for row in page.items}),
        year_choices=[(year, year) for year in queries.years_in_use(scope)],
        state_choices=[(state.value, translate(Text(words))) for state, words in LABELS.items()],
        labels=LABELS,
        signs=SIGNS,
        may_open=bool(own_units(scope, "programme", "manage")),
    )


@bp.get("/programmes/<uuid:programme_id>")
def show(programme_id: UUID) -> str:
    """Show a programme: goal, stages on a line, tasks, who below has derived its own."""
    return _page(current_scope(), programme_id)


def _page(scope: Scope, programme_id: UUID, **more: Any) -> str:
    programme = queries.get_programme(scope, programme_id)
    tasks = queries.tasks_of(scope, programme.id)
    responsible = queries.task_units(scope, [task.id for task in tasks])
    made = coverage.coverage_of(scope, programme)
    units = units_by_id(scope, {programme.unit_id, *(unit for found in responsible.values() for unit in found)})
    stages = queries.stages_of(scope, programme.id)
    deriving = [
        unit
        for unit in own_units(scope, "programme", "manage")
        if unit.path != programme.path and unit.path.startswith(programme.path)
    ]
    return render_template(
        "programmes/programme.html",
        programme=programme,
        unit=units.get(programme.unit_id),  # type: ignore[call-overload]
        document=queries.get_document_named(scope, programme.document_id),
        parent=_parent(scope, programme),
        stages=stages,
        line=line_of(stages, scope.today),
        month_word=lambda first: format_date(first, "LLL"),
        groups=queries.groups_of(scope, programme.id),
        tasks=tasks,
        responsible=responsible,
        units=units,
        sources=coverage.sources_of(scope, tasks),
        coverage=made,
        taken_up=coverage.taken_up(scope, programme) if made.rows else {},
        own=[(unit, queries.find_derived(scope, programme.id, unit.id)) for unit in deriving],
        labels=LABELS,
        signs=SIGNS,
        may_manage=may(scope, "programme", "manage", programme),
        requirements_url=_reporting_url("reporting.list_requirements", programme),
        new_requirement_url=_reporting_url("reporting.new_requirement", programme) if _may_require(scope, programme) else None,
        **({"errors": {}, "general": None} | more),
    )


def _parent(scope: Scope, programme: Programme) -> Programme | None:
    if programme.parent_id is None:
        return None
    try:
        return queries.get_programme(scope, programme.parent_id)
    except NotFoundError:
        return None


def _may_require(scope: Scope, programme: Programme) -> bool:
    return programme.state is State.ISSUED and may(scope, "requirement", "issue", programme)


def _reporting_url(endpoint: str, programme: Programme) -> str | None:
    """Give the address of what has to be handed in under this programme; that feature lies above and is known by address only."""
    if endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, programme_id=programme.id)


@bp.route("/documents/<uuid:document_id>/programmes/new", methods=["GET", "POST"])
def open(document_id: UUID) -> ResponseReturnValue:  # noqa: A001 -- the address's word
    """Open a programme under a document."""
    scope = current_scope()
    document = queries.get_document(scope, document_id)
    units = own_units(scope, "programme", "manage")
    unit_id = chosen_unit(units)
    if unit_id is None:
        raise NotAllowedError
    typed: dict[str, Any] = {
        "title": _suggested_title(document.title),
        "year": (document.issued_on or scope.today).year,
    } | request.form.to_dict()
    more: dict[str, Any] = {"errors": {}, "general": None}
    status = 200
    if request.method == "POST":

        def act() -> UUID:
            form = programme_form(request.form)
            with work() as writing:
                return drafting.open_programme(writing, unit_id=unit_id, document_id=document_id, form=form).id

        programme_id, error = attempt(act)
        if error is None:
            flash(_("方案已建立，请继续添加阶段和任务"), "success")
            return redirect(url_for("programmes.drafting.compose", programme_id=programme_id))
        more, status = explained(error)
    return render_template(
        "programmes/programme_form.html", document=document, units=units, unit_choices=choices_of(units), typed=typed, **more
    ), status


def _suggested_title(title: str) -> str:
    """Turn 关于…的实施意见 into …实施方案 as a first proposal."""
    return title.removeprefix("关于").replace("的实施意见", "实施方案").replace("的通知", "工作方案")


@bp.post("/programmes/<uuid:programme_id>/issue")
def issue(programme_id: UUID) -> ResponseReturnValue:
    """Issue a draft to the units below."""
    return _act(programme_id, issuing.issue_programme, _("方案已下发，下级单位已收到通知"))


@bp.post("/programmes/<uuid:programme_id>/recall")
def recall(programme_id: UUID) -> ResponseReturnValue:
    """Take an issued programme back."""
    return _act(programme_id, issuing.recall_programme, _("方案已撤回，可以继续修改"), reason=request.form.get("reason", ""))


@bp.post("/programmes/<uuid:programme_id>/close")
def close(programme_id: UUID) -> ResponseReturnValue:
    """End a programme."""
    return _act(programme_id, issuing.close_programme, _("方案已结束"), reason=request.form.get("reason", ""))


def _act(programme_id: UUID, operation: Any, done: str, **typed: str) -> ResponseReturnValue:
    def act() -> None:
        with work() as scope:
            operation(scope, programme_id=programme_id, version=typed_version(), **typed)

    _result, error = attempt(act)
    if error is not None:
        shown, status = explained(error)
        general = shown.get("general") or _("；").join(text for texts in shown["errors"].values() for text in texts)
        return _page(current_scope(), programme_id, general=general), status
    flash(done, "success")
    return redirect(url_for("programmes.show", programme_id=programme_id))


@bp.route("/programmes/<uuid:programme_id>/derive", methods=["GET", "POST"])
def derive(programme_id: UUID) -> ResponseReturnValue:
    """Make one's own programme from a superior's: choose tasks, name it."""
    scope = current_scope()
    source = queries.get_programme(scope, programme_id)
    units = [
        unit for unit in own_units(scope, "programme", "manage") if unit.path != source.path and unit.path.startswith(source.path)
    ]
    unit_id = chosen_unit(units)
    if unit_id is None:
        raise NotAllowedError
    made = queries.find_derived(scope, source.id, unit_id)
    if made is not None:
        return redirect(url_for("programmes.show", programme_id=made.id))
    status, more = 200, dict[str, Any](errors={}, general=None)
    if request.method == "POST":

        def act() -> UUID:
            form, chosen = programme_form(request.form), identifiers(request.form.getlist("task_ids"), "task_ids")
            with work() as writing:
                return issuing.derive_programme(writing, source_id=source.id, unit_id=unit_id, task_ids=chosen, form=form).id

        own_id, error = attempt(act)
        if error is None:
            flash(_("本级方案已建立，请按实际修改后下发"), "success")
            return redirect(url_for("programmes.drafting.compose", programme_id=own_id))
        more, status = explained(error)
    unit = next(unit for unit in units if unit.id == unit_id)
    return _derive_page(scope, source, units, unit.short_name, **more), status


def _derive_page(scope: Scope, source: Programme, units: Any, name: str, **more: Any) -> str:
    tasks = queries.tasks_of(scope, source.id)
    typed: dict[str, Any] = {"title": f"{name}{source.title}", "year": source.year, "goal": source.goal} | request.form.to_dict()
    chosen = request.form.getlist("task_ids") if request.method == "POST" else [str(task.id) for task in tasks]
    return render_template(
        "programmes/derive.html",
        source=source,
        units=units,
        unit_choices=choices_of(units),
        groups=queries.groups_of(scope, source.id),
        tasks=tasks,
        chosen=set(chosen),
        typed=typed,
        **more,
    )
