"""Reads of decided and planned changes of the tree."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, select

from duban.access.checks import readable
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, owned
from duban.organisation.states import ChangeState
from duban.tree.models import Reorganisation, Unit


def list_reorganisations(
    scope: Scope, *, state: ChangeState | None = None, after: str | None = None, limit: int = PAGE
) -> Page[Reorganisation]:
    """List the changes of units the actor manages, latest decision first."""
    statement = owned(scope, Reorganisation).where(readable(scope, Reorganisation, "unit", "manage"))
    if state is not None:
        statement = statement.where(Reorganisation.state == state.value)
    return page_of(scope, statement, [Reorganisation.id], after=after, limit=limit, newest_first=True)


def planned_for(scope: Scope, unit_id: UUID) -> Sequence[Reorganisation]:
    """List what is planned for a unit. Access is the caller's business."""
    statement = owned(scope, Reorganisation).where(
        Reorganisation.unit_id == unit_id, Reorganisation.state == ChangeState.PLANNED.value
    )
    return scope.session.scalars(statement.order_by(Reorganisation.effective_on)).all()


def names_of(scope: Scope, changes: Sequence[Reorganisation]) -> dict[UUID, str]:
    """Give the names of the units these changes are filed under. Costs: one query."""
    if not changes:
        return {}
    rows = scope.session.execute(
        select(Unit.id, Unit.name).where(
            and_(Unit.tenant_id == scope.tenant_id, Unit.id.in_({change.unit_id for change in changes}))
        )
    )
    return {unit_id: name for unit_id, name in rows}  # noqa: C416 - rows, not pairs
