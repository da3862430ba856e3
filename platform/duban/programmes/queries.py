"""Reads of documents and programmes. Drafts are seen by their own unit alone."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from duban.access.checks import may, own_paths, readable, require
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.programmes.leave import may_read, require_reading, shown
from duban.programmes.models import Document, Programme, Stage, Task, TaskGroup, TaskUnit
from duban.programmes.rules import number_key
from duban.programmes.states import State

LONGEST_CHAIN = 20
"""国 → 省 → 市 → 县 → 乡 → 村 is six; a longer chain is cut, not walked for ever."""


def get_document(scope: Scope, document_id: UUID, *, lock: bool = False) -> Document:
    """Get a document the actor may read. Raises: NotFoundError."""
    document = get_owned(scope, Document, document_id, lock=lock)
    require_reading(scope, document)
    return document


def get_programme(scope: Scope, programme_id: UUID, *, lock: bool = False) -> Programme:
    """Get a programme the actor may read; a draft only in its own unit. Raises: NotFoundError."""
    programme = get_owned(scope, Programme, programme_id, lock=lock)
    require(scope, "programme", "read", programme)
    if programme.state is State.DRAFT and programme.path not in own_paths(scope):
        raise NotFoundError
    return programme


def _shown(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL which programmes the actor sees; the same rule as `get_programme`."""
    drafts = Programme.path.in_(own_paths(scope))
    return and_(readable(scope, Programme, "programme"), or_(Programme.state != State.DRAFT, drafts))


def _matching(statement: Select[Document], words: str) -> Select[Document]:
    if not words:
        return statement
    key = number_key(words)
    return statement.where(
        or_(
            Document.title.icontains(words, autoescape=True),
            Document.issuer.icontains(words, autoescape=True),
            Document.number_key.icontains(key, autoescape=True),
        )
    )


def list_documents(scope: Scope, *, words: str = "", after: str | None = None, limit: int = 50) -> Page[Document]:
    """
    List the documents the actor may read, newest first.

    Takes: `words` looked for in title, issuer and number. Costs: one query.
    """
    statement = _matching(owned(scope, Document).where(shown(scope)), words)
    return page_of(scope, statement, [Document.dated_on, Document.id], after=after, limit=limit, newest_first=True)


def list_programmes(
    scope: Scope,
    *,
    year: int | None = None,
    state: State | None = None,
    words: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Programme]:
    """List the programmes the actor sees, newest year first. Costs: one query."""
    statement = owned(scope, Programme).where(_shown(scope))
    if year is not None:
        statement = statement.where(Programme.year == year)
    if state is not None:
        statement = statement.where(Programme.state == state)
    if words:
        statement = statement.where(Programme.title.icontains(words, autoescape=True))
    return page_of(scope, statement, [Programme.year, Programme.id], after=after, limit=limit, newest_first=True)


def years_in_use(scope: Scope) -> Sequence[int]:
    """List the years the actor sees programmes of, newest first."""
    statement = select(Programme.year).where(Programme.tenant_id == scope.tenant_id, _shown(scope)).distinct()
    return scope.session.scalars(statement.order_by(Programme.year.desc())).all()


def find_by_numbers(scope: Scope, keys: Collection[str]) -> Mapping[str, Document]:
    """Find readable documents by numbers in standard form; of several the oldest. Costs: one query, none for no numbers."""
    if not keys:
        return {}
    statement = owned(scope, Document).where(Document.number_key.in_(set(keys)), shown(scope))
    rows = scope.session.scalars(statement.order_by(Document.id.desc())).all()
    return {row.number_key: row for row in rows}


def find_own_by_number(scope: Scope, unit_id: UUID, key: str) -> Document | None:
    """Find a document the unit itself registered, by its number in standard form."""
    statement = owned(scope, Document).where(Document.unit_id == unit_id, Document.number_key == key)
    return scope.session.scalars(statement.order_by(Document.id).limit(1)).first()


def chain_above(scope: Scope, document: Document) -> Sequence[Document]:
    """
    List the registered documents above one, topmost first, itself left out.

    A document above is shown to whoever reads one that names it as its superior. Costs: one query per level.
    """
    above: list[Document] = []
    current = document
    while current.parent_id is not None and len(above) < LONGEST_CHAIN:
        current = get_owned(scope, Document, current.parent_id)
        above.insert(0, current)
    return above


def documents_below(scope: Scope, document: Document) -> Sequence[Document]:
    """List the readable documents made under this one, oldest first."""
    statement = owned(scope, Document).where(Document.parent_id == document.id, shown(scope))
    return scope.session.scalars(statement.order_by(Document.dated_on, Document.id).limit(200)).all()


def programmes_under(scope: Scope, document: Document) -> Sequence[Programme]:
    """List the programmes the actor sees that were opened under a document."""
    statement = owned(scope, Programme).where(Programme.document_id == document.id, _shown(scope))
    return scope.session.scalars(statement.order_by(Programme.depth, Programme.id).limit(200)).all()


def may_change(scope: Scope, programme: Programme) -> bool:
    """Say whether the actor may change the programme now; for buttons."""
    return programme.state is State.DRAFT and may(scope, "programme", "manage", programme)


def stages_of(scope: Scope, programme_id: UUID) -> Sequence[Stage]:
    """List a programme's stages in order."""
    statement = owned(scope, Stage).where(Stage.programme_id == programme_id)
    return scope.session.scalars(statement.order_by(Stage.position, Stage.id)).all()


def groups_of(scope: Scope, programme_id: UUID) -> Sequence[TaskGroup]:
    """List a programme's groups in order."""
    statement = owned(scope, TaskGroup).where(TaskGroup.programme_id == programme_id)
    return scope.session.scalars(statement.order_by(TaskGroup.position, TaskGroup.id)).all()


def tasks_of(scope: Scope, programme_id: UUID) -> Sequence[Task]:
    """List a programme's tasks in order."""
    statement = owned(scope, Task).where(Task.programme_id == programme_id)
    return scope.session.scalars(statement.order_by(Task.position, Task.id)).all()


def task_units(scope: Scope, task_ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
    """Give the responsible units of many tasks, the leading one first. Costs: one query, none for no tasks."""
    found: dict[UUID, list[UUID]] = {}
    if task_ids:
        statement = owned(scope, TaskUnit).where(TaskUnit.task_id.in_(set(task_ids)))
        for row in scope.session.scalars(statement.order_by(TaskUnit.leads.desc(), TaskUnit.id)):
            found.setdefault(row.task_id, []).append(row.unit_id)
    return found


def count_derived(scope: Scope, programme_id: UUID) -> int:
    """Count the programmes derived from one, drafts included, whoever may see them: for rules, not for showing."""
    statement = select(func.count()).where(Programme.tenant_id == scope.tenant_id, Programme.parent_id == programme_id)
    return scope.session.scalar(statement) or 0


def find_derived(scope: Scope, programme_id: UUID, unit_id: UUID) -> Programme | None:
    """Find the programme a unit derived from this one."""
    statement = owned(scope, Programme).where(Programme.parent_id == programme_id, Programme.unit_id == unit_id)
    return scope.session.scalars(statement).one_or_none()


def get_document_named(scope: Scope, document_id: UUID) -> tuple[Document, bool]:
    """
    Get the document a programme rests on, and whether the actor may open it.

    Its number and title stand on the programme itself, so whoever reads the programme is told them.
    """
    document = get_owned(scope, Document, document_id)
    return document, may_read(scope, document)


def part_named(tasks: Sequence[Task], task_id: UUID) -> Task:
    """Pick a task of a list already read. Raises: NotFoundError."""
    found = next((task for task in tasks if task.id == task_id), None)
    if found is None:
        raise NotFoundError
    return found
