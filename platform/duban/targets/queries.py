"""Reads of targets: what a unit owes, how it split that, what came of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, func, select

from duban.access.places import answered_by
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope, get_owned, owned
from duban.targets import counting
from duban.targets.counting import hands_down_in_lines, is_told, tallies
from duban.targets.lines import line_between, primary_line
from duban.targets.models import Actual, Allocation, Indicator
from duban.targets.rules import Decomposition
from duban.targets.states import Level, Spread
from duban.tree.line_units import line_of_work, units_in_lines
from duban.tree.models import Unit
from duban.tree.queries import children, standings, units_by_id

# Names under which other features ask for what `counting` works out.
Tally = counting.Tally
unit_tallies = counting.unit_tallies


@dataclass(frozen=True)
class Standing:
    """How a unit stands against one indicator; `percent` None where the limit is nought or pending."""

    indicator_code: str
    indicator_name: str
    limit: Decimal | None
    actual: Decimal | None
    percent: Decimal | None
    state: Level


@dataclass(frozen=True)
class Column:
    """One indicator of a grid: the superior's own share and what was made of it in this line."""

    indicator: Indicator
    share: Allocation
    split: Decomposition[UUID]

    @property
    def is_split(self) -> bool:
        """Whether the number is divided; a copied one has no remainder."""
        return self.indicator.spread is Spread.SPLIT


@dataclass(frozen=True)
class Grid:
    """A superior's split of a year's indicators over its units in one line."""

    unit: Unit
    year: int
    line: str
    columns: tuple[Column, ...]
    units: tuple[Unit, ...]
    cells: Mapping[tuple[UUID, UUID], Allocation]
    """By (indicator id, unit id); missing where nothing was given yet."""

    def work_lines(self, unit_ids: Collection[UUID]) -> frozenset[str | None]:
        """Say in which lines the superior works with these of its units: None the primary one."""
        return frozenset(line_of_work(self.unit, unit, self.line) for unit in self.units if unit.id in unit_ids)


def get_indicator(scope: Scope, indicator_id: UUID) -> Indicator:
    """Get an indicator. Raises: NotFoundError."""
    return get_owned(scope, Indicator, indicator_id)


def get_share(scope: Scope, allocation_id: UUID, *, lock: bool = False) -> Allocation:
    """Get a share. Raises: NotFoundError."""
    return get_owned(scope, Allocation, allocation_id, lock=lock)


def find_share(scope: Scope, *, indicator_id: UUID, unit_id: UUID) -> Allocation | None:
    """Find a unit's share of an indicator, the one of the primary line first."""
    shares = scope.session.scalars(
        owned(scope, Allocation)
        .where(Allocation.indicator_id == indicator_id, Allocation.unit_id == unit_id)
        .order_by(Allocation.line != primary_line(scope), Allocation.line)
    )
    return shares.first()


def list_shares(scope: Scope, *, unit_id: UUID, year: int) -> Sequence[tuple[Indicator, Allocation]]:
    """List a unit's own shares of a year's indicators, in the indicators' order. Costs: one query."""
    return shares_of_units(scope, unit_ids=[unit_id], year=year).get(unit_id, [])


def list_own_shares(scope: Scope, *, unit: Unit, year: int) -> Sequence[tuple[Indicator, Allocation]]:
    """List a unit's own shares, then those of units it is the main successor of. Costs: one query, two for another's unit."""
    found = shares_of_units(scope, unit_ids=answered_by(scope, unit), year=year)
    return [*found.pop(unit.id, []), *(pair for unit_id in sorted(found) for pair in found[unit_id])]


def shares_of_units(scope: Scope, *, unit_ids: Collection[UUID], year: int) -> dict[UUID, list[tuple[Indicator, Allocation]]]:
    """Give the shares of several units by unit, in the indicators' order. Costs: one query."""
    found: dict[UUID, list[tuple[Indicator, Allocation]]] = defaultdict(list)
    if not unit_ids:
        return found
    rows = scope.session.execute(
        select(Indicator, Allocation)
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .where(
            Indicator.tenant_id == scope.tenant_id,
            Allocation.tenant_id == scope.tenant_id,
            Allocation.unit_id.in_(set(unit_ids)),
            Indicator.year == year,
        )
        .order_by(Indicator.depth, Indicator.path, Indicator.position, Indicator.code, Allocation.line)
    )
    for indicator, share in rows:
        found[share.unit_id].append((indicator, share))
    return found


def years_with_targets(scope: Scope, *, unit_id: UUID) -> Sequence[int]:
    """List the years a unit has targets in, latest first."""
    rows = scope.session.scalars(
        select(Indicator.year)
        .join(Allocation, and_(Allocation.tenant_id == Indicator.tenant_id, Allocation.indicator_id == Indicator.id))
        .where(Indicator.tenant_id == scope.tenant_id, Allocation.unit_id == unit_id)
        .distinct()
        .order_by(Indicator.year.desc())
    )
    return rows.all()


def standing(scope: Scope, *, unit_ids: Collection[UnitId], year: int) -> dict[UnitId, tuple[Standing, ...]]:
    """
    Say how units stand against their shares of a year's indicators: for assessments and the leader's page.

    Takes:  access is the caller's business.
    Gives:  an entry for every unit asked about, empty where it has no targets; where a unit has an indicator in two
            lines, its primary line speaks. Shares it was never told are left out.
    Costs:  four queries; rows for the units asked about and those that split further, not for every leaf below.
    """
    units = units_by_id(scope, unit_ids)
    within = [place.path for unit_id, stood in standings(scope, units).items() for place in stood if place.unit_id == unit_id]
    heads = [unit.id for unit in units.values() if hands_down_in_lines(scope, unit)]
    found = tallies(scope, year=year, within=within, heads=heads, keep=unit_ids) if units else {}
    by_unit: dict[UUID, dict[str, Tally]] = defaultdict(dict)
    first = primary_line(scope)
    for tally in found.values():
        if not is_told(tally.share):
            continue
        held = by_unit[tally.share.unit_id]
        if tally.indicator.code not in held or tally.share.line == first:
            held[tally.indicator.code] = tally
    return {unit_id: tuple(_standing(tally) for tally in by_unit.get(unit_id, {}).values()) for unit_id in unit_ids}


def _standing(tally: counting.Tally) -> Standing:
    progress = tally.progress
    return Standing(tally.indicator.code, tally.indicator.name, progress.limit, progress.actual, progress.percent, progress.level)


def lines_below(scope: Scope, *, unit: Unit) -> dict[str, tuple[Unit, ...]]:
    """
    Group the units directly below, in the primary line and in second ones, by the line they take their shares in, primary line
    first. Costs: two queries at most.
    """
    groups: dict[str, list[Unit]] = defaultdict(list)
    for child in children(scope, unit):
        groups[line_between(scope, superior_level=unit.level, level=child.level)].append(child)
    for line, below in units_in_lines(scope, unit).items():
        groups[line].extend(one for one in below if one.parent_id != unit.id)
    groups = {line: units for line, units in groups.items() if units}
    first = primary_line(scope)
    return {line: tuple(groups[line]) for line in sorted(groups, key=lambda code: (code != first, code))}


def grid(scope: Scope, *, unit: Unit, year: int, line: str) -> Grid:
    """
    Give a superior's split over its units in one line. Access is the caller's business.

    Costs: three queries.
    """
    columns = [
        (indicator, share)
        for indicator, share in list_shares(scope, unit_id=unit.id, year=year)
        if share.issued_value is not None
    ]
    units = lines_below(scope, unit=unit).get(line, ())
    cells = shares_below(scope, parents=[share.id for _, share in columns], line=line)
    return Grid(
        unit,
        year,
        line,
        tuple(Column(indicator, share, _split(share, cells)) for indicator, share in columns),
        units,
        cells,
    )


def _split(share: Allocation, cells: Mapping[tuple[UUID, UUID], Allocation]) -> Decomposition[UUID]:
    shares = {unit_id: cell.value for (indicator_id, unit_id), cell in cells.items() if indicator_id == share.indicator_id}
    return Decomposition(share.issued_value or Decimal(0), shares, share.reserve)


def shares_below(
    scope: Scope, *, parents: Collection[UUID], line: str | None = None, lock: bool = False
) -> dict[tuple[UUID, UUID], Allocation]:
    """Give the shares handed down from these shares, by (indicator id, unit id). Costs: one query."""
    if not parents:
        return {}
    statement = owned(scope, Allocation).where(Allocation.parent_id.in_(set(parents))).order_by(Allocation.id)
    if line is not None:
        statement = statement.where(Allocation.line == line)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return {(share.indicator_id, share.unit_id): share for share in scope.session.scalars(statement)}


def shares_from_elsewhere(scope: Scope, *, grid: Grid, indicators: Collection[UUID]) -> dict[tuple[UUID, UUID], Allocation]:
    """Give what the grid's units hold of these indicators in its line from another superior than the grid's. Costs: one query."""
    if not grid.units or not indicators:
        return {}
    own = {column.share.id for column in grid.columns}
    statement = owned(scope, Allocation).where(
        Allocation.indicator_id.in_(set(indicators)),
        Allocation.unit_id.in_([unit.id for unit in grid.units]),
        Allocation.line == grid.line,
    )
    return {
        (share.indicator_id, share.unit_id): share for share in scope.session.scalars(statement) if share.parent_id not in own
    }


def count_to_issue(scope: Scope, *, unit_id: UUID, year: int) -> int:
    """Count the shares a superior has fixed but not told its units yet."""
    superior = Allocation.__table__.alias("superior")
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Allocation)
            .join(superior, and_(superior.c.tenant_id == Allocation.tenant_id, superior.c.id == Allocation.parent_id))
            .join(Indicator, and_(Indicator.tenant_id == Allocation.tenant_id, Indicator.id == Allocation.indicator_id))
            .where(
                Allocation.tenant_id == scope.tenant_id,
                superior.c.unit_id == unit_id,
                Indicator.year == year,
                Allocation.state == "proposed",
                Allocation.value.is_not(None),
            )
        )
        or 0
    )


def list_actuals(scope: Scope, *, allocation_ids: Collection[UUID]) -> dict[UUID, dict[date, list[Actual]]]:
    """Give every record of these shares by month, newest first: the first is in force. Costs: one query."""
    found: dict[UUID, dict[date, list[Actual]]] = defaultdict(lambda: defaultdict(list))
    if allocation_ids:
        rows = scope.session.scalars(
            owned(scope, Actual)
            .where(Actual.allocation_id.in_(set(allocation_ids)))
            .order_by(Actual.month, Actual.revision.desc())
        )
        for row in rows:
            found[row.allocation_id][row.month].append(row)
    return found


def next_position(scope: Scope, *, owner_id: UUID, year: int) -> int:
    """Give the place after a unit's last indicator of a year, so that a new one never parts a total from what it sums."""
    last = select(func.max(Indicator.position)).where(
        Indicator.tenant_id == scope.tenant_id, Indicator.owner_id == owner_id, Indicator.year == year
    )
    place = scope.session.scalar(last)
    return 0 if place is None else place + 1
