"""A report that waits on a phone while the task it is for closes: it is not handed in, nothing of it is lost, and it goes once it may."""

from datetime import date

import pytest

from duban.reporting import operations
from tests.e2e.test_loop_duty import PHOTO
from tests.e2e.test_phone import CHECKS, DONE, NO_NETWORK, versions
from tests.e2e.test_phone_left import WAITS
from tests.e2e.test_phone_line import ASKED, SAVED, first_visit, line, owes


@pytest.fixture
def later(world, server_clock):
    """Move the server's clock; it is set back at the end."""
    before = server_clock.at

    def move(**by):
        server_clock.at = world.later(**by)

    yield move
    server_clock.at = before


def waits(world, sign_in, later):
    """Ten minutes before midnight of the last day."""
    later(hours=13, minutes=50)
    address = owes(world, "2026-03-10", late_until_days="0")
    clerk = sign_in("vera", phone=True)
    clerk.expected = (*NO_NETWORK, "status of 4")
    clerk.context.add_init_script("Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined })")
    page = first_visit(clerk, address)
    page.fill(CHECKS, "6")
    page.wait_for_selector(SAVED)
    line(clerk, there=False)
    page.fill(DONE, "山里写的")
    page.set_input_files("#attachments input[type=file]", PHOTO)
    page.wait_for_selector("text=还没有上传")
    page.click("#duty-form .btn-primary")
    page.wait_for_selector(WAITS)
    return clerk, address


def shows_what_was_typed(clerk, name):
    page = clerk.page
    page.wait_for_selector("#kept")
    shown = [box.input_value() for box in page.locator("#kept textarea").all()]
    assert "山里写的" in shown
    assert "6" in shown
    assert page.locator(f"#kept .name a:has-text('{PHOTO['name']}')").count() == 1
    assert "不再接收" in page.inner_text("main")
    clerk.check(name)


@pytest.mark.parametrize("stays", [True, False])
def test_what_waits_when_the_task_closes_is_kept_and_goes_when_it_is_opened_again(world, sign_in, later, stays):
    clerk, address = waits(world, sign_in, later)
    page = clerk.page
    if not stays:
        page.goto(clerk.base + "/")
        page.wait_for_selector("text=现在没有网络")
    later(hours=14, minutes=5)
    line(clerk, there=True)
    if stays:
        shows_what_was_typed(clerk, "phone-closed-1-here")
    else:
        page.wait_for_selector("body[data-person]")
        page.wait_for_selector(".outbox-elsewhere:has-text('请打开处理')")
        assert page.locator(".duty:has-text('已关闭') >> text=查看").count() == 1
        clerk.check("phone-closed-2-elsewhere")
    clerk.go(address)
    page.reload()
    shows_what_was_typed(clerk, f"phone-closed-3-again-{stays}")
    assert versions(world, address) == []
    with world.as_("tom", at=world.later(hours=14, minutes=5)) as scope:
        operations.reopen_duty(scope, duty_id=address.rpartition("/")[2], until=date(2026, 3, 20), reason="停电")
    clerk.go(address)
    if stays:
        assert page.input_value(DONE) == "山里写的"
        assert page.locator(f"#attached:has-text('{PHOTO['name']}')").count() == 1
        page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=待审核")
    (version,) = versions(world, address)
    assert version.content["done"] == "山里写的"
    assert page.locator(f"text={PHOTO['name']}").count() == 1
    for path in ("/", address):
        clerk.go(path)
        page.wait_for_timeout(500)
        assert not page.locator(ASKED).count()
