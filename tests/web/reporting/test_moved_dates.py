"""A requirement's page after its dates were moved."""

from datetime import date

from duban.reporting import operations
from tests.cast import World
from tests.integration.reporting import requirements as given


def page(world: World, requirement_id) -> str:
    text = world.client("tom").get(f"/requirements/{requirement_id}").get_data(as_text=True)
    return text[text.index("各期截止日期") :]


def test_shows_the_date_as_it_stands_and_who_has_another(world: World) -> None:
    requirement_id = given.issued(world)
    assert "3月20日" in page(world, requirement_id)
    with world.as_("tom") as scope:
        operations.change_due_dates(scope, requirement_id=requirement_id, due_on=date(2026, 3, 27), reason="防汛")
    assert "3月27日" in page(world, requirement_id)
    assert "3月20日" not in page(world, requirement_id)
    with world.as_("tom") as scope:
        duty_id = given.duty_id(world, requirement_id)
        operations.change_due_date(scope, duty_id=duty_id, due_on=date(2026, 3, 30), reason="停电")
    assert "另有 1 个单位日期不同" in page(world, requirement_id)
