"""Tables from hostile and from honest files: what is read, what is refused, and what reading may cost."""

import io
import resource
import time
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from duban.sheets import child, reading
from duban.sheets.reading import UnreadableTableError, read_table


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def archive(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return made.getvalue()


def with_part(name: str, content: bytes, *, replace: bool = False) -> bytes:
    """An honest workbook with one part more, or another one."""
    honest = workbook([["a"], ["b"]])
    with zipfile.ZipFile(io.BytesIO(honest)) as file:
        parts = {part: file.read(part) for part in file.namelist() if not (replace and part == name)}
    return archive(parts | {name: content})


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>'
WIDE = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + b"".join(
    b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>' % (n, n) for n in range(1, 60_000)
)
HOSTILE = {
    "no archive": b"PK\x03\x04" + b"\x00" * 100,
    "empty archive": archive({}),
    "another archive": archive({"word/document.xml": b"<x/>"}),
    "bomb in a sheet": with_part("xl/worksheets/sheet1.xml", b"<row>" + b" " * 160 * 1024 * 1024, replace=True),
    "bomb beside": with_part("xl/media/image1.bin", b"\x00" * 100 * 1024 * 1024),
    "macros": with_part("xl/vbaProject.bin", b"x"),
    "entities": with_part("xl/sharedStrings.xml", ENTITIES, replace=True),
    "half a sheet": with_part("xl/worksheets/sheet1.xml", WIDE[: len(WIDE) // 2], replace=True),
    "many parts": archive({f"xl/{n}.xml": b"<x/>" for n in range(600)} | {"xl/workbook.xml": b"<x/>"}),
    "a password or the old format": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10,
}


def test_a_workbook_is_read_as_people_see_it() -> None:
    rows = read_table(
        workbook([["代码", "名称"], [430112001000, "高塘岭街道"], [], ["００１", "甲村"], [3.0, date(2026, 3, 1)], [True, 1.5]]),
        most_rows=10,
    ).rows
    assert rows == [
        (1, ["代码", "名称"]), (2, ["430112001000", "高塘岭街道"]), (4, ["００１", "甲村"]), (5, ["3", "2026-03-01"]), (6, ["TRUE", "1.5"])
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_is_read_in_every_usual_encoding(encoding: str) -> None:
    table = read_table("代码,名称\n\n1,高塘岭㙍街道\n".encode(encoding), most_rows=10)
    assert table.rows == [(1, ["代码", "名称"]), (3, ["1", "高塘岭㙍街道"])]


def test_too_many_rows_are_refused_in_both_formats() -> None:
    for data in (workbook([[n] for n in range(30)]), b"\n".join(b"%d" % n for n in range(30))):
        with pytest.raises(UnreadableTableError, match="20"):
            read_table(data, most_rows=20)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_words(name: str) -> None:
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableTableError) as caught:
        read_table(HOSTILE[name], most_rows=100_000)
    assert "file" in caught.value.fields
    assert time.monotonic() - started < 2 * reading.SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024, "this process grew"


def test_the_child_is_held_to_its_memory_and_its_time(tmp_path) -> None:
    hog = tmp_path / "hog.py"
    for body in ("data = [bytes(1 << 20) for _ in range(2000)]", "while True: pass"):
        hog.write_text(
            f"import sys\nsys.path.insert(0, {str(reading._CHILD.parent)!r})\nimport child\nchild._limit({300 << 20}, 1, 1000)\n{body}\n"
        )
        with (tmp_path / "out").open("wb") as output:
            assert reading.run_limited([str(hog)], output.fileno()) != 0
    # The control: the same process without a task ends well.
    hog.write_text("pass\n")
    with (tmp_path / "out").open("wb") as output:
        assert reading.run_limited([str(hog)], output.fileno()) == 0


def test_every_exit_has_its_words() -> None:
    assert set(reading.REFUSALS) == {child.NO_WORKBOOK, child.TOO_BIG, child.ENCRYPTED, child.MACROS}
