"""How much reporting a unit has open, for those who change the tree."""

from sqlalchemy import and_, func, or_, select

from duban.kernel.scope import Scope
from duban.organisation.open_work import Paths, Work, register
from duban.reporting.models import Duty
from duban.reporting.states import TO_REVIEW, UNIT_TO_ACT, DutyState

_UNDER_REVIEW = or_(
    Duty.state == DutyState.SUBMITTED, and_(Duty.state == DutyState.MISSING_SUBMITTED, Duty.accepted_at.is_(None))
)


def duties(scope: Scope, paths: Paths) -> int:
    """Count the duties that the unit must still hand in, or that could come back to it."""
    states = [state.value for state in (*UNIT_TO_ACT, *TO_REVIEW)]
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Duty)
            .where(Duty.tenant_id == scope.tenant_id, Duty.path.in_(paths), Duty.state.in_(states), Duty.accepted_at.is_(None))
        )
        or 0
    )


def reviews(scope: Scope, paths: Paths) -> int:
    """Count what was handed in to the unit and waits for it."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Duty)
            .where(Duty.tenant_id == scope.tenant_id, Duty.to_path.in_(paths), Duty.path.not_in(paths), _UNDER_REVIEW)
        )
        or 0
    )


register(Work.DUTY, duties)
register(Work.REVIEW, reviews)
