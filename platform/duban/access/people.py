"""Who may do something at a place: for telling people, never for giving leave."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from duban.access.holding import active_delegation, active_grant
from duban.access.models import Delegation, RoleGrant
from duban.access.policies import policy
from duban.access.relations import ISSUED, SELF
from duban.identity.models import Person
from duban.kernel.ids import PersonId, UnitId
from duban.kernel.scope import Scope
from duban.tree import paths
from duban.tree.lines import CHILD, DEEP, superiors_in
from duban.tree.queries import heirs_of, is_home_line, units_of_paths


def _roles_allowed(scope: Scope, obj: str, act: str, relations: set[str]) -> list[str]:
    decided = policy(scope)
    return sorted(role for role in decided.roles if decided.allowed(role, obj, act) & relations)


def _people(
    scope: Scope, roles: Sequence[str], units: Collection[UUID], line: str | None = None, *, home: bool = False
) -> list[tuple[UnitId, PersonId]]:
    """Takes: `line` to keep to roles held in it, `home` to those held in the line each unit is at home in."""
    if not roles or not units:
        return []
    statement = (
        select(RoleGrant.unit_id, RoleGrant.person_id)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id,
            RoleGrant.role.in_(roles),
            RoleGrant.unit_id.in_(set(units)),
            active_grant(scope),
            Person.active,
        )
        .distinct()
        .order_by(RoleGrant.unit_id, RoleGrant.person_id)
    )
    if line is not None:
        statement = statement.where(RoleGrant.line == line)
    if home:
        statement = statement.where(is_home_line(scope, RoleGrant.line, RoleGrant.unit_id))
    return [(UnitId(unit_id), PersonId(person_id)) for unit_id, person_id in scope.session.execute(statement)]


def holders(scope: Scope, obj: str, act: str, path: str, *, line: str | None = None) -> list[PersonId]:
    """
    List the active people who may do this at their own unit, which stands or once stood at `path`: e.g. the clerks who
    write its submissions.

    Takes: `line` the code of a line to keep to those who hold the role in it.
    """
    return holders_at(scope, obj, act, [path], line=line).get(path, [])


def holders_at(scope: Scope, obj: str, act: str, at: Sequence[str], *, line: str | None = None) -> Mapping[str, list[PersonId]]:
    """Like `holders` for many places at once; places without anybody have no entry. Costs: two queries."""
    units = units_of_paths(scope, at)
    by_unit: dict[UnitId, list[PersonId]] = {}
    for unit_id, person in _people(scope, _roles_allowed(scope, obj, act, {SELF}), set(units.values()), line):
        by_unit.setdefault(unit_id, []).append(person)
    return {path: by_unit[unit_id] for path, unit_id in units.items() if unit_id in by_unit}


def in_roles_at(scope: Scope, roles: Sequence[str], at: Sequence[str]) -> Mapping[str, list[PersonId]]:
    """List the active people who hold one of these roles at the units that stand or once stood at these places."""
    units = units_of_paths(scope, at)
    by_unit: dict[UnitId, list[PersonId]] = {}
    for unit_id, person in _people(scope, roles, set(units.values())):
        by_unit.setdefault(unit_id, []).append(person)
    return {path: by_unit[unit_id] for path, unit_id in units.items() if unit_id in by_unit}


def superiors(scope: Scope, obj: str, act: str, path: str) -> list[PersonId]:
    """List the people at the nearest unit above in the primary line who may do this to the unit at `path`: e.g. reviewers."""
    for above in reversed(paths.ancestors(path)):
        found = superiors_at(scope, obj, act, path, above)
        if found:
            return found
    return []


def superiors_at(scope: Scope, obj: str, act: str, path: str, above: str) -> list[PersonId]:
    """List the people at the unit at `above` who may do this, in the primary line, to the unit at `path` below it."""
    roles = _roles_allowed(scope, obj, act, {_distance(path, above)})
    return [person for _, person in _people(scope, roles, units_of_paths(scope, [above]).values(), home=True)]


def superiors_at_each(
    scope: Scope, obj: str, act: str, pairs: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[PersonId]]:
    """Like `superiors_at` for many pairs of a place and one above it, all at once. Costs: three queries, however many."""
    units = units_of_paths(scope, sorted({above for _, above in pairs}))
    found: dict[tuple[UnitId, str], list[PersonId]] = {}
    for rel in (CHILD, DEEP) if pairs else ():
        for unit_id, person in _people(scope, _roles_allowed(scope, obj, act, {rel}), set(units.values()), home=True):
            found.setdefault((unit_id, rel), []).append(person)
    return {
        (path, above): found.get((units[above], _distance(path, above)), ()) if above in units else () for path, above in pairs
    }


def _distance(path: str, above: str) -> str:
    return CHILD if paths.depth(path) - paths.depth(above) == 1 else DEEP


def superiors_at_level(scope: Scope, obj: str, act: str, placed: Any, above: str) -> list[PersonId]:
    """
    List the people at the unit at `above` who may do this to a row of a unit below it, in the line the row works in; or at an
    office beside it that the row is addressed to.

    Takes: a row with path, lines and work_line. Costs: two queries, three in a second line.
    """
    if placed.work_line is None:
        is_below = placed.path.startswith(above)
        return superiors_at(scope, obj, act, placed.path, above) if is_below else _receiving(scope, obj, act, above)
    named = {unit: distance for unit, (line, distance) in superiors_in(placed.lines).items() if line == placed.work_line}
    heirs = heirs_of(scope, named)
    here = set(units_of_paths(scope, [above]).values())
    words = {distance for unit, distance in named.items() if {unit, heirs.get(unit)} & here}
    roles = _roles_allowed(scope, obj, act, words)
    return [person for _, person in _people(scope, roles, here, line=placed.work_line)]


def deputies_at(scope: Scope, obj: str, act: str, people: Collection[PersonId], place: str, *, not_of: UUID) -> list[PersonId]:
    """
    List to whom these people have lent, for today, a role they hold at a place that allows this. Costs: two queries, none for
    nobody.

    Takes: `not_of` the unit whose work it is: who belongs to it does not judge it by a lent role.
    """
    if not people:
        return []
    own = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.person_id == Delegation.receiver_id,
        RoleGrant.unit_id == not_of,
        active_grant(scope),
    )
    statement = (
        select(Delegation.receiver_id)
        .join(Person, and_(Person.tenant_id == Delegation.tenant_id, Person.id == Delegation.receiver_id))
        .where(
            Delegation.tenant_id == scope.tenant_id,
            Delegation.giver_id.in_(people),
            Delegation.unit_id.in_(units_of_paths(scope, [place]).values()),
            Delegation.role.in_(_roles_allowed(scope, obj, act, {CHILD, DEEP, ISSUED})),
            active_delegation(scope),
            Person.active,
            ~own.exists(),
        )
    )
    return [PersonId(one) for one in scope.session.scalars(statement.distinct().order_by(Delegation.receiver_id))]


def receivers(scope: Scope, obj: str, act: str, units: Collection[UnitId]) -> Mapping[UnitId, list[PersonId]]:
    """List, for the units that have any, the people who may do this to what is addressed to their unit: e.g. an office's."""
    found: dict[UnitId, list[PersonId]] = {}
    for unit_id, person in _people(scope, _roles_allowed(scope, obj, act, {ISSUED}), units):
        found.setdefault(unit_id, []).append(person)
    return found


def _addressed(scope: Scope, obj: str, act: str, placed: Any) -> list[PersonId]:
    """List who may do this at the unit a row is addressed to: a superior of its unit, or an office that receives for one."""
    if not placed.to_path:
        return []
    if placed.path.startswith(placed.to_path):
        return superiors_at(scope, obj, act, placed.path, placed.to_path)
    return _receiving(scope, obj, act, placed.to_path)


def _receiving(scope: Scope, obj: str, act: str, office: str) -> list[PersonId]:
    units = units_of_paths(scope, [office]).values()
    return [person for people in receivers(scope, obj, act, list(units)).values() for person in people]


def superiors_of(scope: Scope, obj: str, act: str, placed: Any) -> list[PersonId]:
    """
    List the people who may do this to a row, in the line it works in: at the unit it was handed to, or where nobody there
    may, at the nearest unit above.

    Takes: a row with path, to_path, lines and work_line.
    """
    if placed.work_line is None:
        return _addressed(scope, obj, act, placed) or superiors(scope, obj, act, placed.path)
    named = {unit: distance for unit, (line, distance) in superiors_in(placed.lines).items() if line == placed.work_line}
    heirs = heirs_of(scope, named)  # a row names for ever who stood above it; who that unit became acts for it
    above: dict[UUID, str] = {}
    for unit in sorted(named, key=lambda unit: named[unit] == CHILD):
        above |= {heirs[unit]: named[unit]} if unit in heirs else {}
    issuer: set[UUID] = set(units_of_paths(scope, [placed.to_path] if placed.to_path else []).values())
    nearer: list[set[UUID]] = [{unit for unit in above if above[unit] == word} for word in (CHILD, DEEP)]
    for units in [{*issuer} & {*above}, *nearer]:
        found = {
            person
            for word in (CHILD, DEEP)
            for _, person in _people(
                scope,
                _roles_allowed(scope, obj, act, {word}),
                [unit for unit in units if above[unit] == word],
                line=placed.work_line,
            )
        }
        if found:
            return sorted(found)
    return []
