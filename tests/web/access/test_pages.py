"""Pages and API of roles, verdicts, delegations and the grants that wait."""

import pytest

from duban.organisation.operations import roles
from tests.cast import World

PAGES = ("/access/roles", "/access/why", "/access/roles?export=csv", "/account/acting", "/access/delegations", "/people/roles")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "who, statuses",
    [
        ("sara", (200, 200, 200, 200, 200, 200)),
        ("adam", (200, 200, 200, 200, 404, 404)),
        ("otto", (200, 200, 200, 200, 404, 404)),
        ("tom", (404, 404, 404, 200, 200, 200)),  # a township's officer gives roles for its villages
        ("vera", (404, 404, 404, 200, 404, 404)),
    ],
)
def test_who_sees_which_page(world: World, who: str, statuses: tuple[int, ...], language: str) -> None:
    browser = world.client(who)
    assert tuple(browser.get(f"{page}{'&' if '?' in page else '?'}lang={language}").status_code for page in PAGES) == statuses


def test_the_table_says_what_the_policy_says(world: World) -> None:
    page = world.client("sara").get("/access/roles?role=village.clerk&lang=en").text
    assert "Submission" in page
    assert "from “Reporter (shared)”" in page
    rows = world.client("sara").get("/access/roles?export=csv").data.decode("utf-8-sig").splitlines()
    assert "乡镇安全干部" in rows[0]
    assert len(rows) > 40
    assert any(row.startswith("报送内容,审核") for row in rows)


@pytest.mark.parametrize(
    "login, obj, act, unit, said",
    [
        ("tom", "submission", "review", "V11", "可以"),
        ("vera", "submission", "review", "V11", "不可以"),
        ("tom", "duty", "read", "V21", "不可以"),
    ],
)
def test_why(world: World, login: str, obj: str, act: str, unit: str, said: str) -> None:
    asked = {"login": login, "obj": obj, "act": act, "unit_id": str(world.units[unit])}
    page = world.client("sara").get("/access/why", query_string=asked).text
    assert f"<strong>{said}</strong>" in page
    assert ("p, county.manager, below, submission, review" in page) == (said == "可以")
    answer = world.client("sara").get("/api/v1/access/why", query_string={"object": asked.pop("obj"), **asked}).get_json()
    assert answer["allowed"] == (said == "可以")


def test_why_says_what_is_wrong_with_the_question(world: World) -> None:
    answer = world.client("sara").get("/access/why?login=nobody&unit_id=x")
    assert answer.status_code == 422
    assert "没有这个登录名。" in answer.text


def test_lending_and_ending_on_the_page(world: World) -> None:
    typed = {
        "role": f"township.officer@{world.units['T1']}", "login": "tess", "active_from": "2026-03-10", "last_on": "2026-03-12",
        "reason": "外出学习",
    }  # fmt: skip
    browser = world.client("tom")
    assert browser.post("/account/acting/new", data=typed).status_code == 303
    page = browser.get("/account/acting").text
    assert "谭镇长" in page
    assert "2026年3月12日" in page
    again = browser.post("/account/acting/new", data=typed)
    assert (again.status_code, "这段时间里已有相同的委托。" in again.text) == (409, True)
    wrong = browser.post("/account/acting/new", data=typed | {"login": "nobody", "last_on": ""})
    assert (wrong.status_code, "没有这个登录名。" in wrong.text, "外出学习" in wrong.text) == (422, True, True)
    overview = world.client("sara").get("/access/delegations").text
    assert "外出学习" in overview
    lent = world.client("tess").get("/api/v1/access/delegations").get_json()["items"]
    assert len(lent) == 1
    assert world.client("vera").get("/api/v1/access/delegations").get_json()["items"] == []
    ended = world.client("tess").post(f"/account/acting/{lent[0]['id']}/end")
    assert ended.status_code == 303
    assert world.client("tess").get("/api/v1/access/delegations").get_json()["items"][0]["revoked_at"]


def test_lending_by_program(world: World) -> None:
    body = {
        "receiver_id": str(world.people["tess"]), "unit_id": str(world.units["T1"]), "role": "township.officer",
        "active_from": "2026-03-10", "active_to": "2026-03-12", "reason": "出差",
    }  # fmt: skip
    made = world.client("tom").post("/api/v1/access/delegations", json=body)
    assert made.status_code == 201
    assert world.client("tina").post("/api/v1/access/delegations", json=body).status_code == 409
    ended = world.client("sara").post(f"/api/v1/access/delegations/{made.get_json()['id']}/end")
    assert ended.get_json()["revoked_at"]
    assert world.client("vera").get("/api/v1/access/delegations?mine=false").status_code == 404
    assert len(world.client("otto").get("/api/v1/access/roles").get_json()["items"]) > 300


def test_confirming_refusing_and_moving_an_end(world: World) -> None:
    with world.as_("adam") as scope:
        waiting = [
            roles.grant_role(scope, person_id=world.people[who], unit_id=world.units["V12"], role="village.leader").id
            for who in ("vera", "wanda")
        ]
    page = world.client("sara").get("/people/roles").text
    assert page.count("待确认") >= 2
    assert world.client("vera").post(f"/people/roles/{waiting[0]}/confirm").status_code in {403, 404}
    assert world.client("sara").post(f"/people/roles/{waiting[0]}/confirm").status_code == 302
    assert world.client("sara").post(f"/people/roles/{waiting[1]}/refuse").status_code == 302
    world.client("sara").post(f"/people/roles/{waiting[0]}/end", data={"active_to": "2026-04-01"})
    page = world.client("sara").get("/people/roles").text
    assert "2026年4月1日" in page
    assert "没有等待确认的授权" in page
