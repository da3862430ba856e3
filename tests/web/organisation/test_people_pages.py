"""Pages of people: hiring, roles, passwords."""

import re
from uuid import UUID

import pytest

from duban.identity.operations import sign_in
from duban.identity.queries import find_by_login
from duban.organisation.queries.people import held_by
from tests.cast import World

SLIP = re.compile(r"一次性密码</dt>\s*<dd>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})<")
NEW = {"role": "village.leader", "login": "", "name": "欧阳明", "post": "支书", "phone": "", "email": ""}


def slip_in(page: str) -> str:
    found = SLIP.search(page)
    assert found, page
    return found[1]


class TestHiring:
    def test_shows_a_slip_once(self, world: World) -> None:
        browser = world.client("tom")
        assert "村（社区）安全员" in browser.get(f"/people/new?unit_id={world.units['V12']}").text

        answer = browser.post("/people/new", data=NEW | {"unit_id": str(world.units["V12"])})

        assert answer.status_code == 201
        assert answer.headers["Cache-Control"] == "no-store"
        password = slip_in(answer.text)
        with world.as_system() as scope:
            person = find_by_login(scope, "ouyangming")
            assert person is not None
            assert isinstance(sign_in(scope, login="ouyangming", password=password, address="", device=""), str)
        assert password not in browser.get(f"/people/{person.id}").text

    def test_namesakes_get_a_free_login(self, world: World) -> None:
        browser, body = world.client("tom"), NEW | {"unit_id": str(world.units["V12"])}

        answers = [browser.post("/people/new", data=body) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 201, 201]
        with world.as_system() as scope:
            assert find_by_login(scope, "ouyangming3") is not None

    @pytest.mark.parametrize(
        "change, words",
        [
            ({"name": ""}, "请填写名称"),
            ({"login": "vera"}, "已有人使用"),
            ({"role": "county.leader"}, "不能在"),
            ({"unit_id": ""}, "请选择所在单位"),
            ({"email": "nowhere"}, "电子邮箱写法不对"),
        ],
    )
    def test_keeps_what_was_typed_when_it_refuses(self, world: World, change: dict[str, str], words: str) -> None:
        answer = world.client("tom").post(
            "/people/new", data=NEW | {"unit_id": str(world.units["V12"]), "post": "村支书"} | change
        )
        assert answer.status_code == 422
        assert words in answer.text
        assert "村支书" in answer.text

    @pytest.mark.parametrize(
        "who, unit, status",
        [("tom", "V21", 404), ("tom", "T1", 403), ("vera", "V11", 403), ("cora", "V11", 403), ("adam", "V11", 200)],
    )
    def test_is_for_those_who_manage_people_there(self, world: World, who: str, unit: str, status: int) -> None:
        assert world.client(who).get(f"/people/new?unit_id={world.units[unit]}").status_code == status


class TestPersonPage:
    def test_hides_people_elsewhere(self, world: World) -> None:
        assert world.client("vera").get(f"/people/{world.people['wanda']}").status_code == 404
        assert world.client("cora").get(f"/people/{world.people['wanda']}").status_code == 200
        assert world.client("cora").get(f"/people/{world.people['erik']}").status_code == 404

    def test_offers_only_what_is_allowed(self, world: World) -> None:
        address = f"/people/{world.people['vera']}"
        assert "授予角色" not in world.client("cora").get(address).text
        page = world.client("tom").get(address).text
        for words in ("授予角色", "重置密码", "停用账号", "收回这个角色"):
            assert words in page

    def test_ones_own_page_offers_no_roles(self, world: World) -> None:
        page = world.client("adam").get("/people/me").text
        assert "修改密码" in page
        assert "授予角色" not in page

    def test_details(self, world: World) -> None:
        browser = world.client("tom")
        address = f"/people/{world.people['vera']}/edit"
        assert browser.post(address, data={"name": "", "phone": "x"}).status_code == 422
        assert browser.post(address, data={"name": "魏姐", "phone": "13800001234"}).status_code == 302
        assert "魏姐" in browser.get(f"/people/{world.people['vera']}").text
        own = world.client("vera")
        assert own.post(address, data={"name": "别名", "phone": "13800005678"}).status_code == 302
        assert "魏姐" in own.get("/people/me").text


class TestRoles:
    def roles(self, world: World, who: str) -> list[tuple[str, bool]]:
        with world.as_("adam") as scope:
            return [(held.grant.role, held.in_force) for held in held_by(scope, world.people[who])]

    def test_granting_and_revoking(self, world: World) -> None:
        browser = world.client("tom")
        address = f"/people/{world.people['vera']}"
        data = {"unit_id": str(world.units["V12"]), "role": "village.clerk", "active_from": "2026-03-10", "active_to": ""}
        assert "角色已授予" in browser.post(f"{address}/roles", data=data, follow_redirects=True).text
        assert "已担任该单位的这个角色" in browser.post(f"{address}/roles", data=data, follow_redirects=True).text
        with world.as_("adam") as scope:
            grant = next(held.grant.id for held in held_by(scope, world.people["vera"]) if held.unit.code == "V12")
        assert "角色已收回" in browser.post(f"{address}/roles/{grant}/revoke", follow_redirects=True).text
        assert sorted(self.roles(world, "vera")) == [("village.clerk", False), ("village.clerk", True)]

    def test_without_a_unit_nothing_happens(self, world: World) -> None:
        page = world.client("tom").post(
            f"/people/{world.people['vera']}/roles", data={"role": "village.clerk"}, follow_redirects=True
        )
        assert "请选择所在单位" in page.text

    def test_is_refused_from_beside(self, world: World) -> None:
        data = {"unit_id": str(world.units["V11"]), "role": "village.clerk"}
        assert world.client("tina").post(f"/people/{world.people['tina']}/roles", data=data).status_code == 404


class TestPasswords:
    def test_a_reset_shows_the_new_one_once(self, world: World) -> None:
        answer = world.client("tom").post(f"/people/{world.people['vera']}/password")
        assert answer.status_code == 200
        with world.as_system() as scope:
            assert isinstance(sign_in(scope, login="vera", password=slip_in(answer.text), address="", device=""), str)

    def test_ones_own_is_changed_elsewhere(self, world: World) -> None:
        page = world.client("adam").post(f"/people/{world.people['adam']}/password", follow_redirects=True)
        assert not SLIP.search(page.text)

    def test_locking_out_and_letting_in(self, world: World) -> None:
        browser, address = world.client("tom"), f"/people/{world.people['vera']}/active"
        assert "账号已停用" in browser.post(address, data={"active": "0"}, follow_redirects=True).text
        assert "账号已启用" in browser.post(address, data={"active": "1"}, follow_redirects=True).text
        assert browser.post(f"/people/{UUID(int=0)}/active", data={"active": "0"}).status_code == 404


def _offered(world: World, who: str, address: str) -> set[str]:
    page = world.client(who).get(address).get_data(as_text=True)
    select = re.search(r'<select[^>]*name="role".*?</select>', page, re.DOTALL)
    return set(re.findall(r'<option value="([^"]+)"', select[0])) if select else set()


def test_roles_are_offered_as_far_as_they_may_be_given(world: World) -> None:
    """By the levels of one's own units, and by what goes with the duties the person holds."""
    vera, otto = (f"/people/{world.people[who]}" for who in ("vera", "otto"))
    below_t1 = {"village.clerk", "village.leader"}  # no enterprise stands there
    assert _offered(world, "tom", vera) == _offered(world, "tom", "/people/new") == below_t1
    everywhere = _offered(world, "sara", vera)
    assert everywhere > below_t1
    assert not {role for role in everywhere if role.endswith((".admin", ".security", ".auditor"))}, "duties stay apart"
    assert {role for role in _offered(world, "sara", otto) if not role.endswith(".auditor")} == set()
    assert _offered(world, "vic", f"/people/{world.people['vic']}") == set()
    browser = world.client("tom")
    units = {one["code"]: one["level"] for one in browser.get("/units/search?act=appoint").get_json()["items"]}
    assert units == {"V11": "village", "V12": "village"}
