"""
Tables taken away: CSV and XLSX that are safe to open.

A cell that begins like a formula would run on the computer of whoever opens the file; it is written as text instead.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import quote

from flask import Response
from openpyxl import Workbook
from openpyxl.cell import Cell as BookCell
from openpyxl.cell import MergedCell, WriteOnlyCell

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NO_TITLE = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
"""What Excel refuses in the name of a sheet."""
_HELD_IN_MEMORY = 5 * 1024 * 1024
_LONGEST_CELL = 32_767
"""What Excel can hold."""

Cell = str | int | Decimal | None


def safe_text(text: str) -> str:
    """Give the text so that no spreadsheet reads it as a formula: an apostrophe in front, control characters out."""
    kept = "".join(
        char for char in text if char in "\n\t" or (char >= " " and not "\ud800" <= char <= "\udfff" and char != "\x7f")
    )
    return f"'{kept}" if text.lstrip(" ").startswith(_STARTS) else kept


def typed_text(cell: str) -> str:
    """Give what stood in a cell before `safe_text` put an apostrophe in front."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_STARTS) else cell


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Give a CSV file line by line, with the mark Excel needs to read UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff"
    for row in _chained(header, rows):
        writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


Sheet = tuple[str, Sequence[str], Iterable[Sequence[Cell]]]
"""Title, heads, rows."""


def xlsx_file(sheets: Iterable[Sheet]) -> IO[bytes]:
    """Write a workbook sheet by sheet and row by row to a temporary file; give it open at its start."""
    book = Workbook(write_only=True)
    for title, header, rows in sheets:
        _write_sheet(book.create_sheet(_NO_TITLE.sub(" ", title)[:31]), header, rows)
    file = SpooledTemporaryFile(max_size=_HELD_IN_MEMORY)  # noqa: SIM115 - the caller sends and closes it
    book.save(file)
    file.seek(0)
    return file


def _write_sheet(sheet: Any, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    sheet.freeze_panes = "A2"
    for row in _chained(header, rows):
        cells = []
        for value in row:
            # openpyxl writes a Decimal digit by digit; its types do not say so
            plain: Any = safe_text(value)[:_LONGEST_CELL] if isinstance(value, str) else value
            cell = WriteOnlyCell(sheet, value=plain)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)


def blank_book() -> Workbook:
    """Give a workbook without a sheet, for one that is laid out cell by cell with `write_cell`."""
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    return book


def write_cell(cell: BookCell | MergedCell, value: str | int | Decimal | date | None) -> None:
    """Write a value; a text is one for ever, whatever it begins with."""
    cell.value = safe_text(value)[:_LONGEST_CELL] if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"


def _chained(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield header
    yield from rows


def attachment(body: Iterable[str] | Iterable[bytes] | IO[bytes], content_type: str, name: str) -> Response:
    """Send a file under a name in any language, kept by no cache."""
    if isinstance(body, SpooledTemporaryFile) and body.seek(0, os.SEEK_END) <= _HELD_IN_MEMORY:
        body.seek(0)
        with body as file:
            body = [file.read()]
    elif isinstance(body, SpooledTemporaryFile):
        body.seek(0)
    response = Response(body, content_type=content_type)
    ascii_name = name.encode("ascii", "ignore").decode().strip("-_. ") or "export"
    response.headers["Content-Disposition"] = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "no-store"
    if isinstance(body, SpooledTemporaryFile):
        response.call_on_close(body.close)
    return response
