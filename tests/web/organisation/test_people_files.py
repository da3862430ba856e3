"""The pages and doors for many people at once and for double accounts."""

import re
from base64 import b64encode
from io import BytesIO

import pytest

from duban.tree.models import Unit
from tests.cast import World
from tests.integration.organisation.test_people_files import GOOD, csv, people


def test_a_file_is_checked_and_then_its_slips_are_shown_once(world: World) -> None:
    browser = world.client("tom")
    assert "下载模板" in browser.get("/people/import").text
    assert browser.get("/people/import/template.csv").data.startswith("\ufeff姓名,单位代码,角色".encode())
    checked = browser.post("/people/import", data={"file": (BytesIO(csv(*GOOD)), "people.csv")})
    assert "ouyangming2" in checked.text
    assert "zs" not in people(world)
    done = browser.post("/people/import/take", data={"content": b64encode(csv(*GOOD)).decode()})
    assert done.headers["Cache-Control"] == "no-store"
    for words in ("已添加 3 人", "欧阳明 · 东一村", "一次性密码", "有效期至"):
        assert words in done.text
    assert "zs" in people(world)
    wrong = browser.post("/people/import", data={"file": (BytesIO(csv(["", "V99", "x", "", "", "", ""])), "people.csv")})
    assert wrong.status_code == 422
    assert "V99" in wrong.text
    assert browser.post("/people/import", data={}).status_code == 422
    assert browser.post("/people/import/take", data={}).status_code == 422
    assert world.client("vera").post("/people/import/take", data={}).status_code == 302


def test_each_slip_is_shown_once(world: World) -> None:
    """Pressed again the form makes nobody anew and shows no password; no other page ever does."""
    browser = world.client("tom")
    sent = {"content": b64encode(csv(*GOOD)).decode()}
    assert "zs" not in people(world)
    browser.post("/people/import", data=sent | {"confirmed": "1"})
    assert "zs" not in people(world), "looked at is not taken"
    done = browser.post("/people/import/take", data=sent)
    passwords = re.findall(r"一次性密码</dt>\s*<dd[^>]*>([^<]+)</dd>", done.text)
    assert len(set(passwords)) == done.text.count('class="panel slip"') == 3
    again = browser.post("/people/import/take", data=sent)
    found = people(world)
    pages = [
        again.text,
        *[browser.get(f"/people/{found[login].id}").text for login in ("zs", "ouyangming")],
        browser.get("/people/").text,
    ]
    assert not any(password in page for password in passwords for page in pages)
    assert again.status_code in {409, 422}, "their logins are taken by now"
    assert len(people(world)) == len(found)


def test_a_long_file_names_every_row_that_is_wrong(world: World) -> None:
    """600 rows, 20 of them wrong: each is named with row and column, nothing is made, and the list can be taken away."""
    browser = world.client("adam")
    rows = [f"9{number:05},第{number}村,村,T1" for number in range(600)]
    bad = {place: f"9{place:05},第{place}村,村,nowhere{place}" for place in range(5, 600, 60)} | {
        place: f"9{place:05},,村,T1" for place in range(30, 600, 60)
    }
    for place, row in bad.items():
        rows[place] = row
    content = "\r\n".join(["代码,名称,级别,上级代码", *rows]).encode()
    page = browser.post("/units/import", data={"file": (BytesIO(content), "units.csv")})
    table = re.search(r"<tbody>(.*?)</tbody>", page.text, re.DOTALL)[1]
    lines = [int(line) for line in re.findall(r'<td class="num"[^>]*>(\d+)</td>', table)]
    print(f"{len(lines)} rows named of {len(bad)} wrong in {len(rows)}")
    assert (page.status_code, sorted(lines)) == (422, sorted(place + 2 for place in bad))
    assert "个单位</button>" not in page.text
    with world.as_system() as scope:
        assert scope.session.query(Unit).filter(Unit.tenant_id == scope.tenant_id).count() == 7
    took = browser.post("/units/import", data={"content": b64encode(content).decode(), "problems": "1"})
    returned = took.data.decode("utf-8-sig").splitlines()
    assert took.headers["Content-Type"].startswith("text/csv")
    assert len(returned) == 1 + len(bad)
    assert returned[1].startswith("7,上级单位代码,")
    assert browser.post("/units/import", data={"content": b64encode(content).decode(), "confirmed": "1"}).status_code in {
        409,
        422,
    }
    with world.as_system() as scope:
        assert scope.session.query(Unit).filter(Unit.tenant_id == scope.tenant_id).count() == 7


def test_double_accounts_are_merged_from_their_list(world: World) -> None:
    browser = world.client("tom")
    rows = (
        ["欧阳明", "V11", "village.clerk", "one", "", "13800000001", ""],
        ["欧阳明", "V12", "village.clerk", "two", "", "13800000001", ""],
    )
    browser.post("/people/import/take", data={"content": b64encode(csv(*rows)).decode()})
    page = browser.get("/people/duplicates").text
    assert "one" in page
    assert "保留这个" in page
    found = people(world)
    done = browser.post(f"/people/{found['two'].id}/merge", data={"kept_id": str(found["one"].id)}, follow_redirects=True)
    assert "没有重复账号" in done.text
    assert "这个账号已并入" in browser.get(f"/people/{found['two'].id}").text
    assert "请选择另一个账号" in browser.post(f"/people/{found['one'].id}/merge", data={}, follow_redirects=True).text


def test_what_goes_over_by_who_gives_no_roles_is_said_to_wait(world: World) -> None:
    rows = (
        ["欧阳明", "V11", "village.clerk", "one", "", "13800000001", ""],
        ["欧阳明", "V12", "village.clerk", "two", "", "13800000001", ""],
    )
    world.client("tom").post("/people/import/take", data={"content": b64encode(csv(*rows)).decode()})
    found = people(world)
    browser = world.client("adam")
    assert "您不能授予的待安全管理员确认后生效" in browser.get("/people/duplicates").text
    done = browser.post(f"/people/{found['two'].id}/merge", data={"kept_id": str(found["one"].id)}, follow_redirects=True)
    assert "转过来的 1 个角色待安全管理员确认后生效" in done.text
    assert "欧阳明" in world.client("sara").get("/people/roles").text


@pytest.mark.parametrize("who, status", [("vera", 302), ("tina", 404)])
def test_strangers_merge_nobody(world: World, who: str, status: int) -> None:
    assert world.client("vera").get("/people/duplicates").status_code == 302
    data = {"kept_id": str(world.people["vlad"])}
    assert world.client(who).post(f"/people/{world.people['vic']}/merge", data=data).status_code in {403, 404, status}
    assert people(world)["vic"].active


def test_programs_do_the_same(world: World) -> None:
    browser = world.client("tom")
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    content = b64encode(csv(*GOOD)).decode()
    checked = browser.post("/api/v1/people/import", json={"content": content}).get_json()
    assert (checked["people"], checked["problems"], checked["slips"]) == (3, [], [])
    done = browser.post("/api/v1/people/import", json={"content": content, "confirmed": True}).get_json()
    assert [slip["login"] for slip in done["slips"]] == ["ouyangming", "ouyangming2", "zs"]
    found = people(world)
    pair = {"kept_id": str(found["ouyangming2"].id)}
    refused = browser.post(f"/api/v1/people/{found['zs'].id}/merge", json=pair)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "organisation.two-names")
    answer = browser.post(f"/api/v1/people/{found['zs'].id}/merge", json=pair | {"different_names": True})
    assert answer.get_json()["login"] == "ouyangming2"
