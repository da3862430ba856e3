"""Who may do something at a place: for telling people, never for giving leave."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from duban.access.holding import active_grant
from duban.access.models import RoleGrant
from duban.access.policies import policy
from duban.access.relations import SELF
from duban.identity.models import Person
from duban.kernel.ids import PersonId, UnitId
from duban.kernel.scope import Scope
from duban.tree import paths
from duban.tree.lines import CHILD, DEEP, superiors_in
from duban.tree.queries import heirs_of, units_of_paths


def _roles_allowed(scope: Scope, obj: str, act: str, relations: set[str]) -> list[str]:
    decided = policy(scope)
    return sorted(role for role in decided.roles if decided.allowed(role, obj, act) & relations)


def _people(
    scope: Scope, roles: Sequence[str], units: Collection[UUID], line: str | None = None
) -> list[tuple[UnitId, PersonId]]:
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


def superiors(scope: Scope, obj: str, act: str, path: str) -> list[PersonId]:
    """List the people at the nearest unit above in the primary line who may do this to the unit at `path`: e.g. reviewers."""
    for above in reversed(paths.ancestors(path)):
        found = superiors_at(scope, obj, act, path, above)
        if found:
            return found
    return []


def superiors_at(scope: Scope, obj: str, act: str, path: str, above: str) -> list[PersonId]:
    """List the people at the unit at `above` who may do this to the unit at `path` below it."""
    rel = CHILD if paths.depth(path) - paths.depth(above) == 1 else DEEP
    units = units_of_paths(scope, [above])
    return [person for _, person in _people(scope, _roles_allowed(scope, obj, act, {rel}), units.values())]


def superiors_of(scope: Scope, obj: str, act: str, placed: Any) -> list[PersonId]:
    """
    List the people who may do this to a row, in the line it works in: at the unit it was handed to, or where nobody there
    may, at the nearest unit above.

    Takes: a row with path, to_path, lines and work_line.
    """
    if placed.work_line is None:
        at_issuer = superiors_at(scope, obj, act, placed.path, placed.to_path) if placed.to_path else []
        return at_issuer or superiors(scope, obj, act, placed.path)
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
