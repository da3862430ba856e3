"""The page each of the cast opens the service with: what is on it, what is not, and at what cost."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.cast import older_policy
from tests.integration.reporting.requirements import accepted, at, duty_id, handed_in, issued

BUDGET = 12


@contextmanager
def statements():
    """Collect the statements sent while the block runs, without the bookkeeping of transactions."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if "set_config" not in statement and not statement.startswith("SET "):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def busy(world):
    """Everything at once: something late, something waiting, something owed upward, something done."""
    world.busy = {
        "county": issued(world, "cora", "C", title="季度工作总结", targets={"scope": "children"}),
        "town": issued(world, "tom", "T1", title="隐患排查月报"),
        "late": issued(world, "tom", "T1", title="消防台账", due={"kind": "fixed", "on": "2026-03-05"}, missing_after_days=10),
    }
    handed_in(world, duty_id(world, world.busy["town"], "V11"))
    handed_in(world, duty_id(world, world.busy["late"], "V12"), "vic", when=at("03-04"))
    accepted(world, duty_id(world, world.busy["late"], "V12"), when=at("03-05"))
    return world


@pytest.mark.parametrize("who", ["cora", "lena", "eva", "adam", "otto", "tom", "tess", "dora", "vera", "vlad"])
def test_everybody_has_a_page_within_budget(busy, who):
    client = busy.client(who)
    client.get("/")
    with statements() as seen:
        answer = client.get("/")
    assert answer.status_code == 200
    assert len(seen) <= BUDGET, "\n".join(line.replace("\n", " ")[:160] for line in seen)


def test_the_clerk_sees_what_is_owed_most_urgent_first(busy):
    page = busy.client("vera").get("/").text
    assert page.index("消防台账") < page.index("最近报送") < page.index("隐患排查月报")
    assert "逾期 5 天" in page
    assert "季度工作总结" not in page, "the township's duty is not the village's"
    assert "V12" not in page


def test_a_clerk_who_owes_nothing_is_told_what_will_come(world):
    page = world.client("vera").get("/").text
    assert "目前没有要报送的任务" in page


def test_the_township_officer_sees_below_waiting_and_upward(busy):
    page = busy.client("tom").get("/").text
    late, review, own, table = (page.index(words) for words in ("下级逾期", "等我审核", "我该上报", "下级任务对照表"))
    assert late < page.index("东一村", late) < review
    assert review < page.index("隐患排查月报", review) < own
    assert own < page.index("季度工作总结", own) < table
    assert "催办 1 家" in page
    assert "西一村" not in page


def test_the_county_officer_sees_targets_and_overdue_instead_of_upward(busy):
    page = busy.client("cora").get("/").text
    assert "逾期最多的单位" in page
    assert "我该上报" not in page


def test_the_leader_sees_five_numbers_ranking_and_whom_to_ask(busy):
    page = busy.client("lena").get("/").text
    assert page.count('class="tile ') + page.count('class="tile"') == 5
    assert "需要过问的单位" in page
    assert page.index("需要过问的单位") < page.index("城东镇", page.index("需要过问的单位"))
    assert "66.7%" in page


def test_urging_a_column_tells_the_late_and_comes_back(busy):
    client = busy.client("tom")
    address = re.search(rf"/matrix/urge/{busy.busy['late']}/[^\"]+", client.get("/").text).group()
    answer = client.post(address, data={"next": "/matrix"})
    assert answer.status_code == 302
    assert answer.location == "/matrix"
    assert "已催办 1 家单位" in client.get("/matrix").text


def test_nobody_urges_what_is_not_theirs_to_urge(busy):
    address = re.search(rf"/matrix/urge/{busy.busy['late']}/[^\"]+", busy.client("tom").get("/").text).group()
    for who in ("vera", "tina", "lena", "erik"):
        assert busy.client(who).post(address).status_code in {403, 404, 409}, who


def test_a_clerk_has_neither_matrix_nor_overview(busy):
    client = busy.client("vera")
    assert client.get("/matrix").status_code == 404
    assert client.get("/overview").status_code == 404


def test_the_matrix_keeps_to_the_units_one_may_see(busy):
    client = busy.client("tom")
    assert client.get(f"/matrix?unit={busy.units['T2']}").status_code == 404
    assert client.get(f"/matrix?unit={busy.units['other-T1']}").status_code == 404
    assert client.get("/matrix?unit=nonsense").status_code == 404
    page = client.get("/matrix?from=2026-03-01&until=2026-03-31").text
    assert "东一村" in page
    assert "消防台账" in page
    assert "城东镇 · 2026年3月1日" in page
    assert "这段时间没有任务" in client.get("/matrix?from=2025-01-01&until=2025-02-01").text


def test_a_unit_seen_from_above_and_from_the_side(busy):
    above = busy.client("cora").get(f"/units/{busy.units['V12']}/supervision").text
    assert "消防台账" in above
    assert "已通过" in above
    assert busy.client("vera").get(f"/units/{busy.units['V12']}/supervision").status_code == 404
    own_superior = busy.client("vera").get(f"/units/{busy.units['T1']}/supervision")
    assert own_superior.status_code == 404 or "您不能查看" in own_superior.text


def test_letters_between_others_are_counted_for_those_who_may_read_them(world):
    address, words = f"/units/{world.units['T1']}/supervision", "未签责任书（与下级）"
    assert words in world.client("cora").get(address).text
    older_policy(world, lacks="p, county.superior, below, letter, read")
    page = world.client("cora").get(address).text
    assert ("报送扣分" in page, words in page) == (True, False)


def test_the_overview_of_another_unit_counts_letters_for_those_who_may_read_them(busy):
    address, words = f"/overview?unit={busy.units['T1']}", "责任书签订"
    assert words in busy.client("lena").get(address).text
    older_policy(busy, lacks="p, county.superior, below, letter, read")
    page = busy.client("lena").get(address).text
    assert ("需要过问的单位" in page, words in page) == (True, False)


@pytest.mark.parametrize("who", ["cora", "lena", "tom", "vera", "adam", "eva"])
def test_english_pages_have_no_chinese_of_ours(busy, who):
    page = busy.client(who).get("/?lang=en").text
    assert "Sign out" in page
    assert 'lang="en"' in page


def test_every_page_linked_to_by_name_exists(app):
    """`link_to` leaves a link out where there is no such page; a slip of the pen must not hide one for good."""
    platform = Path(__file__).parents[3] / "platform"
    files = [*platform.rglob("*.html"), *platform.rglob("*.py")]
    names = {name for file in files for name in re.findall(r"link_to\([\"']([a-z_.]+)", file.read_text())}
    assert names
    assert sorted(names - set(app.view_functions)) == []
