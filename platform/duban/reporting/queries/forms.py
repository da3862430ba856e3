"""What a duty asks and what a version answered: the form in force, the last period's values, who uses a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, select

from duban.calendar.periods import PeriodKind
from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.fields.values import from_stored
from duban.forms.apart import set_apart
from duban.forms.models import Form, FormVersion
from duban.forms.queries import form_in, in_force, version_by_id, versions_by_form
from duban.forms.uses import Use
from duban.kernel.scope import Scope, get_owned
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.states import UNIT_TO_ACT, RequirementState


@dataclass(frozen=True)
class Asked:
    """What a duty asks: the form, and the version of duban.forms it comes from, where the requirement names one."""

    form: FormSpec
    version: FormVersion | None = None

    @property
    def version_id(self) -> UUID | None:
        """The version to remember with what is typed and handed in."""
        return self.version.id if self.version else None


def form_of(scope: Scope, of: Duty | Submission) -> FormSpec:
    """
    Give the form of a duty, or the one a version was handed in under.

    The caller has made sure that it may be read. Costs: at most three queries, none for forms read before in this work.
    """
    if isinstance(of, Duty):
        return asked_of(scope, of).form
    if of.form_version_id is not None:
        return form_in(version_by_id(scope, of.form_version_id))
    return requirement_of(scope, get_owned(scope, Duty, of.duty_id)).own_form


def asked_of(scope: Scope, duty: Duty, requirement: Requirement | None = None) -> Asked:
    """Give what a duty asks: the version in force on its period's last day; of what is asked once, on its due date."""
    requirement = requirement or requirement_of(scope, duty)
    if requirement.form_id is None:
        return Asked(requirement.own_form)
    version = in_force(versions_by_form(scope, {requirement.form_id})[requirement.form_id], day_of(duty))
    return Asked(form_in(version), version) if version else Asked(requirement.own_form)


def asked_by(scope: Scope, requirement: Requirement) -> tuple[FormSpec, Form | None]:
    """
    Give what a requirement asks today, and the form it names.

    The caller has made sure that the requirement may be read. Costs: two queries where it names a form.
    """
    if requirement.form_id is None:
        return requirement.own_form, None
    version = in_force(versions_by_form(scope, {requirement.form_id})[requirement.form_id], scope.today)
    return (form_in(version) if version else FormSpec()), get_owned(scope, Form, requirement.form_id)


def typed_of(scope: Scope, draft: Draft, asked: Asked) -> dict[str, str]:
    """Give what a draft holds, by the form asked now: answers to a question of another kind are set apart. Costs: one query."""
    before = begun_under(scope, draft, asked)
    return dict(draft.typed) if before is None else set_apart(before, asked.form, draft.typed)


def begun_under(scope: Scope, draft: Draft | Submission, asked: Asked) -> FormSpec | None:
    """Give the form typing began under where it is not the one asked now. Costs: at most one query."""
    if draft.form_version_id is None or draft.form_version_id == asked.version_id:
        return None
    return form_in(version_by_id(scope, draft.form_version_id))


def day_of(duty: Duty) -> date:
    """Give the day whose version of a form counts. Pure."""
    return duty.due_on if duty.period.kind is PeriodKind.ONCE else duty.period_end


def forms_of(scope: Scope, versions: Sequence[Submission], asked: FormSpec) -> Mapping[UUID, FormSpec]:
    """Give the form of each version of one duty; `asked` is that of the duty. Costs: a query for each older version of a form."""
    return {
        version.id: form_in(version_by_id(scope, version.form_version_id)) if version.form_version_id else asked
        for version in versions
    }


def values_of(scope: Scope, submission: Submission, form: FormSpec | None = None) -> dict[str, Value]:
    """Give what a version answered, by key."""
    form = form or form_of(scope, submission)
    return {spec.key: from_stored(spec, submission.content[spec.key]) for spec in form.fields if spec.key in submission.content}


def use_of(scope: Scope, form_id: UUID) -> Use:
    """Count who asks a form now. For the page that publishes the next version. Costs: two queries."""
    issued = and_(Requirement.form_id == form_id, Requirement.state == RequirementState.ISSUED)
    requirements = scope.session.scalar(
        select(func.count()).select_from(Requirement).where(Requirement.tenant_id == scope.tenant_id, issued)
    )
    rows = scope.session.execute(
        select(Duty.period_kind, Duty.due_on, Duty.period_end, func.count(), func.count(Draft.id))
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .outerjoin(Draft, and_(Draft.tenant_id == Duty.tenant_id, Draft.duty_id == Duty.id))
        .where(Duty.tenant_id == scope.tenant_id, issued, Duty.state.in_(UNIT_TO_ACT))
        .group_by(Duty.period_kind, Duty.due_on, Duty.period_end)
    ).all()
    days = [(row[1] if row[0] == PeriodKind.ONCE else row[2], row[3], row[4]) for row in rows]
    return Use(requirements=requirements or 0, days=tuple(days))


def requirement_of(scope: Scope, duty: Duty) -> Requirement:
    """Give the requirement of a duty the caller has made sure may be read. Costs: one query, none where this work has read it."""
    kept: dict[UUID, Requirement] = scope.memo.setdefault("reporting.requirements", {})
    if duty.requirement_id not in kept:
        kept[duty.requirement_id] = get_owned(scope, Requirement, duty.requirement_id)
    return kept[duty.requirement_id]
