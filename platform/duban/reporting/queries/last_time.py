"""What a unit answered for the period before: whose figures they are, and when a requirement goes on with an earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.forms import form_of, values_of
from duban.reporting.states import DutyState


@dataclass(frozen=True)
class LastTime:
    """The answers of an earlier period: `period` names it, `requirement` asked for it (perhaps the one this one goes on with)."""

    values: Mapping[str, Value]
    period: Text
    requirement: Requirement


def last_time(scope: Scope, duty: Duty, requirement: Requirement, asked: FormSpec) -> LastTime | None:
    """
    Find what the unit handed in for the latest earlier period of the same kind, and of that what is still asked in the same kind.

    Takes: `asked` the form to answer for.
    Gives: None without an earlier period. Costs: one query, two more where the form has moved on.
    """
    statement = (
        select(Submission, Duty, Requirement)
        .join(Duty, and_(Duty.tenant_id == Submission.tenant_id, Duty.id == Submission.duty_id))
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Submission.tenant_id == scope.tenant_id,
            Duty.tenant_id == scope.tenant_id,
            Duty.unit_id == duty.unit_id,
            Duty.period_kind == duty.period_kind,
            Duty.period_end < duty.period_start,
            Submission.number == Duty.versions,
            goes_on_with(requirement, duty.period_start),
        )
        .order_by(Duty.period_end.desc(), Duty.id)
        .limit(1)
    )
    found = scope.session.execute(statement).one_or_none()
    if found is None:
        return None
    submission, earlier, asked_then = found
    return LastTime(still_asked(scope, submission, asked), earlier.period.label, asked_then)


def previous_values(scope: Scope, duty: Duty, requirement: Requirement, asked: FormSpec) -> Mapping[str, Value] | None:
    """Give the answers of `last_time` alone. Costs as it does."""
    found = last_time(scope, duty, requirement, asked)
    return found.values if found else None


def goes_on_with(requirement: Requirement, begins: date) -> ColumnElement[bool]:
    """
    Choose, among requirements joined to duties, this one and those it goes on with.

    One goes on with another that the same unit asked in the same line by the same form, and that asks the same unit nothing any
    more from the day the period `begins`: last year's monthly report, not another report of the same month.
    """
    if requirement.form_id is None:
        return Requirement.id == requirement.id
    later = aliased(Duty)
    still_runs = exists(
        select(later.id).where(
            later.tenant_id == Duty.tenant_id,
            later.requirement_id == Duty.requirement_id,
            later.unit_id == Duty.unit_id,
            later.period_end >= begins,
            later.state != DutyState.CANCELLED,
        )
    )
    ended = and_(
        Requirement.form_id == requirement.form_id,
        Requirement.unit_id == requirement.unit_id,
        Requirement.line == requirement.line,
        ~still_runs,
    )
    return or_(Requirement.id == requirement.id, ended)


def still_asked(scope: Scope, submission: Submission, asked: FormSpec) -> dict[str, Value]:
    """Give the answers of a version to what is still asked in the same kind; none of a nil return. Costs: two queries at most."""
    form = form_of(scope, submission)
    kinds = {spec.key: spec.kind for spec in asked.fields}
    values = {} if submission.is_nil else values_of(scope, submission, form)
    return {spec.key: values[spec.key] for spec in form.fields if spec.key in values and kinds.get(spec.key) is spec.kind}
