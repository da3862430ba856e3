"""
Counting a year's shares upwards from what was recorded, each node once.

Units that split their share no further are most of the tree. Unless they are asked about, PostgreSQL adds them up per superior
and month, so that a county with thousands of villages costs what its townships cost.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from duban.access.places import answered_by, places_of
from duban.kernel.scope import Scope
from duban.targets import rules
from duban.targets.lines import primary_line, warning_percent
from duban.targets.models import Actual, Allocation, Indicator
from duban.targets.rules import HUNDRED, Counted, Node, Progress
from duban.targets.states import Direction, Level, Spread
from duban.tree import paths
from duban.tree.line_units import second_lines_under
from duban.tree.models import Unit

# Beyond so many separate places one condition per place costs more than reading the whole year.
_RANGES_AT_MOST = 40
_BELOW = aliased(Allocation)  # once: making an alias costs as much as running a small query


@dataclass(frozen=True)
class Tally:
    """One unit's share with all that was counted for it."""

    indicator: Indicator
    share: Allocation
    own: Mapping[date, Decimal]
    counted: Counted
    progress: Progress

    @property
    def differs_from_below(self) -> bool:
        """Whether some month the unit recorded itself differs from what its subordinates came to."""
        return any(month in self.counted.below and self.counted.below[month] != value for month, value in self.own.items())


@dataclass(frozen=True)
class Alarm:
    """A share that is near its limit or above it."""

    indicator: Indicator
    share: Allocation
    progress: Progress


@dataclass(frozen=True)
class _Recorded:
    """Months by share, and combined months of leaves by indicator and then by superior's share and line."""

    own: dict[UUID, dict[date, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    leaves: dict[UUID, dict[tuple[UUID, str], dict[date, Decimal]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )


def is_told(share: Allocation) -> bool:
    """Whether the unit was ever told its number; from then on what it records counts upwards."""
    return share.issued_at is not None


def hands_down_in_lines(scope: Scope, unit: Unit) -> bool:
    """Whether a unit may have handed shares to units that do not stand below its path: those of its second lines."""
    return unit.parent_id is not None and bool(second_lines_under(scope, unit))


def tallies(
    scope: Scope,
    *,
    year: int,
    within: Collection[str] | None,
    heads: Collection[UUID] = (),
    keep: Collection[UUID] | None = None,
    indicator_id: UUID | None = None,
) -> dict[UUID, Tally]:
    """
    Count a year's shares at and below the given paths, each node once.

    Takes:  `within` None for everywhere. `heads` units that also have subordinates in second lines: what was made of their
            shares is followed from share to share, wherever those units stand. `keep` the units whose own tallies are
            wanted: others that split no further are only counted into their superiors; None wants everybody's. One
            indicator only where `indicator_id` is given.
    Gives:  tallies by allocation id, in the indicators' order; also of shares not issued yet, which count nothing upwards.
    Costs:  two queries.
    """
    one = [] if indicator_id is None else [Indicator.id == indicator_id]
    chosen = [Indicator.year == year, *_inside(within, heads, year), *one]
    # A share with a superior, told, split no further and nobody's wish: it counts, but needs no tally of its own.
    leaves = (
        false()
        if keep is None
        else and_(
            Allocation.parent_id.is_not(None),
            Allocation.issued_at.is_not(None),
            Allocation.unit_id.not_in(set(keep)),
            ~_has_told_below(),
        )
    )
    shares = _shares(scope, [*chosen, ~leaves])
    recorded = _months(scope, chosen, leaves)
    found: dict[UUID, Tally] = {}
    for indicator, held in shares.items():
        found |= _count(scope, indicator, held, recorded)
    return found


def _inside(within: Collection[str] | None, heads: Collection[UUID], year: int) -> list[ColumnElement[bool]]:
    """Keep to the topmost of the paths; everything below them is read with them. And to what the heads handed down."""
    if within is None:
        return []
    tops = [path for path in sorted(set(within)) if not any(path != other and path.startswith(other) for other in within)]
    if len(tops) > _RANGES_AT_MOST:
        return []
    ranges = [and_(Allocation.path >= path, Allocation.path < paths.upper_bound(path)) for path in tops]
    if not heads:
        return [or_(*ranges)]
    begun = (
        select(Allocation.tenant_id, Allocation.id)
        .join(Indicator, and_(Indicator.tenant_id == Allocation.tenant_id, Indicator.id == Allocation.indicator_id))
        .where(Indicator.year == year, or_(*ranges, Allocation.unit_id.in_(set(heads))))
        .cte("handed_down", recursive=True)
    )
    below = aliased(Allocation)
    handed = begun.union(
        select(below.tenant_id, below.id).join(begun, and_(below.tenant_id == begun.c.tenant_id, below.parent_id == begun.c.id))
    )
    return [tuple_(Allocation.tenant_id, Allocation.id).in_(select(handed.c.tenant_id, handed.c.id))]


def _has_told_below() -> ColumnElement[bool]:
    """Say in SQL that a share was split further and the units below were told."""
    return (
        select(_BELOW.id)
        .where(_BELOW.tenant_id == Allocation.tenant_id, _BELOW.parent_id == Allocation.id, _BELOW.issued_at.is_not(None))
        .correlate(Allocation)
        .exists()
    )


def _shares(scope: Scope, chosen: Sequence[ColumnElement[bool]]) -> dict[Indicator, list[Allocation]]:
    rows = scope.session.execute(
        select(Indicator, Allocation)
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .where(Indicator.tenant_id == scope.tenant_id, Allocation.tenant_id == scope.tenant_id, *chosen)
        .order_by(Indicator.depth, Indicator.path, Indicator.position, Indicator.code, Allocation.path, Allocation.line)
    )
    shares: dict[Indicator, list[Allocation]] = defaultdict(list)
    for indicator, share in rows:
        shares[indicator].append(share)
    return shares


def _months(scope: Scope, chosen: Sequence[ColumnElement[bool]], leaves: ColumnElement[bool]) -> _Recorded:
    """
    Read what was recorded: by share, and for leaves combined by superior's share and line, month by month.

    A line whose leaves recorded nothing has an entry without months: it is still the line that speaks for the superior.
    """
    combined = case(
        (Indicator.spread == Spread.SPLIT, func.sum(Actual.value)),
        (Indicator.direction == Direction.AT_LEAST, func.min(Actual.value)),
        else_=func.max(Actual.value),
    )
    is_leaf = leaves.label("is_leaf")
    share_id = case((leaves, Allocation.parent_id), else_=Allocation.id).label("share_id")
    rows = scope.session.execute(
        select(Indicator.id, is_leaf, share_id, Allocation.line, Actual.month, combined)
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .outerjoin(
            Actual, and_(Actual.tenant_id == Allocation.tenant_id, Actual.allocation_id == Allocation.id, Actual.is_current)
        )
        .where(
            Indicator.tenant_id == scope.tenant_id,
            Allocation.tenant_id == scope.tenant_id,
            Allocation.issued_at.is_not(None),
            *chosen,
        )
        .group_by(
            Indicator.tenant_id,
            Indicator.id,
            Indicator.spread,
            Indicator.direction,
            "is_leaf",
            "share_id",
            Allocation.line,
            Actual.month,
        )
    )
    found = _Recorded()
    for indicator_id, leaf, share, line, month, value in rows:
        months = found.leaves[indicator_id][share, line] if leaf else found.own[share]
        if month is not None:
            months[month] = value
    return found


def _count(scope: Scope, indicator: Indicator, shares: Sequence[Allocation], recorded: _Recorded) -> dict[UUID, Tally]:
    own = recorded.own
    nodes: list[Node[Any]] = [
        Node(share.id, share.parent_id if is_told(share) else None, share.line, own.get(share.id, {})) for share in shares
    ]
    nodes += [Node(key, key[0], key[1], months) for key, months in recorded.leaves.get(indicator.id, {}).items()]
    counted = rules.roll_up(nodes, spread=indicator.spread, direction=indicator.direction, first_line=primary_line(scope))
    return {
        share.id: Tally(
            indicator, share, own.get(share.id, {}), counted[share.id], _progress(scope, indicator, share, counted[share.id])
        )
        for share in shares
    }


def _progress(scope: Scope, indicator: Indicator, share: Allocation, counted: Counted) -> Progress:
    actual = rules.accumulate(
        counted.months, spread=indicator.spread, counts_from=indicator.counts_from, counts_before=indicator.counts_before
    )
    return rules.measure(limit=share.issued_value, actual=actual, direction=indicator.direction, warn_from=warning_percent(scope))


def unit_and_below(
    scope: Scope, *, unit: Unit, year: int, keep: Collection[UUID], indicator_id: UUID | None = None
) -> dict[UUID, Tally]:
    """
    Count a unit's shares and those below it, in the primary line wherever it stood and in its second lines; with those of units
    it is the main successor of.

    Costs: two queries, four for another unit than the actor's own.
    """
    within = places_of(scope, unit, "target", inherited=True)
    heads = [unit.id] if hands_down_in_lines(scope, unit) else []
    kept = {*keep, *answered_by(scope, unit)}
    return tallies(scope, year=year, within=within, heads=heads, keep=kept, indicator_id=indicator_id) if within else {}


def unit_tallies(scope: Scope, *, unit: Unit, year: int) -> tuple[Tally, ...]:
    """
    Give a unit's own shares with what was counted at and below it, wherever it stood, in the indicators' order; then those of
    units it is the main successor of.

    Costs: two queries, four for another unit than the actor's own.
    """
    return own_of(scope, unit, unit_and_below(scope, unit=unit, year=year, keep=[unit.id]))


def own_of(scope: Scope, unit: Unit, found: Mapping[UUID, Tally]) -> tuple[Tally, ...]:
    """Pick the unit's own tallies, then those it has inherited."""
    heirlooms = answered_by(scope, unit)
    own = [tally for tally in found.values() if tally.share.unit_id in heirlooms]
    return tuple(sorted(own, key=lambda tally: tally.share.unit_id != unit.id))


def alarms_below(
    scope: Scope, *, unit: Unit, within: Collection[str], found: Mapping[UUID, Tally], year: int, limit: int
) -> tuple[Sequence[Alarm], int]:
    """
    List the shares below a unit that are near or above their limit, the worst first, with how many there are.

    Takes:  `found` the unit's tallies `within` its places with `keep=[unit.id]`: they hold everybody who splits further.
    Costs:  one query for all who do not.
    """
    own = answered_by(scope, unit)
    upper = [
        Alarm(tally.indicator, tally.share, tally.progress)
        for tally in found.values()
        if tally.share.unit_id not in own and is_told(tally.share) and tally.progress.level in {Level.WARNED, Level.EXCEEDED}
    ]
    lower, count = _leaf_alarms(scope, unit=unit, within=within, year=year, limit=limit)
    worst = sorted([*upper, *lower], key=_how_bad)
    return worst[:limit], len(upper) + count


def _how_bad(alarm: Alarm) -> tuple[bool, Decimal, str]:
    broken_nought = alarm.progress.percent is None
    share = Decimal(0) if alarm.progress.percent is None else -alarm.progress.percent
    return alarm.progress.level is not Level.EXCEEDED, Decimal("-Infinity") if broken_nought else share, alarm.share.path


def _leaf_alarms(scope: Scope, *, unit: Unit, within: Collection[str], year: int, limit: int) -> tuple[list[Alarm], int]:
    warn_from = warning_percent(scope)
    inside = and_(Actual.month >= Indicator.counts_from, Actual.month < Indicator.counts_before)
    latest = func.array_agg(aggregate_order_by(Actual.value, Actual.month.desc())).filter(inside)[1]
    amounts = (
        select(
            Allocation.id,
            case((Indicator.spread == Spread.SPLIT, func.sum(Actual.value).filter(inside)), else_=latest).label("amount"),
        )
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .join(Actual, and_(Actual.tenant_id == Allocation.tenant_id, Actual.allocation_id == Allocation.id, Actual.is_current))
        .where(
            Indicator.tenant_id == scope.tenant_id,
            Allocation.tenant_id == scope.tenant_id,
            Indicator.year == year,
            Indicator.direction == Direction.AT_MOST,
            Allocation.issued_at.is_not(None),
            Allocation.unit_id != unit.id,
            ~_has_told_below(),
            *_inside(within, [unit.id] if hands_down_in_lines(scope, unit) else [], year),
        )
        .group_by(Allocation.id, Indicator.spread)
        .subquery()
    )
    held = Allocation.issued_value
    near = or_(amounts.c.amount > held, and_(held > 0, amounts.c.amount * HUNDRED >= held * warn_from))
    rows = scope.session.execute(
        select(Indicator, Allocation, amounts.c.amount, func.count().over())
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .join(amounts, amounts.c.id == Allocation.id)
        .where(Indicator.tenant_id == scope.tenant_id, Allocation.tenant_id == scope.tenant_id, near)
        .order_by(
            (amounts.c.amount > held).desc(), (amounts.c.amount / func.nullif(held, 0)).desc().nulls_first(), Allocation.path
        )
        .limit(limit)
    ).all()
    return [
        Alarm(
            indicator,
            share,
            rules.measure(limit=share.issued_value, actual=amount, direction=indicator.direction, warn_from=warn_from),
        )
        for indicator, share, amount, _ in rows
    ], rows[0][3] if rows else 0
