"""What a requirement's rule asks for, and which offices may receive it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from duban.access import checks as access
from duban.calendar.due_dates import Campaign, Forecast
from duban.calendar.due_rules import DueRule
from duban.calendar.falling_due import falls_due
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.requirements import Progress, is_unmet, working_calendar
from duban.reporting.queries.standing import common_day
from duban.reporting.states import DutyState
from duban.reporting.windows import Opens, TimeWindow, never_open
from duban.tree.models import Unit
from duban.tree.queries import children


def falling_due(scope: Scope, rule: DueRule, campaign: Campaign, window: TimeWindow) -> Forecast:
    """
    Tell what issuing today would ask for, and refuse what never falls due or opens only when it is over.

    Raises: NeverDueError, InvalidInputError, OpenEndedWindowError, TooManyPeriodsError.
    """
    found = falls_due(rule, campaign, working_calendar(scope), today=scope.today, issued_on=scope.today)
    problem = never_open(window, found.found) if window.opens is not Opens.ALWAYS else None
    if problem is not None:
        raise InvalidInputError(fields={"opens_days": [problem]})
    return found


def issued_on(scope: Scope, requirement: Requirement) -> date | None:
    """Give the day it was issued, in the tenant's zone."""
    return requirement.issued_at.astimezone(scope.zone).date() if requirement.issued_at else None


def offices_of(scope: Scope, unit: Unit) -> Sequence[Unit]:
    """
    List the offices a unit may let receive and review for it: units directly below it where somebody may review what is
    addressed to them. Costs: two queries.
    """
    below = children(scope, unit)
    able = access.receivers(scope, "submission", "review", [UnitId(one.id) for one in below])
    return [one for one in below if one.id in able]


@dataclass(frozen=True)
class PeriodDates:
    """When a period is due as it stands now: the day most units have, and how many have another of their own."""

    due_on: date
    others: int


def dates_and_progress(scope: Scope, requirement_id: UUID) -> tuple[Mapping[str, PeriodDates], Progress]:
    """
    Give each issued period's due date after all decisions about it, by period code, and how far the duties have come.

    Costs: one query that goes over the requirement's duties once, for both.
    """
    statement = (
        select(Duty.period_code, Duty.due_on, Duty.state, func.count(), func.count().filter(is_unmet(scope)))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == requirement_id,
            access.readable(scope, Duty, "duty"),
        )
        .group_by(Duty.period_code, Duty.due_on, Duty.state)
    )
    progress, days = Progress(), dict[str, Counter[date]]()
    for code, due_on, state, units, unmet in scope.session.execute(statement):
        stands = DutyState(state)
        progress.add(stands, units, unmet)
        if stands is not DutyState.CANCELLED:
            days.setdefault(code, Counter())[due_on] += units
    return {code: _period(of) for code, of in days.items()}, progress


def _period(days: Counter[date]) -> PeriodDates:
    due_on = common_day(days)
    return PeriodDates(due_on, days.total() - days[due_on])
