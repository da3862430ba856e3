"""The tree of another day, and what became of its units. Access is the caller's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.tree import paths
from duban.tree.models import FormerName, Placement, Succession, Unit


@dataclass(frozen=True)
class Stood:
    """A unit as it stood on a day: its name and its place of that day."""

    unit_id: UnitId
    name: str
    short_name: str
    level: str
    path: str
    parent_id: UnitId | None


def tree_at(scope: Scope, on: date, *, within: str | None = None, parent_id: UUID | None = None, line: str | None = None,
            limit: int | None = None) -> Sequence[Stood]:  # fmt: skip
    """
    List the units that stood in a line on a day, parents before children, named as they were then.

    Takes: `within` a path of that day to stay at or below; `parent_id` for the units directly below one only; the primary line
    where none is named. Costs: one query.
    """
    in_line = Placement.line == line if line else Placement.is_primary
    statement = (
        select(Placement, Unit, FormerName.name, FormerName.short_name)
        .join(Unit, and_(Unit.tenant_id == Placement.tenant_id, Unit.id == Placement.unit_id))
        .outerjoin(
            FormerName,
            and_(
                FormerName.tenant_id == Unit.tenant_id,
                FormerName.unit_id == Unit.id,
                FormerName.active_from <= on,
                FormerName.active_to > on,
            ),
        )
        .where(
            Placement.tenant_id == scope.tenant_id,
            in_line,
            Placement.active_from <= on,
            or_(Placement.active_to.is_(None), Placement.active_to > on),
        )
    )
    if within is not None:
        statement = statement.where(Placement.path >= within, Placement.path < paths.upper_bound(within))
    if parent_id is not None:
        statement = statement.where(Placement.parent_id == parent_id)
    depth = func.length(Placement.path) - func.length(func.replace(Placement.path, ".", ""))
    rows = scope.session.execute(statement.order_by(depth, Placement.path).limit(limit))
    return [
        Stood(
            unit_id=UnitId(unit.id),
            name=name or unit.name,
            short_name=short_name or unit.short_name,
            level=unit.level,
            path=place.path,
            parent_id=UnitId(place.parent_id) if place.parent_id else None,
        )
        for place, unit, name, short_name in rows
    ]


def children_at(scope: Scope, unit_id: UUID, on: date, *, line: str | None = None) -> Sequence[Stood]:
    """List the units that stood directly below one on a day."""
    return tree_at(scope, on, parent_id=unit_id, line=line)


def subtree_at(scope: Scope, unit_id: UUID, on: date, *, line: str | None = None) -> Sequence[Stood]:
    """List a unit and all below it as they stood on a day; nothing when it did not stand in that line then."""
    in_line = Placement.line == line if line else Placement.is_primary
    path = scope.session.scalar(
        select(Placement.path).where(
            Placement.tenant_id == scope.tenant_id,
            Placement.unit_id == unit_id,
            in_line,
            Placement.active_from <= on,
            or_(Placement.active_to.is_(None), Placement.active_to > on),
        )
    )
    return tree_at(scope, on, within=path, line=line) if path else []


def name_on(scope: Scope, unit: Unit, on: date) -> str:
    """Give a unit's name of a day: what a document of that day shows."""
    return (
        scope.session.scalar(
            select(FormerName.name)
            .where(
                FormerName.tenant_id == scope.tenant_id,
                FormerName.unit_id == unit.id,
                FormerName.active_from <= on,
                FormerName.active_to > on,
            )
            .limit(1)
        )
        or unit.name
    )


def former_names(scope: Scope, unit_id: UUID) -> Sequence[FormerName]:
    """List the names a unit had, latest first."""
    statement = select(FormerName).where(FormerName.tenant_id == scope.tenant_id, FormerName.unit_id == unit_id)
    return scope.session.scalars(statement.order_by(FormerName.active_to.desc(), FormerName.id.desc())).all()


def predecessors(scope: Scope, unit_id: UUID) -> Sequence[tuple[Succession, Unit]]:
    """List the units whose place this one took, in whole or in part."""
    return _others(scope, Succession.successor_id == unit_id, Succession.predecessor_id)


def successors(scope: Scope, unit_id: UUID) -> Sequence[tuple[Succession, Unit]]:
    """List the units that came after this one, the main one first."""
    return _others(scope, Succession.predecessor_id == unit_id, Succession.successor_id)


def _others(scope: Scope, where: ColumnElement[bool], other: InstrumentedAttribute[UUID]) -> Sequence[tuple[Succession, Unit]]:
    statement = (
        select(Succession, Unit)
        .join(Unit, and_(Unit.tenant_id == Succession.tenant_id, Unit.id == other))
        .where(Succession.tenant_id == scope.tenant_id, where)
        .order_by(Succession.is_main.desc(), Succession.active_from, Unit.path)
    )
    return [(row, unit) for row, unit in scope.session.execute(statement)]
