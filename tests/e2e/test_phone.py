"""The village clerk's phone: no network in the hills, a camera that closes the page, and the same draft at the office."""

import base64
import re

import pytest
from playwright.sync_api import expect

from duban.kernel.scope import owned
from duban.reporting import operations, queries
from duban.reporting.models import Duty, Submission
from tests.e2e.test_loop_duty import PHOTO
from tests.integration.reporting.requirements import issued

DONE = "[id='answer.done']"
CHECKS = "[id='answer.checks']"
NO_NETWORK = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource")


def owes(world, who="vera"):
    """Issue something to vera's village that needs a photograph; give the address of the duty."""
    requirement_id = issued(
        world, "tom", "T1", title="消防安全检查情况", due={"kind": "fixed", "on": "2026-03-13"}, attachments_required=True
    )
    with world.as_(who) as scope:
        statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, Duty.unit_id == world.units["V11"])
        return f"/duties/{scope.session.scalars(statement).one().id}"


def versions(world, address):
    with world.as_("vera") as scope:
        return list(scope.session.scalars(owned(scope, Submission).where(Submission.duty_id == address.rpartition("/")[2])))


def kept_without_network(page):
    """Wait until the worker that answers without a network is there and has what it needs."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.reload()
    page.wait_for_selector("html[data-awake]", state="attached")
    page.wait_for_function(
        "async () => (await (await caches.open('duban-forms')).keys()).length > 0"
        " && (await (await caches.open('duban-files-1')).keys()).some((one) => one.url.includes('outbox.js'))"
    )


def test_a_form_is_filled_in_photographed_and_sent_without_a_network_and_arrives_by_itself(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = clerk.go(address)
    kept_without_network(page)

    # In the hills: the page is opened again (the camera had closed it), filled in, photographed and sent.
    clerk.context.set_offline(True)
    page.reload()
    page.wait_for_selector("html[data-awake]", state="attached")
    assert "现在没有网络" in page.inner_text("main")
    page.fill(DONE, "检查 6 户，发现隐患 2 处")
    page.fill(CHECKS, "6")
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.wait_for_selector("text=还没有上传")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=还没有送达")
    expect(page.locator(".outbox.warn")).to_be_in_viewport()
    assert "3月13日" in page.inner_text(".outbox.warn")  # until when it has to arrive
    clerk.check("phone-1-waiting")
    assert versions(world, address) == []

    # Back in the village: it goes by itself, photograph first.
    clerk.context.set_offline(False)
    page.wait_for_selector("text=待审核")
    assert PHOTO["name"] in page.content()
    clerk.check("phone-2-arrived")
    (version,) = versions(world, address)
    assert version.content["done"] == "检查 6 户，发现隐患 2 处"
    page.reload()
    page.wait_for_load_state("networkidle")
    assert len(versions(world, address)) == 1  # and once only


def test_what_was_sent_before_the_page_was_closed_goes_from_any_other_page(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = clerk.go(address)
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.wait_for_selector("#attached .file-list, #attached li")
    page.fill(DONE, "检查 6 户")
    page.fill(CHECKS, "6")
    page.wait_for_selector("[data-save-state].ok")
    clerk.context.set_offline(True)
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=还没有送达")
    page.close()
    assert versions(world, address) == []

    clerk.context.set_offline(False)
    clerk.page = page = clerk.context.new_page()
    clerk.go("/notices")
    page.wait_for_selector("text=已送达")
    (version,) = versions(world, address)
    assert version.content["done"] == "检查 6 户"


def leave(page):
    """No page of ours is left. A page that is going loses the emulated lack of network a moment before it is gone: it sends nothing."""
    page.wait_for_timeout(300)  # not even tried to be saved
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")
    page.goto("about:blank")


def browser_finds_the_network(clerk):
    """Let the browser do what it does when it is online again and no page of ours is open: call the service worker."""
    clerk.context.set_offline(False)
    devtools, found = clerk.context.new_cdp_session(clerk.page), []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    devtools.send("ServiceWorker.enable")
    while not found:
        clerk.page.wait_for_timeout(50)
    (worker,) = [one for one in found if one["scopeURL"].startswith(clerk.base)]
    call = {"origin": clerk.base, "registrationId": worker["registrationId"], "tag": "outbox", "lastChance": True}
    devtools.send("ServiceWorker.dispatchSyncEvent", call)
    devtools.detach()


def typed_on_the_server(world, address):
    with world.as_("vera") as scope:
        draft = queries.draft_of(scope, address.rpartition("/")[2])
        return draft and draft.typed["answer.done"]


def until(page, holds):
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    assert holds()


def test_what_was_typed_without_a_network_is_saved_after_the_page_was_closed_and_never_over_something_newer(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = (*NO_NETWORK, "status of 412")
    page = phone.go(address)
    kept_without_network(page)
    phone.context.set_offline(True)
    page.fill(DONE, "在山里写的")
    leave(page)
    assert typed_on_the_server(world, address) is None

    # The browser saves it, with no page of ours open; opened later, the form has it and asks nothing.
    browser_finds_the_network(phone)
    until(page, lambda: typed_on_the_server(world, address) == "在山里写的")
    phone.go(address)
    assert page.input_value(DONE) == "在山里写的"
    assert not page.locator(".second, .outbox-elsewhere, .flash.todo").count()

    # Meanwhile something newer was saved at the office: that stays; the next page says so and leads to the choice.
    phone.context.set_offline(True)
    page.fill(DONE, "在山里又写的")
    leave(page)
    desk = office.go(address)
    desk.fill(DONE, "办公室写的")
    desk.wait_for_selector("[data-save-state].ok")
    browser_finds_the_network(phone)
    page.wait_for_timeout(500)
    phone.go("/notices")
    page.wait_for_selector("text=有内容没有送达")
    phone.check("phone-6-not-over-something-newer")
    assert typed_on_the_server(world, address) == "办公室写的"
    page.click(".outbox-elsewhere a")
    page.wait_for_selector(".second")
    assert "办公室写的" in page.inner_text(".second") and "在山里又写的" in page.inner_text(".second")
    page.click("button:has-text('用这里的')")
    page.wait_for_selector("[data-save-state].ok")
    assert typed_on_the_server(world, address) == "在山里又写的"
    phone.go("/notices")
    page.wait_for_timeout(300)
    assert not page.locator(".outbox-elsewhere").count()


def test_a_file_that_is_refused_holds_back_what_was_to_be_handed_in_with_it(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 422")
    page = clerk.go(address)
    page.fill(DONE, "检查 6 户")
    page.fill(CHECKS, "6")
    page.set_input_files("#attachments input[type=file]", PHOTO | {"name": "照片.png", "buffer": b"not a picture at all"})
    page.wait_for_selector("#attachments [data-file-error]:has-text('没有收下')")
    expect(page.locator("#attachments [data-file-error]")).to_be_in_viewport()
    assert page.input_value(DONE) == "检查 6 户"
    clerk.check("phone-3-file-refused")
    page.set_input_files("#attachments input[type=file]", PHOTO | {"name": "IMG_1.HEIC", "mimeType": "image/heic"})
    page.wait_for_selector("#attachments [data-file-error]:has-text('IMG_1.HEIC 不是这里能上传的文件')")
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.wait_for_selector(f"#attached >> text={PHOTO['name']}")
    assert page.locator("#attachments [data-file-error]").inner_text() == ""
    assert versions(world, address) == []


def test_a_second_device_is_told_and_neither_text_is_lost(world, sign_in):
    address = owes(world)
    phone, office = sign_in("vera", phone=True), sign_in("vera")
    phone.expected = office.expected = ("status of 412", "status of 409")
    here, there = phone.go(address), office.go(address)
    there.fill(DONE, "办公室写的")
    there.wait_for_selector("[data-save-state].ok")

    # The phone types on the older draft: it is refused to save over, and both are shown.
    here.fill(DONE, "手机写的")
    here.wait_for_selector(".second")
    said = here.inner_text(".second")
    assert "办公室写的" in said and "手机写的" in said and "魏文书" in said
    phone.check("phone-4-second-device")

    # Loading the page again is no choice: the question is asked again, and nothing is saved over before it is answered.
    here.reload()
    here.wait_for_selector(".second")
    assert "办公室写的" in here.inner_text(".second") and here.input_value(DONE) == "手机写的"
    with here.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/draft")) as refused:
        here.locator(DONE).press_sequentially("，又写了")
    assert refused.value.status == 412
    here.fill(DONE, "手机写的")
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, address.rpartition("/")[2]).typed["answer.done"] == "办公室写的"
    here.wait_for_timeout(300)
    here.click("button:has-text('用这里的')")
    here.wait_for_selector("[data-save-state].ok")
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, address.rpartition("/")[2]).typed["answer.done"] == "手机写的"

    # Coming back to the page at the office is enough to be told.
    there.evaluate("window.dispatchEvent(new Event('focus'))")
    there.wait_for_selector(".second")
    assert "手机写的" in there.inner_text(".second")
    there.click("text=用那台设备上的")
    assert there.input_value(DONE) == "手机写的"

    # What is handed in on one device is said on the other; what stands there can still be copied.
    there.fill(CHECKS, "6")
    there.wait_for_selector("[data-save-state].ok")
    there.set_input_files("#attachments input[type=file]", PHOTO)
    there.wait_for_selector("#attached li")
    there.click("#duty-form .btn-primary")
    there.wait_for_selector("text=待审核")
    here.evaluate("window.dispatchEvent(new Event('focus'))")
    here.wait_for_selector("text=已经在别处提交")
    assert here.input_value(DONE) == "手机写的"


def test_without_scripts_a_draft_of_another_device_is_not_written_over_unseen(world):
    """The plain form says which draft it had seen; a newer one is shown beside what was typed, and pressed again it goes."""
    address = owes(world)
    vera = world.client("vera")
    page = vera.get(address).get_data(as_text=True)
    seen = re.search(r'name="version" value="(\d+)"', page)[1]
    with world.as_("vera") as scope:
        duty_id = address.rpartition("/")[2]
        operations.save_draft(
            scope, duty_id=duty_id, typed={"answer.done": "办公室写的"}, device="Mozilla/5.0 (Windows NT 10.0) Chrome/130"
        )
    answer = vera.post(f"{address}/submit", data={"answer.done": "手机写的", "answer.checks": "6", "version": seen})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 412
    assert "办公室写的" in page and "手机写的" in page and "Windows · Chrome" in page
    with world.as_("vera") as scope:
        assert queries.draft_of(scope, duty_id).typed["answer.done"] == "办公室写的"
    newest = re.search(r'name="version" value="(\d+)"', page)[1]
    answer = vera.post(f"{address}/draft", data={"answer.done": "手机写的", "version": newest})
    assert answer.status_code == 303


TURNED = (
    b"\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
)
"""What a phone held upright writes into its picture: to be turned by a quarter."""
SNAP = """async () => {
  const canvas = new OffscreenCanvas(4000, 3000), pen = canvas.getContext('2d');
  for (let x = 0; x < 4000; x += 10) for (let y = 0; y < 3000; y += 10) {
    const dim = Math.floor(Math.random() * 90);
    pen.fillStyle = x < 2000 ? `rgb(${255 - dim}, ${dim}, 0)` : `rgb(0, ${dim}, ${255 - dim})`;
    pen.fillRect(x, y, 10, 10);
  }
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
  return await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1]);
    reader.readAsDataURL(blob);
  });
}"""
SEEN = """async (address) => {
  const blob = await (await fetch(address)).blob(), picture = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
  pen.drawImage(picture, 0, 0);
  const at = (y) => [...pen.getImageData(picture.width / 2, y, 1, 1).data];
  return { size: blob.size, width: picture.width, height: picture.height, top: at(100), bottom: at(picture.height - 100) };
}"""


def photographed(page):
    """A photograph of 4000 × 3000 taken upright: left half red, right half blue, to be turned by a quarter."""
    plain = base64.b64decode(page.evaluate(SNAP))
    assert len(plain) > 2_000_000
    return {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": plain[:2] + TURNED + plain[2:]}


def test_a_large_photograph_is_made_smaller_the_right_way_up_and_two_tabs_send_once(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = clerk.go(address)
    photo = photographed(page)
    beside = clerk.context.new_page()
    beside.goto(clerk.base + "/notices")
    beside.wait_for_selector("html[data-awake]", state="attached")
    page.fill(DONE, "检查 6 户")
    page.fill(CHECKS, "6")
    page.wait_for_selector("[data-save-state].ok")
    clerk.context.set_offline(True)
    page.set_input_files("#attachments input[type=file]", photo)
    page.wait_for_selector("text=还没有上传")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=还没有送达")
    beside.wait_for_selector(".outbox-elsewhere >> text=消防安全检查情况")  # said in every tab

    clerk.context.set_offline(False)  # both tabs hear it
    page.wait_for_selector("text=待审核")
    beside.wait_for_selector(".outbox-elsewhere", state="detached")
    page.wait_for_timeout(500)
    assert len(versions(world, address)) == 1
    link = page.locator("a:has-text('现场.jpg')").first.get_attribute("href")
    seen = page.evaluate(SEEN, link)
    assert (seen["width"], seen["height"]) == (1920, 2560)
    assert seen["size"] < len(photo["buffer"])
    assert seen["top"][0] > 120 > seen["top"][2], "red is up: the picture stands as it was taken"
    assert seen["bottom"][2] > 120 > seen["bottom"][0]


@pytest.mark.nightly
def test_a_form_kept_for_eight_days_says_so_and_loses_nothing(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = NO_NETWORK
    page = clerk.go(address)
    kept_without_network(page)
    clerk.context.set_offline(True)
    page.fill(DONE, "八天前写的")
    page.wait_for_timeout(300)
    page.evaluate(
        """async (path) => {
          const forms = await caches.open('duban-forms'), kept = await forms.match(path), headers = new Headers(kept.headers);
          headers.set('X-Kept-At', String(Date.now() - 8 * 24 * 3600 * 1000));
          await forms.put(path, new Response(await kept.text(), { headers }));
        }""",
        address,
    )
    page.reload()
    page.wait_for_selector("html[data-awake]", state="attached")
    page.wait_for_selector("text=8 天前存在本机")
    assert page.input_value(DONE) == "八天前写的"
    page.fill(CHECKS, "6")
    clerk.context.set_offline(False)
    page.reload()
    page.wait_for_selector("html[data-awake]", state="attached")
    assert page.input_value(DONE) == "八天前写的"


@pytest.mark.nightly
def test_without_tls_the_draft_survives_a_reload_and_the_page_says_what_cannot_be_done(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "ERR_FAILED")  # as browsers are without TLS; on a real address looked at by hand
    clerk.context.add_init_script(
        "Object.defineProperty(window, 'isSecureContext', { value: false });"
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });"
        "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });"
        "Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined });"
    )
    page = clerk.go(address)
    assert "不是 https" in page.inner_text("#duty-form")
    page.route("**/draft", lambda route: route.abort())  # nothing reaches the server
    page.fill(DONE, "在山里写的")
    page.wait_for_timeout(300)
    page.reload()
    page.wait_for_selector("html[data-awake]", state="attached")
    page.wait_for_selector("text=已恢复")
    assert page.input_value(DONE) == "在山里写的"
    clerk.check("phone-5-without-tls")
