"""Pages and doors of leading groups and vacancies."""

from tests.cast import World

TYPED = {
    "name": "安全生产工作领导小组", "office": "镇应急办", "basis": "城东政发〔2026〕1号",
    "seat_0_post": "chair", "seat_0_name": "谭镇长", "seat_0_title": "镇长", "seat_1_post": "deputy", "seat_1_name": "唐安",
    "seat_2_post": "member", "seat_2_name": "",
}  # fmt: skip


def test_a_group_is_set_up_changed_and_ended(world: World) -> None:
    browser = world.client("tom")
    address = f"/units/{world.units['T1']}/groups/new"
    assert browser.get(address).status_code == 200
    refused = browser.post(address, data=TYPED | {"seat_0_post": "member", "seat_1_phone": "打电话"})
    assert refused.status_code == 422
    assert "请至少写明组长" in refused.text
    assert 'value="谭镇长"' in refused.text
    page = browser.post(address, data=TYPED, follow_redirects=True).text
    for words in ("安全生产工作领导小组", "组长 谭镇长", "副组长 唐安", "镇应急办", "城东政发〔2026〕1号"):
        assert words in page
    group = page.split("/units/groups/")[1].split('"')[0]
    assert world.client("vera").get(f"/units/groups/{group}").status_code == 200
    assert world.client("vera").post(f"/units/groups/{group}", data=TYPED).status_code == 403
    assert world.client("tina").get(f"/units/groups/{group}").status_code == 404
    assert "新镇长" in browser.post(f"/units/groups/{group}", data=TYPED | {"seat_0_name": "新镇长"}, follow_redirects=True).text
    browser.post(f"/units/groups/{group}/end")
    ended = browser.get(f"/units/groups/{group}").text
    assert "撤销" in ended
    assert "谭镇长" in ended


def test_vacancies_are_listed_with_the_way_to_fill_them(world: World) -> None:
    page = world.client("tom").get("/units/vacancies").text
    for words in ("东一村", "分管领导", "填写"):
        assert words in page
    assert "西一村" not in page
    assert "看名单" in world.client("tom").get("/units").text
    assert world.client("tom").get("/units/vacancies?kind=nonsense").status_code == 200


def test_programs_do_the_same(world: World) -> None:
    browser = world.client("tom")
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    here = f"/api/v1/units/{world.units['T1']}/groups"
    made = browser.post(here, json={"name": "领导小组", "seats": [{"post": "chair", "name": "谭镇长"}]})
    assert made.status_code == 201
    [listed] = browser.get(here).get_json()["items"]
    assert (listed["id"], listed["seats"][0]["post"]) == (made.get_json()["id"], "chair")
    assert browser.post(f"/api/v1/units/groups/{listed['id']}/end").status_code == 204
    assert browser.post(here, json={"name": "领导小组", "seats": []}).status_code == 422
    found = browser.get("/api/v1/units/vacancies/?kind=leader_in_charge").get_json()["items"]
    assert "东一村" in {one["name"] for one in found}
