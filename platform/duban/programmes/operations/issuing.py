"""Issuing a programme to the units below, recalling, deriving one's own from it, closing it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from duban.access.checks import Place, holders, require
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.notifications.operations import tell
from duban.programmes.errors import AlreadyDerivedError, NotBelowError
from duban.programmes.forms import ProgrammeForm
from duban.programmes.models import Programme, Stage, Task, TaskGroup
from duban.programmes.operations.drafting import _add_draft
from duban.programmes.queries import count_derived, find_derived, get_document, get_programme, groups_of, stages_of, tasks_of
from duban.programmes.rules import check_issue, check_recall, check_transition
from duban.programmes.states import State
from duban.tree.queries import children, get_unit


def _locked(scope: Scope, programme_id: UUID, version: int) -> Programme:
    """Get a programme for changing its state. Raises: NotFoundError, NotAllowedError, StaleError."""
    programme = get_programme(scope, programme_id, lock=True)
    require(scope, "programme", "manage", programme)
    if programme.version != version:
        raise StaleError
    return programme


def issue_programme(scope: Scope, *, programme_id: UUID, version: int) -> Programme:
    """
    Make a draft binding and visible below, and tell those who make programmes in the units directly below.

    Raises: NotFoundError, NotAllowedError, StaleError, TransitionRefusedError, NothingToIssueError.
    """
    programme = _locked(scope, programme_id, version)
    check_issue(current=programme.state, tasks=len(tasks_of(scope, programme.id)))
    programme.state, programme.issued_at = State.ISSUED, scope.now
    programme.version += 1
    unit = get_unit(scope, programme.unit_id)
    told = 0
    for below in children(scope, unit):
        told += tell(
            scope,
            recipients=holders(scope, "programme", "manage", below.path),
            template=N_("%(unit)s下发了《%(title)s》，请制定本级方案"),
            params={"unit": unit.short_name, "title": programme.title},
            subject_kind="programme",
            subject_id=programme.id,
            link=f"/programmes/{programme.id}",
        )
    record(scope, "programme.issued", "programme", programme.id, programme.path, title=programme.title, told=told)
    return programme


def recall_programme(scope: Scope, *, programme_id: UUID, version: int, reason: str) -> Programme:
    """
    Take an issued programme back to draft while nobody has built on it.

    Raises: NotFoundError, NotAllowedError, StaleError, InvalidInputError without a reason, TransitionRefusedError,
            AlreadyDerivedError.
    """
    programme = _locked(scope, programme_id, version)
    _check_reason(reason)
    check_recall(current=programme.state, derived=count_derived(scope, programme.id))
    programme.state, programme.issued_at = State.DRAFT, None
    programme.version += 1
    record(scope, "programme.recalled", "programme", programme.id, programme.path, reason=reason)
    return programme


def close_programme(scope: Scope, *, programme_id: UUID, version: int, reason: str) -> Programme:
    """
    End a programme; `reason` is the closing remark.

    Raises: NotFoundError, NotAllowedError, StaleError, InvalidInputError without a remark, TransitionRefusedError.
    """
    programme = _locked(scope, programme_id, version)
    _check_reason(reason)
    check_transition(current=programme.state, wanted=State.CLOSED)
    programme.state, programme.closed_at, programme.closing_note = State.CLOSED, scope.now, reason
    programme.version += 1
    record(scope, "programme.closed", "programme", programme.id, programme.path, reason=reason)
    return programme


def derive_programme(
    scope: Scope,
    *,
    source_id: UUID,
    unit_id: UUID,
    task_ids: Collection[UUID],
    form: ProgrammeForm,
    document_id: UUID | None = None,
) -> Programme:
    """
    Begin a unit's own programme from a superior's: the chosen tasks with their groups, all stages, each task linked.

    Takes:  `document_id`, the unit's own document where it issued one; else the superior's stands as the basis.
    Raises: NotFoundError, NotAllowedError, NotBelowError, AlreadyDerivedError, TransitionRefusedError for a source that
            is no longer open, InvalidInputError where no task or a foreign one is chosen.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "programme", "manage", Place(unit.path))
    source = get_programme(scope, source_id, lock=True)
    if not unit.path.startswith(source.path) or unit.path == source.path:
        raise NotBelowError
    if source.state is not State.ISSUED:
        raise NotFoundError
    if find_derived(scope, source_id, unit_id) is not None:
        raise AlreadyDerivedError(N_("本单位已据此制定了方案，请打开那份方案继续"))
    chosen = [task for task in tasks_of(scope, source.id) if task.id in set(task_ids)]
    if not chosen or len(chosen) != len(set(task_ids)):
        raise InvalidInputError(fields={"task_ids": [Text(N_("请至少选择一项上级任务"))]})
    basis_id = get_document(scope, document_id).id if document_id else source.document_id
    programme = _add_draft(scope, unit=unit, document_id=basis_id, parent_id=source.id, form=form)
    _copy_stages(scope, source, programme)
    groups = _copy_groups(scope, source, programme, {task.group_id for task in chosen if task.group_id})
    _copy_tasks(scope, chosen, programme, groups)
    record(scope, "programme.derived", "programme", programme.id, unit.path, source_id=source.id, tasks=len(chosen))
    return programme


def _copy_stages(scope: Scope, source: Programme, programme: Programme) -> None:
    for stage in stages_of(scope, source.id):
        scope.add(
            Stage(
                id=new_id(),
                programme_id=programme.id,
                position=stage.position,
                name=stage.name,
                wording=stage.wording,
                start_on=stage.start_on,
                end_on=stage.end_on,
            )
        )


def _copy_groups(scope: Scope, source: Programme, programme: Programme, wanted: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Copy the groups wanted. Gives: the copy's id by the original's."""
    copies: dict[UUID, UUID] = {}
    for group in groups_of(scope, source.id):
        if group.id in wanted:
            copy = scope.add(TaskGroup(id=new_id(), programme_id=programme.id, position=group.position, name=group.name))
            copies[group.id] = copy.id
    scope.session.flush()  # the tasks refer to them
    return copies


def _copy_tasks(scope: Scope, chosen: list[Task], programme: Programme, groups: Mapping[UUID, UUID]) -> None:
    """Copy tasks, numbered from 1; who is responsible is the deriving unit's own business."""
    for place, task in enumerate(chosen, start=1):
        scope.add(
            Task(
                id=new_id(),
                programme_id=programme.id,
                group_id=groups.get(task.group_id) if task.group_id else None,
                position=place,
                number=str(place),
                title=task.title,
                text=task.text,
                post="",
                tags=list(task.tags),
                source_id=task.id,
            )
        )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInputError(fields={"reason": [Text(N_("请填写原因"))]})
