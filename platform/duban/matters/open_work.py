"""How many matters a unit has open, for those who change the tree."""

from sqlalchemy import func, or_, select

from duban.kernel.scope import Scope
from duban.matters.models import Matter, MatterParty
from duban.matters.states import LIVING
from duban.organisation.open_work import Paths, Work, register


def matters(scope: Scope, paths: Paths) -> int:
    """Count the living matters the unit has assigned or answers for."""
    answering = select(MatterParty.matter_id).where(
        MatterParty.tenant_id == scope.tenant_id, MatterParty.path.in_(paths), MatterParty.left_at.is_(None)
    )
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Matter)
            .where(
                Matter.tenant_id == scope.tenant_id,
                Matter.state.in_(LIVING),
                or_(Matter.path.in_(paths), Matter.id.in_(answering)),
            )
        )
        or 0
    )


register(Work.MATTER, matters)
