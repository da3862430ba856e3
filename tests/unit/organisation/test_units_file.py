"""A file of units: read however it was saved, every bad row named."""

import pytest

from duban.organisation.reading import read_sheet
from duban.organisation.rules.units_file import Checker, Known, Plan
from duban.sheets.reading import decode

LEVELS = {"county": "county", "township": "township", "乡镇": "township", "village": "village", "村": "village"}
UNDER = {"township": "county", "village": "township"}
HEAD = "code,name,level,parent_code\n"
KNOWN = {
    "43": Known("望江县", "county", "", active=True),
    "4301": Known("城东镇", "township", "43", active=True),
    "4309": Known("撤销镇", "township", "43", active=False),
}


def check(text: str) -> Plan:
    sheet = read_sheet(text.encode())
    assert not sheet.problems
    return Checker(
        rows=sheet.rows,
        known=KNOWN,
        levels=LEVELS,
        may_stand=lambda level, parent: UNDER.get(level) == parent,
        level_label=lambda code: {"county": "县", "township": "乡镇", "village": "村"}[code],
    ).plan()


def said(plan: Plan) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, str(problem.text)) for problem in plan.problems]


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
    def test_takes_every_encoding_offices_use(self, encoding: str) -> None:
        sheet = read_sheet("单位代码,单位名称,级别,上级单位代码\n1,高塘岭街道,乡镇,43\n".encode(encoding))

        assert not sheet.problems
        assert sheet.rows[0].name == "高塘岭街道"

    @pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
    def test_takes_every_delimiter(self, delimiter: str) -> None:
        sheet = read_sheet(
            delimiter.join(["代码", "名称", "级别", "上级代码"]).encode()
            + f"\r\n1{delimiter}甲村{delimiter}村{delimiter}4301\r\n".encode()
        )

        assert (sheet.rows[0].code, sheet.rows[0].parent_code) == ("1", "4301")

    def test_counts_lines_as_an_editor_does(self) -> None:
        sheet = read_sheet(('\n\ncode,name,level,parent_code\n\n1,"甲\n村",村,4301\n2,乙村,村,4301\n').encode())

        assert [row.line for row in sheet.rows] == [5, 7]
        assert sheet.rows[0].name == "甲 村"

    def test_removes_the_marks_excel_puts_on_codes(self) -> None:
        sheet = read_sheet((HEAD + '"=""430112001""",甲,村,\'4301\n').encode())

        assert (sheet.rows[0].code, sheet.rows[0].parent_code) == ("430112001", "4301")

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\n\n",
            b"PK\x03\x04rest",
            b"a\x00b",
            b"\xff\xfe\x00",
            b"code\n1\n",
            b"code,code,name,level,parent_code\n",
            b'code,name,level,parent_code\n"' + b"x" * 200_000,
        ],
    )
    def test_refuses_what_is_no_such_file(self, data: bytes) -> None:
        sheet = read_sheet(data)

        assert sheet.problems
        assert all(str(problem.text) for problem in sheet.problems)

    def test_names_every_missing_column(self) -> None:
        assert {problem.column for problem in read_sheet("名称\n甲\n".encode()).problems} == {"code", "level", "parent_code"}

    def test_refuses_more_rows_than_it_can_take(self) -> None:
        sheet = read_sheet((HEAD + "1,a,村,4301\n" * 20_001).encode())

        assert "20001" in str(sheet.problems[0].text)

    def test_random_bytes_are_no_crash(self) -> None:
        for start in range(256):
            read_sheet(bytes((start + step * 7) % 256 for step in range(200)))

    def test_the_encoding_is_told(self) -> None:
        assert decode("村".encode("gbk")) == ("村", "gb18030")


class TestChecking:
    def test_takes_a_sound_file_parents_first(self) -> None:
        plan = check(HEAD + "430201,甲村,村,4302\n4302,城西镇,乡镇,43\n43,望江县,county,\n")

        assert not plan.problems
        assert [row.code for row in plan.new] == ["4302", "430201"]
        assert [row.code for row in plan.unchanged] == ["43"]

    @pytest.mark.parametrize(
        "row, column, words",
        [
            ("430101,甲村,hamlet,4301", "level", "不是级别"),
            ("430101,甲村,村,43", "level", "“村”不能设在“县”之下"),
            ("430101,甲村,村,4399", "parent_code", "找不到代码为 4399 的上级"),
            ("430101,甲村,村,", "parent_code", "请填写上级单位代码"),
            ("430101,甲村,村,430101", "parent_code", "不能是自己的上级"),
            ("430101,甲村,村,4309", "parent_code", "已撤销"),
            ("4309,甲村,村,4301", "code", "属于已撤销的“撤销镇”"),
            ("4301,城中镇,乡镇,43", "name", "名称是“城东镇”"),
            ("4301,城东镇,乡镇,44", "parent_code", "导入不会移动单位"),
            (",甲村,村,4301", "code", "请填写单位代码"),
            ("430101,,村,4301", "name", "请填写名称"),
            ("甲,甲村,村,4301", "code", "代码只能用"),
        ],
    )
    def test_names_line_column_and_what_to_do(self, row: str, column: str, words: str) -> None:
        plan = check(HEAD + "4302,城西镇,乡镇,43\n" + row + "\n")

        [(line, where, text)] = said(plan)
        assert (line, where) == (3, column)
        assert words in text

    def test_names_both_lines_of_a_double_code(self) -> None:
        [(line, column, text)] = said(check(HEAD + "430101,甲村,村,4301\n430102,乙村,村,4301\n430101,丙村,村,4301\n"))

        assert (line, column) == (4, "code")
        assert "第 2 行" in text

    def test_sees_circles(self) -> None:
        found = said(check(HEAD + "1,甲,村,2\n2,乙,村,1\n3,丙,村,4301\n"))

        assert {(line, column) for line, column, text in found if "成了环" in text} == {(2, "parent_code"), (3, "parent_code")}

    def test_reports_every_mistake_in_line_order(self) -> None:
        found = said(check(HEAD + "1,,村,4301\n2,乙,x,4301\n3,丙,村,99\n"))

        assert [line for line, *_ in found] == [2, 3, 4]

    def test_a_long_chain_takes_no_longer_than_a_flat_file(self) -> None:
        rows = "".join(f"{n},村{n},村,{n - 1}\n" for n in range(2, 15_000))

        assert check(HEAD + rows).problems
