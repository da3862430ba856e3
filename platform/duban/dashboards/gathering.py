"""The matrix of a unit whose work is owed further below: what lies below each unit directly below is counted in its cell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from duban.access.checks import readable
from duban.calendar.periods import Period, PeriodKind
from duban.dashboards.queries import Part, parts_below, places_now
from duban.kernel.scope import Scope
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries import Matrix, MatrixColumn, matrix
from duban.reporting.queries.overdue import is_overdue
from duban.reporting.queries.rates import conditions
from duban.reporting.queries.standing import common_day
from duban.reporting.states import DutyState
from duban.tree import paths
from duban.tree.lines import superiors_in
from duban.tree.models import Unit


@dataclass(frozen=True)
class Gathered:
    """How many duties of a branch stand how in one column, the own ones of its unit too; `late`: overdue or missing by now."""

    total: int
    handed_in: int
    accepted: int
    waiting: int
    late: int
    due_on: date


@dataclass(frozen=True)
class Table:
    """A matrix with the cells in which more than the unit's own duty is counted; these hide the unit's own."""

    matrix: Matrix
    gathered: Mapping[tuple[UUID, str], Gathered]
    below: UUID
    due_from: date
    due_until: date


def table_of(scope: Scope, unit: Unit, units: Sequence[Unit], *, due_from: date, due_until: date) -> Table:
    """
    Lay out how the units directly below stand, with all below them in what the unit itself, or one above it, has asked for.

    Takes: `units` of one page. Costs: two queries, as `parts_below` and `places_now` besides.
    """
    found = matrix(scope, units=units, due_from=due_from, due_until=due_until)
    asked = _Asked(due_from, due_until, _asked_from_here(unit))
    rows = [(part.label(row.branch), row) for part in parts_below(scope, unit) for row in _counted(scope, part, asked)]
    places = places_now(scope, unit, {label for label, _ in rows})
    shown = {one.path: one.id for one in units}
    columns = {column.key: column for column in found.columns}
    days: dict[str, Counter[date]] = {}
    for (_unit, key), cell in found.cells.items():
        days.setdefault(key, Counter())[cell.due_on] += 1
    gathered: dict[tuple[UUID, str], Gathered] = {}
    for label, row in rows:
        unit_id = shown.get(places[label])
        if unit_id is None:
            continue
        column, more = row.column, row.gathered
        known = columns.get(column.key, column)
        columns[column.key] = replace(known, late=known.late + row.urgeable)
        gathered[unit_id, column.key] = _joined(gathered.get((unit_id, column.key)), more)
        days.setdefault(column.key, Counter())[more.due_on] += more.total
    ordered = sorted((replace(column, due_on=common_day(days[key])) for key, column in columns.items()), key=_order)
    return Table(replace(found, columns=ordered), gathered, unit.id, due_from, due_until)


def _order(column: MatrixColumn) -> tuple[date, str, str]:
    return column.due_on, str(column.requirement_id), column.period.code


def _asked_from_here(unit: Unit) -> ColumnElement[bool]:
    """Say in SQL that a requirement comes from the unit, or from one above it in any line; not from one below."""
    above = list(superiors_in(unit.lines))
    return or_(Requirement.unit_id.in_([unit.id, *above]), Requirement.path.in_(paths.ancestors(unit.path)))


@dataclass(frozen=True)
class _Asked:
    """Which duties are counted: by their days, and by who asked."""

    due_from: date
    due_until: date
    by: ColumnElement[bool]


@dataclass(frozen=True)
class _Counted:
    """What one branch owes in one column; `urgeable`: how much of what is late further below may be urged."""

    branch: str
    column: MatrixColumn
    gathered: Gathered
    urgeable: int


def _counted(scope: Scope, part: Part, asked: _Asked) -> list[_Counted]:
    """
    Count a part's duties by branch and column, those in which something is owed further below.

    Their days are told apart here, not by the database: an aggregate of ordered values would have it sort every duty.
    """
    found: dict[tuple[object, ...], list[Any]] = {}
    for row in scope.session.execute(_statement(scope, part, asked)):
        found.setdefault((row.branch, row.requirement_id, row.period_code, row.period_start, row.period_end), []).append(row)
    return [_added(rows) for rows in found.values() if any(row.deeper for row in rows)]


def _added(rows: Sequence[Any]) -> _Counted:
    due_on = common_day({row.due_on: row.total for row in rows})
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("total", "handed_in", "accepted", "waiting", "late")}
    first = rows[0]
    period = Period(start=first.period_start, end=first.period_end, kind=PeriodKind(first.period_kind))
    column = MatrixColumn(first.requirement_id, first.title, first.title_en, period, due_on)
    return _Counted(first.branch, column, Gathered(due_on=due_on, **sums), sum(row.urgeable for row in rows))


def _statement(scope: Scope, part: Part, asked: _Asked) -> Select[Any]:
    stands = conditions(scope)
    late = is_overdue(scope)
    counts = {
        "total": func.count(),
        "handed_in": func.count().filter(stands["handed_in"]),
        "accepted": func.count().filter(stands["accepted"]),
        "waiting": func.count().filter(stands["waiting"]),
        "late": func.count().filter(late),
        "deeper": func.count().filter(part.deeper),
        "urgeable": func.count().filter(and_(late, part.deeper, readable(scope, Duty, "duty", "urge"))),
    }
    by = (Duty.requirement_id, Duty.period_code, Duty.period_kind, Duty.period_start, Duty.period_end, Duty.due_on)
    requirements = select(Requirement.id).where(Requirement.tenant_id == scope.tenant_id, asked.by)
    counted = (
        select(part.branch.label("branch"), *by, *(count.label(name) for name, count in counts.items()))
        .where(
            Duty.tenant_id == scope.tenant_id,
            part.concerned,
            Duty.due_on >= asked.due_from,
            Duty.due_on <= asked.due_until,
            Duty.requirement_id.in_(requirements),
            Duty.state != DutyState.CANCELLED,
            readable(scope, Duty, "duty"),
        )
        .group_by("branch", *by)
        .subquery()
    )
    return (
        select(counted, Requirement.title, Requirement.title_en)
        .join(Requirement, Requirement.id == counted.c.requirement_id)
        .where(Requirement.tenant_id == scope.tenant_id)
    )


def _joined(one: Gathered | None, more: Gathered) -> Gathered:
    if one is None:
        return more
    return Gathered(
        one.total + more.total,
        one.handed_in + more.handed_in,
        one.accepted + more.accepted,
        one.waiting + more.waiting,
        one.late + more.late,
        min(one.due_on, more.due_on),
    )
