"""How units stand: timeliness for assessments, and the matrix of units × requirements."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from duban.access import checks as access
from duban.calendar.lateness import Timeliness, Verdict, points_lost
from duban.calendar.periods import Period, PeriodKind
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.overdue import is_past_day
from duban.reporting.states import DutyState
from duban.tree.models import Unit

NOTHING = Decimal(0)


@dataclass(frozen=True)
class JudgedDuty:
    """One duty of a year as assessments see it; the trace behind a unit's timeliness."""

    duty_id: UUID
    requirement_id: UUID
    title: str
    period_code: str
    due_on: date
    timeliness: Timeliness
    late_days: int
    points_lost: Decimal
    corrected_at: datetime | None = None
    """When what had been accepted was replaced by a correction; how punctual it was is judged by what it corrected."""


@dataclass
class UnitTimeliness:
    """
    How punctual a unit was in a reporting year.

    `owed` counts the duties whose due date is over or that were handed in; `pending` those that may still be met.
    Units: `late_days` calendar days, summed; `points_lost` by each requirement's own model.
    """

    owed: int = 0
    on_time: int = 0
    late: int = 0
    missing: int = 0
    overdue: int = 0
    pending: int = 0
    late_days: int = 0
    points_lost: Decimal = NOTHING
    duties: list[JudgedDuty] = field(default_factory=list)


def timeliness(scope: Scope, *, unit_ids: Collection[UnitId], year: int) -> dict[UnitId, UnitTimeliness]:
    """
    Judge the given units' duties of a reporting year, as they stand now.

    Gives: an entry for every unit asked about; cancelled duties count nowhere. Costs: one query.
    Asks no leave: the caller answers for showing it (assessments do under their own).
    """
    found = {UnitId(unit_id): UnitTimeliness() for unit_id in unit_ids}
    rows = scope.session.execute(
        select(Duty, Requirement)
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Requirement.tenant_id == scope.tenant_id,
            Duty.unit_id.in_(found),
            Duty.reporting_year == year,
            Duty.state != DutyState.CANCELLED,
        )
        .order_by(Duty.due_on, Duty.id)
    )
    for duty, requirement in rows:
        _add(found[UnitId(duty.unit_id)], _judged(scope, duty, requirement))
    return found


def _judged(scope: Scope, duty: Duty, requirement: Requirement) -> JudgedDuty:
    state = Timeliness(duty.timeliness)
    if state is Timeliness.PENDING and duty.is_past_day(scope.now, scope.today):
        state = Timeliness.OVERDUE
    verdict = Verdict(state, duty.late_days)
    return JudgedDuty(
        duty_id=duty.id,
        requirement_id=requirement.id,
        title=requirement.title,
        period_code=duty.period_code,
        due_on=duty.due_on,
        timeliness=state,
        late_days=duty.late_days,
        points_lost=points_lost(verdict, requirement.penalty),
        corrected_at=duty.corrected_at,
    )


def _add(total: UnitTimeliness, judged: JudgedDuty) -> None:
    total.duties.append(judged)
    match judged.timeliness:
        case Timeliness.PENDING:
            total.pending += 1
            return
        case Timeliness.ON_TIME:
            total.on_time += 1
        case Timeliness.LATE:
            total.late += 1
        case Timeliness.MISSING:
            total.missing += 1
        case Timeliness.OVERDUE:
            total.overdue += 1
    total.owed += 1
    total.late_days += judged.late_days
    total.points_lost += judged.points_lost


@dataclass(frozen=True)
class MatrixColumn:
    """One requirement in one period, due on `due_on` for most. `late`: how many are overdue or missing and may be urged."""

    requirement_id: UUID
    title: str
    title_en: str
    period: Period
    due_on: date
    late: int = 0

    @property
    def key(self) -> str:
        """What its cells are kept under."""
        return f"{self.requirement_id}:{self.period.code}"


@dataclass(frozen=True)
class MatrixCell:
    """How one unit stands with one column."""

    duty_id: UUID
    state: DutyState
    timeliness: Timeliness
    due_on: date
    late_days: int
    is_overdue: bool
    corrected_at: datetime | None = None
    """When what had been accepted was replaced by a correction."""


@dataclass(frozen=True)
class Matrix:
    """Units × requirements. A missing cell: nothing owed."""

    columns: Sequence[MatrixColumn]
    units: Sequence[Unit]
    cells: Mapping[tuple[UUID, str], MatrixCell]


def matrix(scope: Scope, *, units: Sequence[Unit], due_from: date, due_until: date) -> Matrix:
    """
    Lay out how the given units stand with everything due from one day to another (both included).

    Takes:  the units of one page. Gives: only duties the actor may read. Costs: one query, however many units.
    """
    rows = scope.session.execute(
        select(
            Duty.id,
            Duty.unit_id,
            Duty.requirement_id,
            Duty.period_code,
            Duty.period_kind,
            Duty.period_start,
            Duty.period_end,
            Duty.due_on,
            is_past_day(scope).label("is_past_day"),
            Duty.state,
            Duty.timeliness,
            Duty.late_days,
            Duty.corrected_at,
            Requirement.title,
            Requirement.title_en,
            access.readable(scope, Duty, "duty", "urge").label("may_urge"),
        )
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Requirement.tenant_id == scope.tenant_id,
            Duty.unit_id.in_([unit.id for unit in units]),
            Duty.due_on >= due_from,
            Duty.due_on <= due_until,
            Duty.state != DutyState.CANCELLED,
            access.readable(scope, Duty, "duty"),
        )
        .order_by(Duty.due_on, Duty.requirement_id, Duty.period_code)
    )
    columns: dict[tuple[UUID, str], MatrixColumn] = {}
    keys: dict[tuple[UUID, str], str] = {}
    cells: dict[tuple[UUID, str], MatrixCell] = {}
    late: Counter[tuple[UUID, str]] = Counter()
    days: dict[tuple[UUID, str], Counter[date]] = {}
    for row in rows:
        place = row.requirement_id, row.period_code
        if place not in columns:
            period = Period(start=row.period_start, end=row.period_end, kind=PeriodKind(row.period_kind))
            columns[place] = MatrixColumn(row.requirement_id, row.title, row.title_en, period, row.due_on)
            keys[place] = columns[place].key
        cell = cells[row.unit_id, keys[place]] = _cell(scope, row)
        late[place] += cell.is_overdue and row.may_urge
        days.setdefault(place, Counter())[row.due_on] += 1
    shown = [replace(column, late=late[place], due_on=common_day(days[place])) for place, column in columns.items()]
    shown.sort(key=lambda column: column.due_on)
    return Matrix(columns=shown, units=units, cells=cells)


def common_day(days: Mapping[date, int]) -> date:
    """Give the day that holds for most, the earlier of two."""
    return min(days, key=lambda day: (-days[day], day))


def _cell(scope: Scope, duty: Any) -> MatrixCell:
    state = DutyState(duty.state)
    late = duty.late_days or max(0, (scope.today - duty.due_on).days)
    unmet = state in {DutyState.OPEN, DutyState.RETURNED, DutyState.MISSING}
    return MatrixCell(
        duty_id=duty.id,
        state=state,
        timeliness=Timeliness(duty.timeliness),
        due_on=duty.due_on,
        late_days=late if unmet or duty.late_days else 0,
        is_overdue=unmet and duty.is_past_day,
        corrected_at=duty.corrected_at,
    )
