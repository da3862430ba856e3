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
