"""A ladder in the browser: changed, looked at before it holds, kept; and how one's mail comes, on the phone."""

from playwright.sync_api import expect

from duban.reporting.climbing import ladder_of
from tests.cast import World
from tests.integration.reporting import requirements as given


def test_the_officer_changes_a_ladder_and_sees_who_gets_what_before_it_holds(sign_in, world: World) -> None:
    requirement_id = given.issued(world)
    tom = sign_in("tom")
    page = tom.go(f"/requirements/{requirement_id}")
    page.get_by_role("link", name="提醒阶梯").click()
    expect(page.locator("#preview")).to_contain_text("3月13日")
    page.locator("[data-step=before_7] summary").click()
    page.fill("[name='step.0.days']", "-5")
    page.select_option("[name='step.0.to.1.party']", "own")
    page.select_option("[name='step.0.to.1.who']", "leader")
    page.get_by_role("button", name="预览").click()
    expect(page.locator("#preview")).to_contain_text("3月15日")
    expect(page.locator("#preview")).to_contain_text("负责人")
    tom.check("ladder-preview")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".flash")).to_contain_text("已保存")
    assert ladder_of(given.requirement(world, requirement_id)).steps[0].trigger.days == -5

    vera = sign_in("vera", phone=True)
    page = vera.go("/notices")
    page.get_by_role("link", name="接收方式").click()
    page.get_by_label("每天汇总成一封").check()
    vera.check("notice-choice-phone")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".flash")).to_contain_text("已保存")
