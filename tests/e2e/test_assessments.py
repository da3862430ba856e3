"""Scoring in a real browser: the grid with the keyboard, two evaluators at one cell, a village's own score on a phone."""

import time
from datetime import date

import pytest
from playwright.sync_api import expect

from duban.assessments import queries
from duban.assessments.operations.opening import begin_self_scoring, open_assessment
from tests.cast import World
from tests.integration.assessments.stage import SCHEME, Round, counted, counting
from tests.integration.assessments.test_operations import propose


@pytest.fixture
def scoring(world: World) -> Round:
    return Round(world).scoring(T1=counted(world.units["T1"], late=2, missing=1), T2=counted(world.units["T2"], late=1))


def quality(page, what: str, row: int):
    return page.locator(f"[data-item=quality] {what}").nth(row)


def wait_for(page, row: int, words: str) -> None:
    expect(quality(page, ".mark-state", row)).to_contain_text(words)


def test_an_evaluator_scores_with_the_keyboard(sign_in, scoring):
    visitor = sign_in("eva")
    page = visitor.go(f"/assessments/{scoring.id}/grid")
    quality(page, ".mark-value", 0).focus()
    page.keyboard.type("55")
    wait_for(page, 0, "请写理由")
    page.keyboard.press("Tab")
    page.keyboard.type("台账缺两月")
    wait_for(page, 0, "已保存")
    assert page.locator("[data-total]").nth(0).inner_text() == "93"
    page.keyboard.press("Control+Enter")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    wait_for(page, 1, "已保存")
    assert page.locator("[data-scoring-left]").inner_text() == "全部评完"
    visitor.check("scoring-grid")


def test_two_evaluators_at_one_cell_lose_nothing(sign_in, scoring):
    eva, ed = sign_in("eva"), sign_in("ed")
    ed.expected = ("status of 412",)
    first, second = eva.go(f"/assessments/{scoring.id}/grid"), ed.go(f"/assessments/{scoring.id}/grid")
    for page, value in ((first, "55"), (second, "50")):
        quality(page, ".mark-value", 0).fill(value)
        quality(page, ".mark-reason", 0).fill("台账缺两月")
        wait_for(page, 0, "已保存" if page is first else "何评")
    assert quality(second, ".mark-value", 0).input_value() == "50"

    def slowly(route):
        time.sleep(0.4)
        route.continue_()

    # as on a real line and by a real hand: whoever presses the button leaves the field first, and an answer takes its time
    second.route("**/marks*", slowly)
    quality(second, ".mark-reason", 0).focus()
    second.get_by_role("button", name="用我的").click(delay=150)
    wait_for(second, 0, "已保存")
    with scoring.world.as_("eva") as scope:
        (mark,) = queries.standing(scope, queries.get_assessment(scope, scoring.id)).sheets[0].marks
    assert (mark.value, mark.version) == (50, 2)


def test_what_was_typed_without_network_is_kept(sign_in, scoring):
    visitor = sign_in("eva")
    visitor.expected = ("ERR_INTERNET_DISCONNECTED",)
    page = visitor.go(f"/assessments/{scoring.id}/grid")
    visitor.context.set_offline(True)
    quality(page, ".mark-value", 1).fill("60")
    wait_for(page, 1, "网络不通")
    visitor.context.set_offline(False)
    wait_for(page, 1, "已保存")


def test_a_clerk_scores_the_village_on_a_phone(world, sign_in):
    with world.as_("tom") as scope, counting(**{world.units["V11"].hex: counted(world.units["V11"], late=1)}):
        made = open_assessment(
            scope, unit_id=world.units["T1"], year=2026, levels=["village"], name="2026 年度村级考核", scheme_data=SCHEME
        )
        begin_self_scoring(scope, assessment_id=made.id, due_on=date(2026, 3, 20))
        card = next(each.id for each in queries.cards_of(scope, [made.id]) if each.unit_id == world.units["V11"])
    visitor = sign_in("vera", phone=True)
    page = visitor.go(f"/scorecards/{card}/self")
    visitor.check("self-score-phone")
    page.fill("#quality-value", "57")
    page.fill("#quality-reason", "一处隐患未按期整改")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存")
    page.get_by_role("button", name="核对并提交").click()
    page.get_by_role("button", name="确认提交自评").click()
    page.wait_for_load_state("networkidle")
    assert "已提交，96.5 分" in page.inner_text("main")
    visitor.check("self-score-done-phone")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_every_page_of_a_finished_round(world, sign_in, phone):
    done = Round(world).scoring(T1=counted(world.units["T1"], late=2, missing=1), T2=counted(world.units["T2"], deaths=2))
    done.closed().published()
    propose(done)
    visitor = sign_in("lena", phone=phone)
    size = "phone" if phone else "desk"
    for name, address in {
        "overview": f"/assessments/{done.id}",
        "grid": f"/assessments/{done.id}/grid",
        "ranking": f"/assessments/{done.id}/ranking",
        "card": f"/scorecards/{done.cards['T1']}",
        "veto": f"/scorecards/{done.cards['T1']}/veto",
        "vetoed": f"/scorecards/{done.cards['T2']}",
    }.items():
        visitor.go(address)
        visitor.check(f"assessment-{name}-{size}")
    assert visitor.go(f"/assessments/{done.id}/ranking").locator(".chart-box canvas").count() == 1
