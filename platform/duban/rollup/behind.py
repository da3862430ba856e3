"""The units behind a figure: who is in it and with what, and who is not and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true

from duban.fields.quantities import Value
from duban.fields.values import from_stored
from duban.kernel.paging import Page, page_of
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.reporting.adding import Counting, Measure
from duban.reporting.models import Duty, Submission
from duban.reporting.queries.corrections import Corrected, corrected
from duban.reporting.queries.counted_above import is_outdated
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.rates import is_in
from duban.reporting.queries.totals import counted_number, duties_in
from duban.reporting.states import TO_REVIEW
from duban.rollup.asking import View


class Behind(StrEnum):
    """Which units of a figure are listed."""

    ALL = "all"
    COUNTED = "counted"
    NIL = "nil"
    LATE = "late"
    WAITING = "waiting"
    RETURNED = "returned"
    MISSING = "missing"
    OVERDUE = "overdue"
    PENDING = "pending"
    CORRECTED = "corrected"
    OUTDATED = "outdated"


BEHIND_LABELS: dict[Behind, str] = {
    Behind.ALL: N_("应报"),
    Behind.COUNTED: N_("已计入"),
    Behind.NIL: N_("零报告"),
    Behind.LATE: N_("迟报"),
    Behind.WAITING: N_("待审核"),
    Behind.RETURNED: N_("退回修改"),
    Behind.MISSING: N_("漏报"),
    Behind.OVERDUE: N_("逾期未报"),
    Behind.PENDING: N_("未到期"),
    Behind.CORRECTED: N_("计入后有更正"),
    Behind.OUTDATED: N_("按下级数填报后下级有更正"),
}


class Answer(StrEnum):
    """Units by how they answered one field."""

    ZERO = "zero"
    BLANK = "blank"
    NOT_APPLICABLE = "not_applicable"


ANSWER_LABELS: dict[Answer, str] = {
    Answer.ZERO: N_("报 0 的"),
    Answer.BLANK: N_("没有填的"),
    Answer.NOT_APPLICABLE: N_("填“不适用”的"),
}


@dataclass(frozen=True)
class Line:
    """
    One unit's duty with what it answers to a figure; `values` by field key, empty where none of its versions counts.

    `was` are the answers a correction has changed since they were counted, as they were.
    """

    line: DutyLine
    number: int | None
    is_nil: bool
    values: Mapping[str, Value]
    was: Mapping[str, Value] = field(default_factory=dict)
    correction: Corrected | None = None


def units_behind(
    scope: Scope, view: View, *, which: Behind, answer: Answer | None, measure: Measure | None, after: str | None, limit: int = 50
) -> Page[Line]:
    """
    List the duties behind a node's figures in the order of the tree.

    Takes: `answer` with the `measure` it is about. Costs: five queries, two more where something was corrected.
    """
    statement = duties_in(scope, view.source, view.node).where(_condition(scope, view, which))
    if answer is not None and measure is not None:
        statement = statement.where(_answered(scope, view, answer, measure))
    page = page_of(scope, statement, [Duty.path, Duty.period_code, Duty.id], after=after, limit=limit)
    versions = _versions(scope, page.items, view.counting)
    changed = corrected(scope, [duty.id for duty in page.items if duty.corrected_at is not None])
    lines = [_line(view, one, versions.get(one.duty.id), changed.get(one.duty.id)) for one in lines_of(scope, page.items)]
    return Page(items=lines, next=page.next)


def taken_from(view: View) -> set[str]:
    """Name what the figures are filled in from by those who report them: codes of forms, ids of requirements."""
    return {one.spec.from_below.partition(".")[0] for one in view.measures if one.spec.from_below}


def count_outdated(scope: Scope, view: View) -> int:
    """Count the reports taken from below before something there was corrected. Costs: one query, none for most forms."""
    if not taken_from(view):
        return 0
    behind = duties_in(scope, view.source, view.node).where(_condition(scope, view, Behind.OUTDATED))
    return scope.session.scalar(select(func.count()).select_from(behind.subquery())) or 0


def _number(counting: Counting) -> ColumnElement[Any]:
    """Give the number of the version of a duty that counts, NULL where none does."""
    waiting = case((Duty.state.in_(TO_REVIEW), Duty.versions))
    return func.coalesce(Duty.accepted_version, waiting if counting is Counting.SUBMITTED else None)


def _condition(scope: Scope, view: View, which: Behind) -> ColumnElement[bool]:
    counted: ColumnElement[bool] = Duty.accepted_version.is_not(None)
    if view.counting is Counting.SUBMITTED:
        counted = or_(counted, Duty.state.in_(TO_REVIEW))
    match which:
        case Behind.ALL:
            return true()
        case Behind.COUNTED:
            return counted
        case Behind.NIL | Behind.LATE:
            return and_(counted, Duty.is_nil if which is Behind.NIL else Duty.timeliness == "late")
        case Behind.PENDING:
            return and_(Duty.state == "open", Duty.due_at > scope.now)
        case Behind.CORRECTED:
            return and_(counted, Duty.corrected_at.is_not(None))
        case Behind.OUTDATED:
            return is_outdated(scope, taken_from(view), _number(view.counting))
        case _:
            return is_in(scope, which.value)


def _answered(scope: Scope, view: View, answer: Answer, measure: Measure) -> ColumnElement[bool]:
    key = measure.table or measure.spec.key
    value = Submission.content[key]
    sort = func.jsonb_typeof(value)
    conditions: dict[Answer, ColumnElement[bool]] = {
        Answer.BLANK: or_(value.is_(None), sort == "null"),
        Answer.NOT_APPLICABLE: and_(sort == "object", value.op("?")("na")),
        Answer.ZERO: and_(sort.in_(("number", "string")), value[()].astext.regexp_match("^-?0+([.]0*)?$")),
    }
    found = select(Submission.id).where(
        Submission.tenant_id == scope.tenant_id,
        Submission.duty_id == Duty.id,
        Submission.number == _number(view.counting),
        ~Submission.is_nil,
        conditions[answer],
    )
    return and_(_condition(scope, view, Behind.COUNTED), found.exists())


def _versions(scope: Scope, duties: Sequence[Duty], counting: Counting) -> dict[UUID, Submission]:
    numbers = {duty.id: number for duty in duties if (number := counted_number(duty, counting)) is not None}
    if not numbers:
        return {}
    rows = scope.session.scalars(owned(scope, Submission).where(Submission.duty_id.in_(numbers)))
    return {row.duty_id: row for row in rows if row.number == numbers[row.duty_id]}


def _line(view: View, line: DutyLine, version: Submission | None, correction: Corrected | None) -> Line:
    if version is None:
        return Line(line, None, is_nil=False, values={})
    plain = [one for one in view.measures if not one.table]
    values = {} if version.is_nil else {one.key: _read(one, version.content) for one in plain}
    was: dict[str, Value] = {}
    if correction is not None:
        was = {one.key: _read(one, correction.before) for one in plain if one.key in correction.changed}
    return Line(line, version.number, version.is_nil, values, was, correction)


def _read(measure: Measure, content: Mapping[str, Any]) -> Value:
    try:
        return from_stored(measure.spec, content.get(measure.spec.key))
    except ValueError:
        return None  # an older version of the form asked something else under this key
    except ArithmeticError:
        return None
