"""A duty's life in the browser: written and issued at the desk, filled in on the phone, reviewed at the desk."""

import re

from playwright.sync_api import expect

from tests.cast import World
from tests.integration.reporting import requirements as given


def test_the_clerk_fills_in_on_the_phone_and_loses_nothing(sign_in, world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    vera = sign_in("vera", phone=True)
    page = vera.go("/duties")
    vera.check("reporting-clerk-list-phone")
    page.get_by_role("link", name="填报").click()
    page.fill("[name='answer.done']", "检查小场所 12 家。")
    page.fill("[name='answer.checks']", "１２")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存", timeout=30000)

    vera.go(f"/duties/{duty_id}")
    assert page.input_value("[name='answer.done']") == "检查小场所 12 家。"
    page.fill("[name='answer.money']", "一千")
    page.get_by_role("button", name="提交", exact=True).click()
    vera.expected = ("422",)
    expect(page.locator(".errors")).to_contain_text("请填写数字")
    assert page.input_value("[name='answer.money']") == "一千"
    vera.complaints.clear()
    vera.check("reporting-clerk-error-phone")

    page.fill("[name='answer.money']", "1,000")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator(".flash.done")).to_contain_text("已提交")
    vera.check("reporting-clerk-done-phone")


def test_two_windows_do_not_overwrite_each_other(sign_in, world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world))
    first, second = sign_in("vera"), sign_in("vera", phone=True)
    second.expected = ("412",)
    one, two = first.go(f"/duties/{duty_id}"), second.go(f"/duties/{duty_id}")
    one.fill("[name='answer.done']", "第一个窗口")
    expect(one.locator("[data-save-state]")).to_contain_text("已保存", timeout=30000)
    two.fill("[name='answer.done']", "第二个窗口")
    expect(two.locator(".second")).to_contain_text("另一台设备", timeout=30000)
    expect(two.locator(".second")).to_contain_text("第一个窗口")
    expect(two.locator("[data-save-state]")).to_contain_text("还没有保存")
    expect(one.locator("[data-save-state]")).to_contain_text("已保存")
    assert two.input_value("[name='answer.done']") == "第二个窗口"


def test_the_officer_writes_previews_and_issues(sign_in, world: World) -> None:
    tom = sign_in("tom")
    page = tom.go("/requirements/new")
    page.fill("[name=title]", "季度安全生产工作总结")
    page.fill("[name='due.count']", "2")
    page.locator("[name='due.count']").blur()
    expect(page.locator("#due-box")).to_contain_text("6月28日")
    page.select_option("[name='due.kind']", "nth_day")
    expect(page.locator("[name='due.nth']")).to_be_visible()
    expect(page.locator(".htmx-added")).to_have_count(0)  # until then htmx has not taken on what it brought
    page.select_option("[name='due.every']", "month")
    expect(page.locator("[name='due.month']")).to_have_count(0)
    page.fill("[name='due.nth']", "25")
    page.locator("[name='due.nth']").blur()
    expect(page.locator("#due-box")).to_contain_text("4月25日")
    tom.check("reporting-new-requirement")

    page.click("#fields > .add-bar button:has-text('多行')")
    page.wait_for_selector("[name='fields.0.label']")
    page.fill("[name='fields.0.label']", "工作完成情况")
    page.get_by_role("button", name="保存并预览").click()
    expect(page.locator("h1")).to_contain_text("季度安全生产工作总结")
    tom.check("reporting-preview")
    page.get_by_role("button", name=re.compile("下达")).click()
    expect(page.locator(".flash")).to_contain_text("已下达")
    tom.check("reporting-requirement")


def test_the_officer_reviews_one_after_the_other(sign_in, world: World) -> None:
    requirement_id = given.issued(world)
    first, second = given.duty_id(world, requirement_id, "V11"), given.duty_id(world, requirement_id, "V12")
    given.handed_in(world, first)
    given.returned(world, first)
    given.handed_in(world, first)
    given.handed_in(world, second, "vic", when=world.later(minutes=1))
    tom = sign_in("tom")
    page = tom.go("/reviews")
    tom.check("reporting-queue")
    page.get_by_role("link", name="从第一份开始").click()
    tom.check("reporting-review")
    page.get_by_role("button", name="通过").click()
    expect(page.locator("h1")).to_contain_text("东二村")
    page.fill("[name=reason]", "请写明整改完成的户数")
    page.locator("#return-form button").last.click()
    expect(page.locator(".flash")).to_contain_text("已退回")
    page.context.close()

    vic = sign_in("vic", phone=True)
    expect(vic.go(f"/duties/{second}").locator(".flash")).to_contain_text("请写明整改完成的户数")
    vic.check("reporting-returned-phone")


def test_lists_on_the_phone(sign_in, world: World) -> None:
    given.issued(world, due={"kind": "fixed", "on": "2026-03-06"}, active_from="2026-02-01")
    tom = sign_in("tom", phone=True)
    for name, address in (("late", "/overdue"), ("requirements", "/requirements"), ("new", "/requirements/new")):
        tom.go(address)
        tom.check(f"reporting-{name}-phone")
