"""Pages of units: who sees what, and what a form does with what was typed."""

from datetime import date
from io import BytesIO
from uuid import UUID

import pytest

from duban.organisation.operations.units import close_unit, create_unit
from duban.organisation.queries.reorganisations import planned_for
from duban.organisation.queries.units import contacts, search_units
from tests.cast import World

PAGES = ["/units", "/units?q=dyc", "/units?level=village", "/units?q=zzz", "/people", "/people?q=zzz", "/people/me"]


@pytest.mark.parametrize("who", ["adam", "cora", "lena", "tom", "vera", "otto", "dora"])
@pytest.mark.parametrize("page", PAGES)
def test_every_list_opens_for_everybody_inside(world: World, who: str, page: str) -> None:
    assert world.client(who).get(page).status_code == 200


@pytest.mark.parametrize("who, seen", [("cora", True), ("tom", True), ("vera", True), ("vic", False), ("ewa", False)])
def test_a_unit_is_there_only_for_those_who_may_see_it(world: World, who: str, seen: bool) -> None:
    answer = world.client(who).get(f"/units/{world.units['V11']}")
    assert answer.status_code == (200 if seen else 404)


class TestUnitPage:
    def test_shows_the_way_up_the_lines_and_what_is_missing(self, world: World) -> None:
        page = world.client("tom").get(f"/units/{world.units['V11']}").text
        for words in ("望江县", "城东镇", "东一村", "还缺：分管领导、专人", "魏文书", "属地（块）", "填写或更换", "添加人员"):
            assert words in page
        assert "撤销这个单位" not in page

    def test_offers_the_administrator_more(self, world: World) -> None:
        page = world.client("adam").get(f"/units/{world.units['V11']}").text
        assert "reorganise" in page
        assert "改名" in page

    def test_speaks_english(self, world: World) -> None:
        page = world.client("adam").get(f"/units/{world.units['V11']}?lang=en").text
        for words in ("Village", "Contacts", "Leader in charge", "Territorial line"):
            assert words in page

    def test_a_branch_of_the_tree_comes_alone(self, world: World) -> None:
        branch = world.client("cora").get(f"/units/{world.units['T1']}/children").text
        assert "东一村" in branch
        assert "<html" not in branch

    def test_a_closed_unit_says_so(self, world: World) -> None:
        with world.as_("adam") as scope:
            close_unit(scope, unit_id=world.units["V11"], reason="撤并")
        page = world.client("adam").get(f"/units/{world.units['V11']}").text
        assert "撤销，以下为历史资料" in page


class TestPicker:
    def test_answers_with_names_and_places(self, world: World) -> None:
        found = world.client("cora").get("/units/search?q=东一", headers={"Accept": "application/json"}).get_json()["items"]
        assert [(one["name"], one["note"]) for one in found] == [("东一村", "望江县 / 城东镇")]
        assert UUID(found[0]["id"]) == world.units["V11"]

    @pytest.mark.parametrize(
        "query, count", [("?level=village", 3), ("?level=village&below={T1}", 2), ("?act=manage", 0), ("?below=nonsense", 7)]
    )
    def test_can_be_narrowed(self, world: World, query: str, count: int) -> None:
        address = "/units/search" + query.format(T1=world.units["T1"])
        assert len(world.client("cora").get(address).get_json()["items"]) == count

    def test_hides_what_lies_beside(self, world: World) -> None:
        assert not world.client("tina").get("/units/search?q=东").get_json()["items"]


class TestNewUnit:
    def test_sets_up_a_unit_and_goes_to_its_page(self, world: World) -> None:
        browser = world.client("adam")
        assert "村（社区）" in browser.get(f"/units/new?parent_id={world.units['T1']}").text

        answer = browser.post(
            "/units/new",
            data={
                "parent_id": str(world.units["T1"]),
                "level": "village",
                "code": "V13",
                "name": "东三村",
                "active_from": "2026-01-01",
            },
        )
        assert answer.status_code == 302
        assert "东三村" in browser.get(answer.headers["Location"]).text

    def test_takes_a_code_where_the_picker_has_no_javascript(self, world: World) -> None:
        answer = world.client("adam").post(
            "/units/new", data={"parent_id": "T1", "level": "village", "code": "V13", "name": "东三村"}
        )
        assert answer.status_code == 302

    @pytest.mark.parametrize(
        "change, words",
        [
            ({"name": ""}, "请填写名称"),
            ({"code": "V11"}, "代码 V11 已被其他单位使用"),
            ({"level": "county"}, "不能设在"),
            ({"parent_id": ""}, "请选择上级单位"),
            ({"active_from": "gestern"}, "请填写日期"),
        ],
    )
    def test_keeps_what_was_typed_when_it_refuses(self, world: World, change: dict[str, str], words: str) -> None:
        data = {
            "parent_id": str(world.units["T1"]),
            "level": "village",
            "code": "V13",
            "name": "东三村",
            "short_name": "三村",
        } | change
        answer = world.client("adam").post("/units/new", data=data)
        assert answer.status_code == 422
        assert words in answer.text
        assert "三村" in answer.text

    @pytest.mark.parametrize("who, status", [("cora", 403), ("tom", 403), ("tina", 404)])
    def test_is_the_administrators(self, world: World, who: str, status: int) -> None:
        assert world.client(who).get(f"/units/new?parent_id={world.units['T1']}").status_code == status


class TestChangingAUnit:
    def test_rename(self, world: World) -> None:
        address = f"/units/{world.units['V11']}/rename"
        browser = world.client("adam")
        assert "东一村" in browser.get(address).text
        assert browser.post(address, data={"name": ""}).status_code == 422
        assert browser.post(address, data={"name": "朝阳村"}).status_code == 302
        assert world.client("tom").get(address).status_code == 403

    def test_closing_is_shown_first_and_needs_a_reason(self, world: World) -> None:
        browser = world.client("adam")
        address = f"/units/{world.units['V11']}/reorganise"
        asked = {"kind": "close", "basis": "撤并", "effective_on": "2026-03-10"}
        assert "确认办理" in browser.post(address, data=asked).text
        with world.as_("adam") as scope:
            assert search_units(scope, "东一村")
        refused = browser.post(address, data=asked | {"basis": " ", "confirmed": "1"})
        assert refused.status_code == 422
        assert "请写明依据" in refused.text
        answer = browser.post(address, data=asked | {"confirmed": "1"}, follow_redirects=True)
        assert "撤销，以下为历史资料" in answer.text

    def test_moving_shows_its_effect_and_then_happens(self, world: World) -> None:
        browser = world.client("adam")
        address = f"/units/{world.units['V11']}/reorganise"
        asked = {"kind": "move", "parent_id": str(world.units["T2"]), "basis": "划转", "effective_on": "2026-03-10"}
        shown = browser.post(address, data=asked).text
        assert "2 人随单位一起划转" in shown
        assert "城西镇" in browser.post(address, data=asked | {"confirmed": "1"}, follow_redirects=True).text
        refused = browser.post(address, data=asked | {"confirmed": "1"})
        assert refused.status_code == 409
        assert "已经在“城西镇”之下" in refused.text
        assert "东一村" in browser.get(f"/units/{world.units['T1']}/then?on=2026-03-01").text
        assert "东一村" not in browser.get(f"/units/{world.units['T1']}/then?on=2026-03-10").text
        assert "划转" in browser.get("/units/reorganisations").text

    def test_planned_changes_are_announced_and_cancelled(self, world: World) -> None:
        browser = world.client("adam")
        address = f"/units/{world.units['T1']}/reorganise"
        asked = {"kind": "split", "lives_on": "1", "code_1": "T9", "name_1": "东新镇", f"child_{world.units['V12']}": "1",
                 "basis": "析置", "effective_on": "2026-04-01", "confirmed": "1"}  # fmt: skip
        assert "2026年4月1日" in browser.post(address, data=asked, follow_redirects=True).text
        with world.as_("adam") as scope:
            [planned] = planned_for(scope, world.units["T1"])
        assert world.client("tom").post(f"/units/reorganisations/{planned.id}/cancel").status_code == 403
        browser.post(f"/units/reorganisations/{planned.id}/cancel")
        with world.as_("adam") as scope:
            assert not planned_for(scope, world.units["T1"])

    def test_merging_keeps_what_was_typed_when_refused(self, world: World) -> None:
        browser = world.client("adam")
        address = f"/units/{world.units['V11']}/reorganise"
        wrong = {
            "kind": "merge",
            "others": str(world.units["V12"]),
            "target": "new",
            "code": "V21",
            "name": "朝阳村",
            "basis": "合并",
        }
        refused = browser.post(address, data=wrong)
        assert refused.status_code == 409
        assert "代码 V21 已被其他单位使用" in refused.text
        assert 'value="朝阳村"' in refused.text
        done = browser.post(address, data=wrong | {"code": "V19", "confirmed": "1"}, follow_redirects=True)
        assert "朝阳村" in done.text
        assert "承接本单位的全部工作" in done.text

    @pytest.mark.parametrize("who, status", [("tom", 403), ("vera", 403), ("wanda", 404), ("ewa", 404)])
    def test_reorganising_is_the_administrators(self, world: World, who: str, status: int) -> None:
        assert world.client(who).get(f"/units/{world.units['V11']}/reorganise").status_code == status

    def test_lines(self, world: World) -> None:
        with world.as_("adam") as scope:
            unit = create_unit(
                scope, parent_id=world.units["T1"], level="enterprise", code="E1", name="星火花炮厂", active_from=date(2020, 1, 1)
            ).id
        browser = world.client("adam")
        data = {"line": "sector", "parent_id": str(world.units["D1"]), "active_from": "2026-03-01"}
        page = browser.post(f"/units/{unit}/lines", data=data, follow_redirects=True).text
        assert "交通局" in page
        assert "星火花炮厂" in browser.get(f"/units/{world.units['D1']}").text
        browser.post(f"/units/{unit}/lines/sector/leave")
        assert "星火花炮厂" not in browser.get(f"/units/{world.units['D1']}").text
        assert "请选择上级单位" in browser.post(f"/units/{unit}/lines", data={"line": "sector"}, follow_redirects=True).text

    def test_contacts_are_named_by_the_unit_itself(self, world: World) -> None:
        address = f"/units/{world.units['V11']}/contacts"
        browser = world.client("vera")
        assert "分管领导" in browser.get(address).text
        refused = browser.post(address, data={"leader_in_charge_name": "吴支书", "leader_in_charge_phone": "打电话"})
        assert refused.status_code == 422
        assert "打电话" in refused.text
        assert browser.post(address, data={"leader_in_charge_name": "吴支书", "leader_in_charge_post": "支书"}).status_code == 302
        with world.as_("vera") as scope:
            assert contacts(scope, world.units["V11"])["leader_in_charge"].name == "吴支书"
        assert "只有本单位的填报人员" in world.client("cora").get(address).text


class TestImport:
    SOUND = "代码,名称,级别,上级代码\n431,城南镇,乡镇,C\n43101,南一村,村,431\n".encode("gbk")

    def send(self, world: World, data: bytes) -> object:
        return world.client("adam").post("/units/import", data={"file": (BytesIO(data), "units.csv")})

    def test_dry_run_then_confirmation(self, world: World) -> None:
        browser = world.client("adam")
        page = browser.post("/units/import", data={"file": (BytesIO(self.SOUND), "单位.csv")})
        assert page.status_code == 200
        assert "正式导入 2 个单位" in page.text
        content = page.text.split('name="content" value="')[1].split('"')[0]

        done = browser.post("/units/import", data={"content": content, "confirmed": "1"})
        assert "已导入 2 个单位" in done.text
        with world.as_("cora") as scope:
            assert search_units(scope, "南一村")

    def test_every_bad_row_is_named(self, world: World) -> None:
        answer = self.send(world, self.SOUND + "432,城北镇,县,C\n43201,北一村,村,999\n".encode("gbk"))
        assert answer.status_code == 422
        assert "找不到代码为 999 的上级" in answer.text
        assert "正式导入 3" not in answer.text

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04\x00", b"x" * (1024 * 1024 + 1)])
    def test_what_is_no_such_file_is_refused(self, world: World, data: bytes) -> None:
        assert self.send(world, data).status_code == 422

    def test_broken_content_is_refused(self, world: World) -> None:
        assert world.client("adam").post("/units/import", data={"content": "%%%", "confirmed": "1"}).status_code == 422

    def test_is_the_administrators(self, world: World) -> None:
        assert world.client("adam").get("/units/import").status_code == 200
        assert world.client("tom").get("/units/import").status_code == 302
        assert world.client("tom").post("/units/import", data={"content": "eA==", "confirmed": "1"}).status_code == 302
