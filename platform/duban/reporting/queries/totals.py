"""
Totals of what was handed in, computed anew from the versions at every read: nothing is kept that could be stale.

One statement adds up a node branch by branch, in the tree as it was when the duties were made (`Duty.path`, `Duty.lines`); the
branches joined are the node. How figures join is `duban.reporting.adding`. Rows the actor may not read are in no figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, select

from duban.access import checks as access
from duban.access.places import places_of
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, owned
from duban.reporting.adding import Counting, Measure, Part, Rule, Total, joined, totals_of
from duban.reporting.models import Duty
from duban.reporting.queries.adding_fields import part_of
from duban.reporting.queries.adding_sql import BRANCH, COUNTS, WHOLE, Branching, Counted, statement_of
from duban.reporting.states import TO_REVIEW, DutyState
from duban.tree.models import FormerName, Placement, Unit

OWN = ""
"""The branch of what the node itself hands in."""


@dataclass(frozen=True)
class Source:
    """
    Which duties are added up: those of these requirements in these periods, counting these versions.

    Of several requirements that ask the same of a unit for the same period one counts: accepted before waiting, then the newest.
    """

    requirement_ids: tuple[UUID, ...]
    periods: tuple[str, ...] = ()
    counting: Counting = Counting.ACCEPTED
    apart_from: UUID | None = None
    """A unit whose own duties are left out: for totals of those below it."""


@dataclass(frozen=True)
class Node:
    """
    A unit as the head of what is added up: with all below its `paths`, the places at which it stood and the actor may read, or,
    in a second line, with all that carried it as a superior in that line.
    """

    unit: Unit
    paths: tuple[str, ...]
    line: str | None = None


@dataclass(frozen=True)
class Counts:
    """
    How many duties stand how.

    `expected` all that count; `counted` those whose version is in the figures, of them `nil` nil returns, `late` came late,
    `corrected` have a newer version than the one that counts. `covered` are counted ones for which another unit's figure stands.
    """

    expected: int = 0
    counted: int = 0
    handed_in: int = 0
    accepted: int = 0
    waiting: int = 0
    returned: int = 0
    missing: int = 0
    overdue: int = 0
    pending: int = 0
    nil: int = 0
    late: int = 0
    corrected: int = 0
    covered: int = 0

    def with_(self, other: "Counts") -> "Counts":
        """Join the counts of two branches."""
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in COUNTS})


@dataclass(frozen=True)
class Branch:
    """
    One unit directly below the node with all below it, or the node's own part (`is_own`).

    `name` is the unit's on the last day of the newest period; `unit` None where nobody knows any more whose place it was.
    """

    name: str
    unit: Unit | None
    is_own: bool
    counts: Counts
    totals: Mapping[str, Total]


@dataclass(frozen=True)
class NodeTotals:
    """A node's totals and those of its branches, in the order of the tree."""

    node: Node
    counts: Counts
    totals: Mapping[str, Total]
    branches: Sequence[Branch] = ()


@dataclass
class _Found:
    """A branch as the statement gives it: counts, and parts for the branch by itself and for its share of the whole."""

    counts: Counts = field(default_factory=Counts)
    parts: dict[str, Part] = field(default_factory=dict)
    shares: dict[str, Part] = field(default_factory=dict)
    until: date | None = None


def node_of(scope: Scope, unit: Unit, line: str | None = None) -> Node:
    """
    Make a unit the head of totals.

    Raises: NotFoundError where the actor may not read what it hands in. Costs: one query, none for the actor's own unit.
    """
    paths = tuple(places_of(scope, unit, "submission", inherited=True))
    if not paths:
        raise NotFoundError
    return Node(unit, paths, line)


def totals(scope: Scope, *, source: Source, node: Node, measures: Sequence[Measure]) -> NodeTotals:
    """
    Add up a node and each branch below it.

    Costs: one statement over the duties below the node; a second one where units above each other handed in and one stands for
    the other; one for the names of the branches.
    """
    branching = Branching(node.unit.id, node.paths, node.line)
    rows = _read(scope, source, branching, measures, nested=False)
    if any(one.rule is not Rule.ADD for one in measures) and _is_nested(rows):
        rows = _read(scope, source, branching, measures, nested=True)
    found = _branches(rows, measures)
    counts = Counts()
    for one in found.values():
        counts = counts.with_(one.counts)
    whole = {one.key: joined(found[branch].shares.get(one.key, Part()) for branch in found) for one in measures}
    return NodeTotals(
        node=node,
        counts=counts,
        totals=totals_of(measures, whole),
        branches=_named(scope, node, found, measures),
    )


def _read(
    scope: Scope, source: Source, branching: Branching, measures: Sequence[Measure], *, nested: bool
) -> Sequence[Mapping[str, Any]]:
    statement = statement_of(scope, _counted(source), branching, measures, nested=nested)
    return [dict(row) for row in scope.session.execute(statement).mappings()]


def _counted(source: Source) -> Counted:
    submitted = source.counting is Counting.SUBMITTED
    return Counted(source.requirement_ids, source.periods, submitted=submitted, apart_from=source.apart_from)


def _is_nested(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether units of several depths owe, so that one may stand above another."""
    depths = {row["shallowest"] for row in rows} | {row["deepest"] for row in rows}
    return len(depths) > 1


def _branches(rows: Sequence[Mapping[str, Any]], measures: Sequence[Measure]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for row in rows:
        one = found[row["branch"]] = _Found(Counts(**{name: row.get(name, 0) for name in COUNTS}), until=row["until"])
        for number, measure in enumerate(measures):
            key, rule = measure.key, measure.rule.value
            one.parts[key] = part_of(measure, number, row, prefix=BRANCH, versions=row[f"{BRANCH}_{rule}"])
            is_apart = f"{WHOLE}_{rule}" in row
            one.shares[key] = (
                part_of(measure, number, row, prefix=WHOLE, versions=row[f"{WHOLE}_{rule}"]) if is_apart else one.parts[key]
            )
    return found


def _named(scope: Scope, node: Node, found: Mapping[str, _Found], measures: Sequence[Measure]) -> list[Branch]:
    until = max((one.until for one in found.values() if one.until is not None), default=None)
    branches = []
    for one in named_branches(scope, node, list(found), until):
        counts, parts = Counts(), dict[str, Part]()
        for key in one.keys:
            counts = counts.with_(found[key].counts)
            parts = {name: parts.get(name, Part()).with_(part) for name, part in found[key].parts.items()}
        branches.append(Branch(one.name, one.unit, one.is_own, counts, totals_of(measures, parts)))
    return branches


@dataclass(frozen=True)
class NamedBranch:
    """Whose branch it is; `keys` are the branches of all the places the unit stood at."""

    name: str
    unit: Unit | None
    is_own: bool
    keys: Sequence[str]


def named_branches(scope: Scope, node: Node, keys: Sequence[str], until: date | None) -> list[NamedBranch]:
    """
    Say whose branches these are, by the names of a day, the node's own part first, then in the order of the tree.

    A unit's several places are one branch. Costs: one query.
    """
    below = sorted(key for key in keys if key != OWN)
    units = _units_of(scope, below, until, in_line=node.line is not None)
    places: dict[UUID | str, list[str]] = {}
    for key in below:
        places.setdefault(units[key][0].id if key in units else key, []).append(key)
    found = []
    for stood in places.values():
        unit, name = units.get(stood[0], (None, "—"))
        found.append(NamedBranch(name, unit, is_own=False, keys=stood))
    if node.line is not None:
        found.sort(key=lambda one: one.name)
    return [NamedBranch(node.unit.name, node.unit, is_own=True, keys=[OWN]), *found] if OWN in keys else found


def _units_of(scope: Scope, keys: Sequence[str], until: date | None, *, in_line: bool) -> dict[str, tuple[Unit, str]]:
    """
    Say whose these branches are, or were, with the name the unit had on a day.

    In the primary line a branch is a place, and a path names one unit for ever; in a second line it is the unit itself.
    """
    if not keys:
        return {}
    then = and_(
        FormerName.tenant_id == Unit.tenant_id,
        FormerName.unit_id == Unit.id,
        FormerName.active_from <= until,
        FormerName.active_to > until,
    )
    statement = select(Placement.path, Unit, FormerName.name)
    if in_line:
        statement = select(cast(Unit.id, Text), Unit, FormerName.name).where(Unit.id.in_([UUID(key) for key in keys]))
    else:
        placed = and_(Placement.tenant_id == Unit.tenant_id, Placement.unit_id == Unit.id, Placement.is_primary)
        statement = statement.join(Unit, placed).where(Placement.tenant_id == scope.tenant_id, Placement.path.in_(keys))
    rows = scope.session.execute(statement.outerjoin(FormerName, then).where(Unit.tenant_id == scope.tenant_id))
    return {key: (unit, name or unit.name) for key, unit, name in rows}


@dataclass(frozen=True)
class KnownPeriod:
    """A period duties were made for."""

    code: str
    kind: str
    start: date
    end: date


def periods_of(scope: Scope, requirement_ids: Sequence[UUID]) -> list[KnownPeriod]:
    """List the periods of requirements the actor may read duties of, latest first. Costs: one query."""
    rows = scope.session.execute(
        select(Duty.period_code, Duty.period_kind, Duty.period_start, Duty.period_end)
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id.in_(requirement_ids),
            Duty.state != DutyState.CANCELLED,
            access.readable(scope, Duty, "submission"),
        )
        .distinct()
    )
    found = [KnownPeriod(*row) for row in rows]
    return sorted(found, key=lambda one: (one.end, one.start, one.code), reverse=True)


def duties_in(scope: Scope, source: Source, node: Node) -> Select[Duty]:
    """Select the duties behind a node's figures."""
    return owned(scope, Duty).where(
        _counted(source).duties(),
        Branching(node.unit.id, node.paths, node.line).concerns(),
        access.readable(scope, Duty, "submission"),
    )


def counted_number(duty: Duty, counting: Counting) -> int | None:
    """Give the number of a duty's version that counts, as the statement does; None where none does."""
    if duty.accepted_version is None and counting is Counting.SUBMITTED and duty.stands in TO_REVIEW:
        return duty.versions
    return duty.accepted_version
