"""Reading a table from a file: CSV here, a workbook (XLSX) in a limited child. Rows are text, numbered as people see them."""

import csv
import io
import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text
from duban.sheets import child

MEMORY_BYTES = 300 * 1024 * 1024
SECONDS = 10
UNPACKED_BYTES = 150 * 1024 * 1024
OUTPUT_BYTES = 64 * 1024 * 1024
BOOK_BYTES = 8 * 1024 * 1024
"""Of a whole workbook filled in by hand: some three thousand rows of thirty cells."""
_DELIMITERS = ",\t;，"
_CHILD = Path(child.__file__)

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Table:
    """A table as read: blank rows are left out; `encoding` says how it was understood."""

    rows: Rows
    encoding: str


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet: its number as people see it, its cells as text, and the places (from 0) of cells that hold formulas."""

    number: int
    cells: list[str]
    formulas: frozenset[int] = frozenset()

    def cell(self, place: int) -> str:
        """Give a cell; "" beyond the last."""
        return self.cells[place] if place < len(self.cells) else ""


Book = dict[str, list[SheetRow]]
"""The rows of every sheet by its name, blank ones left out."""


class UnreadableTableError(InvalidInputError):
    """The file is no table we can read; the text says what to do."""

    code = "sheets.unreadable"

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template, fields={"file": [Text(template, params)]}, **params)


REFUSALS: dict[int, str] = {
    child.NO_WORKBOOK: N_("这不是 Excel 工作簿（.xlsx），或文件已损坏。请在 Excel 中另存为“Excel 工作簿（.xlsx）”再上传。"),
    child.TOO_BIG: N_("这个工作簿展开后太大，没有读取。请只保留需要的工作表和行，或另存为 CSV 再上传。"),
    child.ENCRYPTED: N_("这个工作簿有密码，或是旧格式（.xls）。请去掉密码，另存为“Excel 工作簿（.xlsx）”再上传。"),
    child.MACROS: N_("这个工作簿含有宏，不能上传。请另存为不带宏的“Excel 工作簿（.xlsx）”。"),
}


def read_table(data: bytes, *, most_rows: int) -> Table:
    """
    Read the first sheet of a workbook, or a CSV file in UTF-8, UTF-16 or GB 18030 (holds GBK).

    Raises: UnreadableTableError. Costs: for a workbook a process of at most 300 MiB and 10 s.
    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return Table(_workbook(data, most_rows), "xlsx")
    decoded = decode(data)
    if decoded is None:
        raise UnreadableTableError(
            N_("这不是文本文件，也不是 Excel 工作簿。请在 Excel 中另存为“Excel 工作簿（.xlsx）”或“CSV UTF-8（逗号分隔）”再上传。")
        )
    text, encoding = decoded
    try:
        rows = _csv(text, most_rows)
    except csv.Error as error:
        raise UnreadableTableError(
            N_("文件格式有误，无法分列：%(reason)s。请在 Excel 中另存为“CSV UTF-8（逗号分隔）”再上传。"), reason=str(error)
        ) from error
    return Table(rows, encoding)


def read_book(data: bytes, *, most_rows: int) -> Book:
    """
    Read every sheet of a workbook, hidden ones too. Numbers come as Excel shows them, formulas as they are written.

    Raises: UnreadableTableError. Costs: a process of at most 300 MiB and 10 s.
    """
    if not data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableTableError(REFUSALS[child.NO_WORKBOOK])
    book: Book = {}
    for sheet, number, cells, formulas in _lines(data, most_rows, "all", most_bytes=BOOK_BYTES):
        book.setdefault(sheet, []).append(SheetRow(number, cells, frozenset(formulas)))
    return book


def decode(data: bytes) -> tuple[str, str] | None:
    """Give the text and how it was encoded; None for what is no text."""
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else (text, encoding)
    return None


def _too_many(most_rows: int) -> UnreadableTableError:
    return UnreadableTableError(N_("最多一次导入 %(limit)s 行，这个文件更多，请分次导入。"), limit=most_rows)


def _csv(text: str, most_rows: int) -> Rows:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: Rows = []
    start = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((start, cells))
            if len(rows) > most_rows:
                raise _too_many(most_rows)
        start = reader.line_num + 1
    return rows


def _workbook(data: bytes, most_rows: int) -> Rows:
    return [(number, cells) for number, cells in _lines(data, most_rows)]


def _lines(data: bytes, most_rows: int, *which: str, most_bytes: int = OUTPUT_BYTES) -> list[list[Any]]:
    """Have the child read a workbook. Gives: what it wrote, line by line. Raises: UnreadableTableError."""
    with tempfile.NamedTemporaryFile(prefix="duban-sheet-", suffix=".xlsx") as file, tempfile.TemporaryFile() as output:
        file.write(data)
        file.flush()
        limits = (most_rows, MEMORY_BYTES, SECONDS, UNPACKED_BYTES, most_bytes)
        code = run_limited([str(_CHILD), file.name, *map(str, limits), *which], output.fileno())
        if code == child.TOO_MANY_ROWS:
            raise _too_many(most_rows)
        if code != 0:
            # Killed for its memory or its time is as telling as an exit code.
            killed = code in {-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGSEGV, -signal.SIGABRT, 137}
            raise UnreadableTableError(REFUSALS.get(child.TOO_BIG if killed else code, REFUSALS[child.NO_WORKBOOK]))
        output.seek(0)
        return [json.loads(line) for line in output]


def run_limited(arguments: list[str], output: int) -> int:
    """Run one of our own files in a process without environment. Gives: its exit code, 137 when it did not end in time."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "OPENPYXL_LXML": "False"},
            timeout=SECONDS * 2,
            check=False,
            close_fds=True,
        )
    except subprocess.TimeoutExpired:
        return 137
    return done.returncode
