"""Who below has made its own programme from one, and which tasks were taken up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from duban.access.checks import Place, may, own_paths
from duban.kernel.scope import Scope, owned
from duban.programmes.models import Programme, Task
from duban.programmes.states import State
from duban.tree.models import Unit
from duban.tree.queries import children, get_unit


@dataclass(frozen=True)
class Derivation:
    """One unit directly below and the programme it derived; None where it has not, or has only a draft others may not see."""

    unit: Unit
    programme: Programme | None

    @property
    def is_done(self) -> bool:
        """Tell whether the unit has issued or finished its own."""
        return self.programme is not None and self.programme.state is not State.DRAFT


@dataclass(frozen=True)
class Coverage:
    """The units directly below that the actor may look into, and how far they are."""

    rows: Sequence[Derivation]

    @property
    def expected(self) -> int:
        """How many units are directly below."""
        return len(self.rows)

    @property
    def derived(self) -> int:
        """How many of them have issued their own."""
        return sum(row.is_done for row in self.rows)


def coverage_of(scope: Scope, programme: Programme) -> Coverage:
    """
    Say how far the units directly below are; whoever may not look into them gets no rows.

    Costs: three queries.
    """
    below = [
        unit for unit in children(scope, get_unit(scope, programme.unit_id)) if may(scope, "programme", "read", Place(unit.path))
    ]
    if not below or programme.state is State.DRAFT:
        return Coverage(rows=[])
    statement = owned(scope, Programme).where(
        Programme.parent_id == programme.id, Programme.unit_id.in_([unit.id for unit in below])
    )
    homes = set(own_paths(scope))
    made = {row.unit_id: row for row in scope.session.scalars(statement) if row.state is not State.DRAFT or row.path in homes}
    return Coverage(rows=[Derivation(unit=unit, programme=made.get(unit.id)) for unit in below])


def taken_up(scope: Scope, programme: Programme) -> Mapping[UUID, int]:
    """Count per task how many issued programmes below carry it on. Costs: one query."""
    carried, source = aliased(Task), aliased(Task)
    statement = (
        select(source.id, func.count(func.distinct(Programme.id)))
        .join(carried, and_(carried.tenant_id == source.tenant_id, carried.source_id == source.id))
        .join(Programme, and_(Programme.tenant_id == carried.tenant_id, Programme.id == carried.programme_id))
        .where(source.tenant_id == scope.tenant_id, source.programme_id == programme.id, Programme.state != State.DRAFT)
        .group_by(source.id)
    )
    return {row[0]: row[1] for row in scope.session.execute(statement)}


def sources_of(scope: Scope, tasks: Sequence[Task]) -> Mapping[UUID, Task]:
    """Give the superior's tasks these carry out, by their id. Costs: one query, none where there are none."""
    wanted = {task.source_id for task in tasks if task.source_id}
    rows = scope.session.scalars(owned(scope, Task).where(Task.id.in_(wanted))) if wanted else ()
    return {row.id: row for row in rows}
