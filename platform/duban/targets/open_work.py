"""How many of this year's targets a unit carries, for those who change the tree."""

from sqlalchemy import func, select

from duban.kernel.scope import Scope
from duban.organisation.open_work import Paths, Work, register
from duban.targets.models import Allocation, Indicator


def targets(scope: Scope, paths: Paths) -> int:
    """Count the shares of this year's and later indicators that the unit has been told."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Allocation)
            .join(Indicator, (Indicator.tenant_id == Allocation.tenant_id) & (Indicator.id == Allocation.indicator_id))
            .where(
                Allocation.tenant_id == scope.tenant_id,
                Allocation.path.in_(paths),
                Allocation.issued_at.is_not(None),
                Indicator.year >= scope.today.year,
            )
        )
        or 0
    )


register(Work.TARGET, targets)
