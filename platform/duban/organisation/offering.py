"""Which roles and units a form offers to whoever gives roles: never more than the operation would take."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from duban.access.checks import readable
from duban.kernel.scope import Scope
from duban.organisation.making import apart
from duban.organisation.queries.people import Held
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import Role
from duban.tree.models import Unit
from duban.tree.queries import is_active


def may_appoint(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that the actor gives roles at a unit, at once or for the security administrator to confirm."""
    return or_(readable(scope, Unit, "person", "manage"), readable(scope, Unit, "grant", "manage"))


def offered_roles(scope: Scope, *, held: Iterable[Held] = ()) -> Sequence[Role]:
    """
    List the roles that fit the levels of the units the actor gives roles at, and go with what the person holds.

    Costs: one query.
    """
    duties = {apart(scope, one.grant.role) for one in held if one.in_force or one.grant.pending}
    levels = scope.session.scalars(
        select(Unit.level).where(Unit.tenant_id == scope.tenant_id, is_active(scope), may_appoint(scope)).distinct()
    )
    known = set(levels)
    fitting = (role for role in structure(scope).roles if known.intersection(role.levels))
    return [role for role in fitting if duties <= {apart(scope, role.code)}]


def by_level(roles: Sequence[Role], field: str, *, at: Unit | None = None) -> dict[str, Any]:
    """Give a select the levels of its roles: it shows only those that fit the unit chosen in `field`, or `at` before."""
    levels = json.dumps({role.code: role.levels for role in roles})
    return {"data-fits": field, "data-levels": levels, "data-level": at.level if at else None}
