"""All units of a requirement in one workbook, for those above them."""

import io
from datetime import datetime
from uuid import UUID

import pytest
from openpyxl import load_workbook

from duban.reporting import operations
from tests.cast import World
from tests.integration.reporting import requirements as given

CASES = {
    "key": "cases",
    "label": "案例",
    "kind": "table",
    "columns": [{"key": "place", "label": "地点", "kind": "text"}, {"key": "n", "label": "数量", "kind": "integer"}],
}
TWICE = {"key": "twice", "label": "两倍", "kind": "computed", "formula": "checks * 2"}


def opened(world: World, requirement_id: UUID, who: str) -> dict[str, list[tuple[object, ...]]]:
    answer = world.client(who).get(f"/requirements/{requirement_id}/answers?period=once")
    assert answer.status_code == 200, answer.status_code
    book = load_workbook(io.BytesIO(answer.get_data()))
    return {page.title: list(page.iter_rows(min_row=3, values_only=True)) for page in book}


def test_one_row_for_each_unit_with_what_it_handed_in_last_and_no_drafts(world: World) -> None:
    requirement_id = given.issued(world, fields=[*given.FIELDS, CASES, TWICE])
    typed = {**given.ANSWERS, "cases.0.place": "=1+1", "cases.0.n": "3", "cases.1.place": "东头", "cases.1.n": "0"}
    with world.as_("vera") as scope:
        operations.submit(scope, duty_id=given.duty_id(world, requirement_id), typed=typed)
    with world.as_("vic") as scope:
        half = {"answer.done": "写了一半"}
        operations.save_draft(scope, duty_id=given.duty_id(world, requirement_id, "V12"), typed=half, version=0)

    book = opened(world, requirement_id, "tom")
    heads, east, other = book["各单位报送内容"]
    one, two = dict(zip(heads, east, strict=True)), dict(zip(heads, other, strict=True))
    assert (one["单位"], one["状态"], one["检查次数（次）"], one["两倍"]) == ("东一村", "待审核", 2, 4)
    datetime.fromisoformat(str(one["提交时间"]))
    assert (two["单位"], two["次数"]) == ("东二村", None)
    assert "写了一半" not in str(book)
    assert [row[2:] for row in book["案例"][1:]] == [("'=1+1", 3), ("东头", 0)]

    # who reads one unit's reports gets one unit, who may not read the requirement nothing
    assert [row[0] for row in opened(world, requirement_id, "vic")["各单位报送内容"][1:]] == ["东二村"]
    assert world.client("tina").get(f"/requirements/{requirement_id}/answers?period=once").status_code == 404


def test_the_page_offers_it_and_says_who_fills_in(world: World) -> None:
    requirement_id = given.issued(world)
    page = world.client("tom").get(f"/requirements/{requirement_id}").get_data(as_text=True)
    assert f"/requirements/{requirement_id}/answers?period=once" in page
    assert "上级不能代填" in page


def test_more_units_than_a_workbook_takes_are_not_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duban.reporting.workbooks.overview.MOST_TAKEN", 1)
    requirement_id = given.issued(world)
    client = world.client("tom")
    answer = client.get(f"/requirements/{requirement_id}/answers?period=once", follow_redirects=True)
    assert answer.status_code == 200
    assert "没有导出。请由下级单位各自下载" in answer.text
    assert world.client("vic").get(f"/requirements/{requirement_id}/answers?period=once").mimetype != "text/html"
