"""When a duty is overdue: past its day, and past the day a correction was asked for by, where it was returned with one."""

from sqlalchemy import ColumnElement, and_, or_

from duban.kernel.scope import Scope
from duban.reporting.models import Duty
from duban.reporting.states import UNIT_TO_ACT


def is_past_day(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL what Duty.is_past_day says. The first term is in the words of the indexes; none of them is ever NULL."""
    return and_(Duty.due_at <= scope.now, or_(Duty.correct_by.is_(None), Duty.correct_by < scope.today))


def is_overdue(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL that a unit still has to act although the day is over: overdue or missing."""
    return and_(Duty.state.in_(UNIT_TO_ACT), is_past_day(scope))
