"""Targets and letters in a real browser: the live remainder, a refusal that keeps what was typed, months on a phone, signing."""

from playwright.sync_api import expect

from tests.cast import PASSWORD
from tests.integration.letters.cast_letters import issue_all, letter_of, sign
from tests.integration.targets.cast_targets import define, hand_down, issue, shares, split


def test_the_remainder_follows_the_typing_and_a_refusal_keeps_it(world, sign_in):
    total = define(world)
    define(world, "road", "8", total_id=total)
    define(world, "industry", "4", total_id=total)
    officer = sign_in("cora")
    officer.expected = ("status of 422",)
    page = officer.go("/targets/grid")
    page.get_by_label("城东镇 · 道路交通").fill("6")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("3")
    rest = page.locator("tfoot [data-rest-of]").nth(1)  # the total, then its parts as they were defined

    expect(rest).to_have_text("超出 1")
    page.get_by_role("button", name="保存", exact=True).click()

    expect(page.locator(".errors")).to_contain_text("“道路交通”总数 8人，已分 9，预留 0，超出 1人。")
    assert page.get_by_label("城西镇 · 道路交通").input_value() == "3"
    officer.check("targets-grid-refused")
    page.locator(".errors a").first.click()
    assert page.evaluate("document.activeElement.id").startswith(("reserve-", "cell-"))
    assert shares(world, "cora", "T1") == {}


def test_an_indicator_its_months_and_the_units_below(world, sign_in):
    hand_down(world)
    indicator = shares(world, "cora", "C")["deaths"][0].id
    officer = sign_in("cora")
    page = officer.go(f"/targets/indicators/{indicator}")
    expect(page.locator(".chart canvas")).to_have_count(2)
    officer.check("targets-indicator-desk")
    officer.go("/targets/new")
    officer.check("targets-new-desk")


def test_a_township_records_a_month_on_the_phone(world, sign_in):
    hand_down(world)
    clerk = sign_in("tom", phone=True)
    page = clerk.go("/targets/actuals?month=2026-02")
    page.get_by_label("死亡人数 · 当月数").fill("4")
    page.get_by_label("数据来源").fill("事故快报")
    clerk.check("targets-actuals-phone")
    page.get_by_role("button", name="保存当月完成情况").click()
    expect(page.locator("#flashes")).to_contain_text("已保存 1 项完成情况")
    expect(page.locator(".panel .badge-state").first).to_contain_text("预警")
    clerk.go("/targets/")
    clerk.check("targets-index-phone")


def test_a_village_leader_reads_confirms_and_signs_on_the_phone(world, sign_in):
    define(world)
    split(world, {"deaths": {"T1": "5"}})
    issue(world)
    letter = issue_all(world, who="tom", at="T1")["V11"]
    sign(world, "tess", letter)
    leader = sign_in("vlad", phone=True)
    leader.expected = ("status of 409",)
    page = leader.go("/letters/to-sign")
    leader.check("letters-to-sign-phone")
    page.get_by_role("link", name="阅读并签字").click()
    page.locator("label.choice").click()
    page.get_by_label("登录密码").fill("not-my-password-1")
    page.get_by_role("button", name="确认签字").click()
    expect(page.locator(".errors")).to_contain_text("密码不正确")
    leader.check("letters-sign-refused-phone")

    page.locator("label.choice").click()
    page.get_by_label("登录密码").fill(PASSWORD)
    page.get_by_role("button", name="确认签字").click()

    expect(page.locator("#flashes")).to_contain_text("签字成功")
    assert letter_of(world, letter).state == "in_force"
    leader.check("letters-signed-phone")


def test_the_county_sees_coverage_and_downloads_the_letter(world, sign_in):
    hand_down(world)
    letters = issue_all(world)
    sign(world, "tess", letters["T1"])
    officer = sign_in("cora", language="en")
    page = officer.go("/letters/")
    expect(page.locator(".tiles")).to_contain_text("0 signed of 6 owed")
    officer.check("letters-index-desk-en")
    officer.go("/letters/unsigned")
    officer.check("letters-unsigned-desk-en")
    page = officer.go(f"/letters/{letters['T1']}")
    officer.check("letters-show-desk-en")
    with page.expect_download() as download:
        page.locator("a[href$='/docx']").click()
    assert download.value.suggested_filename == "望安责〔2026〕1号 城东镇.docx"
