"""What the target tests need again and again: the county's indicators, split and accepted."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from duban.targets import queries
from duban.targets.models import Allocation, Indicator
from duban.targets.operations.defining import IndicatorDraft, define_indicator
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.splitting import GridInput, save_grid
from duban.targets.states import Direction, Kind, Spread
from tests.cast import World

YEAR = 2026
D = Decimal


def draft(code: str = "deaths", limit: str | None = "12", **more) -> IndicatorDraft:
    plain = {
        "code": code,
        "name": {"deaths": "死亡人数", "road": "道路交通", "industry": "工矿商贸"}.get(code, code),
        "kind": Kind.CONTROL,
        "spread": Spread.SPLIT,
        "direction": Direction.AT_MOST,
        "unit_of_measure": "人",
        "year": YEAR,
        "limit": None if limit is None else D(limit),
    }
    return IndicatorDraft(**(plain | more))


RATE = {
    "kind": Kind.WORK,
    "spread": Spread.COPY,
    "direction": Direction.AT_LEAST,
    "unit_of_measure": "%",
    "places": 2,
    "name": "持证上岗率",
}


def define(world: World, *args, who: str = "cora", at: str = "C", **more) -> UUID:
    with world.as_(who) as scope:
        return define_indicator(scope, owner_id=world.units[at], draft=draft(*args, **more)).id


def shares(world: World, who: str, unit: str) -> dict[str, tuple[Indicator, Allocation]]:
    with world.as_(who) as scope:
        return {
            indicator.code: (indicator, share)
            for indicator, share in queries.list_shares(scope, unit_id=world.units[unit], year=YEAR)
        }


def split(
    world: World,
    values: Mapping[str, Mapping[str, str | None]],
    *,
    who: str = "cora",
    at: str = "C",
    line: str = "territorial",
    reserves: Mapping[str, str] | None = None,
):
    """Save a grid: {indicator code: {unit: value}}."""
    held = shares(world, who, at)
    typed = GridInput(
        cells={
            (held[code][0].id, world.units[unit]): None if value is None else D(value)
            for code, column in values.items()
            for unit, value in column.items()
        },
        reserves={held[code][0].id: D(value) for code, value in (reserves or {}).items()},
        versions={held[code][0].id: held[code][1].version for code in values},
    )
    with world.as_(who) as scope:
        return save_grid(scope, unit_id=world.units[at], year=YEAR, line=line, typed=typed)


def issue(world: World, *, who: str = "cora", at: str = "C", line: str = "territorial") -> None:
    with world.as_(who) as scope:
        issue_allocations(scope, unit_id=world.units[at], year=YEAR, line=line)


def accept(world: World, who: str, unit: str) -> None:
    versions = {share.id: share.version for _, share in shares(world, who, unit).values() if share.line}
    with world.as_(who) as scope:
        accept_allocations(scope, unit_id=world.units[unit], year=YEAR, versions=versions)


def hand_down(world: World) -> None:
    """Define twelve deaths and a rate, give T1 5 and T2 4, and let T1 accept."""
    define(world)
    define(world, "rate", "100", **RATE)
    split(world, {"deaths": {"T1": "5", "T2": "4"}, "rate": {"T1": "100", "T2": "100"}}, reserves={"deaths": "1"})
    issue(world)
    accept(world, "tess", "T1")
