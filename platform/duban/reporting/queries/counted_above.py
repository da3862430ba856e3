"""Reports filled in from below, of which something was corrected after they had been handed in: what they counted has changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.orm import aliased

from duban.access import checks as access
from duban.fields.forms import FormSpec
from duban.fields.quantities import Figure, figure
from duban.fields.specs import FieldSpec
from duban.fields.values import from_stored
from duban.forms.models import Form
from duban.kernel.scope import Scope, get_owned, owned
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.corrections import Corrected, corrected
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.forms import form_of
from duban.reporting.queries.from_below import below_of_form, sources_of
from duban.tree import paths


@dataclass(frozen=True)
class Changed:
    """What the total below a field was when its version was handed in, and what it is now."""

    spec: FieldSpec
    before: Figure
    now: Figure


def changed_below(scope: Scope, duty: Duty, version: Submission) -> Sequence[Changed]:
    """
    List the fields of a version whose total below is another one now.

    The caller has made sure that the version may be read. Costs: nothing for a version that took nothing from below; else as
    `below_of_form`.
    """
    if not version.from_below:
        return ()
    now = below_of_form(scope, duty, form_of(scope, version))
    found = []
    for key, below in now.items():
        kept = version.from_below.get(key)
        before = figure(from_stored(below.spec, kept["below"])) if kept else None
        if kept and figure(below.value) != before:
            found.append(Changed(below.spec, before, figure(below.value)))
    return found


def corrected_below(scope: Scope, duty: Duty, version: Submission) -> Sequence[tuple[DutyLine, Corrected]]:
    """List what was corrected below since a version was handed in that counts it. Costs: three queries, two where any was."""
    found = sources_of(scope, duty, _codes(form_of(scope, version)))
    if not found:
        return ()
    ids = {one for source in found for one in source.requirement_ids}
    periods = {one for source in found for one in source.periods}
    rows = scope.session.scalars(
        owned(scope, Duty)
        .where(
            Duty.requirement_id.in_(ids),
            Duty.period_code.in_(periods),
            Duty.corrected_at > version.submitted_at,
            Duty.path.startswith(duty.path, autoescape=True),
            Duty.id != duty.id,
            access.readable(scope, Duty, "submission"),
        )
        .order_by(Duty.corrected_at)
    ).all()
    told = corrected(scope, [row.id for row in rows], since=version.submitted_at, with_content=False)
    return [(line, told[line.duty.id]) for line in lines_of(scope, rows) if line.duty.id in told]


def counted_in(scope: Scope, duty: Duty, requirement: Requirement) -> Sequence[DutyLine]:
    """
    List the reports of units above that were filled in from below and counted this duty.

    For the message of a correction: asks no leave. Costs: one query, and one for the form of each such report.
    """
    code = get_owned(scope, Form, requirement.form_id).code if requirement.form_id else str(requirement.id)
    rows = scope.session.execute(
        owned(scope, Duty)
        .add_columns(Submission)
        .where(
            Submission.tenant_id == scope.tenant_id,
            Submission.duty_id == Duty.id,
            Submission.number == func.coalesce(Duty.accepted_version, Duty.versions),
            Submission.from_below.is_not(None),
            Duty.path.in_(paths.ancestors(duty.path)),
            Duty.work_line.is_not_distinct_from(duty.work_line),
            Duty.period_start <= duty.period_start,
            Duty.period_end >= duty.period_end,
        )
        .order_by(Duty.path.desc(), Duty.id)
    ).all()
    return lines_of(scope, [above for above, version in rows if code in _codes(form_of(scope, version))])


def is_outdated(scope: Scope, codes: Collection[str], number: ColumnElement[Any]) -> ColumnElement[bool]:
    """
    Say in SQL that a duty's version was filled in from below, and that something below was corrected since it was handed in.

    Takes: the forms' codes or the requirements' ids its form is filled in from, the `number` of the version looked at. Counts
    only what the actor may read. Who was corrected, and whether the total came out another, says the report's own page.
    """
    forms = select(Form.id).where(Form.tenant_id == scope.tenant_id, Form.code.in_(codes))
    asking = select(Requirement.id).where(
        Requirement.tenant_id == scope.tenant_id,
        or_(Requirement.form_id.in_(forms), cast(Requirement.id, Text).in_(codes)),
    )
    below = aliased(Duty)
    corrected_since = select(below.id).where(
        below.tenant_id == scope.tenant_id,
        below.requirement_id.in_(asking),
        below.corrected_at > Submission.submitted_at,
        below.path > Duty.path,
        below.path < func.left(Duty.path, -1, type_=Text()) + "/",
        below.work_line.is_not_distinct_from(Duty.work_line),
        Duty.period_start <= below.period_start,
        below.period_end <= Duty.period_end,
        access.readable(scope, below, "submission"),
    )
    version = select(Submission.id).where(
        Submission.tenant_id == scope.tenant_id,
        Submission.duty_id == Duty.id,
        Submission.number == number,
        Submission.from_below.is_not(None),
        corrected_since.correlate(Duty, Submission).exists(),
    )
    return version.correlate(Duty).exists()


def _codes(form: FormSpec) -> set[str]:
    return {spec.from_below.partition(".")[0] for spec in form.fields if spec.from_below}
