"""
Where what stands in a workbook of a requirement. Pure.

Row 3 has the headings, row 4 (hidden) the keys the columns are read by, the units begin in row 5. Each table question has a
sheet of its own; a hidden sheet says which requirement, period and form it was made for.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from duban.fields.forms import FormSpec, form_to_json
from duban.fields.shapes import FieldSpec, Kind
from duban.sheets.reading import Book, SheetRow

HEAD_ROW, KEY_ROW, FIRST_ROW = 3, 4, 5
MARK_SHEET = "_duban"
FORMAT = "1"
TABLE = "_table:"
"""Begins the key of a table's sheet."""
ID, UNIT, CODE, PERIOD, NIL, EXPLAIN, NOTE, RESULT = (
    "_id",
    "_unit",
    "_code",
    "_period",
    "_nil",
    "_explain",
    "_note",
    "_result",
)
LOCKED = (ID, UNIT, CODE, PERIOD)
ROWS_ABOVE = 10
"""How far down the row of keys is looked for."""
SPARE_ROWS = 200
"""Rows of a table's sheet that are open for typing."""


@dataclass(frozen=True)
class Mark:
    """What a workbook was made for."""

    requirement_id: UUID
    period: str
    form: str
    title: str


@dataclass(frozen=True)
class Ident:
    """What stands hidden in a unit's row: its duty, and how many versions and drafts of it there were."""

    duty_id: UUID
    versions: int
    draft: int

    def written(self) -> str:
        """Give it as a cell."""
        return f"{self.duty_id}:{self.versions}:{self.draft}"


def ident_from(text: str) -> Ident | None:
    """Read what `Ident.written` gave; None for anything else."""
    parts = text.strip().split(":")
    try:
        return Ident(UUID(parts[0]), int(parts[1]), int(parts[2])) if len(parts) == len(("id", "versions", "draft")) else None
    except ValueError:
        return None


def asked(form: FormSpec) -> list[FieldSpec]:
    """Give the questions that have a column in the first sheet."""
    return [spec for spec in form.fields if spec.kind not in {Kind.TABLE, Kind.ATTACHMENT, Kind.COMPUTED}]


def tables(form: FormSpec) -> list[FieldSpec]:
    """Give the questions that have a sheet of their own."""
    return [spec for spec in form.fields if spec.kind is Kind.TABLE]


def table_columns(table: FieldSpec) -> list[FieldSpec]:
    """Give the columns of a table that are filled in."""
    return [column for column in table.columns if column.kind is not Kind.COMPUTED]


def keys_of(form: FormSpec, *, nil_allowed: bool) -> list[str]:
    """Give the keys of the first sheet's columns, in order."""
    return [*LOCKED, *(spec.key for spec in asked(form)), *([NIL] if nil_allowed else []), EXPLAIN, NOTE]


def fingerprint(form: FormSpec) -> str:
    """Tell forms apart: any change of a question or a check gives another text."""
    written = json.dumps(form_to_json(form), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:20]


def mark_in(book: Book) -> Mark | None:
    """Find what a workbook was made for; None where it is none of ours."""
    found: Mapping[str, str] = {row.cell(0): row.cell(1) for row in book.get(MARK_SHEET, ())}
    try:
        requirement_id = UUID(found.get("requirement", ""))
    except ValueError:
        return None
    if found.get("format") != FORMAT:
        return None
    return Mark(requirement_id, found.get("period", ""), found.get("form", ""), found.get("title", ""))


def sheet_with(book: Book, first_key: str) -> tuple[str, list[str], list[str], list[SheetRow]] | None:
    """
    Find the sheet whose row of keys begins with a key, whatever it is called now.

    Gives: its name, the headings, the keys and the rows below them.
    """
    for name, rows in book.items():
        for place, row in enumerate(rows[:ROWS_ABOVE]):
            if row.cell(0).strip() == first_key:
                heads = rows[place - 1].cells if place else []
                return name, heads, [cell.strip() for cell in row.cells], rows[place + 1 :]
    return None
