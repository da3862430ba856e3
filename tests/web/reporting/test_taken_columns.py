"""Lists taken away: what a page says in one cell stands in columns of its own."""

import csv
import io

from tests.cast import World
from tests.integration.matters.stage import register
from tests.integration.reporting import requirements as given


def rows(world: World, who: str, address: str) -> list[dict[str, str]]:
    text = world.client(who).get(address).get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_overdue_says_by_how_many_days(world: World) -> None:
    given.issued(world, due={"kind": "fixed", "on": "2026-03-05"}, active_from="2026-03-01")
    found = rows(world, "tom", "/overdue?export=csv")
    assert {(one["单位"], one["逾期天数"]) for one in found} == {("东一村", "5"), ("东二村", "5")}


def test_a_matter_has_number_and_source_beside_its_title(world: World) -> None:
    register(world, title="国道边坡整治")
    (found,) = rows(world, "cora", "/matters?export=csv")
    assert found["督办事项"] == "国道边坡整治"
    assert found["编号"]
    assert found["来源"]
