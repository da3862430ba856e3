"""The door and one's own account, walked through as a person does: at a desk in English, on a phone in Chinese."""

import pyotp
import pytest

from duban.identity import operations
from duban.identity.doorway import PEOPLE
from duban.kernel.scope import SYSTEM, unit_of_work
from tests.cast import PASSWORD
from tests.integration.reporting.requirements import issued

LOOKS = pytest.mark.parametrize(("phone", "language"), [(True, "zh-CN"), (False, "en")], ids=["phone-zh", "desk-en"])


def come_in(visit, address, world, who, *, phone, language):
    visitor = visit(address, who=who, phone=phone, language=language)
    page = visitor.go("/sign-in?lang=en" if language == "en" else "/sign-in")
    page.fill("#slug", world.tenant.slug)
    page.fill("#login", who)
    page.fill("#password", PASSWORD)
    page.click("main .btn-primary")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.wait_for_load_state("networkidle")
    return visitor


@LOOKS
def test_an_administrator_sets_up_the_second_factor_and_uses_it(visit, address, world, server_clock, phone, language):
    look = f"{'phone' if phone else 'desk'}-{language[:2]}"
    visitor = come_in(visit, address, world, "sara", phone=phone, language=language)
    page = visitor.page
    assert page.url.endswith("/account/factor")
    picture = page.locator(".qr svg")
    assert picture.bounding_box()["width"] > 150
    assert picture.get_attribute("viewBox"), "without it the code is cut off where the box ends"
    visitor.check(f"identity-enrol-{look}")
    visitor.expected = ("the server responded with a status of 4",)
    page.fill("#code", "000000")
    page.click("main .btn-primary")
    page.wait_for_selector(".errors")
    visitor.complaints.clear()
    visitor.check(f"identity-enrol-wrong-{look}")
    secret = page.locator(".qr-secret").text_content().replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).at(server_clock.at))
    page.click("main .btn-primary")
    page.wait_for_selector("ul.codes")
    visitor.check(f"identity-codes-{look}")
    recovery = page.locator("ul.codes li").first.text_content()
    page.goto(f"{address}/account/devices")
    visitor.check(f"identity-devices-{look}")
    again = come_in(visit, address, world, "sara", phone=phone, language=language)
    assert again.page.url.endswith("/account/code")
    again.check(f"identity-code-{look}")
    again.page.fill("#code", recovery)
    again.page.click("main .btn-primary")
    again.page.wait_for_url(lambda url: "/account/code" not in url)
    again.go("/security")
    again.check(f"security-overview-{look}")
    for name in ("vera", "tom"):
        for _ in range(5):
            with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=server_clock.at) as scope:
                operations.sign_in(scope, login=name, password="wrong-password-1", address="10.0.0.9", device="")
    again.go("/security")
    again.check(f"security-locked-{look}")
    again.go(f"/security/people/{world.people['vera']}")
    again.check(f"security-person-{look}")


@LOOKS
def test_tokens_passwords_and_being_asked_again(visit, address, world, server_clock, phone, language):
    look = f"{'phone' if phone else 'desk'}-{language[:2]}"
    visitor = come_in(visit, address, world, "vera", phone=phone, language=language)
    page = visitor.go("/account/tokens")
    visitor.check(f"identity-tokens-empty-{look}")
    page.fill("#name", "数据交换平台" if language != "en" else "Data exchange")
    page.check("input[value=read]")
    visitor.expected = ("the server responded with a status of 4",)
    before = server_clock.at
    try:
        server_clock.at = world.later(minutes=11)
        page.click("main .btn-primary")
        page.wait_for_selector("#_proof")
        visitor.complaints.clear()
        visitor.check(f"identity-again-{look}")
        page.fill("#_proof", PASSWORD)
        page.click("main .btn-primary")
        page.wait_for_selector(".token-text")
        visitor.check(f"identity-token-{look}")
    finally:
        server_clock.at = before
    page = visitor.go("/password")
    page.fill("#old", PASSWORD)
    page.fill("#new", "Wangcheng1")
    page.fill("#again", "Wangcheng1")
    page.click("main .btn-primary")
    page.wait_for_selector(".errors")
    visitor.complaints.clear()
    visitor.check(f"identity-password-{look}")


def test_what_was_typed_on_a_phone_outlives_the_session(sign_in, world, server_clock):
    issued(world, "tom", "T1", title="消防安全检查情况", due={"kind": "fixed", "on": "2026-03-13"})
    clerk = sign_in("vera", phone=True)
    # A browser without a place to keep things: what comes back is the server's copy.
    clerk.context.add_init_script("Object.defineProperty(self, 'indexedDB', { value: undefined })")
    page, before = clerk.page, server_clock.at
    page.click(".duty .btn-primary")
    page.wait_for_selector("html[data-awake]", state="attached")
    clerk.expected = ("status of 401",)
    try:
        # what is still under way when time jumps (the worker puts pages by) would keep the session awake: it jumps twice
        server_clock.at = world.later(minutes=31)
        page.wait_for_timeout(1000)
        server_clock.at = world.later(minutes=62)
        page.fill("[id='answer.done']", "检查 6 户\n隐患 2 处")
        page.fill("[id='answer.checks']", "6")
        page.click("#duty-form .btn-primary")
        page.wait_for_url(lambda url: "/sign-in" in url)
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.fill("#login", "vera")
        page.fill("#password", PASSWORD)
        page.click("main .btn-primary")
        page.wait_for_selector("[data-unsent]")
        assert page.input_value("[id='answer.done']") == "检查 6 户\n隐患 2 处"
        assert page.input_value("[id='answer.checks']") == "6"
        assert "请核对后再提交一次" in page.inner_text("[data-unsent]")
        clerk.check("identity-unsent-phone-zh")
        page.click("#duty-form .btn-primary")
        page.wait_for_selector("text=待审核")
    finally:
        server_clock.at = before


@LOOKS
def test_a_full_door_is_waited_for_by_the_page_itself(visit, address, world, server_clock, monkeypatch, phone, language):
    """At eight o'clock of the last day: nobody types a password twice, and nobody is shown an error that passes by itself."""
    monkeypatch.setattr(PEOPLE, "patience", 0)
    monkeypatch.setattr("duban.web.errors.BUSY_SECONDS", 1)
    visitor = visit(address, who="vera", phone=phone, language=language)
    visitor.expected = ("status of 503",)
    page = visitor.go("/sign-in?lang=en" if language == "en" else "/sign-in")
    page.fill("#slug", world.tenant.slug)
    page.fill("#login", "vera")
    page.fill("#password", PASSWORD)
    with PEOPLE.passing():
        page.click("main .btn-primary")
        page.wait_for_selector("[data-queue-said]:not([hidden])")
        visitor.shot(f"identity-queue-{'phone' if phone else 'desk'}-{language[:2]}")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    assert page.locator(".errors").count() == 0


def test_a_wrong_password_is_said_beside_what_was_typed(visit, address, world):
    visitor = visit(address, who="vera")
    visitor.expected = ("the server responded with a status of 4",)
    page = visitor.go("/sign-in")
    page.fill("#slug", world.tenant.slug)
    page.fill("#login", "vera")
    page.fill("#password", "wrong-password-1")
    page.click("main .btn-primary")
    page.wait_for_selector(".errors")
    assert page.input_value("#login") == "vera"
    assert page.input_value("#password") == ""
    assert page.evaluate("document.activeElement.className") == "errors"
    assert visitor.axe() == []
    page.fill("#password", PASSWORD)
    page.click("main .btn-primary")
    page.wait_for_url(lambda url: "/sign-in" not in url)
