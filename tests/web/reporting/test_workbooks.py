"""A requirement out to Excel and back: what is sound is taken, what is wrong is marked, nothing typed is lost."""

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook, load_workbook

from duban.access.models import RoleGrant
from duban.kernel.scope import owned
from duban.reporting import operations
from duban.reporting.models import Draft, Requirement, Submission
from duban.reporting.queries.duties import draft_of
from tests.cast import World
from tests.integration.reporting import requirements as given

FIELDS: list[dict[str, Any]] = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0, "maximum": 500},
    {"key": "hazards", "label": "隐患", "kind": "integer", "unit": "项", "qualifiers": True, "na_allowed": True},
    {"key": "fire", "label": "其中：消防", "kind": "integer"},
    {"key": "other", "label": "其中：其他", "kind": "integer"},
    {"key": "money", "label": "投入", "kind": "money", "unit": "万元"},
    {"key": "on", "label": "日期", "kind": "date"},
    {"key": "how", "label": "方式", "kind": "choice", "options": [{"code": "a", "label": "走访"}, {"code": "b", "label": "会议"}]},
    {"key": "late", "label": "是否逾期", "kind": "yes_no"},
    {"key": "cases", "label": "案例", "kind": "table", "columns": [{"key": "place", "label": "地点", "kind": "text", "required": True}, {"key": "n", "label": "数量", "kind": "integer"}]},
]  # fmt: skip
CHECKS = [{"kind": "breakdown", "code": "parts", "total": "hazards", "parts": ["fire", "other"]}]


@pytest.fixture
def duty_id(world: World) -> UUID:
    """A duty of vera's village; she may also enter for the other one."""
    with world.as_system() as scope:
        scope.add(
            RoleGrant(person_id=world.people["vera"], role="village.clerk", unit_id=world.units["V12"], line="territorial", active_from=date(2000, 1, 1))
        )  # fmt: skip
    requirement_id = given.issued(world, fields=FIELDS)
    with world.as_system() as scope:
        scope.session.scalars(owned(scope, Requirement).where(Requirement.id == requirement_id)).one().checks = CHECKS
    return given.duty_id(world, requirement_id)


Edit = Callable[[Workbook], None]


def downloaded(world: World, duty_id: UUID, who: str = "vera") -> bytes:
    with world.client(who).get(f"/duties/{duty_id}/workbook/file") as answer:
        assert answer.status_code == 200, answer.text
        return answer.data


def re_marked(book: Workbook, period: str) -> None:
    """Say that it was made for another period of the same requirement."""
    (cell,) = [row[1] for row in book["_duban"].iter_rows() if row[0].value == "period"]
    cell.value = period


def columns(book: Workbook, sheet: str = "填报表") -> dict[str, int]:
    return {str(cell.value): cell.column for cell in book[sheet][4] if cell.value}


def put(book: Workbook, row: int, **values: Any) -> None:
    places = columns(book)
    for key, value in values.items():
        book["填报表"].cell(row, places[key]).value = value


def edited(data: bytes, edit: Edit) -> bytes:
    book = load_workbook(io.BytesIO(data))
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sent(world: World, duty_id: UUID, data: bytes, step: str = "", who: str = "vera", **more: str) -> Any:
    form = {"file": (io.BytesIO(data), "表.xlsx"), "step": step, **more}
    return world.client(who).post(f"/duties/{duty_id}/workbook", data=form, content_type="multipart/form-data")


def marked_file(world: World, duty_id: UUID, data: bytes, who: str = "vera") -> bytes:
    with sent(world, duty_id, data, "marked", who) as answer:
        assert answer.status_code == 200, answer.text
        return answer.data


def drafts(world: World) -> dict[str, str]:
    with world.as_system() as scope:
        return {key: text for row in scope.session.scalars(owned(scope, Draft)) for key, text in row.typed.items()}


def submissions(world: World) -> list[Submission]:
    with world.as_system() as scope:
        return list(scope.session.scalars(owned(scope, Submission).order_by(Submission.submitted_at, Submission.id)))


def sound(book: Workbook, row: int = 5) -> None:
    put(
        book,
        row,
        done="两次",
        checks="１２",
        hazards="超过750",
        fire=700,
        other=62,
        money="3,500元",
        on=46100,
        how="走访",
        late="否",
    )


class TestDownload:
    def test_has_a_row_for_each_unit_with_locked_columns_lists_and_units_in_the_headings(
        self, world: World, duty_id: UUID
    ) -> None:
        with world.as_("vera") as scope:
            operations.save_draft(
                scope,
                duty_id=duty_id,
                typed={"answer.done": "=1+1", "answer.checks": "１2", "answer.how": "b", "answer.cases.0.place": "工地"},
            )
        book = load_workbook(io.BytesIO(downloaded(world, duty_id)))
        sheet, places = book["填报表"], columns(book)
        assert [sheet.cell(row, places["_unit"]).value for row in (5, 6, 7)] == ["东一村", "东二村", None]
        assert sheet.cell(3, places["checks"]).value == "检查次数（次）"
        assert sheet.cell(3, places["done"]).value == "工作完成情况 *"
        assert [sheet.cell(5, places[key]).value for key in ("done", "checks", "how")] == ["'=1+1", 12, "会议"]
        assert sheet.protection.sheet
        assert sheet.cell(5, places["_unit"]).protection.locked
        assert not sheet.cell(5, places["done"]).protection.locked
        assert {rule.type for rule in sheet.data_validations.dataValidation} >= {"whole", "list", "decimal"}
        assert book["_duban"].sheet_state == "veryHidden"
        assert sheet.row_dimensions[4].hidden
        assert [cell.value for cell in book["案例"][5]][:3] == ["东一村", "V11", "工地"]

    def test_is_for_those_who_may_enter_for_the_unit(self, world: World, duty_id: UUID) -> None:
        assert world.client("vlad").get(f"/duties/{duty_id}/workbook/file").status_code == 403
        assert world.client("tom").get(f"/duties/{duty_id}/workbook").status_code == 403
        assert world.client("ewa").get(f"/duties/{duty_id}/workbook").status_code == 404
        assert world.client("vic").get(f"/duties/{duty_id}/workbook").status_code == 404
        only = load_workbook(io.BytesIO(downloaded(world, given.duty_id(world, given.issued(world)), "vera")))
        assert only["填报表"].max_row == 6


class TestOnlyMyUnits:
    """The county asks three villages; vera enters for two of them."""

    @pytest.fixture
    def of_all(self, world: World, duty_id: UUID) -> UUID:
        wanted = {"scope": "subtree", "levels": ["village"]}
        return given.duty_id(world, given.issued(world, "cora", "C", title="全县的", targets=wanted))

    def test_have_rows(self, world: World, of_all: UUID) -> None:
        sheet = load_workbook(io.BytesIO(downloaded(world, of_all)))["填报表"]
        assert [sheet.cell(row, 3).value for row in range(5, sheet.max_row + 1)] == ["V11", "V12"]

    def test_are_counted_on_the_page(self, world: World, of_all: UUID) -> None:
        assert "2 个单位待报" in world.client("vera").get(f"/duties/{of_all}/workbook").text

    def test_are_counted_on_the_list(self, world: World, of_all: UUID) -> None:
        page = world.client("vera").get("/duties").text
        assert "用 Excel 一次填多个单位" in page
        assert page.count("2 个单位待报") == 2
        assert "3 个单位待报" not in page
        assert "用 Excel 一次填多个单位" not in world.client("vic").get("/duties").text


class TestUpload:
    def test_sound_rows_are_handed_in_as_a_person_meant_them_and_wrong_ones_kept_and_marked(
        self, world: World, duty_id: UUID
    ) -> None:
        def fill(book: Workbook) -> None:
            sound(book)
            put(book, 6, done="一次", checks="很多", hazards=9, fire=3, other=4, on="2026年2月30日", how="电话")
            cases = book["案例"]
            cases["A5"], cases["C5"], cases["D5"] = "东一村", "市场", "1,200"
            cases["A6"], cases["C6"], cases["D6"] = "东二村", None, "3"
            cases["A7"], cases["C7"] = "没有的村", "工地"

        data = edited(downloaded(world, duty_id), fill)
        page = sent(world, duty_id, data).text
        assert "提交合格的 1 行" in page
        assert "需要更正 2 行" in page
        tiles = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        assert "有错误（行） 2" in tiles, "the tile counts what its heading counts: the row of a unit there is not, too"
        for words in (
            "各分项合计为 7，总数为 9，相差 2",
            "请填写数字",
            "没有这一天",
            "请从给出的选项中选择",
            "找不到这个单位",
            "请填写此项",
        ):
            assert words in page, words
        assert not submissions(world)
        assert drafts(world) == {}

        done = sent(world, duty_id, data, "submit")
        assert done.status_code == 200
        (handed,) = submissions(world)
        assert handed.content == {
            "done": "两次", "checks": 12, "hazards": {"n": "750", "q": ">"}, "fire": 700, "other": 62, "money": "0.35",
            "on": "2026-03-19", "how": "a", "late": False, "cases": [{"place": "市场", "n": 1200}],
        }  # fmt: skip
        kept = drafts(world)
        assert (kept["answer.checks"], kept["answer.on"], kept["answer.how"], kept["answer.cases.0.n"]) == (
            "很多",
            "2026年2月30日",
            "电话",
            "3",
        )

        marked = load_workbook(io.BytesIO(marked_file(world, duty_id, data)))
        sheet, places = marked["填报表"], columns(marked)
        assert sheet.cell(5, places["_result"]).value == "已提交"
        assert "各分项合计为 7" in sheet.cell(6, places["hazards"]).comment.text
        assert sheet.cell(6, places["checks"]).value == "很多"
        assert sheet.cell(6, places["checks"]).fill.start_color.rgb.endswith("FFC7CE")
        assert sheet.cell(6, places["done"]).comment is None
        assert marked["案例"].cell(6, 3).comment.text == "请填写此项"
        assert marked.sheetnames[0] == "导入结果"
        listed = [[cell.value for cell in row] for row in marked["导入结果"].iter_rows()]
        assert ["填报表", 6, "东二村", "检查次数", "很多", "请填写数字，例如 1200 或 1,200"] in listed

        def mend(book: Workbook) -> None:
            put(book, 6, checks=3, hazards=7, on="2026-02-28", how="会议")
            book["案例"]["C6"] = "仓库"
            book["案例"].delete_rows(7)  # of the village there is not

        mended = edited(marked_file(world, duty_id, data), mend)
        assert "提交合格的 1 行" in sent(world, duty_id, mended).text
        assert "已全部办好" in sent(world, duty_id, mended, "submit").text
        assert [one.content["checks"] for one in submissions(world)] == [12, 3]
        assert drafts(world) == {}

    def test_the_person_may_keep_everything_as_drafts(self, world: World, duty_id: UUID) -> None:
        data = edited(downloaded(world, duty_id), sound)
        assert "已存为草稿" in sent(world, duty_id, data, "draft").text
        assert drafts(world)["answer.how"] == "a"
        assert not submissions(world)

    def test_a_nil_return_and_blank_rows(self, world: World, duty_id: UUID) -> None:
        data = edited(downloaded(world, duty_id), lambda book: put(book, 6, _nil="是", _note="本期无事"))
        assert "提交合格的 1 行" in sent(world, duty_id, data).text
        sent(world, duty_id, data, "submit")
        (handed,) = submissions(world)
        assert (handed.is_nil, handed.note) == (True, "本期无事")

        both = edited(downloaded(world, duty_id), lambda book: put(book, 5, _nil="是", done="x"))
        assert "选了“零报告”就不要再填其他内容" in sent(world, duty_id, both).text

    def test_content_comes_back_with_the_choice(self, world: World, duty_id: UUID) -> None:
        page = sent(world, duty_id, edited(downloaded(world, duty_id), sound)).text
        content = re.search(r'name="content" value="([^"]+)"', page)[1]
        answer = world.client("vera").post(f"/duties/{duty_id}/workbook", data={"content": content, "step": "submit"})
        assert "已提交" in answer.text
        assert len(submissions(world)) == 1

    def test_handed_in_twice_is_one_version(self, world: World, duty_id: UUID) -> None:
        data = edited(downloaded(world, duty_id), sound)
        sent(world, duty_id, data, "submit")
        again = sent(world, duty_id, data, "submit")
        assert len(submissions(world)) == 1
        assert "需要更正" not in again.text


def test_what_is_refused_says_why(world: World, duty_id: UUID) -> None:
    template = downloaded(world, duty_id)
    other = given.duty_id(world, given.issued(world, title="另一项"))
    ours = load_workbook(io.BytesIO(template))
    places = columns(ours)
    first = ours["填报表"].cell(5, places["_id"]).value

    def shuffled(book: Workbook) -> None:
        sound(book)
        book["填报表"].cell(5, places["_code"]).value = "V12"

    def doubled(book: Workbook) -> None:
        sound(book)
        sound(book, 6)
        book["填报表"].cell(6, places["_id"]).value = first
        book["填报表"].cell(6, places["_code"]).value = None

    def added(book: Workbook) -> None:
        sound(book)
        put(book, 9, _unit="天上村", done="x")

    def foreign(book: Workbook) -> None:
        sound(book)
        book["填报表"].cell(5, places["_id"]).value = f"{other}:0:0"

    def formula(book: Workbook) -> None:
        sound(book)
        put(book, 5, checks="=1+2")

    cases: list[tuple[bytes, str]] = [
        (edited(template, shuffled), "这一行的单位与下载时不一致"), (edited(template, doubled), "这个单位出现了几次（第 5、6 行）"), (edited(template, added), "找不到这个单位"),
        (edited(template, foreign), "这一行不是您可以填报的任务"), (edited(template, formula), "单元格里是公式"), (downloaded(world, other), "为另一项报送要求“另一项”做的"),
        (edited(template, lambda book: book["填报表"].delete_rows(4)), "第 4 行被删掉了"), (edited(template, lambda book: book.remove(book["_duban"])), "不是从这里下载的填报表"),
        (b"PK\x03\x04 broken", "不是 Excel 工作簿"), (b"a,b\n1,2\n", "不是 Excel 工作簿"), (b"", "请选择填好的 Excel"),
    ]  # fmt: skip
    last_year = edited(template, lambda book: re_marked(book, "2025"))
    cases.append((last_year, "这张表是“2025年度”这一期的，这一期没有您要报送的任务"))
    for data, words in cases:
        answer = sent(world, duty_id, data)
        assert words in answer.text, (words, answer.status_code)
    assert sent(world, duty_id, edited(template, doubled), "submit").status_code == 200
    assert not submissions(world)


def test_a_template_of_an_older_form_is_carried_over_not_taken(world: World, duty_id: UUID) -> None:
    data = edited(downloaded(world, duty_id), sound)
    with world.as_system() as scope:
        row = scope.session.scalars(owned(scope, Requirement)).one()
        row.fields = [*row.fields, {"key": "more", "label": "新增一项", "kind": "text", "required": True}]
    assert "表单已经更新" in sent(world, duty_id, data).text
    assert sent(world, duty_id, data, "submit").status_code == 422
    assert not submissions(world)
    fresh = edited(marked_file(world, duty_id, data), lambda book: put(book, 5, more="有"))
    assert "提交合格的 1 行" in sent(world, duty_id, fresh).text


def test_somebody_elses_draft_or_version_is_not_overwritten(world: World, duty_id: UUID) -> None:
    def both(book: Workbook) -> None:
        sound(book)
        sound(book, 6)

    data = edited(downloaded(world, duty_id), both)
    with world.as_("vic") as scope:
        second = given.duty_id(world, given.duty(world, duty_id).requirement_id, "V12")
        operations.save_draft(scope, duty_id=second, typed={"answer.done": "我的"})
    given_by_hand = sent(world, duty_id, data, "draft")
    assert "有人在网页上改过这个单位的草稿" in given_by_hand.text
    assert len([row for row in given.duties(world, given.duty(world, duty_id).requirement_id) if row.state == "open"]) == 2
    with world.as_("vic") as scope:
        assert draft_of(scope, second).typed == {"answer.done": "我的"}
    with world.as_("vic") as scope:
        operations.submit(scope, duty_id=second, typed={"done": "先交了"})
    page = sent(world, duty_id, data)
    assert "没有接收：已经提交，正等待" in page.text
