"""The tick "does not apply" bears its box's name: without scripts the browser sends both, and the tick is what was meant."""

import pytest

from duban.reporting import queries
from tests.cast import World
from tests.integration.reporting import requirements as given

FIELDS = [
    {"key": "found", "label": "发现隐患", "kind": "integer", "unit": "处", "na_allowed": True},
    {"key": "kind", "label": "类别", "kind": "choice", "options": [{"code": "a", "label": "甲"}], "na_allowed": True},
]


@pytest.mark.parametrize("box", ["", "12"])
def test_the_tick_counts_whatever_stands_in_its_box(world: World, box: str) -> None:
    duty_id = given.duty_id(world, given.issued(world, fields=FIELDS))
    sent = {"answer.found": [box, "不适用"], "answer.kind": ["", "不适用"]}
    browser = world.client("vera")
    browser.post(f"/duties/{duty_id}/draft", data=sent)
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, duty_id).typed == {"answer.found": "不适用", "answer.kind": "不适用"}
    page = browser.get(f"/duties/{duty_id}").text
    assert page.count('value="不适用" data-na checked') == 2
    browser.post(f"/duties/{duty_id}/submit", data=sent)
    assert given.duty(world, duty_id).state == "submitted"


def test_without_the_tick_the_box_counts(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world, fields=FIELDS))
    world.client("vera").post(f"/duties/{duty_id}/draft", data={"answer.found": "0", "answer.kind": "a"})
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, duty_id).typed == {"answer.found": "0", "answer.kind": "a"}
