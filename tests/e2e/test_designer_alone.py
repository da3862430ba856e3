"""A designer alone at a form: what a button saved is not given back as unsaved or said to be somebody else's; no press is lost."""

from tests.integration.forms import given as forms


def test_saving_at_a_humans_pace_is_refused_to_nobody(world, sign_in):
    rows = forms.design(
        fields=[{"key": "f1", "label": "户数", "kind": "integer"}, {"key": "f2", "label": "餐饮", "kind": "integer"}], checks=[]
    )
    form_id = forms.published(world, rows=rows)
    designer = sign_in("tom")
    page = designer.go(f"/forms/{form_id}/design")
    for number in range(2):
        page.click("#fields > .add-bar button[value='add:integer']")
        place = f"fields.{2 + number}"
        page.wait_for_selector(f"[id='{place}.label']")
        page.fill(f"[id='{place}.label']", f"其中：第{number}类")
        page.wait_for_selector("[data-save-state].ok")
        page.fill(f"[id='{place}.label']", f"其中：第{number}种")
        with page.expect_navigation():
            page.click(".form-acts button[value='save']")
        page.wait_for_selector("html[data-awake]", state="attached")
        page.wait_for_timeout(300)
        shown = page.inner_text("main")
        assert "已恢复上次未能保存的内容" not in shown
        assert "已在别处修改" not in shown
        assert "刚刚被别人修改过" not in shown
    with page.expect_navigation():
        page.click(".form-acts button[value='publish']")
    assert "/publish" in page.url


def test_quick_presses_wait_their_turn(world, sign_in):
    rows = forms.design(fields=[{"key": "f1", "label": "户数", "kind": "integer"}], checks=[])
    form_id = forms.published(world, rows=rows)
    designer = sign_in("tom")
    page = designer.go(f"/forms/{form_id}/design")
    # three presses before the first is answered
    page.evaluate("""() => {
      for (let number = 0; number < 3; number += 1) document.querySelector("#fields > .add-bar button[value='add:integer']").click();
    }""")
    page.wait_for_selector("[id='fields.3.label']")
    # the second press finds the card it meant gone: its neighbour stays
    page.evaluate("""() => {
      for (let number = 0; number < 2; number += 1) document.querySelector("button[value='remove:fields.1']").click();
      document.querySelector("#fields > .add-bar button[value='add:text']").click();
    }""")
    page.wait_for_selector("[id='fields.3'] [name='fields.3.kind'] option[value='text']:checked", state="attached")
    assert page.locator("#fields > .design-card").count() == 4
    assert designer.complaints == []


def test_typing_goes_on_while_an_answer_is_under_way(world, sign_in):
    fields = [{"key": f"f{number}", "label": f"第{number}项", "kind": "integer"} for number in (1, 2, 3)]
    form_id = forms.published(world, rows=forms.design(fields=fields, checks=[]))
    designer = sign_in("tom")
    page = designer.go(f"/forms/{form_id}/design")
    for number in range(3):
        page.eval_on_selector(f"[id='fields.{number}'] > details", "one => (one.open = true)")

    def late(route):
        if route.request.headers.get("hx-target") == "design":
            page.wait_for_timeout(600)
        route.continue_()

    page.route("**/design", late)
    page.select_option("[id='fields.0.kind']", "decimal")
    label = page.locator("[id='fields.1.label']")
    label.fill("")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "design"):
        label.press_sequentially("餐饮 abcdefgh", delay=60)
    page.wait_for_selector("[id='fields.0.kind'] option[value='decimal'][selected]", state="attached")
    page.wait_for_selector("html[data-awake]", state="attached")
    page.keyboard.type("XYZ", delay=30)
    assert page.evaluate("document.activeElement.id") == "fields.1.label"
    assert label.input_value() == "餐饮 abcdefghXYZ"
    assert [page.eval_on_selector(f"[id='fields.{number}'] > details", "one => one.open") for number in range(3)] == [True] * 3
    page.wait_for_selector("[data-save-state].ok")
    shown = page.inner_text("main")
    assert not [words for words in ("已恢复上次未能保存的内容", "已在别处修改", "刚刚被别人修改过") if words in shown]
    page.unroute("**/design")
    designer.go(f"/forms/{form_id}/design")
    assert page.input_value("[id='fields.1.label']") == "餐饮 abcdefghXYZ"
    assert page.input_value("[id='fields.0.kind']") == "decimal"
    assert designer.complaints == []


def test_a_press_that_waited_means_the_column_and_not_a_field_of_the_same_key(world, sign_in):
    column = [{"key": key, "label": f"列{key}", "kind": "integer"} for key in ("f1", "f2")]
    fields = [
        {"key": "f1", "label": "户数", "kind": "integer"},
        {"key": "f3", "label": "清单", "kind": "table", "columns": column},
    ]
    form_id = forms.published(world, rows=forms.design(fields=fields, checks=[]))
    designer = sign_in("tom")
    page = designer.go(f"/forms/{form_id}/design")
    page.evaluate("""() => {
      document.querySelector("#fields > .add-bar button[value='add:integer']").click();
      document.querySelector("button[value='remove:fields.1.columns.0']").click();
    }""")
    page.wait_for_selector("[id='fields.2.label']", state="attached")
    page.wait_for_selector("[id='fields.1.columns.1']", state="detached")
    page.wait_for_selector("html[data-awake]", state="attached")
    assert page.input_value("[id='fields.0.label']") == "户数"
    assert page.input_value("[id='fields.1.columns.0.label']") == "列f2"
    assert page.locator("#fields > .design-card").count() == 3
    assert designer.complaints == []
