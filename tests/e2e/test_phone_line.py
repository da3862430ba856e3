"""A line that comes and goes under one draft: what the phone shows without it, what it sends with it, and whom it blames."""

from duban.kernel.scope import owned
from duban.reporting import queries
from duban.reporting.models import Duty
from tests.e2e.test_loop_duty import PHOTO
from tests.e2e.test_phone import CHECKS, DONE, NO_NETWORK, browser_finds_the_network, leave, typed_on_the_server, until, versions
from tests.integration.reporting.requirements import handed_in, issued, returned

SAVED = "[data-save-state].ok"
AWAKE = "html[data-awake]"
ASKED = ".second, .outbox-elsewhere, #duty-form .flash.todo"
"""What asks a person something, or says that something has not arrived."""


def owes(world, day="2026-03-13", **changes):
    """Issue something to vera's village; give the address of the duty."""
    requirement_id = issued(world, "tom", "T1", title="消防安全检查情况", due={"kind": "fixed", "on": day}, **changes)
    with world.as_("vera") as scope:
        statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, Duty.unit_id == world.units["V11"])
        return f"/duties/{scope.session.scalars(statement).one().id}"


def first_visit(clerk, address):
    """Open the form for the first time on this phone; wait until the phone has what it needs to show it without a line."""
    page = clerk.go(address)
    page.wait_for_function(
        "async () => (await (await caches.open('duban-forms')).keys()).length > 0"
        " && (await (await caches.open('duban-files-1')).keys()).some((one) => one.url.includes('outbox.js'))"
        " && navigator.serviceWorker.controller !== null"
    )
    return page


def line(clerk, *, there):
    """Take the line away, or give it back."""
    clerk.context.set_offline(not there)


def again(page):
    """Open the page again, as it is after the camera closed it."""
    page.reload()
    page.wait_for_selector(AWAKE, state="attached")


class Answers:
    """What the server answers to a draft that is saved: it gets lost on the way as long as `lost` is set."""

    def __init__(self, page):
        self.lost = False
        page.route("**/draft", self.on_its_way)

    def on_its_way(self, route):
        if route.request.method != "POST" or not self.lost:
            return route.continue_()
        route.fetch()
        return route.abort()


def whole(page):
    """The page shows no longer that it stood in for the one without a line."""
    page.wait_for_function("() => !document.body.dataset.kept && !document.querySelector('.outbox')")


def test_what_was_saved_before_and_typed_after_the_line_broke_is_one_draft(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK  # no 412: nobody else has touched it
    page = first_visit(clerk, address)
    page.fill(DONE, "进山前写的")
    page.wait_for_selector(SAVED)

    # No line, opened again: what was saved stands in the form, though the page kept was loaded before it was typed.
    line(clerk, there=False)
    again(page)
    assert "现在没有网络" in page.inner_text("main")
    assert page.input_value(DONE) == "进山前写的"
    assert not page.locator(ASKED).count()
    page.fill(DONE, "进山前写的，山里又写的")
    again(page)
    assert page.input_value(DONE) == "进山前写的，山里又写的"

    # The line is back: it goes by itself, the page is an ordinary one again, and typing goes on.
    line(clerk, there=True)
    whole(page)
    until(page, lambda: typed_on_the_server(world, address) == "进山前写的，山里又写的")
    assert not page.locator(".second, .outbox-elsewhere, .offline").count()
    page.fill(CHECKS, "6")
    page.wait_for_selector(SAVED)
    page.locator(DONE).press_sequentially("，回来再写的")
    page.wait_for_selector(SAVED)
    until(page, lambda: typed_on_the_server(world, address) == "进山前写的，山里又写的，回来再写的")
    clerk.check("phone-line-1-back")
    clerk.go("/notices")
    page.wait_for_timeout(300)
    assert not page.locator(".outbox-elsewhere").count()
    clerk.go(address)
    assert page.input_value(DONE) == "进山前写的，山里又写的，回来再写的"
    assert not page.locator(ASKED).count()
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert version.content["done"] == "进山前写的，山里又写的，回来再写的"


def test_what_was_restored_is_given_up_after_it_was_saved_and_not_what_was_typed_since(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK  # no 412
    page = first_visit(clerk, address)
    page.fill(DONE, "先写的")
    page.wait_for_selector(SAVED)
    for given_up in (True, False):
        line(clerk, there=False)
        page.fill(DONE, "没有信号时写的")
        again(page)
        line(clerk, there=True)
        until(page, lambda: typed_on_the_server(world, address) == "没有信号时写的")
        whole(page)
        page.wait_for_selector(SAVED)
        discard = page.locator("#duty-form .flash.todo button")
        if given_up:
            discard.click()
            assert page.input_value(DONE) == "先写的"
            until(page, lambda: typed_on_the_server(world, address) == "先写的")
            page.wait_for_selector(SAVED)
            page.reload()
            page.wait_for_selector(AWAKE, state="attached")
        else:
            assert discard.count() == 1
            page.locator(CHECKS).press_sequentially("7")
            assert discard.count() == 0
    until(page, lambda: typed_on_the_server(world, address) == "没有信号时写的")
    assert page.input_value(CHECKS) == "7"


def test_the_line_is_back_without_the_browser_saying_so(world, sign_in):
    """The server was away, not the network: no event tells, so the page asks from time to time."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = first_visit(clerk, address)
    page.fill(DONE, "先写的")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'onLine', { get: () => true })")
    page.add_init_script("addEventListener('online', (event) => event.stopImmediatePropagation(), true)")
    again(page)
    page.clock.install()
    again(page)
    page.fill(DONE, "又写的")
    line(clerk, there=True)
    page.clock.run_for(30000)
    whole(page)
    until(page, lambda: typed_on_the_server(world, address) == "又写的")
    assert not page.locator(".second, .outbox-elsewhere").count()


def test_nothing_typed_without_a_line_leads_to_the_page_as_it_is_now(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = NO_NETWORK
    page = first_visit(phone, address)
    page.fill(DONE, "手机写的")
    page.wait_for_selector(SAVED)
    line(phone, there=False)
    again(page)
    desk = office.go(address)
    desk.fill(DONE, "办公室接着写的")
    desk.wait_for_selector(SAVED)
    line(phone, there=True)
    page.wait_for_function("() => document.getElementById('answer.done')?.value === '办公室接着写的'")
    whole(page)
    assert not page.locator(ASKED).count()
    page.locator(CHECKS).fill("6")
    page.wait_for_selector(SAVED)


def test_what_both_wrote_while_there_was_no_line_is_asked_and_neither_is_lost(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = (*NO_NETWORK, "status of 412")
    page = first_visit(phone, address)
    page.fill(DONE, "起头")
    page.wait_for_selector(SAVED)
    line(phone, there=False)
    again(page)
    page.fill(DONE, "手机写的")
    desk = office.go(address)
    desk.fill(DONE, "办公室写的")
    desk.wait_for_selector(SAVED)
    line(phone, there=True)
    page.wait_for_selector(".second")
    said = page.inner_text(".second")
    assert "办公室写的" in said and "手机写的" in said
    whole(page)
    assert typed_on_the_server(world, address) == "办公室写的"
    page.click("button:has-text('用这里的')")
    page.wait_for_selector(SAVED)
    assert typed_on_the_server(world, address) == "手机写的"


def test_an_answer_lost_on_the_way_is_not_another_device(world, sign_in):
    """It was saved, the phone never heard of it: what is typed on is the same hand."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("Failed to load resource", "status of 412")
    page = first_visit(clerk, address)
    page.fill(DONE, "一")
    page.wait_for_selector(SAVED)
    answers = Answers(page)
    answers.lost = True
    page.fill(DONE, "一二")
    until(page, lambda: typed_on_the_server(world, address) == "一二")
    page.wait_for_selector("[data-save-state].bad")
    answers.lost = False
    again(page)  # the copy of this phone says version 1, the server has 2
    page.fill(DONE, "一二三")
    page.wait_for_selector(SAVED)
    until(page, lambda: typed_on_the_server(world, address) == "一二三")
    assert not page.locator(".second").count()

    # Pressing the button right after such an answer hands in.
    answers.lost = True
    page.fill(DONE, "一二三四")
    until(page, lambda: typed_on_the_server(world, address) == "一二三四")
    page.fill(DONE, "一二三四五")
    page.fill(CHECKS, "6")
    answers.lost = False
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert version.content["done"] == "一二三四五"


def test_an_answer_lost_long_ago_is_not_another_device(world, sign_in):
    """What was tried is remembered also where the form has come back to what was saved before, and was opened again and again."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("Failed to load resource", "ERR_INTERNET_DISCONNECTED", "status of 412")
    page = first_visit(clerk, address)
    page.fill(DONE, "一")
    page.wait_for_selector(SAVED)
    answers = Answers(page)
    answers.lost = True
    page.fill(DONE, "一二")
    until(page, lambda: typed_on_the_server(world, address) == "一二")
    page.wait_for_selector("[data-save-state].bad")
    line(clerk, there=False)
    answers.lost = False
    page.fill(DONE, "一")
    for _ in range(3):
        again(page)
        assert page.input_value(DONE) == "一"
    page.fill(DONE, "一三")
    line(clerk, there=True)
    until(page, lambda: typed_on_the_server(world, address) == "一三")
    whole(page)
    page.wait_for_selector(SAVED)
    assert not page.locator(ASKED).count()


def test_leaving_the_form_saves_nothing_twice(world, sign_in):
    """The browser says that a box has changed once more when it is left."""
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    page = first_visit(clerk, address)
    sent = []
    page.on(
        "request", lambda request: sent.append(request) if request.method == "POST" and request.url.endswith("/draft") else None
    )
    page.fill(DONE, "一")
    page.wait_for_selector(SAVED)
    page.locator(DONE).blur()
    page.wait_for_timeout(2000)
    assert len(sent) == 1
    page.locator(DONE).press_sequentially("二")
    page.keyboard.press("Backspace")
    page.wait_for_selector(SAVED)
    page.wait_for_timeout(2000)
    assert len(sent) == 1
    page.fill(DONE, "一二")
    until(page, lambda: typed_on_the_server(world, address) == "一二")


def test_a_photograph_whose_answer_was_lost_is_attached_once(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("net::ERR_FAILED",)
    page = first_visit(clerk, address)
    answers = Answers(page)
    answers.lost = True
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.wait_for_selector(".outbox button:has-text('现在再试')")
    answers.lost = False
    page.click(".outbox button:has-text('现在再试')")
    page.wait_for_selector(".outbox", state="detached")
    page.wait_for_selector(f"#attached >> text={PHOTO['name']}")
    page.reload()
    assert page.locator(f"#attached .name >> text={PHOTO['name']}").count() == 1


def test_what_the_browser_saved_with_the_page_closed_is_not_another_device(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 412")
    page = first_visit(clerk, address)
    page.fill(DONE, "一")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.fill(DONE, "一二")
    leave(page)
    browser_finds_the_network(clerk)
    until(page, lambda: typed_on_the_server(world, address) == "一二")
    line(clerk, there=False)
    page.goto(clerk.base + address)
    page.wait_for_selector(AWAKE, state="attached")
    assert page.input_value(DONE) == "一二"
    page.fill(DONE, "一二三")
    page.wait_for_timeout(300)
    line(clerk, there=True)
    until(page, lambda: typed_on_the_server(world, address) == "一二三")
    whole(page)
    assert not page.locator(".second, .outbox-elsewhere").count()


def test_handed_in_elsewhere_and_returned_meanwhile_is_said_and_leads_on(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("status of 412",)
    page = clerk.go(address)
    page.fill(DONE, "手机写的")
    page.wait_for_selector(SAVED)
    duty_id = address.rpartition("/")[2]
    handed_in(world, duty_id)
    returned(world, duty_id)
    page.fill(DONE, "手机又写的")
    page.wait_for_selector(".second:has-text('退回')")
    assert page.input_value(DONE) == "手机又写的"
    clerk.check("phone-line-2-returned-meanwhile")
    page.click("button:has-text('用这里的')")
    page.wait_for_selector(".second", state="detached")
    page.wait_for_selector(AWAKE, state="attached")
    until(page, lambda: typed_on_the_server(world, address) == "手机又写的")
    assert page.input_value(DONE) == "手机又写的"
    assert not page.locator(ASKED).count()


def test_the_page_shown_without_a_line_opens_the_one_that_was_wanted(world, sign_in):
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = first_visit(clerk, owes(world))
    line(clerk, there=False)
    page.goto(clerk.base + "/notices")
    page.wait_for_selector("text=现在没有网络")
    page.wait_for_selector(AWAKE, state="attached")
    clerk.check("phone-line-3-no-line")
    line(clerk, there=True)
    page.wait_for_selector("body[data-person]")
    assert page.url.endswith("/notices")


TABLE = [
    {"key": "found", "label": "发现隐患", "kind": "integer", "unit": "处", "na_allowed": True},
    {
        "key": "cases", "label": "隐患清单", "kind": "table", "max_rows": 5,
        "columns": [{"key": "place", "label": "地点", "kind": "text"}, {"key": "count", "label": "处数", "kind": "integer"}],
    },
]  # fmt: skip


def test_rows_and_ticks_of_another_device_are_shown_and_taken_whole(world, sign_in):
    """A row that stands only there is shown, and is not lost when that text is taken; a tick is no text of its box."""
    requirement_id = issued(world, "tom", "T1", fields=TABLE)
    with world.as_("vera") as scope:
        statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, Duty.unit_id == world.units["V11"])
        address = f"/duties/{scope.session.scalars(statement).one().id}"
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = ("status of 412",)
    page, desk = phone.go(address), office.go(address)
    desk.check("[data-na]")
    desk.click("[data-add-row]")
    desk.fill("[name='answer.cases.0.place']", "东头")
    desk.fill("[name='answer.cases.1.place']", "西头")
    desk.wait_for_selector(SAVED)
    page.fill("[name='answer.cases.0.place']", "南头")
    page.wait_for_selector(".second")
    said = page.inner_text(".second")
    assert "东头" in said and "西头" in said and "南头" in said
    assert said.count("不适用") == 1, "the tick is named, and is not the text of its box"
    page.click("text=用那台设备上的")
    assert page.is_checked("[data-na]")
    assert page.locator("[id='answer.found']").is_disabled() and page.input_value("[id='answer.found']") == ""
    assert page.input_value("[name='answer.cases.1.place']") == "西头"
    page.fill("[name='answer.cases.0.count']", "3")
    page.wait_for_selector(SAVED)
    with world.as_("vera") as scope:
        typed = queries.draft_of(scope, address.rpartition("/")[2]).typed
    assert {name: text for name, text in typed.items() if text} == {
        "answer.found": "不适用",
        "answer.cases.0.place": "东头",
        "answer.cases.0.count": "3",
        "answer.cases.1.place": "西头",
    }
