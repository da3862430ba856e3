"""A task withdrawn while it is being filled in: the open page says so, and the last figure typed is still there to be copied."""

from duban.reporting import operations, queries
from tests.e2e.test_phone import CHECKS, DONE, owes


def test_the_open_page_says_who_withdrew_it_and_keeps_the_last_figure(world, sign_in):
    address = owes(world)
    clerk = sign_in("vera", phone=True)
    clerk.expected = ("status of 409",)
    page = clerk.go(address)
    page.fill(DONE, "查了三户")
    page.wait_for_selector("[data-save-state].ok")
    with world.as_("tom") as scope:
        duty = queries.get_duty(scope, address.rpartition("/")[2])
        operations.withdraw_requirement(scope, requirement_id=duty.requirement_id, reason="并入季报")
    page.fill(CHECKS, "600")
    page.wait_for_selector(".second")
    said = page.inner_text(".second")
    assert "撤销了这项任务" in said and "并入季报" in said and "唐安" in said
    assert "已经在别处提交" not in said
    assert page.input_value(CHECKS) == "600"
    clerk.check("withdrawn-meanwhile")
    page.click(".second button")
    page.wait_for_selector("#kept")
    assert page.input_value("#kept-2") == "600"
