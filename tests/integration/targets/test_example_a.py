"""Example A of the domain book, on the real tables: eight sub-districts, five departments, one limit of twelve."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from duban.kernel.ids import UnitId, new_id
from duban.targets import queries
from duban.targets.errors import GridRefusedError
from duban.targets.operations.recording import ActualInput, record_actual
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from tests.cast import World
from tests.integration.targets.cast_targets import D, define, issue, shares, split

BLOCK = {
    "industry": (1, 1, 1, 0, 0, 1, 0, 0),
    "road": (1, 1, 1, 1, 1, 0, 1, 0),
    "fire": (0, 0, 0, 0, 0, 1, 0, 0),
    "farm": (0, 0, 0, 0, 0, 0, 0, 1),
    "deaths": (2, 2, 2, 1, 1, 2, 1, 1),
}
LIMITS = {"industry": "4", "road": "6", "fire": "1", "farm": "1", "deaths": "12"}
LINE = {
    "deaths": {"D03": "6", "D04": "1", "D05": "2", "D06": "2", "D07": "1"},
    "road": {"D03": "6"},
    "fire": {"D04": "1"},
    "industry": {"D05": "2", "D06": "2"},
    "farm": {"D07": "1"},
}
# Month, sub-district, department, category, deaths; ACC-6 of 5 December is the last.
ACCIDENTS = [
    ("2011-05", "SD1", "D03", "road", 1),
    ("2011-07", "SD3", "D05", "industry", 3),
    ("2011-08", "SD2", "D03", "road", 1),
    ("2011-09", "SD4", "D03", "road", 1),
    ("2011-11", "SD5", "D03", "road", 1),
    ("2011-12", "SD8", "D03", "road", 1),
]


def add_units(world: World) -> None:
    """Put the example's units below the county."""
    with world.as_system() as scope:
        for place, (key, level) in enumerate(
            [*((f"SD{n}", "township") for n in range(1, 9)), *((f"D0{n}", "department") for n in range(3, 8))]
        ):
            path = f"{world.paths['C']}{label(100 + place)}."
            unit = Unit(
                id=new_id(),
                code=key,
                name=key,
                short_name=key,
                level=level,
                search=key,
                path=path,
                position=100 + place,
                parent_id=world.units["C"],
                active_from=date(2000, 1, 1),
                children_made=0,
                sector="",
            )
            scope.add(unit)
            scope.session.flush()
            scope.add(
                Placement(
                    unit_id=unit.id,
                    line="territorial",
                    parent_id=world.units["C"],
                    path=path,
                    is_primary=True,
                    active_from=date(2000, 1, 1),
                )
            )
            world.units[key], world.paths[key] = UnitId(unit.id), path


@pytest.fixture
def district(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("tests.integration.targets.cast_targets.YEAR", 2011)
    add_units(world)
    return world


def define_all(world: World, **more) -> dict[str, UUID]:
    total = define(world, "deaths", "12", year=2011, **more)
    return {"deaths": total} | {
        code: define(world, code, LIMITS[code], year=2011, total_id=total, **more) for code in BLOCK if code != "deaths"
    }


def block(world: World) -> dict[str, dict[str, str]]:
    return {code: {f"SD{place}": str(value) for place, value in enumerate(row, start=1)} for code, row in BLOCK.items()}


def happen(world: World, accidents: list[tuple[str, str, str, str, int]]) -> None:
    """Let sub-districts and departments each record the same accidents."""
    seen = {unit: shares(world, "cora", unit) for accident in accidents for unit in accident[1:3]}
    for month, place, department, category, deaths in accidents:
        given = ActualInput(date.fromisoformat(f"{month}-01"), D(deaths), "事故快报")
        for unit in (place, department):
            for code in {category, "deaths"} & seen[unit].keys():
                with world.as_("cora") as scope:
                    record_actual(scope, allocation_id=seen[unit][code][1].id, typed=given)


def standing(world: World, unit: str) -> dict[str, tuple[Decimal | None, Decimal | None, str]]:
    with world.as_("cora") as scope:
        found = queries.standing(scope, unit_ids=[world.units[unit]], year=2011)
    return {one.indicator_code: (one.actual, one.percent, one.state.value) for one in found[world.units[unit]]}


def test_both_decompositions_fit_and_are_never_added(district: World) -> None:
    define_all(district)

    by_block = split(district, block(district))
    by_line = split(district, LINE, line="sector")

    for grid in (by_block, by_line):
        assert {column.indicator.code: column.split.remainder for column in grid.columns} == dict.fromkeys(BLOCK, Decimal(0))
        assert {column.indicator.code: column.split.assigned for column in grid.columns} == {
            code: D(limit) for code, limit in LIMITS.items()
        }


def test_a_row_or_a_column_that_does_not_match_is_refused(district: World) -> None:
    define_all(district)
    wrong_row, wrong_column = block(district), block(district)
    wrong_row["road"] |= {"SD3": "0", "SD8": "1"}
    wrong_column["road"] |= {"SD8": "1"}
    wrong_column["deaths"] |= {"SD8": "2"}

    with pytest.raises(GridRefusedError) as rows:
        split(district, wrong_row)
    with pytest.raises(GridRefusedError) as columns:
        split(district, wrong_column)

    assert (rows.value.excess, len(rows.value.fields)) == ({}, 2)
    assert columns.value.excess == {"road": D(1), "deaths": D(1)}


@pytest.mark.parametrize(
    ("window", "deaths", "percent"),
    [({"counts_from": date(2010, 12, 1), "counts_before": date(2011, 12, 1)}, 7, "58.33"), ({}, 8, "66.67")],
)
def test_deaths_are_counted_once_in_the_window_of_the_rule(
    district: World, window: dict[str, date], deaths: int, percent: str
) -> None:
    define_all(district, **window)
    split(district, block(district))
    issue(district)
    split(district, LINE, line="sector")
    issue(district, line="sector")
    # ACC-6 lies outside the year the rule counts; it could not even be recorded against it.
    happen(district, ACCIDENTS[:-1] if window else ACCIDENTS)

    whole = standing(district, "C")
    assert whole["deaths"] == (deaths, Decimal(percent), "kept")
    assert whole["industry"] == (3, Decimal("75.00"), "kept")
    assert standing(district, "SD3")["deaths"] == (3, Decimal("150.00"), "exceeded")
    assert standing(district, "D05")["industry"] == (3, Decimal("150.00"), "exceeded")
    assert standing(district, "SD7")["deaths"][2] == "kept"
    assert standing(district, "D03")["road"][0] == deaths - 3
