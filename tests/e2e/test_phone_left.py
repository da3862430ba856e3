"""What waits on a phone while its person goes elsewhere: to another page, to another form, or away, and somebody else signs in."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from duban.kernel.scope import get_owned
from duban.reporting import operations
from duban.reporting.models import Duty
from tests.cast import PASSWORD
from tests.e2e.test_loop_duty import PHOTO
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
        page.click("button:has-text('用这里的')" if use_mine else "text=用提交过的")
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


def queued(world, sign_in, *, photo=False):
    """Hand in without a line; gives the clerk and the address. The browser's own sending is left out, as on an iPhone."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 401", "status of 412")
    clerk.context.add_init_script("Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined })")
    page = first_visit(clerk, address)
    page.fill(CHECKS, "6")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.fill(DONE, "山里写的")
    if photo:
        page.set_input_files("#attachments input[type=file]", PHOTO)
        page.wait_for_selector("text=还没有上传")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(WAITS)
    return clerk, address


def at_the_door(clerk):
    """The session is over; the page that finds it out leads to the door, which says that something waits."""
    clerk.context.clear_cookies()
    line(clerk, there=True)
    clerk.page.wait_for_url(re.compile("/sign-in"))
    clerk.page.wait_for_selector(".outbox-door:has-text('登录后会自动送出')")


def through_the_door(clerk, world):
    page = clerk.page
    page.fill("#slug", world.tenant_of("vera").slug)
    page.fill("#login", "vera")
    page.fill("#password", PASSWORD)
    page.click("main .btn-primary")
    page.wait_for_selector("body[data-person]")


@pytest.mark.parametrize("photo", [False, True])
def test_what_was_handed_in_before_the_session_ended_arrives_after_signing_in(world, sign_in, photo):
    clerk, address = queued(world, sign_in, photo=photo)
    at_the_door(clerk)
    clerk.check("phone-left-3-door")
    through_the_door(clerk, world)
    clerk.page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert version.content["done"] == "山里写的"
    assert clerk.page.locator(f"text={PHOTO['name']}").count() == int(photo)
    clerk.page.wait_for_timeout(1500)  # nothing saved beside it comes after
    for path in ("/", address):
        clerk.go(path)
        clerk.page.wait_for_timeout(500)
        assert not clerk.page.locator(".outbox-elsewhere").count()


def test_what_was_handed_in_before_the_session_ended_arrives_from_any_page(world, sign_in):
    clerk, address = queued(world, sign_in)
    at_the_door(clerk)
    clerk.page.goto(f"{clerk.base}/sign-in")
    through_the_door(clerk, world)
    clerk.page.wait_for_selector("text=已送达")
    (version,) = versions(world, address)
    assert version.content["done"] == "山里写的"


def test_what_was_refused_for_another_devices_draft_is_not_lost_by_leaving(world, sign_in):
    clerk, address = queued(world, sign_in)
    office = sign_in("vera")
    desk = office.go(address)
    desk.fill("[name='note']", "办公室加的备注")
    desk.wait_for_selector(SAVED)
    line(clerk, there=True)
    page = clerk.page
    page.wait_for_selector(".second:has-text('用这里的')")
    clerk.check("phone-left-4-refused")
    clerk.go("/")
    clerk.go(address)
    page.wait_for_selector(".second")
    said = page.inner_text(".second")
    assert "山里写的" in said and "办公室加的备注" in said
    assert page.input_value(DONE) == "山里写的"
    page.click("button:has-text('用这里的')")
    page.wait_for_selector(SAVED)
    assert typed_on_the_server(world, address) == "山里写的"
    assert page.input_value("[name='note']") == "办公室加的备注", "not touched here, so it stays"
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert (version.content["done"], version.note) == ("山里写的", "办公室加的备注")


def test_who_presses_once_more_hands_in_what_stands_here(world, sign_in):
    """As the refusal says; the choice need not be made first."""
    clerk, address = queued(world, sign_in)
    office = sign_in("vera")
    desk = office.go(address)
    desk.fill("[name='note']", "办公室加的备注")
    desk.wait_for_selector(SAVED)
    line(clerk, there=True)
    clerk.page.wait_for_selector(".second:has-text('还没有提交')")
    clerk.page.wait_for_selector("#duty-form:not([inert])")
    clerk.page.click("#duty-form .btn-primary")
    clerk.page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert version.content["done"] == "山里写的"


def test_what_was_refused_because_it_was_returned_meanwhile_is_not_lost_by_leaving(world, sign_in):
    clerk, address = queued(world, sign_in)
    duty_id = address.rpartition("/")[2]
    with world.as_("vera") as scope:
        operations.submit(scope, duty_id=duty_id, typed=ANSWERS | {"checks": "8"})
    returned(world, duty_id)
    line(clerk, there=True)
    page = clerk.page
    for _ in range(2):
        page.wait_for_selector(".second:has-text('退回')")
        page.wait_for_selector(".second:has-text('请补充数据')")
        said = page.inner_text(".second")
        assert "提交过的：8" in said and "山里写的" in said
        clerk.check("phone-left-5-returned")
        again(page)
    page.wait_for_selector(".second:has-text('退回')")
    page.click("button:has-text('用这里的')")
    page.wait_for_selector(".second", state="detached")
    page.wait_for_selector(AWAKE, state="attached")
    until(page, lambda: typed_on_the_server(world, address) == "山里写的")
    assert page.input_value(DONE) == "山里写的"
    assert not page.locator(ASKED).count()


def test_a_choice_keeps_its_place_and_its_buttons_while_somebody_types_on(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = ("status of 412",)
    page = first_visit(phone, address)
    page.fill(DONE, "起头")
    page.wait_for_selector(SAVED)
    desk = office.go(address)
    desk.fill(DONE, "办公室写的\n" * 12)
    desk.fill(CHECKS, "6")
    desk.wait_for_selector(SAVED)
    page.fill("[name='note']", "手机写的")
    page.wait_for_selector(".second")
    for button in page.locator(".second button").all():
        expect(button).to_be_in_viewport(ratio=1)
    page.evaluate(
        "() => { const list = document.querySelector('.second .says'); list.scrollTop = 40; self.seen = document.querySelector('.second button') }"
    )
    page.locator("[name='note']").press_sequentially("，又写")
    page.wait_for_selector(".second:has-text('手机写的，又写')")
    assert page.evaluate("() => document.querySelector('.second .says').scrollTop") == 40
    assert page.evaluate("() => self.seen === document.querySelector('.second button')")
    phone.check("phone-left-6-long-choice")
    assert "没有改过" in page.inner_text(".second")
    page.click("button:has-text('用这里的')")
    page.wait_for_selector(SAVED)
    assert page.input_value(CHECKS) == "6"
    assert page.input_value("[name='note']") == "手机写的，又写"


def test_what_waited_with_its_photograph_is_shown_when_the_task_was_withdrawn(world, sign_in):
    clerk, address = queued(world, sign_in, photo=True)
    clerk.expected = (*NO_NETWORK, "status of 403", "status of 409", "status of 412")
    clerk.page.goto(clerk.base + "/")
    with world.as_("tom") as scope:
        requirement_id = get_owned(scope, Duty, UUID(address.rpartition("/")[2])).requirement_id
        operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="并入季报")
    line(clerk, there=True)
    clerk.page.wait_for_selector("body[data-person]")
    clerk.page.wait_for_selector(".outbox-elsewhere")
    page = clerk.go(address)
    page.wait_for_selector(".outbox-elsewhere:has-text('山里写的')")
    page.reload()  # the photograph may have been under way while the page was made
    page.wait_for_selector(".outbox-elsewhere:has-text('山里写的')")
    expect(page.locator("#kept img")).to_be_visible()
    with page.expect_download() as waiting:
        page.click(f"#kept .name a:has-text('{PHOTO['name']}')")
    assert waiting.value.suggested_filename == PHOTO["name"]
    clerk.check("phone-left-7-withdrawn")


def test_what_is_still_blank_is_said_out_of_reach_of_the_server(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = first_visit(clerk, address)
    line(clerk, there=False)
    page.fill(CHECKS, "6")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(".outbox:has-text('工作完成情况还没有填')")
    page.click("button:has-text('先不提交')")
    page.wait_for_selector("#duty-form:not([inert])")
    page.fill(DONE, "检查 6 户")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(WAITS)
    assert "还没有填" not in page.inner_text(".outbox")
    line(clerk, there=True)
    page.wait_for_selector("text=待审核")


def test_what_waits_is_seen_and_taken_back_on_a_page_older_than_it(world, sign_in):
    clerk, address = queued(world, sign_in)
    page = clerk.page
    page.goto(clerk.base + "/")
    page.wait_for_selector("text=现在没有网络")
    page.goto(clerk.base + address)
    page.wait_for_selector(WAITS)
    assert (page.input_value(DONE), page.input_value(CHECKS)) == ("山里写的", "6")
    page.click("button:has-text('先不提交')")
    page.wait_for_selector("#duty-form:not([inert])")  # the device takes a moment to give it back
    assert page.input_value(DONE) == "山里写的"
    page.locator(DONE).press_sequentially("，又写")
    line(clerk, there=True)
    until(page, lambda: typed_on_the_server(world, address) == "山里写的，又写")
    whole(page)
    assert versions(world, address) == []
    assert not page.locator(".second, .outbox-elsewhere").count()
