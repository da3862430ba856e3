"""
Asking leave: the functions every operation, query and page uses.

`obj` and `act` are words of the tenant kind's policy (docs: tenants/<kind>/policy.csv).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from duban.access import decisions
from duban.access.models import RoleGrant
from duban.access.policy import Policy, policy_for, remember
from duban.access.relations import CHILD, DEEP, SELF, Grant
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.tenancy.queries import catalogue
from duban.tree import paths
from duban.tree.models import Unit
from duban.tree.queries import is_active


@dataclass(frozen=True)
class Place:
    """A bare place, where there is no row yet: e.g. the unit a new thing will belong to."""

    path: str
    to_path: str | None = None


def policy(scope: Scope) -> Policy:
    """Give the tenant's policy as the tenant's row names it; a changed policy is used from the next unit of work on."""
    digest = scope.tenant.policy_digest
    return policy_for(digest) or remember(digest, catalogue(scope, "policy")["text"])


def active_grant(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a grant is in force today."""
    return and_(RoleGrant.active_from <= scope.today, or_(RoleGrant.active_to.is_(None), RoleGrant.active_to > scope.today))


def grants_of(scope: Scope) -> tuple[Grant, ...]:
    """Give what the actor holds today. Costs: one query per unit of work; never kept longer, so revoking works at once."""
    if "grants" not in scope.memo:
        rows = scope.session.execute(
            select(RoleGrant.role, Unit.path, RoleGrant.line)
            .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
            .where(
                RoleGrant.tenant_id == scope.tenant_id,
                RoleGrant.person_id == scope.person_id,
                active_grant(scope),
                is_active(scope),
            )
            .order_by(Unit.path, RoleGrant.role)
        )
        scope.memo["grants"] = tuple(Grant(*row) for row in rows)
    grants: tuple[Grant, ...] = scope.memo["grants"]
    return grants


def home_paths(scope: Scope) -> list[str]:
    """List the places the actor holds any role at, highest first."""
    return sorted({grant.path for grant in grants_of(scope)}, key=lambda path: (paths.depth(path), path))


def may(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> bool:
    """Say whether the actor may do this to the row; for buttons and menus."""
    return decisions.can(policy(scope), grants_of(scope), obj, act, placed.path, getattr(placed, "to_path", None))


def may_somewhere(scope: Scope, obj: str, act: str) -> bool:
    """Say whether any of the actor's roles allows this anywhere at all."""
    return any(policy(scope).allowed(grant.role, obj, act) for grant in grants_of(scope))


def require(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> None:
    """
    Refuse the work unless the actor may do this to the row.

    Raises: NotFoundError where the actor may not even read it, NotAllowedError where they may.
    """
    if may(scope, obj, act, placed):
        return
    if act != "read" and may(scope, obj, "read", placed):
        raise NotAllowedError
    raise NotFoundError


def readable(scope: Scope, model: Any, obj: str, act: str = "read") -> ColumnElement[bool]:
    """Give the SQL condition that keeps a list to what the actor may read (or do)."""
    return decisions.where(policy(scope), grants_of(scope), obj, act, model)


def _roles_allowed(scope: Scope, obj: str, act: str, relations: set[str]) -> list[str]:
    decided = policy(scope)
    return sorted(role for role in decided.roles if decided.allowed(role, obj, act) & relations)


def _people(scope: Scope, roles: Sequence[str], at: Sequence[str]) -> list[tuple[str, PersonId]]:
    if not roles or not at:
        return []
    rows = scope.session.execute(
        select(Unit.path, RoleGrant.person_id)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id,
            RoleGrant.role.in_(roles),
            Unit.path.in_(at),
            active_grant(scope),
            Person.active,
        )
        .distinct()
        .order_by(Unit.path, RoleGrant.person_id)
    )
    return [(path, PersonId(person_id)) for path, person_id in rows]


def holders(scope: Scope, obj: str, act: str, path: str) -> list[PersonId]:
    """List the active people who may do this at their own unit at `path`: e.g. the clerks who write its submissions."""
    return [person for _, person in _people(scope, _roles_allowed(scope, obj, act, {SELF}), [path])]


def holders_at(scope: Scope, obj: str, act: str, at: Sequence[str]) -> Mapping[str, list[PersonId]]:
    """Like `holders` for many places at once; places without anybody have no entry. Costs: one query."""
    found: dict[str, list[PersonId]] = {}
    for path, person in _people(scope, _roles_allowed(scope, obj, act, {SELF}), at):
        found.setdefault(path, []).append(person)
    return found


def superiors(scope: Scope, obj: str, act: str, path: str) -> list[PersonId]:
    """List the people at the nearest unit above who may do this to the unit at `path`: e.g. its reviewers."""
    for above in reversed(paths.ancestors(path)):
        found = superiors_at(scope, obj, act, path, above)
        if found:
            return found
    return []


def superiors_at(scope: Scope, obj: str, act: str, path: str, above: str) -> list[PersonId]:
    """List the people at the unit at `above` who may do this to the unit at `path` below it."""
    rel = CHILD if paths.depth(path) - paths.depth(above) == 1 else DEEP
    return [person for _, person in _people(scope, _roles_allowed(scope, obj, act, {rel}), [above])]


def roles_at(scope: Scope, unit_id: UUID) -> list[tuple[RoleGrant, Person]]:
    """List who holds what at a unit today."""
    rows = scope.session.execute(
        select(RoleGrant, Person)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.unit_id == unit_id, active_grant(scope))
        .order_by(RoleGrant.role, Person.name)
    )
    return [(grant, person) for grant, person in rows]
