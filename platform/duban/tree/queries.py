"""Reads of the unit tree in its primary line. Access is the caller's business."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from duban.kernel.errors import NotFoundError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned, owned
from duban.tree import paths
from duban.tree.models import Unit


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
