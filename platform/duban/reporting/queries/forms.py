"""What a duty asks and what a version answered: the form in force, the last period's values, who uses a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from duban.calendar.periods import PeriodKind
from duban.fields.answers import Reading, read_form
from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.fields.specs import Kind
from duban.fields.values import from_stored
from duban.files.queries import list_of
from duban.forms.apart import set_apart
from duban.forms.boxes import answers_in
from duban.forms.models import Form, FormVersion
from duban.forms.queries import form_in, in_force, version_by_id, versions_by_form
from duban.forms.uses import Use
from duban.kernel.scope import Scope, get_owned, owned
from duban.reporting.models import Draft, Duty, Requirement, Submission
from duban.reporting.queries.from_below import beside_below
from duban.reporting.states import UNIT_TO_ACT, RequirementState

DUTY_FILES = "duty"
"""What files of a duty not handed in hang on; those of one question on `duty.<key>`."""


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
    return _requirement(scope, get_owned(scope, Duty, of.duty_id)).own_form


def asked_of(scope: Scope, duty: Duty, requirement: Requirement | None = None) -> Asked:
    """Give what a duty asks: the version in force on its period's last day; of what is asked once, on its due date."""
    requirement = requirement or _requirement(scope, duty)
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


def previous_submission(scope: Scope, duty: Duty, requirement: Requirement) -> Submission | None:
    """
    Find what the unit handed in for the period before: of the same requirement, or of one that asks the same form.

    Gives: the last version of the latest earlier period of the same kind that has one. Costs: one query.
    """
    same = Requirement.id == requirement.id
    if requirement.form_id is not None:
        same = or_(same, Requirement.form_id == requirement.form_id)
    statement = (
        owned(scope, Submission)
        .join(Duty, and_(Duty.tenant_id == Submission.tenant_id, Duty.id == Submission.duty_id))
        .join(Requirement, and_(Requirement.tenant_id == Duty.tenant_id, Requirement.id == Duty.requirement_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.unit_id == duty.unit_id,
            Duty.period_kind == duty.period_kind,
            Duty.period_end < duty.period_start,
            Submission.number == Duty.versions,
            same,
        )
        .order_by(Duty.period_end.desc(), Duty.id)
        .limit(1)
    )
    return scope.session.scalars(statement).one_or_none()


def previous_values(scope: Scope, duty: Duty, requirement: Requirement, asked: FormSpec) -> dict[str, Value] | None:
    """
    Give the last period's values of the questions that are still asked in the same kind; None without a last period.

    Costs: one query, two more where the form has moved on.
    """
    found = previous_submission(scope, duty, requirement)
    if found is None:
        return None
    form = form_of(scope, found)
    kinds = {spec.key: spec.kind for spec in asked.fields}
    values = {} if found.is_nil else values_of(scope, found, form)
    return {spec.key: values[spec.key] for spec in form.fields if spec.key in values and kinds.get(spec.key) is spec.kind}


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


def attached_to(scope: Scope, duty: Duty, form: FormSpec) -> dict[str, list[str]]:
    """Give the files of each question that asks for some. Costs: one query for each."""
    keys = [spec.key for spec in form.fields if spec.kind is Kind.ATTACHMENT]
    return {key: [str(file.id) for file in list_of(scope, f"{DUTY_FILES}.{key}", [duty.id]).get(duty.id, ())] for key in keys}


def read_duty(
    scope: Scope,
    duty: Duty,
    asked: Asked,
    typed: Mapping[str, object],
    *,
    is_draft: bool = False,
    with_files: bool = True,
) -> Reading:
    """
    Read what was typed for a duty beside its files and the last period's values, keeping nothing.

    Takes: `with_files` false for who enters in the unit's stead: what the unit has attached and not handed in is its own.
    The caller has made sure that the duty may be read. Costs: two to four queries.
    """
    requirement = get_owned(scope, Requirement, duty.requirement_id)
    reading = read_form(
        asked.form,
        answers_in(typed),
        previous=previous_values(scope, duty, requirement, asked.form),
        attached=attached_to(scope, duty, asked.form) if with_files else {},
        is_draft=is_draft,
    )
    return beside_below(scope, duty, asked.form, reading)


def _requirement(scope: Scope, duty: Duty) -> Requirement:
    kept: dict[UUID, Requirement] = scope.memo.setdefault("reporting.requirements", {})
    if duty.requirement_id not in kept:
        kept[duty.requirement_id] = get_owned(scope, Requirement, duty.requirement_id)
    return kept[duty.requirement_id]
