"""Writing a programme: its head, stages, groups and tasks on one page, a task's details on their own."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.calendar.errors import InvalidWindowError
from duban.calendar.windows import Window, windows_in
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope
from duban.programmes import queries
from duban.programmes.coverage import sources_of
from duban.programmes.errors import LockedError
from duban.programmes.forms import group_name, programme_form, stage_form, task_form
from duban.programmes.models import Document, Programme, Task
from duban.programmes.operations import drafting
from duban.programmes.pages import attempt, choices_of, explained, typed_version
from duban.programmes.rules import next_number
from duban.programmes.states import State
from duban.tree.queries import children, get_unit, units_by_id
from duban.web.requests import current_scope, work

bp = Blueprint("drafting", __name__, url_prefix="/programmes/<uuid:programme_id>")


def _draft(scope: Scope, programme_id: UUID) -> Programme:
    """Get a draft the actor may write. Raises: NotFoundError, NotAllowedError, LockedError."""
    programme = queries.get_programme(scope, programme_id)
    if not queries.may_change(scope, programme):
        raise LockedError if programme.state is not State.DRAFT else NotAllowedError
    return programme


@bp.get("/edit")
def compose(programme_id: UUID) -> str:
    """Show the whole draft for writing."""
    return _page(programme_id)


def _page(programme_id: UUID, form: str = "", typed: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Show the draft; `form` names the form that was refused, which shows again what was typed."""
    scope = current_scope()
    programme = _draft(scope, programme_id)
    document, _may_open = queries.get_document_named(scope, programme.document_id)
    tasks = queries.tasks_of(scope, programme.id)
    responsible = queries.task_units(scope, [task.id for task in tasks])
    stages = queries.stages_of(scope, programme.id)
    return render_template(
        "programmes/compose.html",
        programme=programme,
        document=document,
        stages=stages,
        windows=[] if stages else _windows(document, programme.year),
        groups=queries.groups_of(scope, programme.id),
        tasks=tasks,
        responsible=responsible,
        units=units_by_id(scope, {unit for found in responsible.values() for unit in found}),
        sources=sources_of(scope, tasks),
        refused=form,
        typed=typed or {},
        **({"errors": {}, "general": None} | more),
    )


def _windows(document: Document, year: int) -> list[Window]:
    """List the stretches of days the original text names, to begin stages from; what only says until when comes too."""
    try:
        found = list(windows_in(document.original_text, year=year))
    except InvalidWindowError:
        return []
    return list({window.text: window for window in found}.values())[:12]


def _save(programme_id: UUID, where: str, operation: Callable[..., Any], done: str, **arguments: Any) -> ResponseReturnValue:
    """Do one change on the version the form was filled in on, and come back to the draft."""

    def act() -> None:
        values = {name: value() if callable(value) else value for name, value in arguments.items()}
        with work() as scope:
            operation(scope, programme_id=programme_id, version=typed_version(), **values)

    _result, error = attempt(act)
    if error is not None:
        shown, status = explained(error)
        return _page(programme_id, where, request.form, **shown), status
    flash(done, "success")
    return redirect(url_for("programmes.drafting.compose", programme_id=programme_id, _anchor=where.partition("-")[0]))


@bp.post("/edit")
def change_head(programme_id: UUID) -> ResponseReturnValue:
    """Change title, year and goal."""
    return _save(programme_id, "head", drafting.change_programme, _("已保存"), form=lambda: programme_form(request.form))


@bp.post("/stages")
def add_stage(programme_id: UUID) -> ResponseReturnValue:
    """Add a stage."""
    return _save(programme_id, "stages", drafting.add_stage, _("阶段已添加"), form=lambda: stage_form(request.form))


@bp.post("/stages/<uuid:stage_id>")
def change_stage(programme_id: UUID, stage_id: UUID) -> ResponseReturnValue:
    """Change a stage."""
    where = f"stages-{stage_id}"
    return _save(
        programme_id, where, drafting.change_stage, _("已保存"), stage_id=stage_id, form=lambda: stage_form(request.form)
    )


@bp.post("/stages/<uuid:stage_id>/remove")
def remove_stage(programme_id: UUID, stage_id: UUID) -> ResponseReturnValue:
    """Take a stage out."""
    return _save(programme_id, "stages", drafting.remove_stage, _("阶段已删除"), stage_id=stage_id)


@bp.post("/groups")
def add_group(programme_id: UUID) -> ResponseReturnValue:
    """Add a group."""
    return _save(programme_id, "groups", drafting.add_group, _("分组已添加"), name=lambda: group_name(request.form))


@bp.post("/groups/<uuid:group_id>")
def change_group(programme_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Rename a group."""
    where = f"groups-{group_id}"
    return _save(
        programme_id, where, drafting.change_group, _("已保存"), group_id=group_id, name=lambda: group_name(request.form)
    )


@bp.post("/groups/<uuid:group_id>/remove")
def remove_group(programme_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Take an empty group out."""
    return _save(programme_id, "groups", drafting.remove_group, _("分组已删除"), group_id=group_id)


@bp.post("/tasks/<uuid:task_id>/raise")
def raise_task(programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Move a task up."""
    return _save(programme_id, "tasks", drafting.raise_task, _("已上移"), task_id=task_id)


@bp.post("/tasks/<uuid:task_id>/remove")
def remove_task(programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Take a task out."""
    return _save(programme_id, "tasks", drafting.remove_task, _("任务已删除"), task_id=task_id)


@bp.route("/tasks/new", methods=["GET", "POST"])
def add_task(programme_id: UUID) -> ResponseReturnValue:
    """Write a new task."""
    return _task(programme_id, None)


@bp.route("/tasks/<uuid:task_id>", methods=["GET", "POST"])
def change_task(programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Change a task."""
    return _task(programme_id, task_id)


def _task(programme_id: UUID, task_id: UUID | None) -> ResponseReturnValue:
    if request.method == "GET":
        return _task_page(programme_id, task_id)

    def act() -> None:
        form = task_form(request.form, unit_ids=_typed_units())
        with work() as scope:
            if task_id is None:
                drafting.add_task(scope, programme_id=programme_id, version=typed_version(), form=form)
            else:
                drafting.change_task(scope, programme_id=programme_id, task_id=task_id, version=typed_version(), form=form)

    _result, error = attempt(act)
    if error is not None:
        shown, status = explained(error)
        return _task_page(programme_id, task_id, typed=request.form, **shown), status
    flash(_("任务已保存"), "success")
    if request.form.get("then") == "another":
        return redirect(url_for("programmes.drafting.add_task", programme_id=programme_id, group_id=request.form.get("group_id")))
    return redirect(url_for("programmes.drafting.compose", programme_id=programme_id, _anchor="tasks"))


def _typed_units() -> list[str]:
    """Give the units the form names, the leading one first."""
    return [unit_id for unit_id in (request.form.get("lead_id", ""), *request.form.getlist("unit_ids")) if unit_id]


def _task_page(programme_id: UUID, task_id: UUID | None, typed: Mapping[str, Any] | None = None, **more: Any) -> str:
    scope = current_scope()
    programme = _draft(scope, programme_id)
    tasks = queries.tasks_of(scope, programme.id)
    task = queries.part_named(tasks, task_id) if task_id else None
    responsible = queries.task_units(scope, [task.id]).get(task.id, []) if task else []
    chosen = _typed_units() if typed is not None else [str(unit_id) for unit_id in responsible]
    unit = get_unit(scope, programme.unit_id)
    source = sources_of(scope, [task]).get(task.source_id) if task and task.source_id else None
    return render_template(
        "programmes/task_form.html",
        programme=programme,
        task=task,
        source=source,
        typed=typed if typed is not None else _typed(task, next_number([row.number for row in tasks])),
        lead=chosen[0] if chosen else "",
        chosen=set(chosen[1:]),
        choices=choices_of([unit, *children(scope, unit)]),
        groups=[(group.id, group.name) for group in queries.groups_of(scope, programme.id)],
        **({"errors": {}, "general": None} | more),
    )


def _typed(task: Task | None, number: str) -> dict[str, Any]:
    if task is None:
        return {"number": number, "group_id": request.args.get("group_id", "")}
    return {
        "number": task.number,
        "title": task.title,
        "text": task.text,
        "group_id": task.group_id or "",
        "post": task.post,
        "tags": "、".join(task.tags),
    }
