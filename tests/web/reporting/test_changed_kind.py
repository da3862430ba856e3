"""A key that asked one thing and now asks another: what was typed for the old question is told and kept, never taken as an answer."""

from datetime import date
from uuid import UUID

from duban.forms.apart import saved_over, set_apart
from duban.forms.reading import read_design
from duban.reporting import operations, queries
from tests.cast import World
from tests.integration.forms import given as forms
from tests.web.reporting.test_filling import march, monthly

BEFORE = [
    {"key": "f1", "label": "户数", "kind": "integer"},
    {"key": "f6", "label": "备注", "kind": "text"},
    {"key": "f7", "label": "明细", "kind": "table", "columns": [{"key": "f1", "label": "地点", "kind": "text"}]},
]
AFTER = [
    {"key": "f1", "label": "户数", "kind": "decimal"},
    {"key": "f6", "label": "其中：学校", "kind": "integer"},
    {"key": "f7", "label": "明细", "kind": "table", "columns": [{"key": "f1", "label": "处数", "kind": "integer"}]},
]
TYPED = {"answer.f1": "3", "answer.f6": "备注写了", "answer.f7.0.f1": "码头"}


def changed(world: World) -> tuple[UUID, UUID]:
    form_id = forms.published(world, rows=forms.design(fields=BEFORE, checks=[]))
    duty_id = march(world, monthly(world, form_id))
    world.client("vera").post(f"/duties/{duty_id}/draft", data=TYPED)
    forms.next_version(world, form_id, forms.design(fields=AFTER, checks=[]), date(2026, 3, 1))
    return form_id, duty_id


def test_a_remark_does_not_stand_in_the_box_of_a_number(world: World) -> None:
    _form, duty_id = changed(world)
    browser = world.client("vera")
    page = browser.get(f"/duties/{duty_id}").text
    assert 'value="3"' in page
    assert 'value="备注写了"' not in page
    assert 'value="码头"' not in page
    for label, text in (("备注", "备注写了"), ("明细 1 · 地点", "码头")):
        assert f">{label}</label>" in page
        assert f">{text}</textarea>" in page
    typed = TYPED | {
        "answer.f6": "7",
        "answer.f7.0.f1": "",
        "answer.f6.~": "备注写了",
        "answer.f7.~.0.f1": "码头",
        "version": "1",
    }
    browser.post(f"/duties/{duty_id}/draft", data=typed)
    page = browser.get(f"/duties/{duty_id}").text
    assert 'value="7"' in page
    assert ">备注写了</textarea>" in page
    assert browser.post(f"/duties/{duty_id}/submit", data=typed | {"version": "2"}).status_code == 303
    with world.as_("vera") as scope:
        assert queries.versions_of(scope, duty_id)[-1].content["f6"] == 7


def test_a_program_that_saves_over_it_loses_nothing_and_hands_in_no_old_answer(world: World) -> None:
    _form, duty_id = changed(world)
    with world.as_("vera") as scope:
        assert queries.draft_seen(scope, queries.get_duty(scope, duty_id))["typed"]["answer.f6.~"] == "备注写了"
        operations.save_draft(scope, duty_id=duty_id, typed={"answer.f1": "4", "answer.f6": "8"})
        operations.save_draft(scope, duty_id=duty_id, typed={"answer.f1": "4", "answer.f6": "9"})
    page = world.client("vera").get(f"/duties/{duty_id}").text
    assert 'value="9"' in page
    assert ">备注写了</textarea>" in page
    with world.as_("vera") as scope:
        assert operations.submit(scope, duty_id=duty_id).content["f6"] == 9


def test_a_blank_box_typed_in_after_the_change_is_an_answer() -> None:
    before, after = (read_design(forms.design(fields=rows, checks=[])).form for rows in (BEFORE, AFTER))
    kept = saved_over(before, after, kept={"answer.f6": ""}, typed={"answer.f6": "5"})
    assert set_apart(before, after, kept)["answer.f6"] == "5"
    assert set_apart(before, after, {"answer.f6": "五家"}) == {"answer.f6.~": "五家"}


def test_a_designer_who_deletes_a_field_and_adds_one_gets_two_changes(world: World) -> None:
    form_id = forms.published(world, rows=forms.design(fields=[BEFORE[0], BEFORE[1]], checks=[]))
    browser = world.client("tom")
    rows = {"title": "月报", "version": "2", "fields.0.key": "f1", "fields.0.label": "户数", "fields.0.kind": "integer"}
    gone = rows | {"fields.1.key": "f6", "fields.1.label": "备注", "fields.1.kind": "text", "act": "remove:fields.1"}
    assert browser.post(f"/forms/{form_id}/design", data=gone).status_code == 303
    assert browser.post(f"/forms/{form_id}/design", data=rows | {"version": "3", "act": "add:integer"}).status_code == 303
    page = browser.get(f"/forms/{form_id}/design").text
    assert 'name="fields.1.key" value="f7"' in page
    named = rows | {
        "version": "4",
        "fields.1.key": "f7",
        "fields.1.label": "其中：学校",
        "fields.1.kind": "integer",
        "act": "publish",
    }
    page = browser.post(f"/forms/{form_id}/design", data=named, follow_redirects=True).text
    assert "备注 → " not in page
    assert "新增" in page
    assert "不再要求" in page
    assert "有改动" not in page
