"""What waits on a phone while its person goes elsewhere: to another page, to another form, or away, and somebody else signs in."""

import re

from playwright.sync_api import expect

from duban.reporting import operations
from tests.cast import PASSWORD
from tests.e2e.test_phone import CHECKS, DONE, NO_NETWORK, typed_on_the_server, until, versions
from tests.e2e.test_phone_line import ASKED, AWAKE, SAVED, again, first_visit, line, owes, whole
from tests.integration.reporting.requirements import ANSWERS, returned

LOST = ("Failed to load resource",)
WAITS = ".outbox:has-text('还没有送达')"


def as_somebody(clerk, world, who):
    """Sign out, and sign in on the same phone."""
    page = clerk.go("/")
    page.evaluate("() => document.querySelector('form[action*=\"sign-out\"]').submit()")
    page.wait_for_url(re.compile("/sign-in"))
    page.fill("#slug", world.tenant_of(who).slug)
    page.fill("#login", who)
    page.fill("#password", PASSWORD)
    page.click("main .btn-primary")
    page.wait_for_url(f"{clerk.base}/")
    page.wait_for_selector(AWAKE, state="attached")
    assert world.names[who] in page.inner_text(".db-top")
    return page


def test_what_waits_is_sent_when_its_person_is_back_though_another_was_here(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = LOST
    clerk.context.add_init_script("Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined })")
    page = first_visit(clerk, address)
    page.fill(DONE, "检查 6 户")
    page.fill(CHECKS, "6")
    page.wait_for_selector(SAVED)
    clerk.context.route("**/submit", lambda route: route.abort())
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(WAITS)
    page = as_somebody(clerk, world, "tom")
    page.wait_for_timeout(500)
    assert not page.locator(".outbox-elsewhere").count(), "nothing of another person's"
    clerk.context.unroute("**/submit")
    page = as_somebody(clerk, world, "vera")
    page.wait_for_selector("text=已送达")
    (version,) = versions(world, address)
    assert version.content["done"] == "检查 6 户"


def test_what_was_handed_in_is_not_said_to_be_left_behind(world, sign_in):
    """Opened again without a line, the form has put what it held into the outbox a second time."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 409")
    page = first_visit(clerk, address)
    page.fill(CHECKS, "6")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.fill(DONE, "检查 6 户")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(WAITS)
    again(page)
    page.wait_for_selector(WAITS)
    page.goto(clerk.base + "/")
    page.wait_for_selector("text=现在没有网络")
    line(clerk, there=True)
    page.wait_for_selector("body[data-person]")
    page.wait_for_selector("text=已送达")
    until(page, lambda: len(versions(world, address)) == 1)
    for path in ("/", address):
        clerk.go(path)
        page.wait_for_timeout(300)
        assert not page.locator(".outbox-elsewhere").count()
    assert (
        page.evaluate("async () => (await dubanOutbox.everybodys()).length") == 0
        if page.evaluate("() => 'dubanOutbox' in self")
        else True
    )


def test_what_was_typed_after_it_was_handed_in_stays(world, sign_in):
    """The control: other words than those handed in are nobody's copy, and are shown to be taken along."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, *LOST, "status of 409")
    page = first_visit(clerk, address)
    page.fill(CHECKS, "6")
    page.fill(DONE, "检查 6 户")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.fill(DONE, "检查 6 户，整改 2 处")
    page.wait_for_timeout(300)
    again(page)
    page.goto(clerk.base + "/")
    with world.as_("vera") as scope:
        operations.submit(scope, duty_id=address.rpartition("/")[2], typed=ANSWERS)
    line(clerk, there=True)
    page.wait_for_selector("body[data-person]")
    page.wait_for_selector(".outbox-elsewhere")
    clerk.go(address)
    page.wait_for_selector("text=检查 6 户，整改 2 处")


def test_what_was_handed_in_elsewhere_and_returned_is_not_written_over_unseen(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 412")
    for use_mine in (False, True):
        page = first_visit(clerk, address)
        page.fill(CHECKS, "1")
        page.wait_for_selector(SAVED)
        line(clerk, there=False)
        page.fill("[name='note']", "手机上只写了备注")
        again(page)
        duty_id = address.rpartition("/")[2]
        with world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed=ANSWERS | {"checks": "6"})
        returned(world, duty_id)
        line(clerk, there=True)
        page.wait_for_selector(".second:has-text('退回')")
        said = page.inner_text(".second")
        assert "提交过的：6" in said
        assert "这里：1" in said
        assert "手机上只写了备注" in said
        clerk.check("phone-left-1-returned")
        page.click("text=用这里的" if use_mine else "text=用提交过的")
        page.wait_for_selector(".second", state="detached")
        page.wait_for_selector(AWAKE, state="attached")
        page.wait_for_selector("text=请补充数据")
        assert page.input_value(CHECKS) == ("1" if use_mine else "6")
        assert page.input_value("[name='note']") == ("手机上只写了备注" if use_mine else "")
        assert not page.locator(ASKED).count()
        page.wait_for_timeout(500)
        assert not page.locator(ASKED).count()


def test_a_choice_is_seen_in_the_middle_of_a_long_form(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = (*NO_NETWORK, "status of 412")
    page = first_visit(phone, address)
    page.fill(DONE, "起头")
    page.wait_for_selector(SAVED)
    desk = office.go(address)
    desk.fill(DONE, "办公室写的")
    desk.wait_for_selector(SAVED)
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    page.fill("[name='note']", "手机写的")
    page.wait_for_selector(".second")
    expect(page.locator(".second")).to_be_in_viewport(ratio=0.9)
    phone.check("phone-left-2-in-view")
    assert "另一台设备" in page.inner_text(".second")


def test_another_page_of_the_same_phone_is_not_called_another_device(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("status of 412",)
    page = first_visit(clerk, address)
    second = clerk.context.new_page()
    second.goto(clerk.base + address)
    second.wait_for_selector(AWAKE, state="attached")
    page.fill(DONE, "这一页写的")
    page.wait_for_selector(SAVED)
    second.fill(CHECKS, "6")
    second.wait_for_selector(".second")
    said = second.inner_text(".second")
    assert "本机另一个页面" in said
    assert "另一页：这一页写的" in said
    assert "另一台设备" not in said
    second.click("text=用另一页的")
    assert second.input_value(DONE) == "这一页写的"
    until(second, lambda: typed_on_the_server(world, address) == "这一页写的")
    whole(second)


SLOW_ANSWERS = """() => {
  const real = self.fetch;
  self.fetch = async (...given) => {
    const answer = await real(...given);
    if (given[1]?.method === "POST") await new Promise((resolve) => setTimeout(resolve, 2500));
    return answer;
  };
}"""
BUSY = "() => document.querySelector('#duty-form').autosave.busy"


def test_a_save_under_way_undoes_no_choice(world, sign_in):
    """The answer to what was being saved comes after the choice: it is no new conflict, and nothing given up comes back."""
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = ("status of 412",)
    page = first_visit(phone, address)
    page.fill(DONE, "手机写的")
    page.wait_for_selector(SAVED)
    desk = office.go(address)
    desk.fill(DONE, "办公室写的")
    desk.wait_for_selector(SAVED)
    page.evaluate(SLOW_ANSWERS)
    page.fill(DONE, "手机又写的")
    page.wait_for_selector(".second")
    page.fill(DONE, "手机还在写")
    page.wait_for_function(BUSY)
    page.click("text=用那台设备上的")
    page.wait_for_selector(SAVED)
    assert page.input_value(DONE) == "办公室写的"
    page.wait_for_timeout(3500)
    assert not page.locator(ASKED).count()
    assert page.locator(SAVED).count() == 1
    assert typed_on_the_server(world, address) == "办公室写的"

    duty_id = address.rpartition("/")[2]
    with world.as_("vera") as scope:
        operations.submit(scope, duty_id=duty_id, typed=ANSWERS | {"checks": "6"})
    returned(world, duty_id)
    page.fill(CHECKS, "1")
    page.wait_for_selector(".second:has-text('退回')")
    page.fill(CHECKS, "2")
    page.wait_for_function(BUSY)
    page.click("text=用提交过的")
    page.wait_for_selector(".second", state="detached")
    page.wait_for_selector(AWAKE, state="attached")
    page.wait_for_timeout(500)
    assert page.input_value(CHECKS) == "6"
    assert not page.locator(ASKED).count()
