"""The page each of the cast opens the service with: what is on it, what is not, and at what cost."""

import re
from datetime import date
from pathlib import Path

import pytest

from duban.reporting.operations import ask_correction, ask_extension, change_due_date, sweep_missing
from tests.cast import older_policy
from tests.counting import listed, statements
from tests.integration.dispatches.conftest import document_of, send_to
from tests.integration.matters.stage import register
from tests.integration.reporting.requirements import accepted, at, duty_id, handed_in, issued

BUDGET = 12
__all__ = ["document_of", "send_to"]


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
def test_everybody_has_a_page_within_budget(busy, document_of, send_to, who):
    """
    With something in every list: what the county asks its villages is late, too, counted at their townships and listed by unit;
    a supervised matter and a document to answer wait.
    """
    late = {"due": {"kind": "fixed", "on": "2026-03-06"}, "missing_after_days": 10}
    issued(busy, "cora", "C", title="村级台账", targets={"scope": "subtree", "levels": ["village"]}, **late)
    issued(busy, "cora", "C", title="值班表", targets={"scope": "children"}, **late)
    register(busy, at=at("03-01"))
    for by, unit in (("cora", "C"), ("tom", "T1")):
        send_to(document_of(by, unit), by, unit)
    client = busy.client(who)
    client.get("/")
    with statements() as seen:
        answer = client.get("/")
    assert answer.status_code == 200
    assert len(seen) <= BUDGET, listed(seen)


def test_the_clerk_sees_what_is_owed_most_urgent_first(busy):
    page = busy.client("vera").get("/").text
    assert page.index("消防台账") < page.index("最近报送") < page.index("隐患排查月报")
    assert "逾期 5 天" in page
    assert "季度工作总结" not in page, "the township's duty is not the village's"
    assert "V12" not in page


@pytest.mark.parametrize("address", ["/", "/duties"])
def test_what_cannot_be_filled_in_today_is_not_offered_to_be_filled_in(world, address):
    """Not open yet, closed while it was owed, closed after it was called missing; the control can be filled in."""
    shut_at_once = {"due": {"kind": "fixed", "on": "2026-03-08"}, "late_until_days": "0"}
    issued(world, title="还没开放", opens="before_due", opens_days="3")
    issued(world, title="已经关门", **shut_at_once)
    issued(world, title="漏报关门", **shut_at_once, missing_after_days=1)
    issued(world, title="可以填写")
    with world.as_system() as scope:
        sweep_missing(scope)
    page = world.client("vera").get(address).text
    cards = {card.partition("</a>")[0].rpartition(">")[2]: card for card in page.split('<article class="duty')[1:]}
    for title, word in (("还没开放", "尚未开放"), ("已经关门", "已关闭"), ("漏报关门", "已关闭" if address == "/" else "漏报")):
        assert word in cards[title]
        assert "查看</a>" in cards[title]
        assert "填报</a>" not in cards[title]
    assert "填报</a>" in cards["可以填写"]


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


def test_requests_that_wait_for_an_answer_are_on_the_first_page(busy):
    assert "等您答复" not in busy.client("tom").get("/").text
    with busy.as_("vic") as scope:
        ask_correction(scope, duty_id=duty_id(busy, busy.busy["late"], "V12"), reason="漏了两次")
        ask_extension(scope, duty_id=duty_id(busy, busy.busy["town"], "V12"), wanted_on=date(2026, 3, 27), reason="连日暴雨")
    page = busy.client("tom").get("/").text
    assert '<a href="/reviews#asked">更正申请 1 件等您答复</a>' in page
    assert '<a href="/extensions">延期申请 1 件等您答复</a>' in page
    assert 'id="asked"' in busy.client("tom").get("/reviews").text
    assert "等您答复" not in busy.client("cora").get("/").text


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
    assert "按时 2 / 已到期或已报 3 件" in page, "what was handed in before its date is counted too"
    assert "按时÷已到期或已报的任务" in page
    assert "需要过问的单位（按逾期和漏报件数）" in page, "by number, not by rate as the list beside it"


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
    assert client.get(f"/overview/duties?branch={busy.units['V21']}").status_code == 404
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


def rows_of(page):
    return page.split("<tbody>")[1].split("</tbody>")[0].count("<tr") if "<tbody>" in page else 0


@pytest.fixture
def deep(world):
    """The county asks its villages themselves: nothing is owed by a unit directly below it."""
    late = {"due": {"kind": "fixed", "on": "2026-03-05"}, "missing_after_days": 10}
    world.deep = issued(world, "cora", "C", title="村级台账", targets={"scope": "subtree", "levels": ["village"]}, **late)
    handed_in(world, duty_id(world, world.deep, "V12"), "vic", when=at("03-04"))
    return world


def test_what_is_owed_further_below_is_counted_at_the_units_directly_below(deep):
    """One number, one list: the cell of a township opens its villages' duties, no others."""
    for address in ("/", "/matrix"):
        page = deep.client("cora").get(address).text
        cell = re.search(r'<a class="cell late" href="([^"]+)" title="城东镇[^>]*>(?:<svg.*?</svg>)?([^<]+)<', page, re.DOTALL)
        assert cell.group(2).strip() == "逾期 1 件，已报 1/2", address
        behind = deep.client("cora").get(cell.group(1).replace("&amp;", "&")).text
        assert rows_of(behind) == 2, address
        assert ("东一村" in behind, "东二村" in behind, "西一村" in behind) == (True, True, False)
        assert "催办 2 家" in page
        assert "这段时间没有下级的任务" not in page


def test_who_is_late_most_often_is_who_owes(deep):
    page = deep.client("cora").get("/").text
    panel = page[page.index("逾期最多的单位") : page.index("下级任务对照表")]
    assert ("东一村" in panel, "西一村" in panel, "各单位都没有逾期" in panel) == (True, True, False)
    assert "不限时间；下面的对照表计近两个月和今后六周到期的" in panel, "it counts other than the table below, and says so"
    door = re.search(r'href="(/[^"]*overdue\?unit=[^"]+)"', panel).group(1)
    assert rows_of(deep.client("cora").get(door).text) == 1


def test_overdue_below_that_is_owed_elsewhere_is_told_of(deep):
    page = deep.client("tom").get("/").text
    assert "下级没有逾期" not in page
    assert "下级共逾期 1 件" in page
    door = re.search(r'href="([^"]*overdue\?scope=all)"', page).group(1)
    assert rows_of(deep.client("tom").get(door).text) == 1


def test_the_leaders_numbers_open_lists_of_as_many(busy):
    lena = busy.client("lena")
    page = lena.get("/").text
    tiles = re.findall(r'<a class="tile [^"]*" href="([^"]*which=[^"]*)">.*?class="value">([^<]+)<', page, re.DOTALL)
    assert [value for _door, value in tiles] == ["66.7%", "1", "1"]
    assert [rows_of(lena.get(door.replace("&amp;", "&")).text) for door, _value in tiles] == [3, 1, 1]
    for which, expected in (("judged", 3), ("unmet", 1), ("waiting", 1), ("on_time", 2)):
        assert rows_of(lena.get(f"/overview/duties?which={which}").text) == expected, which
    assert rows_of(lena.get(f"/overview/duties?which=unmet&branch={busy.units['T1']}").text) == 1
    assert rows_of(lena.get(f"/overview/duties?which=unmet&branch={busy.units['T2']}").text) == 0
    asked_after = re.search(r'需要过问的单位.*?<a href="([^"]*which=unmet[^"]*)">.*?逾期和漏报 1 件', page, re.DOTALL)
    assert rows_of(lena.get(asked_after.group(1).replace("&amp;", "&")).text) == 1
    assert rows_of(lena.get("/overdue").text) == 1
    for wrong in ("which=x", "unit=x", "branch=x", "requirement=x", "from=x", f"unit={busy.units['other-T1']}"):
        assert lena.get(f"/overview/duties?{wrong}").status_code == 404, wrong


def test_a_date_apart_from_the_columns_is_said_in_the_cell(world):
    requirement = issued(world, "cora", "C", targets={"scope": "children"})
    with world.as_("cora") as scope:
        change_due_date(scope, duty_id=duty_id(world, requirement, "T2"), due_on=date(2026, 3, 16), reason="提前")
    page = world.client("cora").get("/matrix").text
    assert page.count("<small>3月20日 截止</small>") == 1
    assert page.count("（3月16日 截止）") == 2, "once in the table, once in a phone's list"


def test_the_two_rates_say_what_they_divide_by(busy):
    page = busy.client("lena").get("/").text
    assert "按时 2 / 已到期或已报 3 件" in page
    assert re.search(r'href="/rollup/rates\?unit=', page)
    assert "有逾期或漏报" in page[page.index("按时率最低的单位") :], "the colours of the bars are told"
    assert "/overview" in busy.client("cora").get("/rollup/rates").text


def test_a_phones_list_says_how_far_a_unit_is_before_it_is_opened(busy):
    listed = busy.client("tom").get("/").text.split('class="matrix-list"')[1]
    folded = [re.sub("<[^>]+>", "", one) for one in re.findall(r"<summary>(.*?)</summary>", listed, re.DOTALL)]
    assert folded[:2] == ["东一村逾期 1 件 · 已报 1/2", "东二村已报 1/2"]


@pytest.mark.parametrize(("who", "offered"), [("vera", False), ("tom", True)])
def test_pages_of_what_lies_below_are_offered_to_those_who_may_open_them(busy, who, offered):
    browser, own = busy.client(who), busy.units["V11" if who == "vera" else "T1"]
    for page, link in ((f"/units/{own}/supervision", "/matrix?unit="), ("/rollup/rates", '<a href="/overview"')):
        shown = browser.get(page)
        assert shown.status_code == 200, page
        main = shown.text.partition("<main")[2]
        assert (link in main) is offered, page
        assert browser.get("/matrix" if "matrix" in link else "/overview").status_code == (200 if offered else 404)
