"""The three administrators' offices are never left empty: asked before anything takes one from its holder."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select

from duban.access.models import RoleGrant
from duban.identity.models import Person
from duban.kernel.scope import Scope
from duban.organisation.errors import LastAdministratorError
from duban.organisation.queries.holdings import not_over


def duties_of(scope: Scope, person_id: UUID) -> frozenset[str]:
    """Say which administrators' duties a person holds or will hold; what is only proposed is no duty yet."""
    held = select(RoleGrant.duty).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.person_id == person_id,
        RoleGrant.duty.is_not(None),
        ~RoleGrant.pending,
        not_over(scope),
    )
    return frozenset(str(duty) for duty in scope.session.scalars(held))


def check_not_last(scope: Scope, *, person_id: UUID, duties: Collection[str], on: date) -> None:
    """
    Refuse to take these duties from a person unless for each somebody else, whose account is open, holds it on that day
    without an end: two who each have an end would leave it empty between them.

    Raises: LastAdministratorError.
    """
    if not duties:
        return
    # Two at once would each see the other administrator: the grants are locked while they are counted.
    same = select(RoleGrant.id).where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.duty.in_(duties), not_over(scope))
    scope.session.execute(same.order_by(RoleGrant.id).with_for_update())
    others = scope.session.scalars(
        select(RoleGrant.duty)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id,
            RoleGrant.duty.in_(duties),
            RoleGrant.person_id != person_id,
            ~RoleGrant.pending,
            RoleGrant.active_from <= on,
            RoleGrant.active_to.is_(None),
            Person.active,
        )
    )
    if set(duties) - set(others):
        raise LastAdministratorError
