"""The rows of duties: the units that owe, crossed with periods inside the database."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    Values,
    case,
    cast,
    column,
    func,
    literal,
    select,
    values,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert

from duban.calendar.due_dates import Occurrence
from duban.calendar.lateness import Timeliness
from duban.kernel.scope import Scope, get_owned
from duban.reporting.climbing import first_climb
from duban.reporting.forms import targets_from_json
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.ladders import first_step_at
from duban.reporting.queries.requirements import owing_units
from duban.reporting.states import DutyState
from duban.reporting.windows import times_of
from duban.tree.models import Unit


def make_duties(scope: Scope, requirement: Requirement, found: tuple[Occurrence, ...]) -> int:
    """Cross the units that owe with the periods inside the database; what is there already is left alone."""
    issuer = get_owned(scope, Unit, requirement.unit_id)
    targets = targets_from_json(requirement.targets)
    units = owing_units(scope, issuer=issuer, targets=targets, line=requirement.work_line).subquery()
    periods = _as_values(scope, requirement, found)
    constants = {
        "tenant_id": cast(literal(scope.tenant_id), Uuid),
        "requirement_id": cast(literal(requirement.id), Uuid),
        "work_line": cast(literal(requirement.work_line), Text),
        "due_since": cast(literal(scope.today), Date),
        "due_version": literal(1, Integer),
        "state": literal(DutyState.OPEN.value, Text),
        "is_nil": literal(False),
        "versions": literal(0, Integer),
        "timeliness": literal(Timeliness.PENDING.value, Text),
        "late_days": literal(0, Integer),
        "changed_at": cast(literal(scope.now), DateTime(timezone=True)),
        "climbed": cast(literal(first_climb(today=scope.today).to_json(), JSONB), JSONB),
    }
    names = ["id", "unit_id", "path", "lines", "to_path", *constants, *[one.name for one in periods.c]]
    to_path = _to_path(scope, requirement, units.c.path)
    rows = (
        select(func.gen_random_uuid(), units.c.id, units.c.path, units.c.lines, to_path, *constants.values(), *_typed(periods))
        .select_from(units.join(periods, literal(True)))
        .where(units.c.tenant_id == scope.tenant_id)
    )
    statement = pg_insert(Duty).from_select(names, rows, include_defaults=False).on_conflict_do_nothing()
    return len(scope.session.scalars(statement.returning(Duty.id)).all())


def _typed(periods: Values) -> list[ColumnElement[Any]]:
    """Give the columns of the periods; a column of nothing but NULL has no type of its own in VALUES."""
    return [cast(one, one.type) if one.name in {"opens_at", "closes_at", "next_step_at"} else one for one in periods.c]


def _to_path(scope: Scope, requirement: Requirement, path: ColumnElement[str]) -> ColumnElement[str]:
    """Give whom a unit's work is addressed to: the receiving office, but the issuer where the office itself owes."""
    issuer = literal(requirement.path, Text)
    if requirement.receiver_id is None:
        return issuer
    office = get_owned(scope, Unit, requirement.receiver_id).path
    return case((path.startswith(office, autoescape=True), issuer), else_=literal(office, Text))


def _as_values(scope: Scope, requirement: Requirement, found: tuple[Occurrence, ...]) -> Values:
    instant = DateTime(timezone=True)
    table = values(
        column("period_kind", Text),
        column("period_code", Text),
        column("period_start", Date),
        column("period_end", Date),
        column("reporting_year", Integer),
        column("due_on", Date),
        column("due_at", instant),
        column("missing_at", instant),
        column("next_step_at", instant),
        column("opens_at", instant),
        column("closes_at", instant),
        name="periods",
    )
    return table.data([_as_row(scope, requirement, occurrence) for occurrence in found])


def _as_row(scope: Scope, requirement: Requirement, occurrence: Occurrence) -> tuple[object, ...]:
    period = occurrence.period
    times = times_of(requirement.window, due_on=occurrence.due_on, period_end=period.end, zone=scope.zone)
    return (
        period.kind.value,
        period.code,
        period.start,
        period.end,
        occurrence.reporting_year,
        occurrence.due_on,
        times.due_at,
        times.missing_at,
        first_step_at(scope, requirement, occurrence.due_on),
        times.opens_at,
        times.closes_at,
    )
