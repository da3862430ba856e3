"""A form from the designer's desk to the clerk's phone: table, breakdown, computed value, refusal, mended, handed in."""

FILLED_AGAIN = """() => {
  const form = document.querySelector('#duty-form'), hint = document.createElement('p');
  hint.dataset.change = 'f1';
  hint.textContent = '与上期（2）相同';
  form.querySelector('.questions').append(hint);
  form.autosave.fill([...form.autosave.values()]);
  hint.remove();
  return hint.textContent;
}"""
"""Other answers are put into the form, as a restored copy is; a hint about the old ones stands beside them."""


def add(page, word: str, label: str) -> None:
    """Press the button that adds a kind of question, and name the new one."""
    before = page.locator("#fields > .design-card").count()
    page.click(f"#fields > .add-bar button:has-text('{word}')")
    page.wait_for_selector(f"[id='fields.{before}.label']:focus")
    page.keyboard.type(label)


def test_a_form_is_designed_and_filled_in(world, sign_in):
    officer, clerk = sign_in("tom"), sign_in("vera", phone=True)

    # The officer designs it: three numbers, a table with a computed column, the sum of the table.
    page = officer.go("/forms/new")
    page.fill("#title", "隐患排查月报")
    page.click("form .btn-primary")
    page.wait_for_selector("#design-form")
    for label in ("发现隐患", "消防", "交通"):
        add(page, "整数", label)
    add(page, "表格", "重点隐患")
    page.fill("[id='fields.3.columns.0.label']", "地点")
    page.click("[id='fields.3.columns'] .add-bar button:has-text('金额')")
    page.wait_for_selector("[id='fields.3.columns.1.label']")
    page.fill("[id='fields.3.columns.1.label']", "整改资金")
    add(page, "自动计算", "资金合计")
    page.click("[data-insert='sum(【重点隐患.整改资金】)']")
    assert page.input_value("[id='fields.4.formula']") == "sum(【重点隐患.整改资金】)"
    page.click("#checks .add-bar button:has-text('分项合计等于总数')")
    page.wait_for_selector("[id='checks.0.total']")
    page.select_option("[id='checks.0.total']", label="发现隐患")
    for part in ("消防", "交通"):
        page.check(f"[id='checks.0.parts'] label:has-text('{part}') input")
    # What the filler will see follows the typing.
    page.wait_for_selector("#preview >> text=重点隐患")
    page.wait_for_selector("#preview >> text=整改资金")
    officer.check("forms-1-design-desk")
    page.click(".form-acts button:has-text('去发布')")
    page.wait_for_selector("#effective_from")
    page.fill("#effective_from", "2026-01-01")
    officer.check("forms-2-publish-desk")
    page.click("form .btn-primary")
    page.wait_for_selector("text=第 1 版已发布")
    officer.check("forms-3-published-desk")

    # He asks it of the villages.
    page = officer.go("/requirements/new")
    page.fill("#title", "三月隐患排查")
    page.select_option("#form_id", label="隐患排查月报")
    page.select_option("[id='due.kind']", "fixed")
    page.wait_for_selector("[id='due.on']")
    page.fill("[id='due.on']", "2026-03-20")
    page.fill("#active_until", "2026-12-31")
    page.click("button:has-text('保存并预览')")
    page.wait_for_selector("text=重点隐患")
    page.click("button:has-text('下达')")
    page.wait_for_selector("text=已下达")

    # The clerk fills it in on a phone; the table has a row more, the sum is worked out while she types.
    phone = clerk.go("/duties")
    phone.click(".duty .btn-primary")
    phone.wait_for_selector("[id='answer.f1']")
    for name, text in {"f1": "9", "f2": "4", "f3": "4", "f4.0.f1": "加油站", "f4.0.f2": "1,200.50"}.items():
        phone.fill(f"[id='answer.{name}']", text)
    phone.click("[data-add-row]")
    phone.fill("[id='answer.f4.1.f1']", "市场")
    phone.fill("[id='answer.f4.1.f2']", "99.50")
    phone.wait_for_selector("[data-computed='f5']:has-text('1,300.00')")
    clerk.check("forms-4-filled-phone")

    # The parts do not add up: said at the total, nothing is lost.
    clerk.expected = ("status of 422", "Failed to load resource")
    phone.click("#duty-form .btn-primary")
    phone.wait_for_selector(".errors")
    assert "相差 1" in phone.inner_text(".errors")
    assert phone.input_value("[id='answer.f4.1.f1']") == "市场"
    phone.click(".errors a")
    assert phone.evaluate("document.activeElement.id") == "answer.f1"
    clerk.check("forms-5-refused-phone")
    phone.fill("[id='answer.f4.1.f2']", "九十九")
    phone.click("#duty-form .btn-primary")
    phone.wait_for_selector(".errors >> text=重点隐患 · 第 2 行：整改资金：")  # the summary names the table of the cell
    phone.fill("[id='answer.f4.1.f2']", "99.50")
    phone.wait_for_selector("[data-save-state].ok")
    phone.wait_for_selector("[data-computed='f5']:has-text('1,300.00')")

    # Kept by the browser alone and put back: what was worked out from other answers is not shown beside them.
    phone.route("**/draft", lambda route: route.abort())
    phone.fill("[id='answer.f4.0.f2']", "5")
    phone.wait_for_timeout(300)
    phone.reload()
    phone.wait_for_selector("text=已恢复")
    assert phone.input_value("[id='answer.f4.0.f2']") == "5"
    assert phone.inner_text("[data-computed='f5']") == "—"
    assert phone.evaluate(FILLED_AGAIN) == ""
    phone.unroute("**/draft")
    phone.fill("[id='answer.f4.0.f2']", "1,200.50")
    phone.wait_for_selector("[data-computed='f5']:has-text('1,300.00')")

    # Nor while nothing arrives: the sum of what stood there before is no sum of what stands there now.
    clerk.expected = (*clerk.expected, "net::ERR_INTERNET_DISCONNECTED")
    phone.wait_for_selector("[data-save-state].ok")
    clerk.context.set_offline(True)
    phone.fill("[id='answer.f4.0.f2']", "7")
    assert phone.inner_text("[data-computed='f5']") == "—"
    clerk.context.set_offline(False)
    phone.wait_for_selector("[data-computed='f5']:has-text('106.50')")
    phone.fill("[id='answer.f4.0.f2']", "1,200.50")
    phone.wait_for_selector("[data-computed='f5']:has-text('1,300.00')")

    phone.fill("[id='answer.f1']", "8")
    phone.click("#duty-form .btn-primary")
    phone.wait_for_selector("text=待审核")
    assert "1,300.00" in phone.content()
    clerk.check("forms-6-handed-in-phone")
