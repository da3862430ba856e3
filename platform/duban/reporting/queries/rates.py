"""
How complete and how punctual: what was expected, handed in, accepted, in time, below a node, by branch and by period.

Counted anew at every read, in the tree of the time, from the duties the actor may read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, select

from duban.access import checks as access
from duban.kernel.scope import Scope
from duban.reporting.models import Duty
from duban.reporting.queries.adding_sql import Branching
from duban.reporting.queries.totals import Node, named_branches
from duban.reporting.states import TO_REVIEW, DutyState
from duban.tree.models import Unit

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Rate:
    """A part of a whole. `percent` is exact to two places, half up; None of nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> Decimal | None:
        """The part in percent."""
        if not self.whole:
            return None
        return (Decimal(self.part * 100) / Decimal(self.whole)).quantize(_CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Standing:
    """
    How many duties stand how. `expected` are all but cancelled ones; `due` those whose day is over or that were handed in.

    `missing` are past their cut-off with nothing acceptable in time, `overdue` past their day and still to come.
    """

    expected: int = 0
    due: int = 0
    handed_in: int = 0
    accepted: int = 0
    on_time: int = 0
    late: int = 0
    missing: int = 0
    overdue: int = 0
    returned: int = 0
    waiting: int = 0

    def with_(self, other: "Standing") -> "Standing":
        """Join two that share no duty."""
        return Standing(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    @property
    def completeness(self) -> Rate:
        """Handed in, of all expected."""
        return Rate(self.handed_in, self.expected)

    @property
    def timeliness(self) -> Rate:
        """Handed in on time, of all expected."""
        return Rate(self.on_time, self.expected)

    @property
    def acceptance(self) -> Rate:
        """Accepted, of all expected."""
        return Rate(self.accepted, self.expected)


@dataclass(frozen=True)
class Asked:
    """Which duties are counted: due from one day to another, both included; of one requirement or all, of one line or any."""

    due_from: date
    due_until: date
    requirement_id: UUID | None = None
    period: str | None = None
    work_line: str | None = None
    any_line: bool = True

    def duties(self) -> ColumnElement[bool]:
        """Say so in SQL."""
        terms = [Duty.due_on >= self.due_from, Duty.due_on <= self.due_until, Duty.state != DutyState.CANCELLED]
        if self.requirement_id is not None:
            terms.append(Duty.requirement_id == self.requirement_id)
        if self.period is not None:
            terms.append(Duty.period_code == self.period)
        if not self.any_line:
            terms.append(Duty.work_line.is_not_distinct_from(self.work_line))
        return and_(*terms)


@dataclass(frozen=True)
class RateBranch:
    """One unit directly below the node with all below it, or the node's own part."""

    name: str
    unit: Unit | None
    is_own: bool
    standing: Standing


@dataclass(frozen=True)
class NodeRates:
    """A node's rates, those of its branches in the order of the tree, and those of each month things were due in."""

    whole: Standing
    branches: Sequence[RateBranch]
    months: Mapping[str, Standing]


def conditions(scope: Scope) -> dict[str, ColumnElement[bool]]:
    """Say in SQL how a duty stands, by the names of `Standing`."""
    is_over = Duty.due_at <= scope.now
    return {
        "due": is_over | (Duty.versions > 0),
        "handed_in": Duty.versions > 0,
        "accepted": Duty.accepted_at.is_not(None),
        "on_time": Duty.timeliness == "on_time",
        "late": Duty.timeliness == "late",
        "missing": Duty.timeliness == "missing",
        "overdue": and_(Duty.state == DutyState.OPEN, Duty.timeliness == "pending", is_over),
        "returned": Duty.state == DutyState.RETURNED,
        "waiting": and_(Duty.state.in_(TO_REVIEW), Duty.accepted_at.is_(None)),
    }


def rates(scope: Scope, *, node: Node, asked: Asked) -> NodeRates:
    """
    Count what stands how below a node. Costs: one statement, one more for the names of the branches.

    The caller has made sure that the node may be read; what lies below it and may not be read is not counted.
    """
    branching = Branching(node.unit.id, node.paths, node.line)
    month = func.to_char(Duty.due_on, "YYYY-MM")
    counts = [func.count().filter(condition).label(name) for name, condition in conditions(scope).items()]
    inner = branching.branch().label("branch")
    rows = scope.session.execute(
        select(inner, month.label("month"), func.max(Duty.period_end).label("until"), func.count().label("expected"), *counts)
        .where(Duty.tenant_id == scope.tenant_id, asked.duties(), branching.concerns(), access.readable(scope, Duty, "duty"))
        .group_by("branch", "month")
    ).mappings()
    whole, months, found = Standing(), dict[str, Standing](), dict[str, Standing]()
    until: date | None = None
    for row in rows:
        one = _standing(row)
        whole = whole.with_(one)
        months[row["month"]] = months.get(row["month"], Standing()).with_(one)
        found[row["branch"]] = found.get(row["branch"], Standing()).with_(one)
        until = max(until, row["until"]) if until else row["until"]
    gathered = named_branches(scope, node, list(found), until)
    branches = []
    for one_branch in gathered:
        standing = Standing()
        for key in one_branch.keys:
            standing = standing.with_(found[key])
        branches.append(RateBranch(one_branch.name, one_branch.unit, one_branch.is_own, standing))
    return NodeRates(whole, branches, dict(sorted(months.items())))


def _standing(row: Mapping[Any, Any]) -> Standing:
    return Standing(**{one.name: int(row[one.name]) for one in fields(Standing)})


def is_in(scope: Scope, name: str) -> ColumnElement[bool]:
    """Say in SQL that a duty is among those `Standing` counts under a name; everything is `expected`."""
    return conditions(scope).get(name, literal(1) == 1)
