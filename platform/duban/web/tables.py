"""
Tables taken away: CSV and XLSX that are safe to open.

A cell that begins like a formula would run on the computer of whoever opens the file; it is written as text instead.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO
from urllib.parse import quote

from flask import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_HELD_IN_MEMORY = 5 * 1024 * 1024
_LONGEST_CELL = 32_767
"""What Excel can hold."""

Cell = str | int | None


def safe_text(text: str) -> str:
    """Give the text so that no spreadsheet reads it as a formula: an apostrophe in front, control characters out."""
    kept = "".join(
        char for char in text if char in "\n\t" or (char >= " " and not "\ud800" <= char <= "\udfff" and char != "\x7f")
    )
    return f"'{kept}" if text.lstrip(" ").startswith(_STARTS) else kept


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


def xlsx_file(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> IO[bytes]:
    """Write a workbook of one sheet, row by row, to a temporary file; give it open at its start."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for row in _chained(header, rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=safe_text(value)[:_LONGEST_CELL] if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    file = SpooledTemporaryFile(max_size=_HELD_IN_MEMORY)  # noqa: SIM115 - the caller sends and closes it
    book.save(file)
    file.seek(0)
    return file


def _chained(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield header
    yield from rows


def attachment(body: Iterable[str] | IO[bytes], content_type: str, name: str) -> Response:
    """Send a file under a name in any language, kept by no cache."""
    response = Response(body, content_type=content_type)
    ascii_name = name.encode("ascii", "ignore").decode().strip("-_. ") or "export"
    response.headers["Content-Disposition"] = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "no-store"
    if isinstance(body, SpooledTemporaryFile):
        response.call_on_close(body.close)
    return response
