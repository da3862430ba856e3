"""Drafting a programme: its head, stages, groups and tasks. Every change names the version it was made on."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import delete

from duban.access.checks import Place, require
from duban.audit.operations import record
from duban.calendar.errors import InvalidWindowError
from duban.calendar.windows import window_from_text
from duban.kernel.errors import NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.programmes.errors import GroupInUseError, TaskNumberTakenError
from duban.programmes.forms import ProgrammeForm, StageForm, TaskForm
from duban.programmes.models import Programme, Stage, Task, TaskGroup, TaskUnit
from duban.programmes.queries import get_document, get_programme, groups_of, stages_of, tasks_of
from duban.programmes.rules import check_editable, next_number
from duban.programmes.states import State
from duban.tree.models import Unit
from duban.tree.queries import get_unit, units_by_id

Part = TypeVar("Part", Stage, TaskGroup, Task)


def open_programme(scope: Scope, *, unit_id: UUID, document_id: UUID, form: ProgrammeForm) -> Programme:
    """Begin a unit's programme under a document. Raises: NotFoundError, NotAllowedError."""
    unit = get_unit(scope, unit_id)
    require(scope, "programme", "manage", Place(unit.path))
    document = get_document(scope, document_id)
    programme = _add_draft(scope, unit=unit, document_id=document.id, parent_id=None, form=form)
    record(scope, "programme.opened", "programme", programme.id, unit.path, title=form.title, document_id=document.id)
    return programme


def change_programme(scope: Scope, *, programme_id: UUID, version: int, form: ProgrammeForm) -> Programme:
    """Change a draft's head. Raises: NotFoundError, NotAllowedError, LockedError, StaleError."""
    programme = _locked_draft(scope, programme_id, version)
    programme.title, programme.year, programme.goal = form.title, form.year, form.goal
    programme.version += 1
    record(scope, "programme.changed", "programme", programme.id, programme.path, title=form.title, year=form.year)
    return programme


def add_stage(scope: Scope, *, programme_id: UUID, version: int, form: StageForm) -> Stage:
    """Add a stage at the end. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    stage = Stage(id=new_id(), programme_id=programme.id, position=_after(stages_of(scope, programme.id)))
    _fill_stage(stage, form, programme.year)
    scope.add(stage)
    _record(scope, "stage.added", programme, stage)
    return stage


def change_stage(scope: Scope, *, programme_id: UUID, stage_id: UUID, version: int, form: StageForm) -> Stage:
    """Change a stage. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    stage = _part(scope, Stage, stage_id, programme)
    _fill_stage(stage, form, programme.year)
    _record(scope, "stage.changed", programme, stage)
    return stage


def remove_stage(scope: Scope, *, programme_id: UUID, stage_id: UUID, version: int) -> None:
    """Take a stage out of a draft. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    stage = _part(scope, Stage, stage_id, programme)
    _record(scope, "stage.removed", programme, stage)
    scope.session.delete(stage)


def add_group(scope: Scope, *, programme_id: UUID, version: int, name: str) -> TaskGroup:
    """Add a group at the end. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    group = scope.add(
        TaskGroup(id=new_id(), programme_id=programme.id, position=_after(groups_of(scope, programme.id)), name=name)
    )
    _record(scope, "group.added", programme, group)
    return group


def change_group(scope: Scope, *, programme_id: UUID, group_id: UUID, version: int, name: str) -> TaskGroup:
    """Rename a group. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    group = _part(scope, TaskGroup, group_id, programme)
    group.name = name
    _record(scope, "group.changed", programme, group)
    return group


def remove_group(scope: Scope, *, programme_id: UUID, group_id: UUID, version: int) -> None:
    """Take an empty group out of a draft. Raises: as change_programme, and GroupInUseError."""
    programme = _locked_draft(scope, programme_id, version)
    group = _part(scope, TaskGroup, group_id, programme)
    if any(task.group_id == group.id for task in tasks_of(scope, programme.id)):
        raise GroupInUseError
    _record(scope, "group.removed", programme, group)
    scope.session.delete(group)


def add_task(scope: Scope, *, programme_id: UUID, version: int, form: TaskForm) -> Task:
    """Add a task at the end, numbered on where no number is given. Raises: as change_programme, and TaskNumberTakenError."""
    programme = _locked_draft(scope, programme_id, version)
    others = tasks_of(scope, programme.id)
    task = Task(id=new_id(), programme_id=programme.id, position=_after(others), source_id=None)
    _fill_task(scope, task, form, programme, others)
    scope.add(task)
    scope.session.flush()  # the responsible units refer to it
    _set_units(scope, task, form.unit_ids)
    _record(scope, "task.added", programme, task)
    return task


def change_task(scope: Scope, *, programme_id: UUID, task_id: UUID, version: int, form: TaskForm) -> Task:
    """Change a task; its link to the superior's task stays. Raises: as add_task."""
    programme = _locked_draft(scope, programme_id, version)
    task = _part(scope, Task, task_id, programme)
    others = [other for other in tasks_of(scope, programme.id) if other.id != task.id]
    _fill_task(scope, task, form, programme, others)
    _set_units(scope, task, form.unit_ids)
    _record(scope, "task.changed", programme, task)
    return task


def raise_task(scope: Scope, *, programme_id: UUID, task_id: UUID, version: int) -> Task:
    """Put a task before the one above it; the first stays. Numbers do not move. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    task = _part(scope, Task, task_id, programme)
    above = [
        other for other in tasks_of(scope, programme.id) if other.group_id == task.group_id and other.position < task.position
    ]
    if above:
        above[-1].position, task.position = task.position, above[-1].position
    _record(scope, "task.moved", programme, task)
    return task


def remove_task(scope: Scope, *, programme_id: UUID, task_id: UUID, version: int) -> None:
    """Take a task out of a draft. Raises: as change_programme."""
    programme = _locked_draft(scope, programme_id, version)
    task = _part(scope, Task, task_id, programme)
    _set_units(scope, task, ())
    _record(scope, "task.removed", programme, task)
    scope.session.delete(task)


def _add_draft(scope: Scope, *, unit: Unit, document_id: UUID, parent_id: UUID | None, form: ProgrammeForm) -> Programme:
    """Add the row of a new draft. The caller has asked leave and records the act."""
    programme = scope.add(
        Programme(
            id=new_id(),
            unit_id=unit.id,
            path=unit.path,
            lines=unit.lines,
            document_id=document_id,
            parent_id=parent_id,
            year=form.year,
            title=form.title,
            goal=form.goal,
            state=State.DRAFT,
            made_by=scope.actor.person_id,
            closing_note="",
            version=1,
        )
    )
    scope.session.flush()  # its parts refer to it
    return programme


def _locked_draft(scope: Scope, programme_id: UUID, version: int) -> Programme:
    """
    Get a draft for changing; `_record` counts its version on.

    Raises: NotFoundError, NotAllowedError, LockedError, StaleError.
    """
    programme = get_programme(scope, programme_id, lock=True)
    require(scope, "programme", "manage", programme)
    check_editable(programme.state)
    if programme.version != version:
        raise StaleError
    return programme


def _part(scope: Scope, model: type[Part], part_id: UUID, programme: Programme) -> Part:
    """Get a part of this very programme. Raises: NotFoundError."""
    part = get_owned(scope, model, part_id)
    if part.programme_id != programme.id:
        raise NotFoundError
    return part


def _after(parts: Sequence[Stage] | Sequence[TaskGroup] | Sequence[Task]) -> int:
    return max((part.position for part in parts), default=0) + 1


def _fill_stage(stage: Stage, form: StageForm, year: int) -> None:
    """Set a stage; days nobody typed are read from the wording, and stay empty where it cannot be read."""
    stage.name, stage.wording = form.name, form.wording
    stage.start_on, stage.end_on = form.start_on, form.end_on
    if form.wording and form.start_on is None and form.end_on is None:
        try:
            window = window_from_text(form.wording, year=year)
        except InvalidWindowError:
            return
        stage.start_on, stage.end_on = window.start, window.end


def _fill_task(scope: Scope, task: Task, form: TaskForm, programme: Programme, others: Sequence[Task]) -> None:
    numbers = [other.number for other in others]
    if form.number in numbers:
        raise TaskNumberTakenError(form.number)
    if form.group_id is not None:
        _part(scope, TaskGroup, form.group_id, programme)
    task.number = form.number or task.number or next_number(numbers)
    task.title, task.text, task.post = form.title, form.text, form.post
    task.group_id, task.tags = form.group_id, list(form.tags)


def _set_units(scope: Scope, task: Task, unit_ids: Sequence[UUID]) -> None:
    """Replace a task's responsible units; the first leads. Raises: NotFoundError for a unit the tenant does not have."""
    if len(units_by_id(scope, unit_ids)) != len(set(unit_ids)):
        raise NotFoundError
    scope.session.execute(delete(TaskUnit).where(TaskUnit.tenant_id == scope.tenant_id, TaskUnit.task_id == task.id))
    for place, unit_id in enumerate(unit_ids):
        scope.add(TaskUnit(id=new_id(), task_id=task.id, unit_id=unit_id, leads=place == 0))


def _record(scope: Scope, act: str, programme: Programme, part: Stage | TaskGroup | Task) -> None:
    programme.version += 1
    name = part.title if isinstance(part, Task) else part.name
    record(scope, act, "programme", programme.id, programme.path, part_id=part.id, name=name)
