"""Reads of the unit tree in its primary line. Access is the caller's business."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from duban.kernel.errors import NotFoundError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned, owned
from duban.tree import paths
from duban.tree.models import Placement, Unit


def get_unit(scope: Scope, unit_id: UUID, *, lock: bool = False) -> Unit:
    """Get a unit. Raises: NotFoundError."""
    return get_owned(scope, Unit, unit_id, lock=lock)


def get_unit_by_path(scope: Scope, path: str) -> Unit:
    """Get the unit that stands at a path now. Raises: NotFoundError."""
    unit = scope.session.scalars(owned(scope, Unit).where(Unit.path == path)).one_or_none()
    if unit is None:
        raise NotFoundError
    return unit


def find_by_code(scope: Scope, code: str) -> Unit | None:
    """Find a unit by its administrative or own code."""
    return scope.session.scalars(owned(scope, Unit).where(Unit.code == code)).one_or_none()


def is_active(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a unit exists today."""
    return and_(Unit.active_from <= scope.today, or_(Unit.active_to.is_(None), Unit.active_to > scope.today))


def within(path: str) -> ColumnElement[bool]:
    """Say in SQL that a unit is at or below a path."""
    return and_(Unit.path >= path, Unit.path < paths.upper_bound(path))


def children(scope: Scope, parent: Unit, *, levels: Collection[str] = ()) -> Sequence[Unit]:
    """List the active units directly below, in their order."""
    statement = owned(scope, Unit).where(Unit.parent_id == parent.id, is_active(scope))
    if levels:
        statement = statement.where(Unit.level.in_(levels))
    return scope.session.scalars(statement.order_by(Unit.position, Unit.path)).all()


def subtree(scope: Scope, path: str, *, levels: Collection[str] = ()) -> Sequence[Unit]:
    """List the active units at or below a path, parents before children."""
    statement = owned(scope, Unit).where(within(path), is_active(scope))
    if levels:
        statement = statement.where(Unit.level.in_(levels))
    return scope.session.scalars(statement.order_by(Unit.depth, Unit.position, Unit.path)).all()


def chain(scope: Scope, unit: Unit) -> Sequence[Unit]:
    """List the units above, root first, then the unit itself: a breadcrumb."""
    above = [*paths.ancestors(unit.path), unit.path]
    return scope.session.scalars(owned(scope, Unit).where(Unit.path.in_(above)).order_by(Unit.depth)).all()


def units_by_id(scope: Scope, ids: Collection[UUID]) -> Mapping[UnitId, Unit]:
    """Give the units of these ids, missing ones left out. Costs: one query."""
    rows = scope.session.scalars(owned(scope, Unit).where(Unit.id.in_(set(ids)))) if ids else ()
    return {UnitId(row.id): row for row in rows}


def units_by_path(scope: Scope, wanted: Collection[str]) -> Mapping[str, Unit]:
    """Give the units that stand at these paths now. Costs: one query."""
    rows = scope.session.scalars(owned(scope, Unit).where(Unit.path.in_(set(wanted)))) if wanted else ()
    return {row.path: row for row in rows}


def root(scope: Scope) -> Unit:
    """Get the tenant's topmost unit. Raises: NotFoundError in a tenant without units."""
    unit = scope.session.scalars(owned(scope, Unit).where(Unit.parent_id.is_(None)).order_by(Unit.path).limit(1)).one_or_none()
    if unit is None:
        raise NotFoundError
    return unit


@dataclass(frozen=True)
class Standing:
    """
    A place in a line. `unit_id` is the unit that stood there: the one asked about, or one it took over from.

    `current` is false for a place it has left: what was made there keeps that path.
    """

    unit_id: UnitId
    line: str
    path: str
    primary: bool
    current: bool


def standings(scope: Scope, unit_ids: Collection[UUID]) -> Mapping[UnitId, Sequence[Standing]]:
    """
    Give every place these units stand or ever stood in, in every line, the present ones first. Costs: one query.

    A label is never given twice, so a path belongs to one unit for ever and history can be told apart by it.
    """
    if not unit_ids:
        return {}
    in_force = or_(Placement.active_to.is_(None), Placement.active_to > scope.today)
    rows = scope.session.execute(
        select(Placement.unit_id, Placement.line, Placement.path, Placement.is_primary, in_force)
        .where(
            Placement.tenant_id == scope.tenant_id,
            Placement.unit_id.in_(set(unit_ids)),
            Placement.active_from <= scope.today,
        )
        .order_by(Placement.unit_id, in_force.desc(), Placement.line, Placement.active_from.desc())
    )
    found: dict[UnitId, list[Standing]] = {UnitId(unit_id): [] for unit_id in unit_ids}
    for unit_id, line, path, primary, current in rows:
        found[UnitId(unit_id)].append(Standing(UnitId(unit_id), line, path, primary, current))
    return found


def has_history(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a unit has stood, or took over from one that stood, elsewhere: then `standings` is worth asking."""
    left = select(Placement.id).where(
        Placement.tenant_id == scope.tenant_id, Placement.unit_id == Unit.id, Placement.active_to <= scope.today
    )
    return exists(left)


def is_home_line(scope: Scope, line: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Say in SQL that a line is the primary one of a unit."""
    other = select(Placement.id).where(
        Placement.tenant_id == scope.tenant_id, Placement.unit_id == Unit.id, Placement.is_primary, Placement.line != line
    )
    return ~exists(other)


def units_of_paths(scope: Scope, wanted: Collection[str]) -> Mapping[str, UnitId]:
    """
    Say whose each path is, also where the unit has moved on since; unknown paths are left out. Costs: one query.

    For finding the people behind something made earlier.
    """
    if not wanted:
        return {}
    now = select(Unit.path, Unit.id).where(Unit.tenant_id == scope.tenant_id, Unit.path.in_(set(wanted)))
    earlier = select(Placement.path, Placement.unit_id).where(
        Placement.tenant_id == scope.tenant_id, Placement.is_primary, Placement.path.in_(set(wanted))
    )
    return {path: UnitId(unit_id) for path, unit_id in scope.session.execute(now.union(earlier))}
