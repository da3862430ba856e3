"""What is handed in over a report that was handed in elsewhere and returned meanwhile: said as it is, and nothing typed is lost."""

import re
from io import BytesIO

from duban.reporting import operations, queries
from tests.cast import World
from tests.integration.reporting import requirements as given


def test_the_page_says_so_keeps_what_was_typed_and_takes_it_the_second_time(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    browser = world.client("vera")
    browser.post(f"/duties/{duty_id}/draft", data={"version": "0", "answer.done": "手机写的"})
    given.handed_in(world, duty_id)
    given.returned(world, duty_id)
    typed = {"version": "1", "answer.done": "手机又写的", "answer.checks": "6", "answer.funds": "1"}
    answer = browser.post(f"/duties/{duty_id}/submit", data=typed)
    assert answer.status_code == 412
    assert "已经在别处提交，又被退回" in answer.text and "刚刚被别人修改" not in answer.text
    assert "请补充数据" in answer.text
    assert "手机又写的" in answer.text
    assert "data-unkept" in answer.text
    assert 'name="version" value="0"' in answer.text
    answer = browser.post(f"/duties/{duty_id}/submit", data=typed | {"version": "0"})
    assert answer.status_code == 303
    with world.as_("vera") as scope:
        assert queries.versions_of(scope, duty_id)[-1].content["done"] == "手机又写的"


def test_an_ordinary_page_is_kept_by_the_server(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    browser = world.client("vera")
    assert "data-unkept" not in browser.get(f"/duties/{duty_id}").text
    refused = browser.post(f"/duties/{duty_id}/submit", data={"version": "0", "answer.done": "", "answer.checks": "abc"})
    assert refused.status_code == 422
    assert "data-unkept" not in refused.text
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, duty_id).typed["answer.checks"] == "abc"


def test_a_withdrawn_task_shows_what_was_attached(world: World) -> None:
    requirement_id = given.issued(world)
    duty_id = given.duty_id(world, requirement_id)
    browser = world.client("vera")
    browser.post(f"/duties/{duty_id}/draft", data={"attachments": (BytesIO("总结".encode()), "三月总结.txt")})
    with world.as_("tom") as scope:
        operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="并入季报")
    page = browser.get(f"/duties/{duty_id}").text
    assert 'id="kept"' in page and "三月总结.txt" in page
    assert f"/duties/{duty_id}/files/" not in page, "nothing is removed from it any more"
    (address,) = re.findall(r'href="(/files/[^"?]+)"', page)
    assert browser.get(address).data == "总结".encode()


def test_what_was_handed_in_stands_with_its_version_only(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    world.client("vera").post(f"/duties/{duty_id}/draft", data={"attachments": (BytesIO("总结".encode()), "三月总结.txt")})
    given.handed_in(world, duty_id)
    page = world.client("vera").get(f"/duties/{duty_id}").text
    assert 'id="kept"' not in page
    assert "三月总结.txt" in page
