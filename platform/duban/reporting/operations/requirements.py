"""Writing a requirement, issuing it, withdrawing it."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    update,
)

from duban.access import checks as access
from duban.audit.operations import record
from duban.calendar.ladder_json import ladder_to_json
from duban.calendar.lateness import Timeliness
from duban.fields.forms import checks_to_json
from duban.fields.specs import spec_to_json
from duban.forms.operations import ready_form
from duban.forms.queries import choosable
from duban.forms.starting import form_of_template, template
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_
from duban.kernel.text import Text as Words
from duban.programmes.models import Task
from duban.programmes.queries import get_programme
from duban.reporting import telling
from duban.reporting.chains import keep_chains
from duban.reporting.errors import NobodyOwesError, ReasonMissingError, RequirementStateError
from duban.reporting.forms import RequirementForm, for_unit
from duban.reporting.later_periods import issue_later_periods
from duban.reporting.lines import chosen_line, require_issuing, require_withdrawing, work_line
from duban.reporting.making import make_duties
from duban.reporting.models import Duty, Requirement
from duban.reporting.moving import end_waiting
from duban.reporting.queries.below import periods_of, waitable
from duban.reporting.queries.requirements import get_requirement, preview_of
from duban.reporting.queries.schedule import falling_due, offices_of
from duban.reporting.states import AFTER, Act, DutyState, ExtensionState, RequirementState, ReviewMode
from duban.tenancy.ladders import duty_ladders
from duban.tree.models import Unit


@dataclass(frozen=True)
class Issued:
    """What issuing did: `created` duties, 0 where it had been issued before or all waits for the working days of `later_year`."""

    requirement: Requirement
    created: int
    later_year: int | None = None


def create_requirement(scope: Scope, *, unit_id: UnitId, form: RequirementForm) -> Requirement:
    """
    Draft a requirement of a unit.

    Raises: NotFoundError, NotAllowedError.
    """
    unit = get_owned(scope, Unit, unit_id)
    access.require(scope, "requirement", "issue", unit)
    _check_links(scope, form)
    _check_times(scope, unit, form)
    _check_waiting(scope, unit, form)
    form = replace(form, line=chosen_line(scope, unit, form.line), form_id=_form_id(scope, unit, form))
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
    _write(requirement, for_unit(form, unit_name=unit.name, office_name=_office_name(scope, form)))
    requirement.work_line = work_line(scope, requirement.line)
    requirement.ladder = _ladder(scope, form.ladder)
    scope.add(requirement)
    record(scope, "requirement.drafted", "requirement", requirement.id, unit.path, title=requirement.title)
    return requirement


def _ladder(scope: Scope, code: str) -> dict[str, Any]:
    """Give the tenant's ladder of a code, the first where none is named. Raises: InvalidInputError."""
    offered = duty_ladders(scope)
    found = next((one for one in offered if one.code == code), None) if code else offered[0]
    if found is None:
        raise InvalidInputError(fields={"ladder": [Words(N_("请从给出的选项中选择"))]})
    return ladder_to_json(found)


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
    _check_times(scope, unit, form)
    _check_waiting(scope, unit, form)
    form = replace(form, line=chosen_line(scope, unit, form.line), form_id=_form_id(scope, unit, form))
    _write(requirement, for_unit(form, unit_name=unit.name, office_name=_office_name(scope, form)))
    requirement.work_line = work_line(scope, requirement.line)
    if form.ladder:
        requirement.ladder = _ladder(scope, form.ladder)
    requirement.version += 1
    record(scope, "requirement.edited", "requirement", requirement.id, requirement.path, title=requirement.title)
    return requirement


def issue(scope: Scope, *, requirement_id: UUID, version: int | None = None) -> Issued:
    """
    Issue a requirement: one duty for each unit and period, and word to everybody who has to hand in.

    Takes:  `version` the issuer has looked at; None where the caller has compared it already, or there was nothing to look at.
    Doing it twice makes nothing twice; only periods whose year's working days were not known the first time are added.
    Raises: NotFoundError, NotAllowedError, RequirementStateError, StaleError, NobodyOwesError, NeverDueError.
    Costs: one INSERT … SELECT for all duties, however many units.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    if requirement.stands is RequirementState.ISSUED:
        return Issued(requirement, issue_later_periods(scope, requirement))
    _check_state(requirement, RequirementState.DRAFT)
    if version is not None and requirement.version != version:
        raise StaleError(N_("这项要求在您预览之后被别人修改过，没有下达。请核对下面的最新内容后再下达。"))
    told = falling_due(scope, requirement.rule, requirement.campaign, requirement.window)
    found = told.found
    requirement.state, requirement.issued_at, requirement.issued_by = RequirementState.ISSUED, scope.now, scope.actor.person_id
    requirement.version += 1
    scope.session.flush()  # the duties below point to it
    created = make_duties(scope, requirement, found) if found else 0
    if not created and (found or not preview_of(scope, requirement, limit=1).unit_count):
        raise NobodyOwesError
    keep_chains(scope, requirement)
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
    if found:
        telling.of_issue(scope, requirement, first_due_on=min(occurrence.due_on for occurrence in found))
    if told.year is not None:
        telling.of_missing_year(scope, told.year)
    return Issued(requirement, created, told.year)


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
        .values(
            state=DutyState.CANCELLED,
            timeliness=Timeliness.PENDING,
            due_version=Duty.due_version + 1,
            changed_at=scope.now,
            at_path=None,
            waiting_since=None,
            reviewer_id=None,
            reviewer_until=None,
        )
        .returning(Duty.id)
        .execution_options(synchronize_session=False)
    ).all()
    end_waiting(scope, cancelled, ExtensionState.LAPSED, requirement.withdrawn_reason)
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


def _check_times(scope: Scope, unit: Unit, form: RequirementForm) -> None:
    """
    Refuse a rule that never falls due, a window that opens too late, and a receiver that may not receive.

    Raises: NeverDueError, InvalidInputError.
    """
    falling_due(scope, form.due, form.campaign, form.window)
    if form.receiver_id is None:
        return
    if form.receiver_id not in {one.id for one in offices_of(scope, unit)}:
        raise InvalidInputError(fields={"receiver_id": [Words(N_("请从给出的选项中选择"))]})
    if form.review_mode is not ReviewMode.ONE_STEP:
        raise InvalidInputError(fields={"receiver_id": [Words(N_("逐级审核的要求由本单位接收，不能交给办公室、部门。"))]})
    if work_line(scope, chosen_line(scope, unit, form.line)) is not None:
        raise InvalidInputError(fields={"receiver_id": [Words(N_("只有主管线上的要求可以由本单位的办公室、部门接收。"))]})


def _check_waiting(scope: Scope, unit: Unit, form: RequirementForm) -> None:
    """
    Refuse to wait for a requirement that is not one of the unit's or of those above, that works in another line, or that
    nobody owes for any period inside one of this one's.

    Raises: InvalidInputError.
    """
    if form.waits_for_id is None:
        return
    waited = next((one for one in waitable(scope, unit) if one.id == form.waits_for_id), None)
    if waited is None:
        raise InvalidInputError(fields={"waits_for_id": [Words(N_("请从给出的选项中选择"))]})
    if waited.work_line != work_line(scope, chosen_line(scope, unit, form.line)):
        raise InvalidInputError(fields={"waits_for_id": [Words(N_("那项要求走的是另一条线，不能等它。"))]})
    told = falling_due(scope, form.due, form.campaign, form.window)
    own = [*(one.period for one in told.found), *told.unknown]
    inside = (start >= one.start and end <= one.end for one in own for start, end in periods_of(scope, waited.id))
    if not told.unknown and not any(inside):
        raise InvalidInputError(fields={"waits_for_id": [Words(N_("那项要求没有一期落在这项的报告期里，等不到。"))]})


def _form_id(scope: Scope, unit: Unit, form: RequirementForm) -> UUID | None:
    """
    Give the form that is asked: one of the unit's or of those above, or the one a suggestion of the kind brings with it.

    Raises: InvalidInputError.
    """
    if form.form_code:
        item = template(scope, level=unit.level, code=form.form_code)
        if item is None:
            raise InvalidInputError(fields={"form_id": [Words(N_("请从给出的选项中选择"))]})
        title = item["title"]
        return ready_form(
            scope,
            unit=unit,
            code=form.form_code,
            title=title["zh"],
            title_en=title.get("en", ""),
            spec=form_of_template(item),
            effective_from=form.campaign.start,
        ).id
    if form.form_id is not None and all(one.id != form.form_id for one in choosable(scope, unit.path)):
        raise InvalidInputError(fields={"form_id": [Words(N_("请从给出的选项中选择"))]})
    return form.form_id


def _office_name(scope: Scope, form: RequirementForm) -> str:
    return get_owned(scope, Unit, form.receiver_id).name if form.receiver_id else ""


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
    requirement.checks, requirement.form_id = checks_to_json(form.checks), form.form_id
    requirement.nil_allowed, requirement.attachments_required = form.nil_allowed, form.attachments_required
    requirement.superiors_may_enter = form.superiors_may_enter
    requirement.preconditions = [code.value for code in form.preconditions]
    requirement.late_model = form.penalty.model
    requirement.late_points, requirement.missing_points = form.penalty.points, form.penalty.missing_points
    requirement.missing_after_days, requirement.correction_days = form.missing_after_days, form.correction_days
    requirement.review_mode, requirement.waits_below = form.review_mode, form.quorum.waits
    requirement.quorum_kind, requirement.quorum = form.quorum.kind, form.quorum.count
    requirement.counting, requirement.counting_rule = form.counting, form.counting_rule
    requirement.waits_until, requirement.waits_for_id = form.quorum.until, form.waits_for_id
    requirement.opens, requirement.opens_days = form.opens, form.opens_days
    requirement.late_until_days, requirement.grace_days = form.late_until_days, form.grace_days
    requirement.receiver_id = form.receiver_id
