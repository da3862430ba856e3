"""What PostgreSQL adds up for the leaves is what the pure roll-up of every node comes to."""

from datetime import date

import pytest

from duban.targets.counting import alarms_below, is_told, tallies
from duban.targets.operations.recording import ActualInput, record_actual
from duban.targets.states import Direction, Kind, Level, Spread
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.targets.cast_targets import RATE, YEAR, D, accept, define, issue, shares, split

RECORDS = [
    ("V11", "deaths", 1, "1"),
    ("V11", "deaths", 2, "1"),
    ("V12", "deaths", 1, "3"),
    ("V21", "deaths", 2, "1"),
    ("T2", "deaths", 1, "2"),
    ("V11", "rate", 1, "90"),
    ("V12", "rate", 1, "100"),
    ("V12", "gdp", 2, "0.30"),
    ("V11", "gdp", 1, "0.25"),
    ("D1", "deaths", 1, "9"),
]


@pytest.fixture
def busy(world: World) -> World:
    """A county with a count, a rate to reach and a rate to keep, split to the villages and to a department."""
    define(world)
    define(world, "rate", "100", **RATE)
    define(
        world, "gdp", "0.27", kind=Kind.CONTROL, spread=Spread.COPY, direction=Direction.AT_MOST, places=2, name="亿元GDP死亡率"
    )
    split(world, {"deaths": {"T1": "5", "T2": "4"}, "rate": {"T1": "100", "T2": "100"}, "gdp": {"T1": "0.27", "T2": "0.27"}})
    issue(world)
    split(world, {"deaths": {"D1": "12"}}, line="sector")
    issue(world, line="sector")
    accept(world, "tess", "T1")
    accept(world, "tito", "T2")
    split(
        world,
        {"deaths": {"V11": "2", "V12": "2"}, "rate": {"V11": "100", "V12": "100"}, "gdp": {"V11": "0.27", "V12": "0.27"}},
        who="tom",
        at="T1",
    )
    issue(world, who="tom", at="T1")
    split(world, {"deaths": {"V21": "0"}}, who="tina", at="T2")
    issue(world, who="tina", at="T2")
    for unit, code, month, value in RECORDS:
        share = shares(world, "cora", unit)[code][1]
        who = {"V1": "tom", "V2": "tina"}.get(unit[:2], "cora")
        with world.as_(who) as scope:
            record_actual(scope, allocation_id=share.id, typed=ActualInput(date(YEAR, month, 1), D(value), "快报"))
    return world


@pytest.mark.parametrize("keep", [(), ("C",), ("V12", "D1"), ("T1", "T2", "V21")])
def test_counting_for_some_is_counting_for_all(busy: World, keep: tuple[str, ...]) -> None:
    with busy.as_("cora") as scope:
        everybody = tallies(scope, year=YEAR, within=[busy.paths["C"]])
        some = tallies(scope, year=YEAR, within=[busy.paths["C"]], keep=[busy.units[key] for key in keep])

    assert {key: (tally.counted, tally.progress) for key, tally in some.items()} == {
        key: (everybody[key].counted, everybody[key].progress) for key in some
    }
    held = {tally.share.unit_id for tally in some.values()}
    assert held >= {busy.units[key] for key in (*keep, "C", "T1", "T2")}
    assert len(some) <= len(everybody)


def test_a_line_without_records_still_speaks_before_another(world: World) -> None:
    define(world)
    split(world, {"deaths": {"T1": "5"}})
    issue(world)
    split(world, {"deaths": {"D1": "12"}}, line="sector")
    issue(world, line="sector")
    share = shares(world, "cora", "D1")["deaths"][1]
    with world.as_("cora") as scope:
        record_actual(scope, allocation_id=share.id, typed=ActualInput(date(YEAR, 1, 1), D(3), "快报"))

    with world.as_("cora") as scope:
        for keep in (None, [world.units["C"]]):
            found = tallies(scope, year=YEAR, within=[world.paths["C"]], keep=keep)
            county = next(tally for tally in found.values() if tally.share.unit_id == world.units["C"])
            assert (county.progress.actual, county.counted.line) == (None, "territorial")


@pytest.mark.parametrize(("unit", "limit"), [("C", 50), ("C", 2), ("T1", 50)])
def test_alarms_are_those_of_every_node_worst_first(busy: World, unit: str, limit: int) -> None:
    with busy.as_("cora") as scope:
        everybody = tallies(scope, year=YEAR, within=[busy.paths[unit]])
        found = tallies(scope, year=YEAR, within=[busy.paths[unit]], keep=[busy.units[unit]])
        alarms, count = alarms_below(
            scope,
            unit=get_unit(scope, busy.units[unit]),
            within=[busy.paths[unit]],
            found=found,
            year=YEAR,
            limit=limit,
        )

    expected = {
        tally.share.id: tally.progress
        for tally in everybody.values()
        if tally.share.unit_id != busy.units[unit]
        and is_told(tally.share)
        and tally.progress.level in {Level.WARNED, Level.EXCEEDED}
    }
    assert count == len(expected)
    assert len(alarms) == min(limit, count)
    assert all(expected[alarm.share.id] == alarm.progress for alarm in alarms)
    levels = [alarm.progress.level for alarm in alarms]
    assert levels == sorted(levels, key=lambda level: level is not Level.EXCEEDED)
    assert alarms[0].progress.percent is None or unit != "C", "a broken nought comes first"
