"""The leader's one page: five numbers with their trend, the ranking, the three worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from uuid import UUID

from duban.access import checks as access
from duban.assessments.models import Assessment
from duban.assessments.queries import newest_published
from duban.dashboards import rules
from duban.dashboards.queries import count_below, watched_lines
from duban.dashboards.rules import Overview, Sum
from duban.kernel.scope import Scope
from duban.letters.models import Letter
from duban.letters.queries import LevelCoverage, Owed, coverage_by_level, list_owed, list_to_sign
from duban.matters.models import Matter
from duban.matters.queries import to_do as matters_to_do
from duban.targets.queries import Tally, unit_tallies
from duban.targets.states import Kind, Level, Spread
from duban.tree.models import Unit

MATTERS = 6


@dataclass(frozen=True)
class Row:
    """One branch in the ranking; `place` None while none of its duties is judged."""

    unit: Unit
    place: int | None
    sums: Sum


@dataclass(frozen=True)
class Score:
    """One unit's line in the newest published ranking; `place` None for a vetoed unit."""

    unit: Unit
    place: int | None
    total: Decimal
    is_vetoed: bool


@dataclass(frozen=True)
class OverviewPage:
    """All the page shows."""

    year: int
    overview: Overview
    rates: Sequence[Decimal]
    unmet: Sequence[int]
    rows: Sequence[Row]
    worst: Sequence[tuple[Unit, Sum]]
    tallies: Sequence[Tally]
    letters: LevelCoverage | None
    to_sign: Sequence[Letter]
    matters: Sequence[Matter]
    assessment: Assessment | None
    scores: Sequence[Score]

    @property
    def control(self) -> Tally | None:
        """The control indicator the page leads with: the first that has a number."""
        return next(
            (tally for tally in self.tallies if tally.indicator.kind is Kind.CONTROL and tally.progress.limit is not None), None
        )

    @property
    def in_danger(self) -> int:
        """How many targets are warned, exceeded or behind."""
        return sum(tally.progress.level in {Level.WARNED, Level.EXCEEDED, Level.BEHIND} for tally in self.tallies)


def build(scope: Scope, unit: Unit) -> OverviewPage:
    """Gather the page for everything below a unit. Costs: eight queries."""
    year = scope.today.year
    overview = rules.add_up(count_below(scope, unit, year=year))
    watched = watched_lines(scope, unit)
    owed = [one for one in list_owed(scope, unit=unit, year=year) if one.line in watched]
    assessment, scores = _published(scope, {one.lower.id: one.lower for one in owed})
    branches = {one.lower.path: one.lower for one in owed if one.upper.id == unit.id}
    return OverviewPage(
        year=year,
        overview=overview,
        rates=rules.rates_until(overview, scope.today.month),
        unmet=rules.unmet_until(overview, scope.today.month),
        rows=_rows(overview, branches),
        worst=[(branches[path], sums) for path, sums in rules.worst(overview.by_branch) if path in branches],
        tallies=unit_tallies(scope, unit=unit, year=year),
        letters=_own_level(owed, unit) if access.may(scope, "letter", "read", unit) else None,
        to_sign=list_to_sign(scope),
        matters=matters_to_do(scope, limit=MATTERS),
        assessment=assessment,
        scores=scores,
    )


def _published(scope: Scope, units: Mapping[UUID, Unit]) -> tuple[Assessment | None, Sequence[Score]]:
    """Give the newest published round and its ranking of the units below."""
    found = newest_published(scope)
    if found is None:
        return None, ()
    assessment, ranking = found
    known = ((units.get(UUID(str(row["unit"]))), row) for row in ranking.rows)
    scores = [Score(unit, row["place"], Decimal(str(row["total"])), bool(row["is_vetoed"])) for unit, row in known if unit]
    return assessment, scores


def _rows(overview: Overview, branches: Mapping[str, Unit]) -> Sequence[Row]:
    placed = [Row(branches[path], place, sums) for place, path, sums in rules.ranked(overview.by_branch) if path in branches]
    known = {row.unit.id for row in placed}
    rest = [Row(unit, None, overview.by_branch.get(path, Sum())) for path, unit in branches.items() if unit.id not in known]
    return placed + rest


def _own_level(owed: Sequence[Owed], unit: Unit) -> LevelCoverage | None:
    return next((level for level in coverage_by_level(owed) if level.depth == unit.depth), None)


def months_of(tally: Tally) -> Sequence[Decimal]:
    """Give a tally month by month for its trend: counts as running totals, rates as they are."""
    months = [tally.counted.months[month] for month in sorted(tally.counted.months)]
    return list(accumulate(months)) if tally.indicator.spread is Spread.SPLIT else months
