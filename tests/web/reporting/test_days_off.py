"""A day that is not worked is taken and warned about; the page stays with the period that was looked at; the due box."""

import pytest

from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_pages import FORM

SUNDAY, MONDAY = "2026-03-29", "2026-03-30"


def tom_moves(world: World, address: str, **data: str) -> str:
    return world.client("tom").post(address, data={"reason": "防汛", **data}, follow_redirects=True).text


def test_a_whole_period_moved_to_a_sunday_is_warned_about_and_still_shown(world: World) -> None:
    requirement_id = given.issued(world, due=given.MONTHLY)
    address = f"/requirements/{requirement_id}/due-dates"
    later = tom_moves(world, address, period="2026-05", due_on="2026-05-31")
    assert "5月31日（周日） 是休息日" in later
    assert (
        world.client("tom")
        .post(address, data={"reason": "x", "period": "2026-06", "due_on": "2026-06-30"})
        .location.endswith("period=2026-06")
    )
    assert "是休息日" not in tom_moves(world, address, period="2026-03", due_on=MONDAY)
    assert "4月26日（周日）" in tom_moves(world, address, period="2026-04", by_days="1")


def test_so_is_one_units_day_and_one_it_asked_for(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    assert "3月29日（周日） 是休息日" in tom_moves(world, f"/duties/{duty_id}/due-date", due_on=SUNDAY)
    assert "是休息日" not in tom_moves(world, f"/duties/{duty_id}/due-date", due_on=MONDAY)


@pytest.mark.parametrize(("every", "shown"), [("month", False), ("week", False), ("quarter", True), ("year", True)])
def test_the_month_is_asked_for_where_there_is_one_to_choose(world: World, every: str, shown: bool) -> None:
    typed = FORM | {"due.kind": "nth_day", "due.every": every, "due.nth": "5", "due.which": "same"}
    box = world.client("tom").post("/requirements/due-box", data=typed).text
    assert ("第几个月" in box) is shown
