"""Requirements and duties for programs."""

from typing import Any

import pytest

from duban.reporting.states import DutyState
from tests.cast import World
from tests.conditions import as_read
from tests.integration.reporting import requirements as given

JSON = {"Accept": "application/json"}


def body(world: World, **changes: Any) -> dict[str, Any]:
    data = given.data(**changes)
    return {"unit_id": str(world.units["T1"]), **data, "fields": given.FIELDS}


def test_from_draft_to_acceptance(world: World) -> None:
    tom, vera = world.client("tom"), world.client("vera")
    made = tom.post("/api/v1/requirements", json=body(world), headers=JSON)
    assert made.status_code == 201, made.text
    requirement_id, tag = made.json["id"], made.headers["ETag"]

    edited = tom.put(
        f"/api/v1/requirements/{requirement_id}",
        json={key: value for key, value in body(world, title="新标题").items() if key != "unit_id"},
        headers={**JSON, "If-Match": tag},
    )
    assert edited.json["title"] == "新标题"
    preview = tom.get(f"/api/v1/requirements/{requirement_id}/preview", headers=JSON).json
    assert (preview["duty_count"], preview["occurrences"][0]["due_on"]) == (2, "2026-03-20")
    here = f"/api/v1/requirements/{requirement_id}"
    as_drafted = as_read(tom, here)
    assert tom.post(f"{here}/issue", headers=as_drafted).json["created"] == 2
    assert tom.post(f"{here}/issue", headers=as_drafted).status_code == 412
    assert tom.post(f"{here}/issue", headers=as_read(tom, here)).json["created"] == 0

    (duty,) = vera.get("/api/v1/duties", headers=JSON).json["items"]
    address = f"/api/v1/duties/{duty['id']}"
    kept = vera.put(f"{address}/draft", json={"typed": {"checks": "十二"}}, headers={**JSON, "If-Match": '"0"'})
    assert kept.json["version"] == 1
    assert vera.get(f"{address}/draft", headers=JSON).json["typed"] == {"checks": "十二"}
    wrong = vera.post(f"{address}/submissions", json={"content": {"checks": -1}}, headers=as_read(vera, address))
    assert wrong.status_code == 422
    assert set(wrong.json["errors"]) == {"done", "checks"}
    handed = vera.post(f"{address}/submissions", json={"content": given.ANSWERS}, headers=as_read(vera, address))
    assert handed.status_code == 201, handed.text
    assert handed.json["content"]["checks"] == 2

    (waiting,) = tom.get("/api/v1/duties?list=review", headers=JSON).json["items"]
    assert waiting["id"] == duty["id"]
    back = tom.post(f"{address}/return", json={"number": 1, "reason": "补充"}, headers=as_read(tom, address))
    assert back.json["state"] == "returned"
    assert vera.post(f"{address}/submissions", json={"nil": True}, headers=as_read(vera, address)).status_code == 201
    assert tom.post(f"{address}/accept", json={"number": 1}, headers=as_read(tom, address)).status_code == 412
    assert tom.post(f"{address}/accept", json={"number": 2}, headers=as_read(tom, address)).json["state"] == "accepted"
    assert [one["outcome"] for one in tom.get(f"{address}/versions", headers=JSON).json] == ["returned", "accepted"]
    status = tom.get(f"/api/v1/requirements/{requirement_id}/duties?state=open", headers=JSON).json["items"]
    assert [one["unit"] for one in status] == ["东二村"]


def test_changes_need_the_version_read_before(world: World) -> None:
    requirement_id = given.drafted(world)
    change = {key: value for key, value in body(world).items() if key != "unit_id"}
    tom = world.client("tom")
    address = f"/api/v1/requirements/{requirement_id}"
    assert tom.put(address, json=change, headers=JSON).status_code == 428
    assert tom.put(address, json=change, headers={**JSON, "If-Match": '"7"'}).status_code == 412


def test_due_dates_and_urging(world: World) -> None:
    requirement_id = given.issued(world)
    duty_id = given.duty_id(world, requirement_id)
    tom = world.client("tom")
    here, later = f"/api/v1/duties/{duty_id}", {"due_on": "2026-03-25", "reason": "暴雨"}
    moved = tom.post(f"{here}/due-date", json=later, headers=as_read(tom, here))
    assert moved.json["due_on"] == "2026-03-25"
    nobody = tom.post(f"/api/v1/requirements/{requirement_id}/urge", json={}, headers=JSON)
    assert nobody.status_code == 409
    here = f"/api/v1/requirements/{requirement_id}"
    gone = tom.post(f"{here}/withdraw", json={"reason": "作废"}, headers=as_read(tom, here))
    assert gone.json["state"] == "withdrawn"
    assert given.duty(world, duty_id).stands is DutyState.CANCELLED


@pytest.mark.parametrize(
    ("who", "status"), [("vera", 200), ("tom", 200), ("vic", 404), ("tina", 404), ("ewa", 404), ("erik", 404), ("adam", 404)]
)
def test_who_may_read_a_duty(world: World, who: str, status: int) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    for address in (f"/api/v1/duties/{duty_id}", f"/api/v1/duties/{duty_id}/versions"):
        assert world.client(who).get(address, headers=JSON).status_code == status


def test_an_unknown_key_is_refused(world: World) -> None:
    refused = world.client("tom").post("/api/v1/requirements", json={**body(world), "state": "issued"}, headers=JSON)
    assert refused.status_code == 422
    assert "state" in refused.json["errors"]


def test_a_unit_asks_for_its_report_back(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world, "tom", "T1"))
    given.handed_in(world, duty_id)
    vera, here = world.client("vera"), f"/api/v1/duties/{duty_id}"
    tag = as_read(vera, here)
    assert vera.post(f"{here}/ask-return", json={"reason": " "}, headers=tag).status_code == 422
    asked = vera.post(f"{here}/ask-return", json={"reason": "多写了一个零"}, headers=tag)
    assert asked.json["return_asked"]["reason"] == "多写了一个零", asked.text
    seen = world.client("tom").get(f"{here}/track", headers=JSON).json["return_asked"]
    assert (seen["who"], seen["reason"]) == ("魏文书", "多写了一个零")
    assert vera.post(f"{here}/ask-return", json={"reason": "再说一次"}, headers=as_read(vera, here)).status_code == 409
    tom = world.client("tom")
    assert tom.post(f"{here}/ask-return", json={"reason": "不是我的"}, headers=as_read(tom, here)).status_code == 403


def test_the_working_days_of_a_year_are_read_and_entered(world: World) -> None:
    adam, here = world.client("adam"), "/api/v1/calendar/working-days"
    found = adam.get(here, headers=JSON)
    assert (found.json["items"], found.headers["ETag"]) == ([], '"0"')
    year = found.json["known_until"] + 1
    body = {"days_off": [f"{year}-01-01"], "make_up_days": [f"{year}-01-03"]}
    made = adam.put(f"{here}/{year}", json=body, headers=as_read(adam, here))
    assert made.json["items"] == [{"year": year, **body}], made.text
    assert adam.put(f"{here}/{year}", json=body, headers={**JSON, "If-Match": '"0"'}).status_code == 412
    now = as_read(adam, here)
    assert adam.put(f"{here}/{year}", json={"days_off": ["2020-01-01"]}, headers=now).status_code == 422
    assert adam.put(f"{here}/{year}", json={"days_off": []}, headers=now).status_code == 422
    assert adam.put(f"{here}/9999", json=body, headers=now).status_code == 404
    assert world.client("tom").get(here, headers=JSON).status_code in {403, 404}
    assert world.client("adam").get("/working-days").text.count(f"{year}") > 0
