"""Supervised matters in a real browser: from a leader's instruction over the township's phone to the closure, and one that goes red."""

from datetime import timedelta

from playwright.sync_api import expect

from duban.matters import operations
from tests.cast import World
from tests.conftest import NOW
from tests.integration.matters.stage import register


def test_from_a_leaders_instruction_to_its_closure_and_one_that_goes_red(world: World, sign_in):
    red = register(world, title="跨江大桥限载整治")
    office = sign_in("cora")
    page = office.go("/matters/new")
    page.get_by_label("督办什么").fill("国道边坡隐患整治")
    page.get_by_label("来源和办理时限").select_option(label="领导批示 · 一般（15 天）")
    page.get_by_label("依据").fill("李县长批示")
    page.get_by_label("牵头单位").fill("城东")
    page.get_by_role("option", name="城东镇").first.click()
    office.check("matters-new-desk")
    page.get_by_role("button", name="立项并交办").click()
    expect(page.locator("#flashes")).to_contain_text("督办〔2026〕2号 已立项并交办")

    town = sign_in("tom", phone=True)
    phone = town.go("/matters?list=mine")
    town.check("matters-list-phone")
    phone.get_by_role("link", name="国道边坡隐患整治").click()
    phone.get_by_role("button", name="签收").click()
    expect(phone.locator("#flashes")).to_contain_text("已签收")
    phone.locator("summary", has_text="报告办结").click()
    phone.get_by_label("办理结果").fill("已清除危石并加固。")
    town.check("matters-report-phone")
    phone.get_by_role("button", name="报送办结报告").click()
    expect(phone.locator("#flashes")).to_contain_text("等待审核")

    page.reload()
    page.locator("[name=met][value=facts]").check()
    page.locator("[name=unmet][value=problem]").check()
    page.get_by_label("审核意见或退回理由").fill("缺整治前后照片")
    office.check("matters-review-desk")
    page.get_by_role("button", name="退回，限期补办").click()
    expect(page.locator("#flashes")).to_contain_text("已退回")

    phone.reload()
    expect(phone.locator("main")).to_contain_text("缺整治前后照片")
    phone.locator("summary", has_text="报告办结").click()
    phone.get_by_label("办理结果").fill("已补充照片。")
    phone.get_by_role("button", name="报送办结报告").click()
    expect(phone.locator("#flashes")).to_contain_text("等待审核")

    page.reload()
    for box in page.locator("[name=met]").all():
        box.check()
    page.get_by_role("button", name="同意办结").click()
    expect(page.locator("#flashes")).to_contain_text("已审核办结")

    for days in (12, 16, 19):  # blue, orange, red: nobody has touched the other one
        with world.as_system(at=NOW + timedelta(days=days)) as scope:
            operations.sweep(scope)
    leader = sign_in("lena")
    page = leader.go(f"/matters/{red}")
    leader.check("matters-red-desk")
    page.get_by_role("link", name="通报稿（待印发）").click()
    page.get_by_role("button", name="印发", exact=True).click()
    expect(page.locator(".doc-no")).to_have_text("督办通报〔2026〕1号")
    expect(page.locator(".paper")).to_contain_text("城东镇")
    leader.check("matters-circular-desk")


def test_a_name_typed_and_not_chosen_is_given_back(world, sign_in):
    page = sign_in("cora").go("/matters/new")
    page.get_by_label("督办什么").fill("排查地下室")
    page.locator("#lead_id").fill("城东没有选")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="立项并交办").click()
    expect(page.locator("#lead_id-error")).to_be_visible()
    expect(page.locator("#lead_id")).to_have_value("城东没有选")
    expect(page.get_by_label("督办什么")).to_have_value("排查地下室")
