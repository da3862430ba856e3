"""Writing the workbook that is only read: what every unit handed in. At the edge: it speaks the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask_babel import gettext as _
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from duban.fields.cells import shown_cell, yes_no
from duban.fields.quantities import Value
from duban.fields.shapes import FieldSpec, Kind
from duban.reporting.pages.submitters import said_submitter
from duban.reporting.states import DUTY_LABELS
from duban.reporting.workbooks.layout import tables
from duban.reporting.workbooks.limits import label, label_with_unit
from duban.reporting.workbooks.overview import Overview, Told
from duban.reporting.workbooks.writing import sheet_title
from duban.web.errors import translate
from duban.web.i18n import current_language
from duban.web.tables import blank_book, write_cell

_HEAD = PatternFill("solid", start_color="D9E1F2")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_HELD_IN_MEMORY = 5 * 1024 * 1024
_HEAD_ROW = 3
_WIDE, _NARROW = 28, 16


def reading_copy(found: Overview, *, said_at: Callable[[datetime], str]) -> IO[bytes]:
    """Write the units with what they handed in, one row each; tables on sheets of their own. Takes: how an instant is shown."""
    book = blank_book()
    first = book.create_sheet(sheet_title(_("各单位报送内容"), ()))
    columns = [spec for spec in found.form.fields if spec.kind is not Kind.TABLE]
    begin = [_("单位"), _("单位代码"), _("状态"), _("提交时间"), _("由谁报送"), _("次数")]
    heads = [*begin, *map(label_with_unit, columns), _("零报告"), _("备注")]
    _top(first, found, heads)
    for one in found.rows:
        _row(first, _cells(one, columns, said_at))
    for spec in tables(found.form):
        inner = book.create_sheet(sheet_title(label(spec), book.sheetnames))
        _top(inner, found, [_("单位"), _("单位代码"), *map(label_with_unit, spec.columns)])
        for one in found.rows:
            for row in _rows_of(one.values.get(spec.key)):
                _row(inner, [one.line.unit.name, one.line.unit.code, *_answers(spec.columns, row)])
    file = SpooledTemporaryFile(max_size=_HELD_IN_MEMORY)  # noqa: SIM115 - the caller sends and closes it
    book.save(file)
    file.seek(0)
    return file


def _top(page: Worksheet, found: Overview, heads: Sequence[str]) -> None:
    period = translate(found.period.label) if found.period else ""
    write_cell(page.cell(1, 1), f"{found.requirement.title} · {period}")
    page.cell(1, 1).font = Font(bold=True, size=14)
    write_cell(page.cell(2, 1), _("各单位最近一次报送的内容，只供查阅，不能上传。没有提交的只在填报单位，这里为空。"))
    for place, head in enumerate(heads, start=1):
        cell = page.cell(_HEAD_ROW, place)
        write_cell(cell, head)
        cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, _WRAPPED
        page.column_dimensions[get_column_letter(place)].width = _WIDE if place == 1 else _NARROW
    page.freeze_panes = f"B{_HEAD_ROW + 1}"


def _row(page: Worksheet, cells: Sequence[Any]) -> None:
    number = page.max_row + 1
    for place, value in enumerate(cells, start=1):
        write_cell(page.cell(number, place), value)


def _cells(one: Told, columns: Sequence[FieldSpec], said_at: Callable[[datetime], str]) -> list[Any]:
    duty, last = one.line.duty, one.submission
    is_nil = yes_no(is_yes=True, english=current_language() == "en") if last and last.is_nil else None
    begin = [one.line.unit.name, one.line.unit.code, _(DUTY_LABELS[duty.stands])]
    when = [said_at(last.submitted_at), said_submitter(last), last.number] if last else [None, None, None]
    return [*begin, *when, *_answers(columns, one.values), is_nil, last.note if last else None]


def _answers(columns: Sequence[FieldSpec], values: Mapping[str, Value]) -> list[Any]:
    english = current_language() == "en"
    return [shown_cell(spec, values[spec.key], english=english) if values.get(spec.key) is not None else None for spec in columns]


def _rows_of(value: Value) -> list[Mapping[str, Value]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, tuple) else []
