"""Workbooks as people get them: to fill in, and given back with every mistake marked. At the edge: it speaks their language."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask_babel import gettext as _
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from duban.fields.cells import to_cell, typed_in
from duban.fields.shapes import FieldSpec, Kind
from duban.forms.boxes import ANSWER, row_numbers
from duban.forms.boxes import NOTE as NOTE_BOX
from duban.kernel.text import Text
from duban.reporting.entering import Office
from duban.reporting.workbooks.judging import VERDICT_LABELS, Judgement, Known, Row, TableRow, Verdict
from duban.reporting.workbooks.knowing import Sheet
from duban.reporting.workbooks.layout import (
    CODE,
    EXPLAIN,
    FIRST_ROW,
    FORMAT,
    HEAD_ROW,
    ID,
    KEY_ROW,
    LOCKED,
    MARK_SHEET,
    NIL,
    NOTE,
    PERIOD,
    RESULT,
    SPARE_ROWS,
    TABLE,
    UNIT,
    asked,
    keys_of,
    table_columns,
    tables,
)
from duban.reporting.workbooks.limits import label, label_with_unit, restrict
from duban.web.errors import translate
from duban.web.i18n import current_language
from duban.web.tables import blank_book, write_cell

_WRONG, _DONE, _HEAD, _FIXED = (PatternFill("solid", start_color=one) for one in ("FFC7CE", "C6EFCE", "D9E1F2", "EDEDED"))
_OPEN = Protection(locked=False)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_MOST_LISTED = 2000
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_HELD_IN_MEMORY = 5 * 1024 * 1024
_WIDTHS = {ID: 0, UNIT: 24, CODE: 14, PERIOD: 12, EXPLAIN: 28, NOTE: 24, RESULT: 40}


@dataclass
class _Line:
    """A row to write: cells by key, and what is wrong with them."""

    cells: Mapping[str, Any]
    wrong: Mapping[str, Sequence[Text]] = field(default_factory=dict)
    result: str = ""
    extra: Sequence[str] = ()
    is_done: bool = False


def template(sheet: Sheet) -> IO[bytes]:
    """Write the workbook to fill in: a row for each unit something can be handed in for, with what was typed before."""
    lines = [_Line(_typed_cells(sheet, known)) for known in sheet.to_fill]
    rows = {spec.key: [line for known in sheet.to_fill for line in _typed_rows(spec, known)] for spec in tables(sheet.form)}
    return _written(sheet, lines, rows, ())


def returned(sheet: Sheet, judgement: Judgement) -> IO[bytes]:
    """Write what came back once more, wrong cells coloured and commented, with a page that sums it up."""
    lines = [_judged_line(sheet, row) for row in judgement.rows]
    rows: dict[str, list[_Line]] = {}
    for spec in tables(sheet.form):
        inside = [one for row in judgement.rows for one in row.tables.get(spec.key, ())]
        inside += [one for one in judgement.loose if one.key == spec.key]
        rows[spec.key] = [_judged_table_line(spec, one) for one in inside]
    return _written(sheet, lines, rows, judgement.extra_heads, judgement=judgement)


# --- what stands in the rows ---------------------------------------------------------------------------------------------------


def _typed_cells(sheet: Sheet, known: Known) -> dict[str, Any]:
    english = current_language() == "en"
    cells: dict[str, Any] = {ID: known.ident.written(), UNIT: known.unit, CODE: known.code, PERIOD: known.period}
    for spec in asked(sheet.form):
        cells[spec.key] = to_cell(spec, typed_in(spec, known.typed, f"{ANSWER}{spec.key}"), english=english)
    cells[NOTE] = known.typed.get(NOTE_BOX) or None
    return cells


def _typed_rows(spec: FieldSpec, known: Known) -> Iterable[_Line]:
    english = current_language() == "en"
    for number in row_numbers(spec, known.typed):
        start = f"{ANSWER}{spec.key}.{number}."
        if any(known.typed.get(f"{start}{column.key}") for column in spec.columns):
            cells = {
                column.key: to_cell(column, typed_in(column, known.typed, f"{start}{column.key}"), english=english)
                for column in table_columns(spec)
            }
            yield _Line({UNIT: known.unit, CODE: known.code} | cells)


def _judged_line(sheet: Sheet, row: Row) -> _Line:
    specs = {spec.key: spec for spec in asked(sheet.form)}
    cells: dict[str, Any] = {key: _read_again(specs.get(key), text, key in row.formulas) for key, text in row.cells.items()}
    if row.known is not None and row.verdict is not Verdict.REFUSED:
        # mended and sent again, it is compared with what stands now
        cells |= {ID: row.known.ident.written(), UNIT: row.known.unit, CODE: row.known.code, PERIOD: row.known.period}
    said = _(VERDICT_LABELS[row.verdict])
    count = row.count()
    if count:
        said = _("%(verdict)s：%(n)s 处", verdict=said, n=count)
        said = "\n".join([said, *(translate(text) for text in row.problems.get("", ()))])
    done = row.verdict in {Verdict.SOUND, Verdict.KEPT, Verdict.HANDED_IN}
    return _Line(cells, {key: texts for key, texts in row.problems.items() if key}, said, row.extra, is_done=done)


def _judged_table_line(spec: FieldSpec, one: TableRow) -> _Line:
    columns = {column.key: column for column in table_columns(spec)}
    cells = {key: _read_again(columns.get(key), text, key in one.formulas) for key, text in one.cells.items()}
    return _Line(cells, one.problems)


def _read_again(spec: FieldSpec | None, text: str, is_formula: bool) -> Any:  # noqa: FBT001 - a cell
    if spec is None or is_formula:
        return text or None
    return to_cell(spec, text, english=current_language() == "en")


# --- the sheets ----------------------------------------------------------------------------------------------------------------


def _written(
    sheet: Sheet,
    lines: Sequence[_Line],
    rows: Mapping[str, Sequence[_Line]],
    extra_heads: Sequence[str],
    *,
    judgement: Judgement | None = None,
) -> IO[bytes]:
    book = blank_book()
    first = book.create_sheet(sheet_title(_("填报表"), ()))
    units = _first_sheet(first, sheet, lines, extra_heads, with_result=judgement is not None)
    for spec in tables(sheet.form):
        inner = book.create_sheet(sheet_title(label(spec), book.sheetnames))
        _table_sheet(inner, spec, rows.get(spec.key, ()), units)
    if judgement is not None:
        summary = book.create_sheet(sheet_title(_("导入结果"), book.sheetnames), 0)
        _summary(summary, sheet, judgement)
        book.active = 0
    _mark(book.create_sheet(MARK_SHEET), sheet)
    file = SpooledTemporaryFile(max_size=_HELD_IN_MEMORY)  # noqa: SIM115 - the caller sends and closes it
    book.save(file)
    file.seek(0)
    return file


def _first_sheet(page: Worksheet, sheet: Sheet, lines: Sequence[_Line], extra_heads: Sequence[str], *, with_result: bool) -> str:
    """Write the units. Gives: the range of their names, for the lists of other sheets."""
    keys = keys_of(sheet.form, nil_allowed=sheet.requirement.nil_allowed)
    specs = {spec.key: spec for spec in asked(sheet.form)}
    if with_result:
        keys = [*keys, RESULT]
    _heading(page, sheet.requirement.title, translate(sheet.period.label), sheet.office)
    for place, key in enumerate(keys, start=1):
        _head(page, place, key, specs.get(key))
    for place, head in enumerate(extra_heads, start=len(keys) + 1):
        write_cell(page.cell(HEAD_ROW, place), head)
    for number, line in enumerate(lines, start=FIRST_ROW):
        for place, key in enumerate(keys, start=1):
            value = line.result if key == RESULT else line.cells.get(key)
            _fill(page.cell(number, place), value, line.wrong.get(key, ()), is_fixed=key in {*LOCKED, RESULT})
        if with_result:
            page.cell(number, len(keys)).fill = _DONE if line.is_done else _WRONG
        for place, text in enumerate(line.extra, start=len(keys) + 1):
            write_cell(page.cell(number, place), text)
    last = max(FIRST_ROW + len(lines) - 1, FIRST_ROW)
    for place, key in enumerate(keys, start=1):
        restrict(page, specs.get(key), key, f"{get_column_letter(place)}{FIRST_ROW}:{get_column_letter(place)}{last}")
    page.column_dimensions["A"].hidden = True
    page.row_dimensions[KEY_ROW].hidden = True
    page.freeze_panes = page.cell(FIRST_ROW, keys.index(UNIT) + 2).coordinate
    page.protection.sheet = True
    page.protection.formatColumns = page.protection.formatRows = page.protection.sort = page.protection.autoFilter = False
    return f"'{page.title}'!$B${FIRST_ROW}:$B${last}"


def _heading(page: Worksheet, title: str, period: str, office: Office | None) -> None:
    write_cell(page.cell(1, 2), f"{title} · {period}")
    page.cell(1, 2).font = Font(bold=True, size=14)
    words = _("每个单位一行，只填白色的格子，带 * 的必填；没有的填 0，不适用的填“不适用”。填好后在原处上传。附件请在网页上传。")
    if office is not None:
        words = _("由%(office)s代各单位报送：每个单位一行，不代报的留空；只填白色的格子，带 * 的必填。", office=office.name)
    write_cell(page.cell(2, 2), words)


def _head(page: Worksheet, place: int, key: str, spec: FieldSpec | None) -> None:
    head, keyed = page.cell(HEAD_ROW, place), page.cell(KEY_ROW, place)
    write_cell(head, label_with_unit(spec) if spec else _fixed_heads().get(key, ""))
    keyed.value = key
    head.font, head.fill, head.alignment = Font(bold=True), _HEAD, _WRAPPED
    page.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(key) or _width(spec)


def _fixed_heads() -> dict[str, str]:
    return {
        UNIT: _("单位"),
        CODE: _("单位代码"),
        PERIOD: _("报告期"),
        NIL: _("零报告"),
        EXPLAIN: _("异常说明"),
        NOTE: _("备注"),
        RESULT: _("导入结果"),
    }


def _width(spec: FieldSpec | None) -> int:
    return 40 if spec is not None and spec.kind in {Kind.TEXT, Kind.LONG_TEXT} else 16


def _table_sheet(page: Worksheet, spec: FieldSpec, lines: Sequence[_Line], units: str) -> None:
    write_cell(page.cell(1, 1), label(spec))
    page.cell(1, 1).font = Font(bold=True, size=14)
    write_cell(page.cell(2, 1), _("一个单位可以写多行；第一列从列表中选单位。"))
    keys = [f"{TABLE}{spec.key}", CODE, *(column.key for column in table_columns(spec))]
    columns = {column.key: column for column in spec.columns}
    for place, key in enumerate(keys, start=1):
        _head(page, place, key, columns.get(key))
    write_cell(page.cell(HEAD_ROW, 1), _("单位"))
    page.column_dimensions["A"].width = _WIDTHS[UNIT]
    page.row_dimensions[KEY_ROW].hidden = True
    for number, line in enumerate(lines, start=FIRST_ROW):
        for place, key in enumerate([UNIT, *keys[1:]], start=1):
            _fill(page.cell(number, place), line.cells.get(key), line.wrong.get(key, ()), is_fixed=False)
    last = FIRST_ROW + len(lines) + SPARE_ROWS
    rule = DataValidation(type="list", formula1=f"={units}", allow_blank=True, errorStyle="warning")
    page.add_data_validation(rule)
    rule.add(f"A{FIRST_ROW}:A{last}")
    for place, key in enumerate(keys, start=1):
        letter = get_column_letter(place)
        restrict(page, columns.get(key), key, f"{letter}{FIRST_ROW}:{letter}{last}")
    page.freeze_panes = page.cell(FIRST_ROW, 2).coordinate


def _fill(cell: Cell | MergedCell, value: Any, wrong: Sequence[Text], *, is_fixed: bool) -> None:
    write_cell(cell, value)
    if is_fixed:
        cell.fill, cell.alignment = _FIXED, _WRAPPED
    else:
        cell.protection = _OPEN
    if wrong:
        cell.fill = _WRONG
        cell.comment = Comment("\n".join(translate(text) for text in wrong), "Duban", width=320, height=120)


def _summary(page: Worksheet, sheet: Sheet, judgement: Judgement) -> None:
    """Write what came of it: how many rows of each kind, and every mistake with its place."""
    write_cell(page.cell(1, 1), f"{sheet.requirement.title} · {translate(sheet.period.label)}")
    page.cell(1, 1).font = Font(bold=True, size=14)
    found = list(mistakes(sheet, judgement))
    page.append([said_mistakes(judgement, len(found))])
    if judgement.is_outdated:
        page.append([_("表单已经更新，这张表是按另一版做的。请下载换好的新表，核对后再上传。")])
    page.append([_("结果"), _("行数")])
    for verdict, count in judgement.counted().items():
        page.append([_(VERDICT_LABELS[verdict]), count])
    page.append([])
    page.append([_("工作表"), _("行"), _("单位"), _("列"), _("填的内容"), _("怎样更正")])
    for place in range(1, 7):
        cell = page.cell(page.max_row, place)
        cell.font, cell.fill = Font(bold=True), _HEAD
    for listed, mistake in enumerate(found):
        if listed == _MOST_LISTED:
            page.append([_("只列出前 %(n)s 处。", n=_MOST_LISTED)])
            break
        number, cells = page.max_row + 1, list[str | int](mistake)
        for place, value in enumerate(cells, start=1):
            write_cell(page.cell(number, place), value)
    for letter, width in zip("ABCDEF", (16, 8, 24, 24, 30, 70), strict=True):
        page.column_dimensions[letter].width = width


def said_mistakes(judgement: Judgement, cells: int) -> str:
    """Say how much there is to put right, rows and cells each by its name."""
    rows = judgement.wrong_rows
    return str(_("需要更正 %(rows)s 行，共 %(cells)s 处", rows=rows, cells=cells) if cells else _("没有需要更正的"))


def mistakes(sheet: Sheet, judgement: Judgement) -> Iterable[tuple[str, int, str, str, str, str]]:
    """
    Give every cell with a mistake, a row as a whole under no column: sheet, row as it stands in the returned file, unit, column,
    what stands there, what to do.
    """
    heads = _fixed_heads() | {spec.key: label(spec) for spec in asked(sheet.form)}
    first = sheet_title(_("填报表"), ())
    inside = dict.fromkeys((spec.key for spec in tables(sheet.form)), FIRST_ROW)
    for number, row in enumerate(judgement.rows, start=FIRST_ROW):
        unit = row.known.unit if row.known else row.cells.get(UNIT, "")
        for key, texts in row.problems.items():
            yield first, number, unit, heads.get(key, ""), row.cells.get(key, ""), _said(texts)
        for spec in tables(sheet.form):
            labels = {column.key: label(column) for column in spec.columns}
            for one in row.tables.get(spec.key, ()):
                for key, texts in one.problems.items():
                    yield label(spec), inside[spec.key], unit, labels.get(key, ""), one.cells.get(key, ""), _said(texts)
                inside[spec.key] += 1
    specs = {spec.key: spec for spec in tables(sheet.form)}
    for one in judgement.loose:
        spec, unit = specs[one.key], one.cells.get(UNIT, "")
        labels = {UNIT: heads[UNIT]} | {column.key: label(column) for column in spec.columns}
        for key, texts in one.problems.items():
            yield label(spec), inside[one.key], unit, labels.get(key, ""), one.cells.get(key, ""), _said(texts)
        inside[one.key] += 1


def _said(texts: Sequence[Text]) -> str:
    return " ".join(translate(text) for text in texts)


def _mark(page: Worksheet, sheet: Sheet) -> None:
    mark = sheet.mark
    for row in (
        ("format", FORMAT),
        ("requirement", str(mark.requirement_id)),
        ("period", mark.period),
        ("form", mark.form),
        ("title", mark.title),
    ):
        number = page.max_row + 1
        for place, text in enumerate(row, start=1):
            write_cell(page.cell(number, place), text)
    page.sheet_state = "veryHidden"


def sheet_title(wanted: str, taken: Iterable[str]) -> str:
    """Give a name Excel takes for a sheet, none of those taken."""
    base = _FORBIDDEN.sub(" ", wanted).strip()[:25] or "-"
    title, number = base, 1
    while title.lower() in {one.lower() for one in taken}:
        number += 1
        title = f"{base} {number}"
    return title
