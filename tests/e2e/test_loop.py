"""Targets, letters and the assessment as people walk them, each before their own screen."""

from playwright.sync_api import expect

from tests.cast import PASSWORD


def test_targets_split_in_the_grid_accepted_and_signed_for(world, sign_in):
    county = sign_in("cora")

    # The county takes a limit from the catalogue and splits it; too much is said while typing and refused.
    page = county.go("/targets/new")
    names = page.locator("#catalogue tbody tr")
    for index in range(names.count()):
        names.nth(index).locator("input[type=checkbox]").set_checked(index == 0)
    names.nth(0).locator("input.form-control").fill("5")
    county.check("loop-t1-catalogue-desk")
    page.click("#catalogue .btn-primary")
    page.wait_for_load_state("networkidle")
    page = county.go("/targets/grid")
    inputs = page.locator("table[data-grid] tbody input")
    inputs.nth(0).fill("4")
    inputs.nth(1).fill("3")
    assert "超出 2" in page.inner_text("tfoot")
    county.check("loop-t2-grid-over-desk")
    county.expected = ("status of 422", "status of 409")
    page.click("button[value=issue]")
    page.wait_for_selector(".errors")
    page.wait_for_load_state("networkidle")  # the sums below are counted by a script
    page.locator("table[data-grid] tbody input").nth(0).fill("2")
    assert "已分完" in page.inner_text("tfoot")
    page.click("button[value=issue]")
    page.wait_for_selector(".flash.done")
    county.check("loop-t3-grid-issued-desk")

    # The township accepts.
    town = sign_in("tom")
    page = town.go("/targets/accept")
    page.click("main form .btn-primary")
    page.wait_for_load_state("networkidle")
    town.check("loop-t4-accepted-desk")

    # Letters are written from the targets and put before both leaders.
    page = county.go("/letters/")
    page.click("summary:has-text('生成责任书')")
    page.click("details[open] .btn-primary:not(summary)")
    page.wait_for_load_state("networkidle")
    page.click("button:has-text('下达所选草稿')")
    page.wait_for_selector(".flash.done")
    county.check("loop-l1-letters-desk")

    # The township's leader signs on the phone: a wrong password is refused, the right one signs.
    mayor = sign_in("tess", phone=True)
    assert "等我签字的责任书" in mayor.page.inner_text("main")
    mayor.page.click(".lines .what a")
    mayor.page.wait_for_load_state("networkidle")
    mayor.check("loop-l2-sign-phone")
    mayor.expected = ("status of 4",)
    mayor.page.check("#read")
    mayor.page.fill("#password", "not-my-password-1")
    mayor.page.click("#confirm .btn-primary")
    mayor.page.wait_for_selector(".errors")
    mayor.page.check("#read")
    mayor.page.fill("#password", PASSWORD)
    mayor.page.click("#confirm .btn-primary")
    mayor.page.wait_for_selector(".flash.done")
    mayor.check("loop-l3-signed-phone")

    leader = sign_in("lena")
    page = leader.go("/letters/to-sign")
    page.click(f"main a[href*='{mayor.page.url.rsplit('/', 1)[-1]}']")
    page.wait_for_load_state("networkidle")
    page.check("#read")
    page.fill("#password", PASSWORD)
    page.click("#confirm .btn-primary")
    page.wait_for_selector(".flash.done")
    assert "已生效" in page.inner_text("main")
    leader.check("loop-l4-in-force-desk")
    leader.go("/")
    assert "1 / 3" in leader.page.inner_text(".tiles")


def test_an_assessment_from_self_score_to_published_ranking(world, sign_in):
    county = sign_in("cora")

    # The county opens a round over its townships and asks them to score themselves.
    page = county.go("/assessments/new")
    page.check("input[name=levels][value=township]")
    page.uncheck("input[name=levels][value=department]")
    county.check("loop-a1-new-desk")
    page.click("main form .btn-primary")
    page.wait_for_load_state("networkidle")
    round_url = page.url.removeprefix(county.base)
    page.click("summary:has-text('开始自评')")
    page.fill("#due_on", "2026-03-20")
    page.click("details[open] .btn-primary:not(summary)")
    page.wait_for_load_state("networkidle")
    county.check("loop-a2-round-desk")

    # A township finds it on its workbench, writes, checks, hands in.
    town = sign_in("tom")
    assert "等本单位自评" in town.page.inner_text("main")
    town.page.click(f"text={page.inner_text('h1')}")
    town.page.wait_for_load_state("networkidle")
    town.page.fill("input[id$='quality-value'], input[name*='quality'][name$='value']", "56")
    town.page.fill("textarea[name*='quality'][name$='reason']", "两处隐患未按期整改")
    town.page.wait_for_selector("[data-save-state].ok")
    town.check("loop-a3-self-score-desk")
    town.page.click(".self-form .btn-primary")
    town.page.wait_for_load_state("networkidle")
    town.page.click("button:has-text('确认提交自评')")
    town.page.wait_for_load_state("networkidle")
    assert "96 分" in town.page.inner_text("main")

    # Scoring begins; the evaluator sees which units wait and marks them in the grid, saved as typed.
    page = county.go(round_url)
    page.click("summary:has-text('开始评分')")
    page.click("details[open] .btn-primary:not(summary)")
    page.wait_for_load_state("networkidle")
    evaluator = sign_in("eva")
    assert "城东镇" in evaluator.page.inner_text("main")
    evaluator.check("loop-a4-evaluator-desk")
    evaluator.page.click("text=打开评分表")
    evaluator.page.wait_for_load_state("networkidle")
    for unit, points, reason in (("城东镇", "54", "台账缺三次记录"), ("城西镇", "48", "两次检查未整改")):
        row = evaluator.page.locator("table.scoring tbody tr", has_text=unit)
        cell = row.locator("[data-mark]").first
        cell.locator(".mark-value").fill(points)
        cell.locator(".mark-reason").fill(reason)
        cell.locator(".mark-evidence").fill("检查台账第 3 页")
        cell.locator(".mark-evidence").press("Tab")
    expect(evaluator.page.locator("[data-scoring-left]")).to_contain_text("全部评完")
    evaluator.check("loop-a5-grid-desk")

    # The county's officer proposes to freeze and to publish, its leader confirms; only then do the townships see marks and places.
    town.expected = ("status of 4",)
    town.go(f"{round_url}/ranking")
    assert "城西镇" not in town.page.inner_text("main")
    leader = sign_in("lena", phone=True)
    for step in ("封存结果", "公布结果"):
        page = county.go(round_url)
        page.click(f"summary:has-text('{step}')")
        page.click("details[open] .btn-primary:not(summary)")
        page.wait_for_load_state("networkidle")
        assert "待另一人确认" in page.inner_text("main")
        county.check("loop-a6-proposed-desk")
        page = leader.go(round_url)
        leader.check("loop-a6-second-person-phone")
        page.click(f"button:has-text('确认：{step}')")
        page.wait_for_load_state("networkidle")
    leader.go(f"{round_url}/ranking")
    leader.page.wait_for_selector(".chart canvas")
    leader.check("loop-a6-ranking-phone")
    page = town.go(f"{round_url}/ranking")
    first = page.inner_text("table.ranking tbody tr:nth-child(1)")
    assert "城东镇" in first
    assert "94" in first
    town.check("loop-a7-published-desk")
    leader.go("/")
    assert "城东镇" in leader.page.inner_text("main")
    leader.check("loop-a8-leader-phone")
