"""
One workbook of all units of a requirement and period for those above them: what each handed in last, to be read.

What a unit has typed and not handed in is nobody's but its own, so it is not in here; see decision 53.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_

from duban.access import checks as access
from duban.calendar.periods import Period
from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.kernel.paging import MOST_TAKEN
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.forms import asked_by, asked_of, form_of, values_of
from duban.reporting.states import DutyState


@dataclass(frozen=True)
class Told:
    """A unit's row: what it handed in last, None where it has not; `values` by question, none for a nil return."""

    line: DutyLine
    submission: Submission | None
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Overview:
    """A requirement's units in one period, in the order of the tree. `period` None: nobody the reader may see owes it."""

    requirement: Requirement
    period: Period | None
    form: FormSpec
    rows: Sequence[Told]


class TooManyUnitsError(Exception):
    """More units than one workbook takes."""


def overview_of(scope: Scope, requirement: Requirement, period_code: str) -> Overview:
    """
    Gather what the units handed in, of those whose reports the person may read.

    Takes:  a requirement the caller has made sure may be read.
    Raises: TooManyUnitsError, rather than leave some out.
    Costs:  a few queries however many units, one more for each older version of the form.
    """
    statement = owned(scope, Duty).where(
        Duty.requirement_id == requirement.id,
        Duty.period_code == period_code,
        Duty.state != DutyState.CANCELLED,
        access.readable(scope, Duty, "submission"),
    )
    duties = scope.session.scalars(statement.order_by(Duty.path, Duty.id).limit(MOST_TAKEN + 1)).all()
    if len(duties) > MOST_TAKEN:
        raise TooManyUnitsError
    if not duties:
        return Overview(requirement, None, asked_by(scope, requirement)[0], ())
    form = asked_of(scope, duties[0], requirement).form
    last = _handed_in(scope, requirement.id, period_code)
    rows = [
        Told(one, found := last.get(one.duty.id), _same_questions(scope, found, form) if found else {})
        for one in lines_of(scope, duties)
    ]
    return Overview(requirement, duties[0].period, form, rows)


def _handed_in(scope: Scope, requirement_id: UUID, period_code: str) -> dict[UUID, Submission]:
    statement = (
        owned(scope, Submission)
        .join(Duty, and_(Duty.tenant_id == Submission.tenant_id, Duty.id == Submission.duty_id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == requirement_id,
            Duty.period_code == period_code,
            Submission.number == Duty.versions,
            access.readable(scope, Submission, "submission"),
        )
    )
    return {row.duty_id: row for row in scope.session.scalars(statement)}


def _same_questions(scope: Scope, submission: Submission, form: FormSpec) -> dict[str, Value]:
    """Give the answers to the questions of `form`, also of a version handed in under an older one."""
    if submission.is_nil:
        return {}
    earlier = form_of(scope, submission)
    values, kinds = values_of(scope, submission, earlier), {spec.key: spec.kind for spec in form.fields}
    return {spec.key: values[spec.key] for spec in earlier.fields if spec.key in values and kinds.get(spec.key) is spec.kind}
