"""The operator's console in a browser: both factors, a county from its code, the slip, the administrator's first sign-in."""

import re
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import expect

from duban.console.desk import CONSOLE, Hand, at_desk
from duban.console.operations import accounts, orders, tenants
from duban.console.queries import find_by_slug
from duban.kernel.scope import open_session
from tests.cast import World
from tests.conftest import NOW

PASSWORD = "keep-the-lights-on-7"


@pytest.fixture
def at_work(engine, visit, address):
    """Sign a new operator in, through every first step, as a person does."""

    def enter(*, phone: bool = False, language: str = "zh-CN"):
        with at_desk(engine, hand=Hand(None, "terminal"), now=NOW) as desk:
            slip = accounts.create_operator(desk, login=f"op-{uuid4().hex[:10]}", name="值班员")
        visitor = visit(address, phone=phone, language=language)
        page = visitor.go("/operator/sign-in?lang=en" if language == "en" else "/operator/sign-in")
        visitor.check(f"console-sign-in-{language[:2]}-{'phone' if phone else 'desk'}")
        page.fill("#login", slip.login)
        page.fill("#password", slip.password)
        page.click("main .btn-primary")
        page.wait_for_url("**/operator/password")
        page.fill("#old", slip.password)
        page.fill("#new", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("main .btn-primary")
        page.wait_for_url("**/operator/second-factor")
        visitor.check(f"console-factor-{language[:2]}-{'phone' if phone else 'desk'}")
        page.fill("#code", pyotp.TOTP(page.inner_text("figure code")).at(NOW))
        page.click("main .btn-primary")
        page.wait_for_url("**/operator/")
        page.wait_for_load_state("networkidle")
        return visitor

    return enter


def test_a_county_from_its_code_to_the_administrators_first_sign_in(at_work, visit, address) -> None:
    visitor, slug = at_work(), f"t-{uuid4().hex[:10]}"
    page = visitor.go("/operator/tenants/new")
    page.check('input[name="kind"][value="county"]')
    page.fill("#slug", slug)
    page.fill("#division", "望城")
    page.get_by_role("option", name=re.compile("望城区")).first.click()
    page.fill("#admin_name", "王管理")
    visitor.check("console-new-zh-desk")
    page.click("main .btn-primary")
    expect(page.locator("main")).to_contain_text("试建成功")
    expect(page.locator("main")).to_contain_text("160")
    visitor.check("console-preview-zh-desk")
    page.get_by_role("button", name="正式建立").click()
    password = page.locator("#one-time-password").inner_text()
    assert re.fullmatch(r"([a-z2-9]{4}-){2}[a-z2-9]{4}", password)
    visitor.check("console-slip-zh-desk")
    page.emulate_media(media="print")
    expect(page.locator("#one-time-password")).to_be_visible()
    expect(page.locator(".db-side")).to_be_hidden()
    page.emulate_media(media="screen")

    person = visit(address, who="admin")
    door = person.go(f"/sign-in/{slug}")
    door.fill("#login", "admin")
    door.fill("#password", password)
    door.click("main .btn-primary")
    door.wait_for_url("**/password")
    door.fill("#old", password)
    door.fill("#new", "first-own-password-9")
    door.fill("#again", "first-own-password-9")
    door.click("main .btn-primary")
    door.wait_for_load_state("networkidle")
    assert "/password" not in door.url


@pytest.mark.parametrize(("language", "phone"), [("zh-CN", False), ("zh-CN", True), ("en", False), ("en", True)])
def test_every_page_is_sound_on_desk_and_phone(at_work, world: World, engine, language: str, phone: bool) -> None:
    with at_desk(engine, hand=Hand(None, "terminal"), now=NOW) as desk:
        tenants.set_quota(desk, tenant_id=world.tenant.id, people_limit=20, storage_limit_bytes=2 * 1024**3)
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="系统升级，预计两小时")
        orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug)
        tenant_id = find_by_slug(desk.session, world.tenant.slug).id
    visitor = at_work(phone=phone, language=language)
    name = f"{language[:2]}-{'phone' if phone else 'desk'}"
    for label, place in (
        ("tenants", "/operator/"),
        ("tenant", f"/operator/tenants/{tenant_id}"),
        ("new", "/operator/tenants/new"),
        ("orders", "/operator/orders"),
        ("record", "/operator/record"),
    ):
        visitor.go(place)
        visitor.check(f"console-{label}-{name}")


def test_a_second_operator_confirms_a_deletion(at_work, world: World, engine) -> None:
    with at_desk(engine, hand=Hand(None, "terminal"), now=NOW) as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="合同到期")
        order_id = orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug).id
    visitor = at_work(phone=True)
    page = visitor.go("/operator/orders")
    line = page.locator(f"#order-{order_id}")
    line.get_by_text("确认删除", exact=True).first.click()
    line.locator(f"#slug-{order_id}").fill(world.tenant.slug)
    line.get_by_role("button", name="确认删除", exact=True).click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_contain_text("已确认")
    with open_session(engine, CONSOLE) as session:
        from duban.console.queries import get_order

        assert get_order(session, order_id).confirmed_name == "值班员"
