"""What people really put into cells, and the same workbooks for programs."""

import io
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook, load_workbook

from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_workbooks import columns, downloaded, drafts, edited, marked_file, put, sent, submissions

API = "/api/v1/duties"
FIELDS: list[dict[str, Any]] = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次"},
    {"key": "money", "label": "投入", "kind": "money", "unit": "万元"},
    {"key": "on", "label": "日期", "kind": "date"},
    {"key": "cases", "label": "案例", "kind": "table", "columns": [{"key": "place", "label": "地点", "kind": "text"}, {"key": "n", "label": "数量", "kind": "integer"}]},
]  # fmt: skip


@pytest.fixture
def duty_id(world: World) -> UUID:
    return given.duty_id(world, given.issued(world, fields=FIELDS))


MEANT: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"checks": "１２３"}, {"checks": 123}), ({"checks": "1,234"}, {"checks": 1234}), ({"checks": "１，２３４"}, {"checks": 1234}),
        ({"checks": "１，２３４次"}, {"checks": 1234}), ({"checks": " 12 "}, {"checks": 12}), ({"checks": 12.0}, {"checks": 12}),
        ({"money": "１２．５"}, {"money": "12.5"}), ({"money": "1,200.5万元"}, {"money": "1200.5"}),
        ({"on": "2026-03-05"}, {"on": "2026-03-05"}), ({"on": "2026年3月5日"}, {"on": "2026-03-05"}), ({"on": "2026/3/5"}, {"on": "2026-03-05"}),
        ({"on": "２０２６年３月５日"}, {"on": "2026-03-05"}), ({"on": "2026.3.5"}, {"on": "2026-03-05"}), ({"on": "20260305"}, {"on": "2026-03-05"}),
        ({"on": date(2026, 3, 5)}, {"on": "2026-03-05"}), ({"on": datetime(2026, 3, 5, 14, 30)}, {"on": "2026-03-05"}),  # noqa: DTZ001 - as Excel has it
]  # fmt: skip


def test_cells_are_taken_as_meant(world: World) -> None:
    """Each in the field of its kind of one form: a workbook with many columns."""
    specs = {spec["key"]: spec for spec in FIELDS}
    fields = [{**specs[next(iter(typed))], "key": f"f{at}", "label": f"第 {at} 项"} for at, (typed, _stored) in enumerate(MEANT)]
    duty_id = given.duty_id(world, given.issued(world, fields=fields))
    values = {f"f{at}": next(iter(typed.values())) for at, (typed, _stored) in enumerate(MEANT)}
    answer = sent(world, duty_id, edited(downloaded(world, duty_id), lambda book: put(book, 5, **values)), "submit")
    (handed,) = submissions(world)
    expected = {f"f{at}": next(iter(stored.values())) for at, (_typed, stored) in enumerate(MEANT)}
    assert handed.content == expected, answer.text[:200]


DOUBTFUL: list[tuple[str, str, str]] = [
    ("checks", "1,23", "千分位逗号的位置不对"), ("checks", "十二", "请填写数字"), ("checks", "12.5", "整数"), ("checks", "1e3", "科学记数法"),
    ("on", "3月5日", "日期"), ("on", "2026-02-30", "没有这一天"),
]  # fmt: skip


def test_what_can_be_read_in_two_ways_is_marked_and_kept_as_typed(world: World) -> None:
    specs = {spec["key"]: spec for spec in FIELDS}
    fields = [{**specs[kind], "key": f"f{at}"} for at, (kind, _text, _words) in enumerate(DOUBTFUL)]
    duty_id = given.duty_id(world, given.issued(world, fields=fields))
    values = {f"f{at}": text for at, (_kind, text, _words) in enumerate(DOUBTFUL)}
    data = edited(downloaded(world, duty_id), lambda book: put(book, 5, **values))
    sent(world, duty_id, data, "submit")
    assert not submissions(world)
    kept = drafts(world)
    marked = load_workbook(io.BytesIO(marked_file(world, duty_id, data)))
    for at, (_kind, text, words) in enumerate(DOUBTFUL):
        assert kept[f"answer.f{at}"] == text
        cell = marked["填报表"].cell(5, columns(marked)[f"f{at}"])
        assert cell.value == text
        assert words in cell.comment.text, (text, cell.comment.text)


def test_rows_of_an_unknown_unit_are_marked_in_their_own_cells(world: World, duty_id: UUID) -> None:
    def fill(book: Workbook) -> None:
        put(book, 5, done="两次")
        cases = book["案例"]
        cases["A5"], cases["C5"], cases["D5"] = "没有的村", "工地", "3"
        cases["A6"], cases["C6"] = "东一村", "市场"

    data = edited(downloaded(world, duty_id), fill)
    marked = load_workbook(io.BytesIO(marked_file(world, duty_id, data)))
    sheet = marked["案例"]
    row = next(row for row in range(5, sheet.max_row + 1) if sheet.cell(row, 1).value == "没有的村")
    assert [sheet.cell(row, place).value for place in (1, 3, 4)] == ["没有的村", "工地", 3]
    assert "找不到这个单位" in sheet.cell(row, 1).comment.text
    assert sheet.cell(row, 1).fill.start_color.rgb.endswith("FFC7CE")
    listed = [[cell.value for cell in line] for line in marked["导入结果"].iter_rows()]
    assert ["案例", row, "没有的村", "单位"] in [line[:4] for line in listed]

    def mend(book: Workbook) -> None:
        book["案例"].cell(row, 1).value = "东一村"

    mended = edited(marked_file(world, duty_id, data), mend)
    sent(world, duty_id, mended, "submit")
    (handed,) = submissions(world)
    assert sorted(one["place"] for one in handed.content["cases"]) == ["工地", "市场"]


def test_a_workbook_of_a_period_that_is_settled_changes_nothing_and_says_why(world: World) -> None:
    requirement_id = given.issued(world, due=given.MONTHLY, fields=FIELDS)
    old, new = (given.duty_id(world, requirement_id, "V11", period) for period in ("2026-03", "2026-04"))
    data = edited(downloaded(world, old), lambda book: put(book, 5, done="去年的表"))
    given.handed_in(world, old)
    world.client("tom").post(f"/duties/{old}/accept", data={"number": "1"})
    page = sent(world, new, data, "submit")
    assert page.status_code == 200
    assert "没有接收" in page.text
    assert [one.content.get("done") for one in submissions(world)] == [given.ANSWERS["done"]]
    assert drafts(world) == {}


class TestForPrograms:
    def ask(self, world: World, path: str, data: bytes, who: str = "vera") -> Any:
        sending = {"file": (io.BytesIO(data), "表.xlsx")}
        return world.client(who).post(f"{API}/{path}", data=sending, content_type="multipart/form-data")

    def test_the_whole_way(self, world: World, duty_id: UUID) -> None:
        client = world.client("vera")
        with client.get(f"{API}/{duty_id}/workbook") as template:
            assert template.status_code == 200
            data = edited(template.data, lambda book: put(book, 5, done="两次", checks="很多"))
        seen = self.ask(world, f"{duty_id}/workbook", data)
        assert seen.status_code == 200, seen.text
        assert (seen.json["counts"], seen.json["waiting"], seen.json["is_outdated"]) == ({"wrong": 1}, 1, False)
        (mistake,) = seen.json["mistakes"]
        assert (mistake["row"], mistake["column"], mistake["value"]) == (5, "检查次数", "很多")
        assert drafts(world) == {} and not submissions(world)
        with self.ask(world, f"{duty_id}/workbook/marked", data) as marked:
            mended = edited(marked.data, lambda book: put(book, 5, checks=7))
        done = self.ask(world, f"{duty_id}/workbook?take=submit", mended)
        assert [(row["duty_id"], row["unit"], row["verdict"]) for row in done.json["rows"]] == [
            (str(duty_id), "东一村", "handed_in")
        ]
        assert done.json["waiting"] == 0
        (handed,) = submissions(world)
        assert handed.content["checks"] == 7

    def test_drafts_are_kept_and_an_outdated_one_is_refused(self, world: World, duty_id: UUID) -> None:
        data = edited(downloaded(world, duty_id), lambda book: put(book, 5, done="两次"))
        assert self.ask(world, f"{duty_id}/workbook?take=drafts", data).json["counts"] == {"kept": 1}
        assert drafts(world)["answer.done"] == "两次"
        assert self.ask(world, f"{duty_id}/workbook?take=all", data).status_code == 422
        assert self.ask(world, f"{duty_id}/workbook", b"no workbook").status_code == 422
        assert self.ask(world, f"{duty_id}/workbook", b"x" * (1024 * 1024 + 1)).status_code == 422

    def test_only_who_enters_for_the_unit(self, world: World, duty_id: UUID) -> None:
        data = downloaded(world, duty_id)
        for who, status in (("tom", 403), ("vic", 404), ("ewa", 404)):
            assert world.client(who).get(f"{API}/{duty_id}/workbook").status_code == status, who
            for path in ("workbook", "workbook/marked"):
                assert self.ask(world, f"{duty_id}/{path}", data, who).status_code == status, (who, path)
