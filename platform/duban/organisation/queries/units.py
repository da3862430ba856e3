"""Reads for the unit pages: search, places in lines, contacts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from duban.access.checks import Place, home_paths, may, readable, require
from duban.kernel.scope import Scope, owned
from duban.organisation.models import UnitContact
from duban.organisation.rules.naming import as_query, like
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import ContactKind, Level
from duban.tree.history import Stood, subtree_at
from duban.tree.models import Placement, Unit
from duban.tree.queries import answering, get_unit, is_active, units_by_id, within

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class ContactLine:
    """One kind of contact of a unit: named or not; `needed` where the unit's level must name it."""

    kind: ContactKind
    contact: UnitContact | None
    needed: bool

    @property
    def is_missing(self) -> bool:
        """Whether it must be named and is not."""
        return self.needed and self.contact is None


def contacts(scope: Scope, unit_id: UUID) -> Mapping[str, UnitContact]:
    """
    Give who answers for a unit today, by kind: `leader_in_charge`, `designated_person`, `principal`, `liaison_officer`.

    Access is the caller's business. Costs: one query.
    """
    rows = scope.session.scalars(owned(scope, UnitContact).where(UnitContact.unit_id == unit_id, _named_today(scope)))
    return {row.kind: row for row in rows}


def contact_kinds_of(scope: Scope, unit_ids: Collection[UUID]) -> Mapping[UUID, Collection[str]]:
    """Say of many units which kinds of contact they have named, as `contacts` does for one. Costs: one query."""
    found: dict[UUID, set[str]] = {}
    rows = scope.session.execute(
        select(UnitContact.unit_id, UnitContact.kind).where(
            UnitContact.tenant_id == scope.tenant_id, UnitContact.unit_id.in_(unit_ids), _named_today(scope)
        )
    )
    for unit_id, kind in rows:
        found.setdefault(unit_id, set()).add(kind)
    return found


def _named_today(scope: Scope) -> ColumnElement[bool]:
    return and_(UnitContact.active_from <= scope.today, or_(UnitContact.active_to.is_(None), UnitContact.active_to > scope.today))


def contact_lines(scope: Scope, unit: Unit) -> list[ContactLine]:
    """List every kind of contact with what a unit has named: the checklist of its page."""
    named, known = contacts(scope, unit.id), structure(scope)
    needed = known.level(unit.level).contacts
    return [ContactLine(kind, named.get(kind.code), kind.code in needed) for kind in known.contact_kinds]


def missing_contacts(scope: Scope, unit: Unit) -> list[ContactKind]:
    """
    List the contacts a unit must name and has not: while there are any, its plan is refused (S002-47).

    For a unit that has ended its heir must have named them: it is the heir that hands in.
    """
    if unit.active_to is not None and unit.active_to <= scope.today:
        heirs = answering(scope, [unit.path]).get(unit.path, ())
        return missing_contacts(scope, get_unit(scope, heirs[0])) if heirs else []
    return [line.kind for line in contact_lines(scope, unit) if line.is_missing]


def placement_in_line(scope: Scope, unit_id: UUID, line: str) -> Placement | None:
    """Find where a unit stands in a line today."""
    return scope.session.scalars(
        owned(scope, Placement).where(
            Placement.unit_id == unit_id,
            Placement.line == line,
            Placement.active_from <= scope.today,
            or_(Placement.active_to.is_(None), Placement.active_to > scope.today),
        )
    ).one_or_none()


def open_place(scope: Scope, unit_id: UUID, line: str) -> Placement | None:
    """Find the place in a line that a unit has not left. Access is the caller's business."""
    return scope.session.scalars(
        owned(scope, Placement).where(Placement.unit_id == unit_id, Placement.line == line, Placement.active_to.is_(None))
    ).one_or_none()


def placements(scope: Scope, unit_id: UUID) -> Sequence[tuple[Placement, Unit | None]]:
    """List a unit's places in all lines, past ones too, each with its superior there."""
    rows = scope.session.execute(
        select(Placement, Unit)
        .outerjoin(Unit, and_(Unit.tenant_id == Placement.tenant_id, Unit.id == Placement.parent_id))
        .where(Placement.tenant_id == scope.tenant_id, Placement.unit_id == unit_id)
        .order_by(Placement.is_primary.desc(), Placement.line, Placement.active_from.desc())
    )
    return [(placement, parent) for placement, parent in rows]


def units_below_in_line(scope: Scope, unit: Unit, line: str) -> Sequence[Unit]:
    """List the units that stand directly under one in a second line today."""
    return scope.session.scalars(
        owned(scope, Unit)
        .join(Placement, and_(Placement.tenant_id == Unit.tenant_id, Placement.unit_id == Unit.id))
        .where(
            Placement.parent_id == unit.id,
            Placement.line == line,
            Placement.active_from <= scope.today,
            or_(Placement.active_to.is_(None), Placement.active_to > scope.today),
            is_active(scope),
        )
        .order_by(Unit.path)
    ).all()


def get_readable_unit(scope: Scope, unit_id: UUID) -> Unit:
    """Get a unit the actor may see. Raises: NotFoundError."""
    unit = get_unit(scope, unit_id)
    require(scope, "unit", "read", unit)
    return unit


def readable_then(scope: Scope, unit: Unit, on: date, *, line: str | None = None) -> list[Stood]:
    """
    List a unit and what stood under it on a day, as far as the actor may see it where it stands now or stood then.

    Costs: three queries.
    """
    stood = subtree_at(scope, unit.id, on, line=line)
    now = units_by_id(scope, [one.unit_id for one in stood])

    def is_seen(one: Stood) -> bool:
        if one.unit_id in now and may(scope, "unit", "read", now[one.unit_id]):
            return True
        return line is None and may(scope, "unit", "read", Place(one.path))

    return [one for one in stood if is_seen(one)]


def search_units(
    scope: Scope,
    typed: str,
    *,
    levels: Collection[str] = (),
    below: str | None = None,
    act: str = "read",
    also: ColumnElement[bool] | None = None,
    limit: int = FOUND_AT_MOST,
) -> Sequence[Unit]:
    """
    Find units by name, pinyin, initials or code, best first.

    Takes: `below` a path to stay at or below; `act` what the actor must be allowed to do to the unit; `also` a further condition.
    Gives: the topmost units for an empty query.
    """
    query = as_query(typed)
    statement = owned(scope, Unit).where(readable(scope, Unit, "unit", act), is_active(scope))
    if levels:
        statement = statement.where(Unit.level.in_(levels))
    if below is not None:
        statement = statement.where(within(below))
    if also is not None:
        statement = statement.where(also)
    if query:
        statement = statement.where(Unit.search.like(like(query)))
    best = case(
        (func.lower(Unit.code) == query, 0),
        (func.lower(Unit.name) == query, 1),
        (Unit.search.like(like(query)[1:]), 2),
        (Unit.search.like("% " + like(query)[1:]), 3),
        else_=4,
    )
    order = (best, Unit.depth, Unit.path) if query else (Unit.depth, Unit.position, Unit.path)
    return scope.session.scalars(statement.order_by(*order).limit(limit)).all()


def readable_children(scope: Scope, parent: Unit) -> Sequence[Unit]:
    """List the units directly below one that the actor may see."""
    statement = owned(scope, Unit).where(readable(scope, Unit, "unit"), is_active(scope), Unit.parent_id == parent.id)
    return scope.session.scalars(statement.order_by(Unit.position, Unit.path)).all()


def topmost(scope: Scope) -> Sequence[Unit]:
    """
    List the units where the actor's own view begins: those they hold a role at, without those below another of them.

    A village clerk's tree begins at the village: the units above are in its page's breadcrumb.
    """
    homes: list[str] = []
    for path in home_paths(scope):
        if not any(path.startswith(home) for home in homes):
            homes.append(path)
    statement = owned(scope, Unit).where(Unit.path.in_(homes), readable(scope, Unit, "unit"), is_active(scope))
    return scope.session.scalars(statement.order_by(Unit.path)).all()


def child_counts(scope: Scope, units: Collection[Unit]) -> Mapping[UUID, int]:
    """Count the active units directly below each. Costs: one query."""
    if not units:
        return {}
    rows = scope.session.execute(
        select(Unit.parent_id, func.count())
        .where(
            Unit.tenant_id == scope.tenant_id,
            Unit.parent_id.in_([unit.id for unit in units]),
            is_active(scope),
            readable(scope, Unit, "unit"),
        )
        .group_by(Unit.parent_id)
    )
    return {parent_id: count for parent_id, count in rows if parent_id is not None}


def incomplete_among(scope: Scope, units: Collection[Unit]) -> dict[UUID, int]:
    """
    Count the needed contacts that each of these units has not named.

    Gives: complete units are left out. Costs: one query.
    """
    if not units:
        return {}
    known = structure(scope)
    rows = scope.session.execute(
        select(UnitContact.unit_id, UnitContact.kind).where(
            UnitContact.tenant_id == scope.tenant_id,
            UnitContact.active_to.is_(None),
            UnitContact.unit_id.in_([unit.id for unit in units]),
        )
    )
    named: dict[UUID, set[str]] = {}
    for unit_id, kind in rows:
        named.setdefault(unit_id, set()).add(kind)
    counted = {unit.id: len(set(known.level(unit.level).contacts) - named.get(unit.id, set())) for unit in units}
    return {unit_id: count for unit_id, count in counted.items() if count}


def count_incomplete(scope: Scope) -> int:
    """Count the units the actor may see that have not named every contact their level needs. Costs: one query, no row loaded."""
    lacking = [_lacks(scope, level) for level in structure(scope).levels if level.contacts]
    if not lacking:
        return 0
    statement = select(func.count()).select_from(Unit)
    statement = statement.where(Unit.tenant_id == scope.tenant_id, is_active(scope), readable(scope, Unit, "unit"), or_(*lacking))
    return scope.session.scalar(statement) or 0


def _lacks(scope: Scope, level: Level) -> ColumnElement[bool]:
    named = (
        select(func.count())
        .select_from(UnitContact)
        .where(
            UnitContact.tenant_id == scope.tenant_id,
            UnitContact.unit_id == Unit.id,
            UnitContact.kind.in_(level.contacts),
            UnitContact.active_to.is_(None),
        )
        .scalar_subquery()
    )
    return and_(Unit.level == level.code, named < len(level.contacts))
