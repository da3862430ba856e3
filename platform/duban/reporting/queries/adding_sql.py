"""
The one statement that adds up: which version of each duty counts, what stands in its JSON, for whom a superior's figure stands.

Three levels: a row per duty with its version; the numbers read out of the JSON, each once; the groups. OFFSET 0 keeps the planner
from drawing the levels together, which would read a field of the JSON anew for every aggregate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Subquery,
    Text,
    and_,
    case,
    cast,
    collate,
    false,
    func,
    literal,
    or_,
    select,
    true,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import KeyedColumnElement

from duban.access import checks as access
from duban.kernel.scope import Scope
from duban.reporting.adding import Measure, Rule
from duban.reporting.models import Duty, Submission
from duban.reporting.queries.adding_fields import Fields, gathered
from duban.reporting.states import DutyState
from duban.tree import paths as tree_paths
from duban.tree.lines import CHILD, DEEP, token

COUNTS = (
    "expected", "counted", "handed_in", "accepted", "waiting", "returned", "missing", "overdue", "pending", "nil", "late",
    "corrected", "covered",
)  # fmt: skip
BRANCH, WHOLE = "m", "w"
"""Prefixes of a measure's aggregates: for the branch by itself, and for what it adds to the whole node."""
Expression = ColumnElement[Any]


@dataclass(frozen=True)
class Counted:
    """Which duties, and which of their versions: the accepted one, or also one that waits for its review."""

    requirement_ids: tuple[UUID, ...]
    periods: tuple[str, ...]
    submitted: bool
    apart_from: UUID | None = None

    @property
    def one_per_unit(self) -> bool:
        """Say whether a unit may owe the same twice."""
        return len(self.requirement_ids) > 1

    def duties(self) -> ColumnElement[bool]:
        """Say which duties."""
        of = [Duty.requirement_id.in_(self.requirement_ids), Duty.state != DutyState.CANCELLED]
        if self.periods:
            of.append(Duty.period_code.in_(self.periods))
        if self.apart_from is not None:
            of.append(Duty.unit_id != self.apart_from)
        return and_(*of)

    def version(self) -> Expression:
        """Give the number of the version of a duty that counts, NULL where none does."""
        accepted: Expression = Duty.accepted_version.expression
        if not self.submitted:
            return accepted
        # what was accepted is frozen: a correction of it counts when it is accepted itself
        waiting = Duty.state.in_((DutyState.SUBMITTED, DutyState.MISSING_SUBMITTED))
        return func.coalesce(accepted, case((waiting, Duty.versions)))


@dataclass(frozen=True)
class Branching:
    """How rows fall into branches directly below a node."""

    unit_id: UUID
    paths: tuple[str, ...]
    line: str | None

    def concerns(self) -> ColumnElement[bool]:
        """Say which duties lie at or below the node."""
        if self.line is None:
            return or_(*(and_(Duty.path >= path, Duty.path < tree_paths.upper_bound(path)) for path in self.paths))
        near, far = self._tokens()
        return or_(Duty.unit_id == self.unit_id, and_(Duty.lines != [], Duty.lines.overlap([near, far])))

    def branch(self) -> Expression:
        """Name a row's branch: '' for the node's own, else the path, or in a second line the id, of the unit next below."""
        if self.line is None:
            found = [
                (and_(Duty.path >= path, Duty.path < tree_paths.upper_bound(path)), _next_below(path)) for path in self.paths
            ]
            return found[0][1] if len(found) == 1 else case(*found)
        near, far = self._tokens()
        # A row's tokens of a line stand in the order of distance: the one before the node's own names the unit next below it.
        next_below = func.split_part(Duty.lines[func.array_position(Duty.lines, far) - 1], ".", 3)
        return case((Duty.unit_id == self.unit_id, ""), (Duty.lines.overlap([near]), cast(Duty.unit_id, Text)), else_=next_below)

    def walk(self) -> Expression:
        """
        Give a path of each row's unit in the line looked at, superiors first: the order of these is a walk through its tree.

        A row's tokens of a line stand in the order of distance, so turned round they are the way down to it.
        """
        if self.line is None:
            return Duty.path.expression
        above = func.unnest(Duty.lines).table_valued("word", with_ordinality="place", name="above").render_derived()
        label = func.split_part(above.c.word, ".", 3, type_=Text()) + "."
        down = (
            select(func.string_agg(label, aggregate_order_by(literal(""), above.c.place.desc()), type_=Text()))
            .where(func.split_part(above.c.word, ".", 1) == self.line)
            .scalar_subquery()
        )
        return collate(func.coalesce(down, "", type_=Text()) + cast(Duty.unit_id, Text) + ".", "C")

    def _tokens(self) -> tuple[str, str]:
        return token(str(self.line), CHILD, self.unit_id), token(str(self.line), DEEP, self.unit_id)


def _next_below(path: str) -> Expression:
    label = func.split_part(Duty.path, ".", tree_paths.depth(path) + 1)
    return case((label == "", ""), else_=literal(path, String) + label + ".")


def statement_of(
    scope: Scope, counted: Counted, branching: Branching, measures: Sequence[Measure], *, nested: bool
) -> Select[Any]:
    """
    Write the statement: a row per branch with `COUNTS`, the depths met, and every measure's aggregates.

    Takes: `nested` where units above each other owe, so that rules other than ADD tell who counts.
    """
    fields = Fields(measures, several_periods=len(counted.periods) != 1)
    rows = _rows(scope, counted, branching, fields, nested=nested)
    read = fields.read(rows)
    columns = [*_counts(scope, read, measures, line=branching.line, nested=nested)]
    for number, measure in enumerate(measures):
        atoms = fields.atoms(number)
        within = _counts_in_branch(measure.rule, read, nested=nested)
        columns += [gathered(atom, read, within).label(f"{BRANCH}{number}_{atom.name}") for atom in atoms]
        if nested and measure.rule is not Rule.ADD:
            columns += [
                gathered(atom, read, read.c[_IN_WHOLE[measure.rule]]).label(f"{WHOLE}{number}_{atom.name}") for atom in atoms
            ]
    return select(read.c.branch, *columns).group_by(read.c.branch)


def _rows(scope: Scope, counted: Counted, branching: Branching, fields: Fields, *, nested: bool) -> Subquery:
    """Give every duty with its version, and with who stands for whom; of duties that ask the same twice only one."""
    version = and_(Submission.tenant_id == scope.tenant_id, Submission.duty_id == Duty.id, Submission.number == counted.version())
    columns: list[KeyedColumnElement[Any]] = [
        branching.branch().label("branch"),
        Duty.unit_id.label("unit_id"),
        Duty.period_code.label("period_code"),
        Duty.period_end.label("period_end"),
        branching.walk().label("walk"),
        Duty.depth.label("depth"),
        Duty.state.label("state"),
        Duty.timeliness.label("timeliness"),
        Duty.due_at.label("due_at"),
        Duty.accepted_at.label("accepted_at"),
        Duty.versions.label("versions"),
        Duty.corrected_at.label("corrected_at"),
        Submission.number.label("number"),
        Submission.is_nil.label("is_nil"),
        *fields.from_json(Submission.content),
    ]
    if counted.one_per_unit:
        best = (Submission.number.is_(None), Duty.accepted_at.is_(None), Submission.submitted_at.desc(), Duty.id)
        columns.append(func.row_number().over(partition_by=(Duty.unit_id, Duty.period_code), order_by=best).label("choice"))
    rows = (
        select(*columns)
        .select_from(Duty)
        .outerjoin(Submission, version)
        .where(
            Duty.tenant_id == scope.tenant_id,
            counted.duties(),
            branching.concerns(),
            access.readable(scope, Duty, "submission"),
        )
        .offset(0)
        .subquery("counted")
    )
    if counted.one_per_unit:
        rows = select(rows).where(rows.c.choice == 1).offset(0).subquery("chosen")
    return _with_who_stands(rows) if nested else rows


def _with_who_stands(rows: Subquery) -> Subquery:
    """
    Say of each row whether it counts under the rules of nesting.

    Rows in the order of their paths are a walk through the tree, parents first. A row lies below a counted one that came before
    it when the farthest end of their ranges lies behind it; it has rows below it when the next row does.
    """
    walk = rows.c.walk
    upper = func.left(walk, -1, type_=Text()) + "/"

    def reach(*within: Expression) -> Expression:
        ends = func.max(upper).filter(rows.c.number.is_not(None))
        return ends.over(partition_by=within, order_by=walk, rows=(None, -1))

    def has_below(*within: Expression) -> Expression:
        following = func.lead(walk, type_=Text()).over(partition_by=within, order_by=walk)
        return func.coalesce(following.startswith(walk), false())

    period, branch = rows.c.period_code, rows.c.branch
    flags = {
        "stands": func.coalesce(walk >= reach(period), true()),
        "stands_in_branch": func.coalesce(walk >= reach(period, branch), true()),
        "is_lowest": ~has_below(period),
        "is_lowest_in_branch": ~has_below(period, branch),
    }
    columns = [condition.label(name) for name, condition in flags.items()]
    return select(rows, *columns).offset(0).subquery("standing")


_IN_WHOLE = {Rule.PARENT: "stands", Rule.LOWEST: "is_lowest"}
_IN_BRANCH = {Rule.PARENT: "stands_in_branch", Rule.LOWEST: "is_lowest_in_branch"}


def _counts_in_branch(rule: Rule, read: FromClause, *, nested: bool) -> ColumnElement[bool] | None:
    if not nested or rule is Rule.ADD:
        return None
    flag: ColumnElement[bool] = read.c[_IN_BRANCH[rule]]
    return flag


def _counts(
    scope: Scope, read: FromClause, measures: Sequence[Measure], *, line: str | None, nested: bool
) -> list[KeyedColumnElement[Any]]:
    column = read.c
    is_counted, is_open = column.number.is_not(None), column.state == DutyState.OPEN
    conditions: dict[str, ColumnElement[bool]] = {
        "handed_in": column.versions > 0,
        "accepted": column.accepted_at.is_not(None),
        "waiting": and_(column.state.in_((DutyState.SUBMITTED, DutyState.MISSING_SUBMITTED)), column.accepted_at.is_(None)),
        "returned": column.state == DutyState.RETURNED,
        "missing": column.timeliness == "missing",
        "overdue": and_(is_open, column.due_at <= scope.now),
        "pending": and_(is_open, column.due_at > scope.now),
        "nil": column.is_nil,
        "late": and_(is_counted, column.timeliness == "late"),
        "corrected": and_(is_counted, column.corrected_at.is_not(None)),
    }
    rules = {one.rule for one in measures}
    if nested:
        hidden = [~column[_IN_WHOLE[rule]] for rule in sorted(rules - {Rule.ADD})]
        conditions["covered"] = and_(is_counted, or_(*hidden))
    answers = func.count().filter
    replied = and_(is_counted, ~column.is_nil)
    found = [func.count().label("expected"), func.count(column.number).label("counted")]
    found += [answers(condition).label(name) for name, condition in conditions.items()]
    for rule in sorted(rules):
        within = _counts_in_branch(rule, read, nested=nested)
        found.append(answers(replied if within is None else and_(replied, within)).label(f"{BRANCH}_{rule.value}"))
        if nested and rule is not Rule.ADD:
            found.append(answers(and_(replied, column[_IN_WHOLE[rule]])).label(f"{WHOLE}_{rule.value}"))
    # as many dots as labels; by place the row knows
    depth = column.depth if line is None else func.length(column.walk) - func.length(func.replace(column.walk, ".", ""))
    depths = [func.min(depth).label("shallowest"), func.max(depth).label("deepest")]
    return [*found, *depths, func.max(column.period_end).label("until")]
