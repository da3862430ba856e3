"""Entering for units below: one workbook of many units, and the page of one."""

import io
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook, load_workbook

from duban.reporting import operations
from duban.reporting.operations.workbooks import check_workbook
from duban.reporting.workbooks.knowing import get_for_writing, sheet_of
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_many_units import settle
from tests.integration.reporting.test_queries import counted
from tests.web.reporting.test_workbooks import columns, downloaded, drafts, edited, marked_file, put, sent, submissions

FIELDS: list[dict[str, Any]] = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0},
    {"key": "cases", "label": "案例", "kind": "table", "columns": [{"key": "place", "label": "地点", "kind": "text", "required": True}, {"key": "n", "label": "数量", "kind": "integer"}]},
]  # fmt: skip
VILLAGES = {"scope": "subtree", "levels": ["village"]}


@pytest.fixture
def requirement_id(world: World) -> UUID:
    return given.issued(world, "cora", "C", fields=FIELDS, targets=VILLAGES, superiors_may_enter=True)


@pytest.fixture
def duty_id(world: World, requirement_id: UUID) -> UUID:
    return given.duty_id(world, requirement_id)


def both(book: Workbook) -> None:
    put(book, 5, done="两次", checks="１２")
    put(book, 6, done="一次", checks=3)


def begin(world: World, requirement_id: UUID) -> None:
    with world.as_("vic") as scope:
        operations.save_draft(scope, duty_id=given.duty_id(world, requirement_id, "V12"), typed={"answer.done": "韦的草稿"})


class TestOneWorkbookOfManyUnits:
    def test_out_and_back_by_the_issuer_and_by_an_office_between(self, world: World, duty_id: UUID) -> None:
        whole = load_workbook(io.BytesIO(downloaded(world, duty_id, "cora")))["填报表"]
        assert [whole.cell(row, 3).value for row in range(5, whole.max_row + 1)] == ["V11", "V12", "V21"]
        assert "由望江县代各单位报送" in whole["B2"].value

        page = world.client("tom").get(f"/duties/{duty_id}/workbook").text
        assert "由城东镇代下级单位报送" in page
        assert "2 个单位待报" in page
        data = edited(downloaded(world, duty_id, "tom"), both)
        judged = sent(world, duty_id, data, who="tom").text
        assert "代报合格的 2 行" in judged
        assert "存为草稿" not in judged
        assert "已全部办好" in sent(world, duty_id, data, "submit", "tom").text
        assert [(one.office_name, one.content["checks"]) for one in submissions(world)] == [("城东镇", 12), ("城东镇", 3)]
        assert "已提交" in sent(world, duty_id, data, "submit", "tom").text
        assert len(submissions(world)) == 2

    def test_is_for_those_who_may(self, world: World, duty_id: UUID) -> None:
        for who, status in (("tess", 403), ("tina", 404), ("vic", 404), ("vlad", 403), ("ewa", 404), ("eva", 403)):
            assert world.client(who).get(f"/duties/{duty_id}/workbook/file").status_code == status, who
            assert world.client(who).get(f"/duties/{duty_id}/enter").status_code == status, who
        assert [row[0].value for row in load_workbook(io.BytesIO(downloaded(world, duty_id)))["填报表"]["B5:B6"]] == [
            "东一村",
            None,
        ]

    def test_a_unit_at_work_is_a_mistake_until_the_officer_goes_on(
        self, world: World, requirement_id: UUID, duty_id: UUID
    ) -> None:
        begin(world, requirement_id)
        template = downloaded(world, duty_id, "tom")
        assert "韦的草稿" not in str([[cell.value for cell in row] for row in load_workbook(io.BytesIO(template))["填报表"]])
        data = edited(template, both)
        page = sent(world, duty_id, data, who="tom").text
        assert "代报合格的 1 行" in page
        assert "这个单位自己已在" in page
        assert "仍要代报这些单位" in page
        marked = load_workbook(io.BytesIO(marked_file(world, duty_id, data, "tom")))
        assert "自己已在" in marked["填报表"].cell(6, columns(marked)["_result"]).value
        sent(world, duty_id, data, "submit", "tom")
        assert [one.path for one in submissions(world)] == [world.paths["V11"]]

        assert "代报合格的 1 行" in sent(world, duty_id, data, who="tom", anyway="1").text
        sent(world, duty_id, data, "submit", "tom", anyway="1")
        assert len(submissions(world)) == 2
        assert drafts(world) == {"answer.done": "韦的草稿"}

    def test_no_drafts_are_kept_and_what_was_locked_says_why(self, world: World, requirement_id: UUID, duty_id: UUID) -> None:
        data = edited(downloaded(world, duty_id, "tom"), both)
        refused = sent(world, duty_id, data, "draft", "tom")
        assert refused.status_code == 409
        assert "代报不存草稿" in refused.text
        with world.as_("vic") as scope:
            operations.submit_nil(scope, duty_id=given.duty_id(world, requirement_id, "V12"))
        page = sent(world, duty_id, data, "submit", "tom").text
        assert "已经提交，正等待望江县审核" in page
        marked = load_workbook(io.BytesIO(marked_file(world, duty_id, data, "tom")))
        assert "正等待望江县审核" in marked["填报表"].cell(6, columns(marked)["_result"]).value

    def test_programs_do_the_same(self, world: World, requirement_id: UUID, duty_id: UUID) -> None:
        begin(world, requirement_id)
        api = f"/api/v1/duties/{duty_id}/workbook"
        with world.client("tom").get(api) as answer:
            data = edited(answer.data, both)

        def taken(query: str) -> Any:
            form = {"file": (io.BytesIO(data), "表.xlsx")}
            return world.client("tom").post(f"{api}{query}", data=form, content_type="multipart/form-data")

        found = taken("").get_json()
        assert {key: found[key] for key in ("for_units_by", "begun", "wrong_rows", "mistake_count", "waiting")} == {
            "for_units_by": "城东镇", "begun": 1, "wrong_rows": 1, "mistake_count": 1, "waiting": 1,
        }  # fmt: skip
        assert taken("?take=drafts").status_code == 409
        assert taken("?take=submit&anyway=true").get_json()["counts"] == {"handed_in": 2}
        assert taken("?anyway=perhaps").status_code == 422

    def test_the_requirements_page_leads_there(self, world: World, requirement_id: UUID) -> None:
        assert "用 Excel 代报" in world.client("tom").get(f"/requirements/{requirement_id}").text
        assert "用 Excel 代报" not in world.client("tess").get(f"/requirements/{requirement_id}").text
        assert "允许" in world.client("vera").get(f"/requirements/{requirement_id}").text


class TestTheCheck:
    """Also for the unit's own: rows and cells are counted each by its name, and every mistake is said in one round."""

    def test_a_row_of_an_unknown_unit_says_the_rest_too(self, world: World, duty_id: UUID) -> None:
        def fill(book: Workbook) -> None:
            put(book, 5, done="两次", checks="很多")
            put(book, 9, _unit="天上村", checks="不少")
            cases = book["案例"]
            cases["A5"], cases["D5"] = "没有的村", "许多"

        data = edited(downloaded(world, duty_id, "tom"), fill)
        page = sent(world, duty_id, data, who="tom").text
        # row 5: one cell; 天上村: the row, 工作完成情况, 检查次数; 没有的村: unit, place, number
        assert "需要更正 3 行，共 7 处" in page
        assert "有错误（行）" in page
        listed = [
            [cell.value for cell in row][:4]
            for row in load_workbook(io.BytesIO(marked_file(world, duty_id, data, "tom")))["导入结果"].iter_rows()
        ]
        assert ["需要更正 3 行，共 7 处", None, None, None] in listed
        assert ["填报表", 7, "天上村", "检查次数"] in listed
        assert ["案例", 5, "没有的村", "数量"] in listed


class TestOneUnit:
    def test_shows_the_form_without_the_units_draft_and_hands_in(self, world: World, requirement_id: UUID, duty_id: UUID) -> None:
        begin(world, requirement_id)
        second = given.duty_id(world, requirement_id, "V12")
        client = world.client("tom")
        assert "代报" in client.get(f"/duties/{second}").text
        page = client.get(f"/duties/{second}/enter").text
        assert "您代表城东镇替东二村填写、提交" in page
        assert "韦的草稿" not in page
        typed = {"answer.done": "由镇里填", "answer.checks": "很多"}
        wrong = client.post(f"/duties/{second}/enter", data=typed)
        assert wrong.status_code == 422 or "自己已在" in wrong.text
        typed["answer.checks"] = "7"
        asked = client.post(f"/duties/{second}/enter", data=typed)
        assert asked.status_code == 409
        assert "仍要代报" in asked.text
        assert "由镇里填" in asked.text
        assert client.post(f"/duties/{second}/enter", data={**typed, "anyway": "1"}).status_code == 303
        assert [(one.office_name, one.content["checks"]) for one in submissions(world)] == [("城东镇", 7)]
        assert "已经提交，正等待望江县审核" in client.get(f"/duties/{second}/enter").text
        assert client.post(f"/duties/{second}/enter", data=typed).status_code == 409
        kept = world.client("vic").get(f"/duties/{second}").text
        assert "韦的草稿" in kept
        assert "唐安（城东镇代报）" in kept

    def test_a_nil_return_rows_of_a_table_and_what_is_wrong(self, world: World, duty_id: UUID) -> None:
        client = world.client("tom")
        wrong = client.post(f"/duties/{duty_id}/enter", data={"answer.checks": "很多"})
        assert wrong.status_code == 422
        assert "请填写数字" in wrong.text
        assert "很多" in wrong.text
        more = client.post(f"/duties/{duty_id}/enter", data={"answer.done": "写着", "row": "add:cases"})
        assert more.status_code == 200
        assert "answer.cases.0.place" in more.text
        assert "写着" in more.text
        assert not submissions(world)
        assert client.post(f"/duties/{duty_id}/enter", data={"nil": "1", "note": "无"}).status_code == 303
        assert [(one.is_nil, one.office_name) for one in submissions(world)] == [(True, "城东镇")]

    def test_begins_with_what_was_handed_in_and_returned(self, world: World, duty_id: UUID) -> None:
        with world.as_("vera") as scope:
            operations.submit(scope, duty_id=duty_id, typed={"done": "村里报的"})
        with world.as_("cora") as scope:
            operations.return_for_correction(scope, duty_id=duty_id, reason="补次数")
        assert "村里报的" in world.client("tom").get(f"/duties/{duty_id}/enter").text


def test_the_author_allows_it_in_the_form_and_sees_it_in_the_preview(world: World) -> None:
    requirement_id = given.drafted(world, "tom", "T1")
    edit = f"/requirements/{requirement_id}/edit"
    client = world.client("tom")
    assert "允许上级代报" in client.get(edit).text
    answer = client.get(f"/api/v1/requirements/{requirement_id}")
    assert answer.get_json()["superiors_may_enter"] is False
    body = {**given.data(superiors_may_enter=True), "unit_id": str(world.units["T1"])}
    made = client.post("/api/v1/requirements", json=body).get_json()
    assert made["superiors_may_enter"] is True
    assert "上级代报" in client.get(f"/requirements/{made['id']}/preview").text
    assert "checked" in client.get(f"/requirements/{made['id']}/edit").text.split('name="superiors_may_enter"')[1][:80]


def test_three_hundred_units_in_one_file(world: World) -> None:
    """Judging them takes as many queries as judging a handful; handing in costs the same for each."""
    few = judged_queries(world, "少")
    settle(world, 300)
    many = judged_queries(world, "多")
    assert few == many, (few, many)


def judged_queries(world: World, title: str) -> tuple[int, int]:
    wanted = {"superiors_may_enter": True, "title": title, "fields": FIELDS, "preconditions": ["contacts_named"]}
    duty_id = given.duty_id(world, given.issued(world, **wanted))
    with world.as_("tom") as scope, counted(world.engine) as queries:
        sheet = sheet_of(scope, get_for_writing(scope, duty_id))
        first = len(queries)
    data = edited(
        downloaded(world, duty_id, "tom"), lambda book: [put(book, row, done="x") for row in range(5, 5 + len(sheet.knowns))]
    )
    with world.as_("tom") as scope, counted(world.engine) as queries:
        _sheet, judgement = check_workbook(scope, duty_id=duty_id, data=data)
        assert len(judgement.rows) == len(sheet.knowns)
        return first, len(queries)


@pytest.mark.nightly
def test_three_hundred_units_are_handed_in_by_one_upload(world: World) -> None:
    """More than a request should take is taken in lots: the same file sent again goes on; nobody's is handed in twice."""
    settle(world, 298)
    duty_id = given.duty_id(world, given.issued(world, superiors_may_enter=True))
    data = edited(downloaded(world, duty_id, "tom"), lambda book: [put(book, row, done="x") for row in range(5, 305)])
    for _press in range(10):
        if "已全部办好" in sent(world, duty_id, data, "submit", "tom").text:
            break
    assert len({one.duty_id for one in submissions(world)}) == len(submissions(world)) == 300
