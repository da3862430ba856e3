"""Reads of the unit tree in its primary line. Access is the caller's business."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Uuid, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from duban.kernel.errors import NotFoundError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Blanks, Scope, get_owned, owned
from duban.tree import paths
from duban.tree.lines import below_in_line
from duban.tree.models import Placement, Succession, Unit


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


def is_active(scope: Scope | Blanks) -> ColumnElement[bool]:
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


def children_in_line(scope: Scope, parent: Unit, line: str) -> Sequence[Unit]:
    """List the active units directly below in a second line, by name."""
    statement = owned(scope, Unit).where(below_in_line(line, parent.id, directly=True), is_active(scope))
    return scope.session.scalars(statement.order_by(Unit.name, Unit.id)).all()


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


_STANDINGS = text(
    "WITH RECURSIVE line_of_descent AS ("
    " SELECT id AS unit_id, id AS ancestor_id FROM unit WHERE tenant_id = :tenant AND id = ANY(:units)"
    " UNION SELECT d.unit_id, s.predecessor_id FROM line_of_descent AS d JOIN succession AS s"
    " ON s.tenant_id = :tenant AND s.successor_id = d.ancestor_id AND s.is_main AND s.active_from <= :today)"
    " SELECT d.unit_id, d.ancestor_id, place.line, place.path, place.is_primary,"
    " d.ancestor_id = d.unit_id AND place.active_from <= :today"
    " AND (place.active_to IS NULL OR place.active_to > :today) AS current"
    " FROM line_of_descent AS d JOIN placement AS place ON place.tenant_id = :tenant AND place.unit_id = d.ancestor_id"
    " WHERE place.active_from <= :today ORDER BY current DESC, place.line, place.path"
).bindparams(bindparam("units", type_=ARRAY(Uuid)))


def standings(scope: Scope, unit_ids: Collection[UUID]) -> Mapping[UnitId, Sequence[Standing]]:
    """
    Give every place these units answer for, the present ones first: where they stand or ever stood in every line, and where
    those stood that they are the main successor of. Costs: one query.

    A label is never given twice, so a path belongs to one unit for ever and history can be told apart by it.
    """
    found: dict[UnitId, list[Standing]] = {UnitId(unit_id): [] for unit_id in unit_ids}
    if unit_ids:
        values = {"tenant": scope.tenant_id, "units": sorted(set(unit_ids)), "today": scope.today}
        for unit_id, stood_id, line, path, primary, current in scope.session.execute(_STANDINGS, values):
            found[UnitId(unit_id)].append(Standing(UnitId(stood_id), line, path, primary, current))
    return found


def standing_beside(
    scope: Scope | Blanks, line: ColumnElement[str]
) -> tuple[FromClause, ColumnElement[bool], ColumnElement[bool]]:
    """
    Look once for each unit of a statement at where it stands and stood.

    Gives: what to join; in SQL, that `line` is the unit's primary one (`is_home_line`); that the unit has stood, or took over
    from one that stood, elsewhere: then `standings` is worth asking.
    """
    elsewhere = and_(Placement.is_primary, Placement.line != line)
    stood = (
        select(func.bool_or(elsewhere).label("elsewhere"), func.bool_or(Placement.active_to <= scope.today).label("has_left"))
        .where(Placement.tenant_id == scope.tenant_id, Placement.unit_id == Unit.id)
        .correlate_except(Placement)
        .lateral("stood")
    )
    inherited = select(Succession.id).where(
        Succession.tenant_id == scope.tenant_id, Succession.successor_id == Unit.id, Succession.is_main
    )
    at_home = ~func.coalesce(stood.c.elsewhere, False)
    return stood, at_home, or_(func.coalesce(stood.c.has_left, False), exists(inherited))


def is_home_line(
    scope: Scope, line: InstrumentedAttribute[str], unit_id: InstrumentedAttribute[UUID] = Unit.id
) -> ColumnElement[bool]:
    """Say in SQL that a line is the primary one of a unit."""
    other = select(Placement.id).where(
        Placement.tenant_id == scope.tenant_id, Placement.unit_id == unit_id, Placement.is_primary, Placement.line != line
    )
    return ~exists(other)


_ANSWERING = text(
    "WITH RECURSIVE heir AS ("
    " SELECT place.path AS path, place.unit_id AS unit_id FROM placement AS place"
    " WHERE place.tenant_id = :tenant AND place.path = ANY(:paths)"
    " UNION SELECT heir.path, s.successor_id FROM heir JOIN succession AS s"
    " ON s.tenant_id = :tenant AND s.predecessor_id = heir.unit_id AND s.is_main AND s.active_from <= :today)"
    " SELECT DISTINCT heir.path, unit.id FROM heir JOIN unit ON unit.tenant_id = :tenant AND unit.id = heir.unit_id"
    " WHERE unit.active_from <= :today AND (unit.active_to IS NULL OR unit.active_to > :today)"
)


def answering(scope: Scope, wanted: Collection[str]) -> Mapping[str, Sequence[UnitId]]:
    """
    Say which unit answers today for what was made at each path: the unit that stands or stood there, or its main successor.

    Gives: paths for which nobody answers any more (closed without a successor) are left out. Costs: one query.
    """
    found: dict[str, list[UnitId]] = {}
    if wanted:
        values = {"tenant": scope.tenant_id, "paths": sorted(set(wanted)), "today": scope.today}
        rows = scope.session.execute(_ANSWERING, values)
        for path, unit_id in rows:
            found.setdefault(path, []).append(UnitId(unit_id))
    return found


_HEIRS = text(
    "WITH RECURSIVE heir AS ("
    " SELECT id AS named, id AS unit_id FROM unit WHERE tenant_id = :tenant AND id = ANY(:units)"
    " UNION SELECT heir.named, s.successor_id FROM heir JOIN succession AS s"
    " ON s.tenant_id = :tenant AND s.predecessor_id = heir.unit_id AND s.is_main AND s.active_from <= :today)"
    " SELECT heir.named, unit.id FROM heir JOIN unit ON unit.tenant_id = :tenant AND unit.id = heir.unit_id"
    " WHERE unit.active_from <= :today AND (unit.active_to IS NULL OR unit.active_to > :today)"
).bindparams(bindparam("units", type_=ARRAY(Uuid)))


def heirs_of(scope: Scope, unit_ids: Collection[UUID]) -> Mapping[UUID, UnitId]:
    """
    Say which unit answers today for what names each of these: itself, or its main successor; a unit closed without one is left
    out. Costs: one query, none for no units.
    """
    if not unit_ids:
        return {}
    values = {"tenant": scope.tenant_id, "units": sorted(set(unit_ids)), "today": scope.today}
    return {named: UnitId(unit_id) for named, unit_id in scope.session.execute(_HEIRS, values)}


def units_of_paths(scope: Scope, wanted: Collection[str]) -> Mapping[str, UnitId]:
    """
    Say whose each path is today: of the unit that stands or stood there, or of its main successor; paths nobody answers for
    are left out. Costs: one query.

    For finding the people behind something made earlier.
    """
    return {path: units[0] for path, units in answering(scope, wanted).items()}
