"""How much reporting a unit has open, for those who change the tree; who asks a form, for those who change it."""

from sqlalchemy import and_, func, or_, select

from duban.forms.below import ASKING
from duban.forms.uses import COUNTERS
from duban.kernel.scope import Scope
from duban.organisation.open_work import Paths, Work, register
from duban.reporting.models import Duty
from duban.reporting.queries.forms import use_of
from duban.reporting.queries.sources import one_off
from duban.reporting.states import TO_REVIEW, UNIT_TO_ACT


def duties(scope: Scope, paths: Paths) -> int:
    """Count the duties that the unit must still hand in, or that could come back to it."""
    states = [state.value for state in (*UNIT_TO_ACT, *TO_REVIEW)]
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Duty)
            .where(
                Duty.tenant_id == scope.tenant_id,
                Duty.path.in_(paths),
                or_(and_(Duty.state.in_(states), Duty.accepted_at.is_(None)), Duty.correction.is_not(None)),
            )
        )
        or 0
    )


def reviews(scope: Scope, paths: Paths) -> int:
    """Count what waits for the unit's review, at whatever level it stands, corrections too."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Duty)
            .where(Duty.tenant_id == scope.tenant_id, Duty.at_path.in_(paths), Duty.path.not_in(paths))
        )
        or 0
    )


register(Work.DUTY, duties)
register(Work.REVIEW, reviews)
if use_of not in COUNTERS:
    COUNTERS.append(use_of)
if one_off not in ASKING:
    ASKING.append(one_off)
