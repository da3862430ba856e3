"""One truth about overdue: a duty returned with a correction term still running is late nowhere, and every tile opens what it counts."""

import re

import pytest

from duban.reporting import operations, queries
from duban.reporting.errors import NobodyOwesError
from duban.reporting.queries.standing import matrix
from tests.cast import World
from tests.integration.reporting import requirements as given

DUE = {"kind": "fixed", "on": "2026-03-20"}


def returned(world: World) -> tuple[object, object]:
    """Two villages owe on 20 March; one handed in on time and was sent back on the 22nd with three days, one did nothing."""
    requirement_id = given.issued(world, due=DUE, correction_days=3, missing_after_days=10)
    duty_id = given.duty_id(world, requirement_id, "V11")
    given.handed_in(world, duty_id, when=given.at("03-20", "09:00"))
    given.returned(world, duty_id, when=given.at("03-22", "09:00"))
    return requirement_id, duty_id


@pytest.mark.parametrize(("day", "late"), [("03-23", {"V12"}), ("03-26", {"V11", "V12"})])
def test_a_correction_term_still_running_is_not_overdue_anywhere(world: World, day: str, late: set[str]) -> None:
    requirement_id, duty_id = returned(world)
    with world.as_("tom", at=given.at(day, "12:00")) as scope:
        assert queries.progress_of(scope, [requirement_id])[requirement_id].overdue == len(late)
        assert queries.counts(scope)["late"] == len(late)
        assert {line.unit.path for line in queries.late_below(scope).items} == {world.paths[one] for one in late}
        units = [line.unit for line in queries.status_by_unit(scope, requirement_id=requirement_id).items]
        laid = matrix(scope, units=units, due_from=given.at("03-01").date(), due_until=given.at("04-01").date())
        assert sum(cell.is_overdue for cell in laid.cells.values()) == laid.columns[0].late == len(late)
        assert queries.get_duty(scope, duty_id).is_past_day(scope.now, scope.today) is ("V11" in late)


def test_only_who_is_overdue_is_urged(world: World) -> None:
    requirement_id, duty_id = returned(world)
    with world.as_("tom", at=given.at("03-23", "12:00")) as scope, pytest.raises(NobodyOwesError):
        operations.urge(scope, requirement_id=requirement_id, duty_ids=[duty_id])
    with world.as_("tom", at=given.at("03-23", "12:00")) as scope:
        assert operations.urge(scope, requirement_id=requirement_id) == 1


@pytest.mark.parametrize(("day", "late"), [("03-19", 0), ("03-23", 1)])
def test_the_tile_opens_as_many_rows_as_it_counts(world: World, day: str, late: int) -> None:
    requirement_id, _duty_id = returned(world)
    world.now = given.at(day, "12:00")
    tom = world.client("tom")
    page = tom.get(f"/requirements/{requirement_id}").text
    door = re.search(r'href="([^"]*state=overdue[^"]*)"', page)
    assert door
    opened = tom.get(door[1].replace("&amp;", "&")).text
    assert opened.count('<th scope="row">') == late
