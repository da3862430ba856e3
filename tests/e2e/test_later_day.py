"""A later day: asked for on the clerk's phone, another day granted at the officer's desk, the new date on the phone; then the year."""

from tests.integration.reporting.requirements import issued


def test_a_clerk_asks_on_the_phone_an_officer_grants_another_day(world, sign_in):
    issued(world, "tom", "T1", title="消防安全检查情况", due={"kind": "fixed", "on": "2026-03-13"})
    clerk, officer = sign_in("vera", phone=True), sign_in("tom")

    page = clerk.page
    page.click(".duty .btn-primary")
    page.click("text=来不及？申请延期")
    # A day that is no later one is refused at its field; what was typed stays.
    clerk.expected = ("status of 422",)
    page.fill("#wanted_on", "2026-03-12")
    page.fill("#reason", "连日暴雨，两个组进不去")
    page.click("button:has-text('提交申请')")
    page.wait_for_selector(".errors")
    assert page.input_value("#reason") == "连日暴雨，两个组进不去"
    clerk.check("later-1-refused-phone")
    page.fill("#wanted_on", "2026-03-20")
    page.click("button:has-text('提交申请')")
    page.wait_for_selector("text=等待答复")
    clerk.check("later-2-waiting-phone")

    desk = officer.go("/extensions")
    assert "连日暴雨" in desk.inner_text("main")
    desk.check("input[name=extension]")
    desk.check("input[name=decision][value=grant]")
    desk.fill("#due_on", "2026-03-18")
    officer.check("later-3-decision-desk")
    desk.click("button.btn-primary:has-text('答复')")
    desk.wait_for_selector("text=没有等待答复的申请")

    page = clerk.go("/")
    page.click(".duty .btn-primary")
    assert "3月18日" in page.inner_text("main")
    assert "截止日期由 3月13日 变更为 3月18日" in page.inner_text("main")
    assert page.is_visible("#duty-form")
    clerk.go("/year")
    clerk.check("later-4-year-phone")
