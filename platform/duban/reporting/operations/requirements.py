"""Writing a requirement, issuing it, withdrawing it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, Integer, Text, Uuid, Values, cast, column, func, literal, select, update, values
from sqlalchemy.dialects.postgresql import insert as pg_insert

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.due_dates import Occurrence, due_at, occurrences
from duban.calendar.lateness import Timeliness
from duban.fields.specs import spec_to_json
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_
from duban.kernel.text import Text as Words
from duban.programmes.models import Task
from duban.programmes.queries import get_programme
from duban.reporting import telling
from duban.reporting.errors import NobodyOwesError, ReasonMissingError, RequirementStateError
from duban.reporting.forms import RequirementForm, for_unit, targets_from_json
from duban.reporting.lines import chosen_line, require_issuing, require_withdrawing, work_line
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.requirements import get_requirement, owing_units, working_calendar
from duban.reporting.rules import missing_at
from duban.reporting.states import AFTER, Act, DutyState, RequirementState
from duban.tree.models import Unit


@dataclass(frozen=True)
class Issued:
    """What issuing did: `created` duties, 0 where the requirement had been issued before."""

    requirement: Requirement
    created: int


def create_requirement(scope: Scope, *, unit_id: UnitId, form: RequirementForm) -> Requirement:
    """
    Draft a requirement of a unit.

    Raises: NotFoundError, NotAllowedError.
    """
    unit = get_owned(scope, Unit, unit_id)
    access.require(scope, "requirement", "issue", unit)
    _check_links(scope, form)
    form = replace(form, line=chosen_line(scope, unit, form.line))
    requirement = Requirement(
        id=new_id(),
        unit_id=unit.id,
        path=unit.path,
        to_path=unit.path,
        lines=unit.lines,
        state=RequirementState.DRAFT,
        version=1,
        created_at=scope.now,
        created_by=scope.actor.person_id,
        withdrawn_reason="",
    )
    _write(requirement, for_unit(form, unit_name=unit.name))
    requirement.work_line = work_line(scope, requirement.line)
    scope.add(requirement)
    record(scope, "requirement.drafted", "requirement", requirement.id, unit.path, title=requirement.title)
    return requirement


def edit_requirement(scope: Scope, *, requirement_id: UUID, form: RequirementForm, version: int) -> Requirement:
    """
    Rewrite a drafted requirement.

    Takes:  `version` the editor had read.
    Raises: NotFoundError, NotAllowedError, StaleError, RequirementStateError.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    _check_state(requirement, RequirementState.DRAFT)
    if requirement.version != version:
        raise StaleError
    _check_links(scope, form)
    unit = get_owned(scope, Unit, requirement.unit_id)
    form = replace(form, line=chosen_line(scope, unit, form.line))
    _write(requirement, for_unit(form, unit_name=unit.name))
    requirement.work_line = work_line(scope, requirement.line)
    requirement.version += 1
    record(scope, "requirement.edited", "requirement", requirement.id, requirement.path, title=requirement.title)
    return requirement


def issue(scope: Scope, *, requirement_id: UUID, version: int | None = None) -> Issued:
    """
    Issue a requirement: one duty for each unit and period, and word to everybody who has to hand in.

    Takes:  `version` the issuer has looked at; None where the caller has compared it already, or there was nothing to look at.
    Doing it twice makes nothing twice. Raises: NotFoundError, NotAllowedError, RequirementStateError, StaleError,
    NobodyOwesError, UnknownYearError. Costs: one INSERT … SELECT for all duties, however many units.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    if requirement.stands is RequirementState.ISSUED:
        return Issued(requirement, 0)
    _check_state(requirement, RequirementState.DRAFT)
    if version is not None and requirement.version != version:
        raise StaleError(N_("这项要求在您预览之后被别人修改过，没有下达。请核对下面的最新内容后再下达。"))
    found = occurrences(requirement.rule, requirement.campaign, working_calendar(scope))
    if not found:
        raise NobodyOwesError
    requirement.state, requirement.issued_at, requirement.issued_by = RequirementState.ISSUED, scope.now, scope.actor.person_id
    requirement.version += 1
    scope.session.flush()  # the duties below point to it
    created = _make_duties(scope, requirement, found)
    if not created:
        raise NobodyOwesError
    record(
        scope,
        "requirement.issued",
        "requirement",
        requirement.id,
        requirement.path,
        title=requirement.title,
        duties=created,
        due_on=[occurrence.due_on for occurrence in found],
    )
    telling.of_issue(scope, requirement, first_due_on=min(occurrence.due_on for occurrence in found))
    return Issued(requirement, created)


def withdraw_requirement(scope: Scope, *, requirement_id: UUID, reason: str) -> Requirement:
    """
    Take an issued requirement back; its duties that are not over are cancelled, what was accepted stays.

    Raises: NotFoundError, NotAllowedError, RequirementStateError, ReasonMissingError.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_withdrawing(scope, requirement)
    _check_state(requirement, RequirementState.ISSUED)
    if not reason.strip():
        raise ReasonMissingError
    told = telling.people_of_open_duties(scope, requirement)
    requirement.state, requirement.withdrawn_at = RequirementState.WITHDRAWN, scope.now
    requirement.withdrawn_reason = reason.strip()
    requirement.version += 1
    cancelled = scope.session.scalars(
        update(Duty)
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == requirement.id,
            Duty.state.in_([state for state, acts in AFTER.items() if Act.CANCEL in acts]),
            Duty.accepted_at.is_(None),
        )
        .values(state=DutyState.CANCELLED, timeliness=Timeliness.PENDING, due_version=Duty.due_version + 1, changed_at=scope.now)
        .returning(Duty.id)
        .execution_options(synchronize_session=False)
    ).all()
    record(
        scope,
        "requirement.withdrawn",
        "requirement",
        requirement.id,
        requirement.path,
        reason=requirement.withdrawn_reason,
        cancelled=len(cancelled),
    )
    telling.of_withdrawal(scope, requirement, told)
    return requirement


def _check_links(scope: Scope, form: RequirementForm) -> None:
    """
    Refuse a programme the author cannot read, and a task of another one.

    Raises: NotFoundError, InvalidInputError.
    """
    if form.programme_id is not None:
        get_programme(scope, form.programme_id)
    if form.task_id is not None:
        task = scope.session.scalars(owned(scope, Task).where(Task.id == form.task_id)).one_or_none()
        if task is None or task.programme_id != form.programme_id:
            raise InvalidInputError(fields={"task_id": [Words(N_("请从给出的选项中选择"))]})


def _check_state(requirement: Requirement, wanted: RequirementState) -> None:
    if requirement.stands is not wanted:
        raise RequirementStateError(requirement.stands)


def _write(requirement: Requirement, form: RequirementForm) -> None:
    requirement.title, requirement.title_en = form.title, form.title_en
    requirement.instruction, requirement.instruction_en = form.instruction, form.instruction_en
    requirement.recipient, requirement.line = form.recipient, form.line
    requirement.programme_id, requirement.task_id = form.programme_id, form.task_id
    requirement.targets, requirement.due_rule = form.targets.to_json(), form.due.to_json()
    requirement.active_from, requirement.active_until = form.campaign.start, form.campaign.end
    requirement.fields = [spec_to_json(spec) for spec in form.specs]
    requirement.nil_allowed, requirement.attachments_required = form.nil_allowed, form.attachments_required
    requirement.preconditions = [code.value for code in form.preconditions]
    requirement.late_model = form.penalty.model
    requirement.late_points, requirement.missing_points = form.penalty.points, form.penalty.missing_points
    requirement.missing_after_days, requirement.correction_days = form.missing_after_days, form.correction_days


def _make_duties(scope: Scope, requirement: Requirement, found: tuple[Occurrence, ...]) -> int:
    """Cross the units that owe with the periods inside the database; what is there already is left alone."""
    issuer = get_owned(scope, Unit, requirement.unit_id)
    targets = targets_from_json(requirement.targets)
    units = owing_units(scope, issuer=issuer, targets=targets, line=requirement.work_line).subquery()
    periods = _as_values(scope, requirement, found)
    constants = {
        "tenant_id": cast(literal(scope.tenant_id), Uuid),
        "requirement_id": cast(literal(requirement.id), Uuid),
        "to_path": literal(requirement.path, Text),
        "work_line": cast(literal(requirement.work_line), Text),
        "due_since": cast(literal(scope.today), Date),
        "due_version": literal(1, Integer),
        "state": literal(DutyState.OPEN.value, Text),
        "is_nil": literal(False),
        "versions": literal(0, Integer),
        "timeliness": literal(Timeliness.PENDING.value, Text),
        "late_days": literal(0, Integer),
        "changed_at": cast(literal(scope.now), DateTime(timezone=True)),
    }
    names = ["id", "unit_id", "path", "lines", *constants, *[one.name for one in periods.c]]
    rows = (
        select(func.gen_random_uuid(), units.c.id, units.c.path, units.c.lines, *constants.values(), *periods.c)
        .select_from(units.join(periods, literal(True)))
        .where(units.c.tenant_id == scope.tenant_id)
    )
    statement = pg_insert(Duty).from_select(names, rows, include_defaults=False).on_conflict_do_nothing()
    return len(scope.session.scalars(statement.returning(Duty.id)).all())


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
        name="periods",
    )
    return table.data([_as_row(scope, requirement, occurrence) for occurrence in found])


def _as_row(scope: Scope, requirement: Requirement, occurrence: Occurrence) -> tuple[object, ...]:
    period, ends = occurrence.period, requirement.missing_after_days
    cut_off: datetime = missing_at(due_on=occurrence.due_on, missing_after_days=ends, zone=scope.zone)
    return (
        period.kind.value,
        period.code,
        period.start,
        period.end,
        occurrence.reporting_year,
        occurrence.due_on,
        due_at(occurrence.due_on, scope.zone),
        cut_off,
    )
