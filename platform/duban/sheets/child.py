"""
Reads one workbook and writes its rows as JSON lines. Runs as a process of its own; only its exit codes are imported.

Arguments: path, rows at most, bytes of memory, seconds of processor time, bytes unpacked, bytes written, and "all" for every
sheet instead of the first. What it is given is hostile: the limits are set before the first byte is looked at.
"""

import errno
import json
import os
import resource
import sys
import zipfile
from datetime import date, datetime
from decimal import Decimal

NO_WORKBOOK, TOO_BIG, ENCRYPTED, MACROS, TOO_MANY_ROWS = 10, 11, 12, 13, 14
MOST_PARTS = 500
MOST_RATIO = 200
CHUNK = 1 << 20
MOST_COLUMNS = 300
MOST_SHEETS = 50


def _limit(memory: int, seconds: int, written: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _check(path: str, most_unpacked: int) -> None:
    """Unpack everything once, counting: what a header says about its size is the sender's word."""
    with open(path, "rb") as file:  # noqa: PTH123 - the standard library only
        if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            sys.exit(ENCRYPTED)  # the old container: a password, or a workbook from before 2007
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if len(parts) > MOST_PARTS:
            sys.exit(TOO_BIG)
        if any(part.flag_bits & 1 for part in parts):
            sys.exit(ENCRYPTED)
        if "xl/workbook.xml" not in names:
            sys.exit(NO_WORKBOOK)
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            sys.exit(MACROS)
        packed = sum(part.compress_size for part in parts)
        unpacked = 0
        for part in parts:
            with archive.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    # no workbook declares a document type; in UTF-16 there is a NUL beside every letter
                    if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in chunk.replace(b"\0", b""):
                        sys.exit(NO_WORKBOOK)
                    unpacked += len(chunk)
                    if unpacked > most_unpacked or unpacked > max(packed, 4096) * MOST_RATIO:
                        sys.exit(TOO_BIG)


def _written(value: object) -> str:
    """Write a cell as people see it: a code that Excel took for a number is a code again."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - exact in a float
    if isinstance(value, datetime):
        return value.date().isoformat() if (value.hour, value.minute, value.second) == (0, 0, 0) else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _rows(path: str, most_rows: int) -> None:
    os.environ["OPENPYXL_LXML"] = "False"  # defusedxml guards the standard library's parser, not lxml
    from openpyxl import load_workbook  # noqa: PLC0415 - not before the limits stand

    workbook = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()
    kept = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_written(value) for value in row[:MOST_COLUMNS]]
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        kept += 1
        if kept > most_rows:
            sys.exit(TOO_MANY_ROWS)
        sys.stdout.write(json.dumps([number, cells], ensure_ascii=True) + "\n")


def _as_shown(value: object, number_format: str) -> str:
    """Write a number to the fifteen digits Excel itself keeps, and a percentage as one."""
    if isinstance(value, float):
        value = Decimal(f"{value:.15g}")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value) * 100 if "%" in number_format else Decimal(value)
        text = f"{number.normalize():f}" if abs(number) < Decimal(10) ** 30 else str(number)
        return f"{text}%" if "%" in number_format else text
    return _written(value)


def _book(path: str, most_rows: int) -> None:
    """Write every row of every sheet: the sheet's name, the row's number, its cells, and which of them are formulas."""
    os.environ["OPENPYXL_LXML"] = "False"
    from openpyxl import load_workbook  # noqa: PLC0415 - not before the limits stand

    workbook = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    if len(workbook.worksheets) > MOST_SHEETS:
        sys.exit(TOO_BIG)
    kept = 0
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [_as_shown(cell.value, getattr(cell, "number_format", "") or "") for cell in row[:MOST_COLUMNS]]
            formulas = [place for place, cell in enumerate(row[:MOST_COLUMNS]) if cell.data_type == "f"]
            while cells and not cells[-1].strip():
                cells.pop()
            if not cells:
                continue
            kept += 1
            if kept > most_rows:
                sys.exit(TOO_MANY_ROWS)
            sys.stdout.write(json.dumps([sheet.title, number, cells, formulas], ensure_ascii=True) + "\n")


def main() -> None:
    """Read the workbook named on the command line."""
    path = sys.argv[1]
    most_rows, memory, seconds, most_unpacked, written = (int(text) for text in sys.argv[2:7])
    _limit(memory, seconds, written)
    try:
        _check(path, most_unpacked)
        (_book if sys.argv[7:] == ["all"] else _rows)(path, most_rows)
        sys.stdout.flush()
    except MemoryError:
        os._exit(TOO_BIG)
    except OSError as error:
        os._exit(TOO_BIG if error.errno == errno.EFBIG else NO_WORKBOOK)
    except Exception:  # noqa: BLE001 - whatever a hostile file breaks, it is no workbook; the parser's own errors are many
        os._exit(NO_WORKBOOK)


if __name__ == "__main__":
    main()
