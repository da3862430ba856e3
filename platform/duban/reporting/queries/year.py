"""A year at a glance: what a unit has to hand in month by month, and how far what is owed to a unit has come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from duban.access import checks as access
from duban.calendar.periods import Period, PeriodKind
from duban.kernel.paging import at_most
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.requirements import is_unmet
from duban.reporting.states import DutyState
from duban.tree.models import Unit

MOST_DUTIES = 1500
"""Of one year on one page: thirty weekly requirements."""
MONTHS = range(1, 13)


@dataclass(frozen=True)
class YearOfDuties:
    """A unit's year: its duties by month of their due date; `cut_off` where there are more than are listed."""

    months: Sequence[Sequence[DutyLine]]
    cut_off: bool = False


@dataclass(frozen=True)
class DueSum:
    """One requirement in one period with one due date: how many units, and how far they are."""

    requirement_id: UUID
    title: str
    title_en: str
    period: Period
    due_on: date
    total: int
    accepted: int
    to_review: int
    overdue: int
    missing: int


@dataclass(frozen=True)
class YearOfSums:
    """What is owed to a unit in a year, by month of the due date."""

    months: Sequence[Sequence[DueSum]] = field(default_factory=list)
    cut_off: bool = False


def own_year(scope: Scope, year: int) -> YearOfDuties:
    """Lay out what the actor's own units have to hand in. Costs: three queries."""
    return _laid_out(scope, owned(scope, Duty).where(access.readable(scope, Duty, "submission", "write")), year)


def year_of_unit(scope: Scope, unit_id: UUID, year: int) -> YearOfDuties:
    """Lay out what one unit has to hand in, as far as the actor may read it. Costs: three queries."""
    statement = owned(scope, Duty).where(Duty.unit_id == unit_id, access.readable(scope, Duty, "duty"))
    return _laid_out(scope, statement, year)


def _laid_out(scope: Scope, statement: Select[Duty], year: int) -> YearOfDuties:
    chosen = statement.where(
        Duty.due_on >= date(year, 1, 1), Duty.due_on <= date(year, 12, 31), Duty.state != DutyState.CANCELLED
    )
    most = at_most(MOST_DUTIES)
    rows = scope.session.scalars(chosen.order_by(Duty.due_on, Duty.path, Duty.id).limit(most + 1)).all()
    lines = lines_of(scope, rows[:most])
    months = [[line for line in lines if line.duty.due_on.month == month] for month in MONTHS]
    return YearOfDuties(months, cut_off=len(rows) > most)


def year_below(scope: Scope, year: int) -> YearOfSums:
    """Lay out what is owed to the actor's units, one line for each requirement, period and date. Costs: one query."""
    missing = Duty.state.in_((DutyState.MISSING, DutyState.MISSING_SUBMITTED))
    key = (Requirement.id, Requirement.title, Requirement.title_en)
    stretch = (Duty.period_kind, Duty.period_start, Duty.period_end, Duty.due_on)
    most = at_most(MOST_DUTIES)
    rows = scope.session.execute(
        select(
            *key,
            *stretch,
            func.count(),
            func.count().filter(Duty.state == DutyState.ACCEPTED),
            func.count().filter(Duty.state == DutyState.SUBMITTED),
            func.count().filter(is_unmet(scope)),
            func.count().filter(missing),
        )
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Requirement.tenant_id == scope.tenant_id,
            Duty.due_on >= date(year, 1, 1),
            Duty.due_on <= date(year, 12, 31),
            Duty.state != DutyState.CANCELLED,
            Duty.requirement_id.in_(_asked_by_or_received(scope)),
            access.readable(scope, Duty, "duty"),
        )
        .group_by(*key, *stretch)
        .order_by(Duty.due_on, Requirement.title, Requirement.id, Duty.period_start)
        .limit(most + 1)
    ).all()
    sums = [_sum(row) for row in rows[:most]]
    return YearOfSums([[one for one in sums if one.due_on.month == month] for month in MONTHS], cut_off=len(rows) > most)


def _asked_by_or_received(scope: Scope) -> Select[UUID]:
    """Select the requirements the actor's units issued or receive: few, and each duty is found by its requirement's index."""
    paths = access.own_paths(scope)
    units = select(Unit.id).where(Unit.tenant_id == scope.tenant_id, Unit.path.in_(paths))
    return select(Requirement.id).where(
        Requirement.tenant_id == scope.tenant_id, or_(Requirement.path.in_(paths), Requirement.receiver_id.in_(units))
    )


def _sum(row: Any) -> DueSum:
    requirement_id, title, title_en, kind, start, end, due_on, *counts = row
    period = Period(start=start, end=end, kind=PeriodKind(kind))
    return DueSum(requirement_id, title, title_en, period, due_on, *counts)


def due_for_calendar(scope: Scope, first: date, last: date) -> Sequence[DutyLine]:
    """List what the actor's own units have to hand in between two days, cancelled ones as well. Costs: three queries."""
    statement = owned(scope, Duty).where(
        access.readable(scope, Duty, "submission", "write"), Duty.due_on >= first, Duty.due_on <= last
    )
    return lines_of(scope, scope.session.scalars(statement.order_by(Duty.due_on, Duty.id).limit(MOST_DUTIES)).all())
