"""
Everything a person holds, will hold, or was lent: what decides who may touch their account, and with how many hands.

A role counts from the day it is proposed, not from the day it begins: whoever resets a password today is in the account tomorrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, union_all

from duban.access.models import Delegation, RoleGrant
from duban.identity.models import Person
from duban.kernel.scope import Scope
from duban.organisation.queries.people import held_by
from duban.tree.models import Unit


@dataclass(frozen=True)
class Holding:
    """A role at a unit, held or lent, in force today or to come."""

    role: str
    unit: Unit


def not_over(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a grant holds today or will; one that was taken back before it began never will."""
    ends = RoleGrant.active_to
    return or_(ends.is_(None), and_(ends > scope.today, ends > RoleGrant.active_from))


def holdings(scope: Scope, person_id: UUID) -> list[Holding]:
    """List what a person holds or will hold, proposals included, and what they were lent. Access is the caller's business."""
    own = select(RoleGrant.role, RoleGrant.unit_id).where(
        RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == person_id, not_over(scope)
    )
    lent = select(Delegation.role, Delegation.unit_id).where(
        Delegation.tenant_id == scope.tenant_id,
        Delegation.receiver_id == person_id,
        Delegation.active_to > scope.today,
        Delegation.revoked_at.is_(None),
    )
    every = union_all(own, lent).subquery()
    rows = scope.session.execute(
        select(every.c.role, Unit)
        .join(Unit, and_(Unit.tenant_id == scope.tenant_id, Unit.id == every.c.unit_id))
        .order_by(Unit.path, every.c.role)
    )
    return [Holding(role, unit) for role, unit in rows]


def places_of_account(scope: Scope, person: Person) -> Sequence[Unit]:
    """Give the units whose keepers together keep this account; of who holds nothing any more, where they last stood."""
    return [one.unit for one in holdings(scope, person.id)] or [one.unit for one in held_by(scope, person.id)]
