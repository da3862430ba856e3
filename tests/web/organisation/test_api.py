"""Units and people for programs: the same refusals as on the pages."""

from base64 import b64encode
from typing import Any

import pytest

from tests.cast import World
from tests.conditions import as_read


def call(world: World, who: str, method: str, path: str, body: Any = None, read: str = "") -> Any:
    """Ask as somebody who has just read the thing at `read`, the thing itself if not said."""
    browser = world.client(who)
    headers = {"Accept": "application/json"}
    if method in {"PUT", "PATCH"} or read:
        headers = as_read(browser, f"/api/v1{read or path}")
    return browser.open(f"/api/v1{path}", method=method, json=body, headers=headers)


class TestUnits:
    def test_search(self, world: World) -> None:
        found = call(world, "cora", "GET", "/units/?q=东&level=village").get_json()["items"]
        assert {one["code"] for one in found} == {"V11", "V12"}
        assert not call(world, "tina", "GET", "/units/?q=东").get_json()["items"]
        assert call(world, "tina", "GET", f"/units/?below={world.units['T1']}").status_code == 404
        assert call(world, "cora", "GET", "/units/?limit=1000").status_code == 422

    def test_life_of_a_unit(self, world: World) -> None:
        body = {"parent_id": str(world.units["T1"]), "level": "village", "code": "V13", "name": "东三村"}
        made = call(world, "adam", "POST", "/units/", body)
        assert made.status_code == 201
        unit = made.get_json()
        assert unit["short_name"] == "东三村"
        assert call(world, "tom", "GET", f"/units/{unit['id']}").get_json()["name"] == "东三村"
        assert call(world, "adam", "PATCH", f"/units/{unit['id']}", {"name": "朝阳村"}).get_json()["name"] == "朝阳村"
        closing = {"reason": "撤并", "active_to": "2026-04-01"}
        here = f"/units/{unit['id']}"
        assert call(world, "adam", "POST", f"{here}/close", closing).status_code == 428
        assert call(world, "adam", "POST", f"{here}/close", closing, here).get_json()["active_to"] is None
        [planned] = call(world, "adam", "GET", "/reorganisations/?state=planned").get_json()["items"]
        assert (planned["kind"], planned["effective_on"], planned["unit_id"]) == ("close", "2026-04-01", unit["id"])
        assert call(world, "tom", "POST", f"/reorganisations/{planned['id']}/cancel").status_code == 403
        assert call(world, "adam", "POST", f"/reorganisations/{planned['id']}/cancel").get_json()["state"] == "cancelled"
        assert call(world, "tom", "GET", "/reorganisations/").get_json()["items"] == []

    def test_moving_merging_and_splitting_preview_first(self, world: World) -> None:
        unit = world.units["V11"]
        here = f"/units/{unit}"
        asked = {"parent_id": str(world.units["T2"]), "basis": "望政发〔2026〕3号"}
        looked = call(world, "adam", "POST", f"{here}/move", asked, here).get_json()
        assert (looked["reorganisation_id"], looked["obstacles"], looked["figures"]) == (None, [], {"units": 1, "people": 2})
        assert call(world, "tom", "POST", f"{here}/move", asked | {"confirmed": True}, here).status_code == 403
        done = call(world, "adam", "POST", f"{here}/move", asked | {"confirmed": True}, here).get_json()
        assert done["reorganisation_id"]
        assert call(world, "adam", "GET", f"/units/{unit}").get_json()["parent_id"] == str(world.units["T2"])
        assert call(world, "adam", "POST", f"{here}/move", asked | {"confirmed": True}, here).status_code == 409

        merge = {"unit_ids": [str(unit)], "into": str(world.units["V21"]), "basis": "合并", "confirmed": True}
        assert call(world, "adam", "POST", "/units/merge", merge).get_json()["figures"]["units"] == 1
        parts = [{"unit_id": str(world.units["T2"])}, {"new": {"code": "T9", "name": "新镇", "level": "township"}}]
        split = {"parts": parts, "basis": "拆分", "confirmed": True}
        here = f"/units/{world.units['T2']}"
        assert call(world, "adam", "POST", f"{here}/split", split, here).status_code == 200
        then = call(world, "adam", "GET", f"/units/{world.units['C']}/then?on=2026-03-09").get_json()["items"]
        assert [one["name"] for one in then] == ["望江县", "城东镇", "城西镇", "交通局", "东一村", "东二村", "西一村"]
        now = call(world, "adam", "GET", f"/units/{world.units['C']}/then?on=2026-03-10").get_json()["items"]
        assert {one["name"] for one in now} == {"望江县", "城东镇", "城西镇", "交通局", "东二村", "西一村", "新镇"}

    @pytest.mark.parametrize(("who", "status"), [("cora", 403), ("tom", 403), ("vera", 403), ("wanda", 404), ("ewa", 404)])
    def test_setting_up_is_the_administrators(self, world: World, who: str, status: int) -> None:
        body = {"parent_id": str(world.units["T1"]), "level": "village", "code": "V13", "name": "东三村"}
        assert call(world, who, "POST", "/units/", body).status_code == status

    def test_every_wrong_field_is_named(self, world: World) -> None:
        body = {"parent_id": str(world.units["T1"]), "level": "village", "code": "村", "name": " ", "colour": "red"}
        answer = call(world, "adam", "POST", "/units/", body)
        assert answer.status_code == 422
        assert "colour" in answer.get_json()["errors"]
        del body["colour"]
        assert set(call(world, "adam", "POST", "/units/", body).get_json()["errors"]) == {"code", "name"}

    def test_lines(self, world: World) -> None:
        body = {"parent_id": str(world.units["T1"]), "level": "enterprise", "code": "E1", "name": "星火花炮厂"}
        unit = call(world, "adam", "POST", "/units/", body).get_json()["id"]
        here, above = f"/units/{unit}", str(world.units["D1"])
        placed = call(world, "adam", "POST", f"{here}/lines", {"line": "sector", "parent_id": above}, here)
        assert placed.status_code == 201
        assert placed.get_json()["is_primary"] is False
        assert call(world, "adam", "POST", f"{here}/lines", {"line": "x", "parent_id": above}, here).status_code == 422

    def test_contacts(self, world: World) -> None:
        path = f"/units/{world.units['V11']}/contacts"
        before = {one["kind"]: one for one in call(world, "vera", "GET", path).get_json()["items"]}
        assert before["leader_in_charge"]["needed"]
        assert before["leader_in_charge"]["name"] is None
        after = call(world, "vera", "PUT", path, {"contacts": {"leader_in_charge": {"name": "吴支书", "phone": "13800001234"}}})
        assert {one["kind"]: one["name"] for one in after.get_json()["items"]}["leader_in_charge"] == "吴支书"
        assert call(world, "cora", "PUT", path, {"contacts": {}}).status_code == 403

    def test_groups_are_replaced_whole_by_who_read_them_last(self, world: World) -> None:
        seats = [{"post": "chair", "name": "谭镇长", "phone": "13800001234"}, {"post": "deputy", "name": "唐安"}]
        made = call(world, "tom", "POST", f"/units/{world.units['T1']}/groups", {"name": "领导小组", "seats": seats}).get_json()
        here = f"/units/groups/{made['id']}"
        changed = {"name": "安委会", "basis": "城东政发〔2026〕9号", "seats": [seats[0], {"post": "deputy", "name": "新镇长"}]}
        stale = as_read(world.client("tom"), f"/api/v1{here}")

        assert world.client("tom").put(f"/api/v1{here}", json=changed, headers={"Accept": "application/json"}).status_code == 428
        assert call(world, "vera", "PUT", here, changed).status_code == 403
        done = call(world, "tom", "PUT", here, changed)
        assert (done.status_code, [one["name"] for one in done.get_json()["seats"]]) == (200, ["谭镇长", "新镇长"])
        assert done.headers["ETag"] == call(world, "tom", "GET", here).headers["ETag"]
        assert world.client("tom").put(f"/api/v1{here}", json=changed, headers=stale).status_code == 412
        assert call(world, "tom", "PUT", here, {"name": "安委会", "seats": [seats[1]]}).status_code == 422, "a chair is needed"
        assert call(world, "tina", "GET", here).status_code == 404
        assert call(world, "vera", "GET", here).get_json()["basis"] == "城东政发〔2026〕9号"
        assert call(world, "tom", "POST", f"{here}/end").status_code == 204
        assert call(world, "tom", "PUT", here, changed).status_code == 409

    def test_import(self, world: World) -> None:
        data = b64encode("代码,名称,级别,上级代码\n431,城南镇,乡镇,C\n".encode()).decode()
        assert call(world, "adam", "POST", "/units/import", {"content": data}).get_json() == {
            "new": 1,
            "unchanged": 0,
            "done": False,
            "problems": [],
        }
        assert call(world, "adam", "POST", "/units/import", {"content": data, "confirmed": True}).get_json()["done"]
        bad = b64encode("代码,名称,级别,上级代码\n432,城北镇,乡镇,X\n".encode()).decode()
        report = call(world, "adam", "POST", "/units/import", {"content": bad}).get_json()
        assert [(one["line"], one["column"]) for one in report["problems"]] == [(2, "parent_code")]
        assert call(world, "adam", "POST", "/units/import", {"content": bad, "confirmed": True}).status_code == 409
        assert call(world, "adam", "POST", "/units/import", {"content": "%"}).status_code == 422
        assert call(world, "tom", "POST", "/units/import", {"content": data}).status_code == 403


class TestPeople:
    def test_pages(self, world: World) -> None:
        first = call(world, "adam", "GET", "/people/?limit=10").get_json()
        second = call(world, "adam", "GET", f"/people/?limit=10&after={first['next']}").get_json()
        assert len(first["items"]) == 10
        assert len(second["items"]) == 6
        assert second["next"] is None
        assert call(world, "adam", "GET", "/people/?after=nonsense").status_code == 422

    def test_hiring_granting_revoking(self, world: World) -> None:
        body = {"unit_id": str(world.units["V12"]), "role": "village.leader", "login": "ou", "details": {"name": "欧阳明"}}
        slip = call(world, "tom", "POST", "/people/", body)
        assert slip.status_code == 201
        person = slip.get_json()["person_id"]
        assert "password" not in call(world, "tom", "GET", f"/people/{person}").get_json()
        here, clerk = f"/people/{person}", {"unit_id": str(world.units["V11"]), "role": "village.clerk"}
        granted = call(world, "tom", "POST", f"{here}/roles", clerk, here)
        assert granted.status_code == 201
        roles = {one["role"]: one for one in granted.get_json()["roles"]}
        assert set(roles) == {"village.leader", "village.clerk"}
        assert call(world, "tom", "POST", f"/people/roles/{roles['village.clerk']['id']}/revoke", {}, here).status_code == 204
        assert [one["in_force"] for one in call(world, "tom", "GET", f"/people/{person}").get_json()["roles"]].count(True) == 1
        assert call(world, "tom", "PATCH", f"/people/{person}", {"name": "欧阳亮"}).get_json()["name"] == "欧阳亮"
        assert call(world, "tom", "POST", f"{here}/password", read=here).get_json()["password"] != slip.get_json()["password"]

    @pytest.mark.parametrize(
        ("who", "unit", "status"), [("tom", "V21", 404), ("tom", "T1", 403), ("cora", "V11", 403), ("vera", "V11", 403)]
    )
    def test_hiring_is_refused_elsewhere(self, world: World, who: str, unit: str, status: int) -> None:
        body = {"unit_id": str(world.units[unit]), "role": "village.leader", "login": "ou", "details": {"name": "欧阳明"}}
        assert call(world, who, "POST", "/people/", body).status_code == status

    def test_people_elsewhere_are_not_there(self, world: World) -> None:
        assert call(world, "vera", "GET", f"/people/{world.people['wanda']}").status_code == 404
        assert call(world, "tom", "PATCH", f"/people/{world.people['cora']}", {"name": "x"}).status_code == 404
