"""D4 at the door of filled-in workbooks: the corpus is refused with words, by a child that may neither grow nor last."""

import io
import resource
import time
import zipfile

import pytest
from openpyxl import Workbook

from duban.sheets.reading import UnreadableTableError, read_book
from tests.attack.files.corpus import BAD, GOOD, Case
from tests.attack.files.test_hostile_files import EICAR

ZIPS = [case for case in BAD if case.content.startswith(b"PK")]
OTHERS = [case for case in BAD if not case.content.startswith(b"PK")]


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableTableError) as caught:
        read_book(content, most_rows=1000)
    return str(caught.value)


def book(fill: object = None) -> bytes:
    made = Workbook()
    sheet = made.active
    sheet.append(["_id", "x"])
    if callable(fill):
        fill(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: f"{case.reason}-{case.name}")
def test_what_is_no_zip_is_refused_without_a_child(case: Case) -> None:
    assert refusal(case.content)


@pytest.mark.parametrize("case", ZIPS, ids=lambda case: f"{case.reason}-{case.name}")
def test_hostile_archives_are_refused_or_give_nothing_but_text(case: Case) -> None:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        found = read_book(case.content, most_rows=1000)
    except UnreadableTableError:
        pass
    else:  # a sound workbook under another name, or beside a part that is never looked at
        assert all(isinstance(cell, str) for rows in found.values() for row in rows for cell in row.cells)
    assert time.monotonic() - started < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize(("name", "content"), GOOD, ids=[name for name, _ in GOOD])
def test_sound_files_of_other_kinds_are_no_template(name: str, content: bytes) -> None:
    try:
        found = read_book(content, most_rows=1000)
    except UnreadableTableError:
        return
    assert name.endswith((".xlsx", ".xlsm"))
    assert isinstance(found, dict)


class TestWorkbooks:
    def test_more_rows_than_allowed_or_more_sheets_are_refused(self) -> None:
        assert "最多一次导入 1000 行" in refusal(book(lambda made: [made.active.append([n]) for n in range(1200)]))
        assert "太大" in refusal(book(lambda made: [made.create_sheet() for _ in range(60)]))

    def test_one_long_text_in_many_cells_does_not_grow_here(self) -> None:
        assert "太大" in refusal(book(lambda made: [made.active.append(["督" * 30_000]) for _ in range(100)]))

    def test_a_bomb_and_a_doctype_are_refused(self) -> None:
        assert "太大" in refusal(next(case for case in BAD if case.name == "炸弹.xlsx").content)
        out = io.BytesIO(book())
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("xl/extra.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
        assert "不是 Excel 工作簿" in refusal(out.getvalue())

    def test_macros_and_passwords_are_refused(self) -> None:
        out = io.BytesIO(book())
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"x")
        assert "含有宏" in refusal(out.getvalue())
        assert "有密码" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 1000)

    def test_formulas_come_as_written_and_are_known_as_such(self) -> None:
        rows = read_book(
            book(lambda made: made.active.append(["=1+1", "'=1+1", '=HYPERLINK("http://x")', EICAR.decode()])), most_rows=9
        )
        (found,) = [row for row in rows["Sheet"] if row.number == 2]
        assert found.formulas == {0, 2}
        assert found.cells[:2] == ["=1+1", "'=1+1"]

    def test_a_workbook_cut_off_anywhere_is_refused(self) -> None:
        whole = book()
        for share in (0.05, 0.5, 0.95):
            assert refusal(whole[: int(len(whole) * share)])
