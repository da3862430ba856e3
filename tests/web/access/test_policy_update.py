"""The page and the API on which a newer policy of the kind is seen and taken over; what operators see of it."""

import re

import pytest

from duban.console.measuring import measure
from duban.console.queries import get_tenant
from duban.kernel.scope import open_session
from tests.cast import World, older_policy

LINE = "p, department.officer, own, target, define"
OWN = "p, village.clerk, own, letter, sign"


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ("部门安全干部", "今后可以：", "目标指标 · 设定（本单位）", "现有 1 人担任", "建立系统时所用")),
    ("en", ("Department officer", "May newly:", "Targets · Define (Own unit)", "Held by 1 now", "The system was made with it")),
])  # fmt: skip
def test_says_in_words_who_may_newly_do_what(world: World, language: str, words: tuple[str, ...]) -> None:
    assert words[2] not in world.client("sara").get(f"/access/policy?lang={language}").text, "nothing new yet"
    older_policy(world, lacks=LINE)
    page = world.client("sara").get(f"/access/policy?lang={language}").text
    assert [word for word in words if word not in page] == []
    assert "1" in world.client("sara").get("/access/roles").text.partition("处变化尚未采纳")[0][-4:]


def test_is_adopted_on_the_page_and_counts_at_once(world: World) -> None:
    older_policy(world, lacks=LINE, also=f"{OWN}\n")
    sara, dora = world.client("sara"), world.client("dora")
    may_not = dora.get("/targets/new").status_code
    seen = sara.get("/api/v1/access/policy").get_json()
    assert (seen["waiting"], [one["key"] for one in seen["own"]]) == (1, [f"+ {OWN}"])
    page = sara.get("/access/policy").text
    assert "本系统增加：村（社区）安全员 · 责任书 · 签署 · 本单位" in page
    stale = sara.post("/access/policy/adoption", data={"seen": "x", "active_from": "2026-03-10"})
    assert (stale.status_code, "请核对最新内容后再采纳" in stale.text) == (412, True)
    chosen = sara.get("/api/v1/access/policy", query_string={"give_up": f"+ {OWN}"}).get_json()
    typed = {"seen": chosen["tag"], "active_from": "2026-03-09", "give_up": f"+ {OWN}"}
    wrong = sara.post("/access/policy/adoption", data=typed)
    assert (wrong.status_code, "不能早于今天。" in wrong.text, "2026-03-09" in wrong.text) == (422, True, True)
    assert "checked" in wrong.text, "what was ticked is still ticked"
    unseen = sara.post("/access/policy/adoption", data={"seen": seen["tag"], "active_from": "2026-03-10", "give_up": f"+ {OWN}"})
    assert unseen.status_code == 412, "nothing is given up that was not shown"
    done = sara.post("/access/policy/adoption", data={"seen": seen["tag"], "active_from": "2026-03-10"})
    assert done.status_code == 303
    after = sara.get("/access/policy").text
    assert "已采纳。从施行之日起，对每个人的下一个操作生效。" in after
    assert "第 3 版" in after
    assert "没有可采纳的变化" in after
    assert (may_not, dora.get("/targets/new").status_code) in {(403, 200), (404, 200), (302, 200)}
    told = world.client("otto").get("/audit").text
    assert "采纳新的权限策略" in told


def test_what_giving_up_would_change_is_shown_before_it_is_done(world: World) -> None:
    older_policy(world, lacks=LINE, also=f"{OWN}\n")
    sara = world.client("sara")
    kept = sara.get("/access/policy").text
    shown = sara.get("/access/policy", query_string={"give_up": f"+ {OWN}"}).text
    assert ("今后不再可以" in kept, "今后不再可以" in shown) == (False, True)
    assert ("本系统自己的规定全部保留。" in kept, "列出的变化包括改用样式的 1 项规定。" in shown) == (True, True)
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    form = {"seen": seen, "active_from": "2026-03-10"}
    assert sara.post("/access/policy/adoption", data=form).status_code == 412, "what was shown is given up, or nothing is adopted"
    assert sara.post("/access/policy/adoption", data=form | {"give_up": f"+ {OWN}"}).status_code == 303
    # what is nobody's key is not passed over in silence
    sent = {"give_up": "+ p, x"}
    refused = [sara.get(f"{api}/access/policy", query_string=sent) for api in ("", "/api/v1")]
    assert [one.status_code for one in refused] == [422, 422]
    assert "请从给出的选项中选择" in refused[0].text
    api = sara.get("/api/v1/access/policy").get_json()
    assert (api["waiting"], api["own"]) == (0, [])


def test_a_later_day_is_announced_and_taken_back(world: World) -> None:
    older_policy(world, lacks=LINE)
    sara = world.client("sara")
    seen = sara.get("/api/v1/access/policy").get_json()["tag"]
    made = sara.post("/api/v1/access/policy/adoption", json={"seen": seen, "active_from": "2026-04-01"})
    assert (made.status_code, made.get_json()["versions"][0]["active_from"]) == (201, "2026-04-01")
    for page in ("/access/policy", "/access/roles"):
        assert "2026年4月1日" in world.client("otto").get(page).text
    assert "撤回尚未施行的策略" not in world.client("otto").get("/access/policy").text, "that is not the auditor's"
    assert sara.post("/access/policy/withdrawal").status_code == 303
    again = sara.post("/access/policy/withdrawal")
    assert (again.status_code, "没有尚未施行的策略可以撤回。" in again.text) == (409, True)
    assert sara.get("/api/v1/access/policy").get_json()["waiting"] == 1


def test_the_number_in_the_menu_is_for_who_decides(world: World) -> None:
    older_policy(world, lacks=LINE)
    badge = '角色与权限<span class="count">1</span>'
    assert {who: badge in world.client(who).get("/access/why").text for who in ("sara", "adam")} == {"sara": True, "adam": False}


def test_operators_see_which_tenants_are_behind(world: World) -> None:
    def behind() -> int | None:
        with world.as_system() as scope:
            measure(scope)
        with open_session(world.engine, None) as session:
            return get_tenant(session, world.tenant.id).policy_waiting

    assert behind() == 0
    older_policy(world, lacks=LINE)
    assert behind() == 1
