"""A village's report on its way through the township to the county: returned with reasons at its fields, compared, accepted many at once."""

from duban.reporting import operations
from tests.integration.reporting.requirements import ANSWERS, duty_id, issued
from tests.integration.reporting.requirements import duty as read


def test_through_the_township_to_the_county(world, sign_in):
    requirement_id = issued(
        world, "cora", "C", title="消防安全检查情况", targets={"scope": "subtree", "levels": ["village"]}, review_mode="by_level"
    )
    mine, other = (duty_id(world, requirement_id, unit) for unit in ("V11", "V12"))
    for one, who in ((mine, "vera"), (other, "vic")):
        with world.as_(who) as scope:
            operations.submit(scope, duty_id=one, typed=ANSWERS)
    with world.as_("tom") as scope:
        operations.accept(scope, duty_id=other)
    clerk, township, county = sign_in("vera", phone=True), sign_in("tom"), sign_in("cora")

    # The township remarks on two fields and returns it.
    desk = township.go(f"/duties/{mine}/review")
    assert "审核中（唐安）" in desk.inner_text(".track")
    for place, words in (("checks", "与台账不符，应为 5 次"), ("money", "请写万元")):
        desk.click(f"details:has([id='remark.{place}']) summary")
        desk.fill(f"[id='remark.{place}']", words)
    township.check("review-1-remarks-desk")
    desk.click("#return-form button:has-text('退回')")
    desk.wait_for_load_state("networkidle")
    assert read(world, mine).state == "returned"

    # The clerk sees each remark at its field, on a phone, and corrects.
    page = clerk.go(f"/duties/{mine}")
    assert "填报中" in page.inner_text(".track")
    assert "与台账不符" in page.inner_text(".field:has([id='answer.checks'])")
    assert "请写万元" in page.inner_text(".field:has([id='answer.money'])")
    clerk.check("review-2-remarks-phone")
    page.fill("[id='answer.checks']", "5")
    clerk.expected = ("status of 422",)
    page.click("#duty-form .btn-primary")
    page.wait_for_selector("text=1 条退回意见还没有改（投入资金），仍要提交吗？")
    clerk.check("review-2b-asked-phone")
    page.click("button:has-text('仍要提交')")
    page.wait_for_selector("text=待审核")
    clerk.check("review-3-track-phone")

    # The reviewer sees old → new and passes it up.
    desk = township.go(f"/duties/{mine}/review")
    assert "2 次 → 5 次" in desk.inner_text(".compared")
    township.check("review-4-compared-desk")
    desk.click("button:has-text('通过，报上一级')")
    desk.wait_for_load_state("networkidle")

    # The county walks its queue by keyboard and accepts all of it at once.
    desk = county.go(f"/duties/{other}/review")
    desk.keyboard.press("j")
    desk.wait_for_url(f"**/duties/{mine}/review")
    desk.wait_for_load_state("networkidle")
    desk = county.go("/reviews")
    desk.check("[data-tick-all]")
    county.check("review-5-queue-desk")
    desk.click("button:has-text('通过所选')")
    desk.wait_for_selector("text=已通过 2 份")
    assert [read(world, one).accepted_version for one in (mine, other)] == [2, 1]
    page = clerk.go(f"/duties/{mine}")
    assert "审核中" not in page.inner_text(".track")
    clerk.check("review-6-accepted-phone")
