"""A duty between the clerk's phone and the officer's desk: draft, refusal, attachment, return, correction, acceptance."""

import re

from tests.cast import PASSWORD
from tests.integration.reporting.requirements import issued

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PHOTO = {"name": "五月检查现场（东一村）.png", "mimeType": "image/png", "buffer": PNG}


def test_a_duty_from_the_clerks_phone_to_the_officers_desk_and_back(world, sign_in):
    issued(world, "tom", "T1", title="消防安全检查情况", due={"kind": "fixed", "on": "2026-03-13"})
    clerk, officer = sign_in("vera", phone=True), sign_in("tom")

    # The clerk sees what is due, fills in and is interrupted: what was typed is there again.
    page = clerk.page
    assert "还有 3 天" in page.inner_text(".duty")
    page.click(".duty .btn-primary")
    page.fill("[id='answer.done']", "检查 6 户，发现隐患 2 处")
    page.wait_for_selector("[data-save-state].ok")
    clerk.check("loop-1-draft-phone")
    page.reload()
    assert page.input_value("[id='answer.done']") == "检查 6 户，发现隐患 2 处"

    # A number that is none is refused with a summary that leads to the field; nothing typed is lost.
    clerk.expected = ("status of 422",)
    page.fill("[id='answer.checks']", "六次")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(".errors")
    assert page.input_value("[id='answer.checks']") == "六次"
    assert page.input_value("[id='answer.done']") == "检查 6 户，发现隐患 2 处"
    page.click(".errors a")
    assert page.evaluate("document.activeElement.id") == "answer.checks"
    clerk.check("loop-2-refused-phone")

    # With an attachment under its Chinese name it goes up.
    page.fill("[id='answer.checks']", "6")
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")
    assert PHOTO["name"] in page.content()
    clerk.check("loop-3-submitted-phone")

    # The officer finds it waiting and returns it with a reason.
    desk = officer.go("/")
    assert "等我审核 1" in re.sub(r"\s+", " ", desk.inner_text(".columns"))
    desk.click(".columns .panel:nth-child(2) .what a")
    desk.wait_for_load_state("networkidle")
    assert PHOTO["name"] in desk.content()
    desk.fill("#reason", "隐患 2 处请写明整改责任人和时限。")
    officer.check("loop-4-review-desk")
    desk.click("#return-form button:has-text('退回')")
    desk.wait_for_load_state("networkidle")

    # The clerk reads why, completes it, sends it again.
    page = clerk.go("/")
    assert "退回修改" in page.inner_text(".duty")
    page.click(".duty .btn-primary")
    assert "请写明整改责任人和时限" in page.inner_text("main")
    clerk.check("loop-5-returned-phone")
    page.fill("[id='answer.done']", "检查 6 户，发现隐患 2 处，责任人魏文书，3 月 20 日前整改")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")

    # Accepted: both see it, the clerk owes nothing any more.
    desk = officer.go("/")
    desk.click(".columns .panel:nth-child(2) .what a")
    desk.wait_for_load_state("networkidle")
    desk.click("button:has-text('通过')")
    desk.wait_for_load_state("networkidle")
    officer.go("/")
    assert "已通过" in desk.inner_text(".matrix")
    officer.check("loop-6-accepted-desk")
    page = clerk.go("/")
    assert "已通过" in page.inner_text("main")
    assert page.locator(".duty").count() == 0
    clerk.check("loop-7-done-phone")


def test_the_clerk_needs_no_scripts(world, browser, address):
    issued(world, "tom", "T1", title="消防安全检查情况")
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#slug", world.tenant.slug)
    page.fill("#login", "vera")
    page.fill("#password", PASSWORD)
    page.click("main .btn-primary")
    page.click(".duty .btn-primary")
    page.fill("[id='answer.done']", "检查 6 户")
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.click("#duty-form .btn-primary")
    assert "待审核" in page.inner_text("main")
    assert PHOTO["name"] in page.content()
    context.close()
