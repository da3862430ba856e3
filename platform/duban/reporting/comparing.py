"""What is different between two versions: field by field, row by row of a table, attachment by attachment. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import Stored

Say = Callable[[FieldSpec, Stored], str]
"""How an answer, as stored, is said to the reader."""


class Mark(StrEnum):
    """How something stands to the earlier version."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Cell:
    """One answer, now and before."""

    spec: FieldSpec
    now: str
    before: str
    mark: Mark = Mark.SAME


@dataclass(frozen=True)
class Row:
    """One row of a table. `number`: its place, from 0, in the version shown; in the earlier one where it was removed."""

    number: int
    mark: Mark
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Answer:
    """One question with its answer now and before; a table has `rows` instead."""

    cell: Cell
    rows: tuple[Row, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it is another answer than before."""
        return self.cell.mark is not Mark.SAME


def compare(specs: Sequence[FieldSpec], now: Mapping[str, Stored], before: Mapping[str, Stored] | None, say: Say) -> list[Answer]:
    """
    Lay out the answers of a version beside those of an earlier one.

    Takes:  both contents as stored; `before` None where there is nothing to compare with, so that nothing is marked.
    """
    return [_answer(spec, now.get(spec.key), before, say) for spec in specs]


def _answer(spec: FieldSpec, now: Stored, before: Mapping[str, Stored] | None, say: Say) -> Answer:
    if spec.kind is Kind.ATTACHMENT:
        return Answer(Cell(spec, "", ""))  # every version has its own copies: files are compared by content, see compare_files
    if spec.kind is not Kind.TABLE:
        return Answer(_cell(spec, now, now if before is None else before.get(spec.key), say))
    theirs = _rows_of(now) if before is None else _rows_of(before.get(spec.key))
    rows = tuple(_rows(spec, _rows_of(now), theirs, say))
    mark = Mark.CHANGED if any(row.mark is not Mark.SAME for row in rows) else Mark.SAME
    return Answer(Cell(spec, "", "", mark), rows)


def _cell(spec: FieldSpec, now: Stored, before: Stored, say: Say) -> Cell:
    return Cell(spec, say(spec, now), say(spec, before), Mark.SAME if now == before else Mark.CHANGED)


def _rows_of(stored: Stored) -> list[Mapping[str, Any]]:
    return [row for row in stored if isinstance(row, Mapping)] if isinstance(stored, list) else []


def _rows(spec: FieldSpec, now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], say: Say) -> list[Row]:
    """Line up the rows by their longest common runs; what stands between two runs is paired from its top."""
    found: list[Row] = []
    match = SequenceMatcher(a=[_said(spec, row) for row in before], b=[_said(spec, row) for row in now], autojunk=False)
    for kind, a_from, a_to, b_from, b_to in match.get_opcodes():
        paired = b_to - b_from if kind == "equal" else min(a_to - a_from, b_to - b_from)
        found += [_row(spec, b_from + step, now[b_from + step], before[a_from + step], say) for step in range(paired)]
        found += [_row(spec, place, now[place], None, say) for place in range(b_from + paired, b_to)]
        found += [_row(spec, place, None, before[place], say) for place in range(a_from + paired, a_to)]
    return found


def _said(spec: FieldSpec, row: Mapping[str, Any]) -> str:
    return repr([row.get(column.key) for column in spec.columns])


def _row(spec: FieldSpec, number: int, now: Mapping[str, Any] | None, before: Mapping[str, Any] | None, say: Say) -> Row:
    cells = tuple(_cell(column, (now or {}).get(column.key), (before or {}).get(column.key), say) for column in spec.columns)
    if now is None or before is None:
        mark = Mark.REMOVED if now is None else Mark.ADDED
        return Row(number, mark, tuple(Cell(cell.spec, cell.now, cell.before, mark) for cell in cells))
    changed = any(cell.mark is not Mark.SAME for cell in cells)
    return Row(number, Mark.CHANGED if changed else Mark.SAME, cells)


@dataclass(frozen=True)
class File:
    """An attachment: the name people see and the digest of its content."""

    name: str
    digest: str


def compare_files(now: Sequence[File], before: Sequence[File]) -> list[tuple[str, Mark]]:
    """Name the attachments of both versions: those of the later one in their order, then those that are gone."""
    earlier = {(one.name, one.digest) for one in before}
    names = {one.name for one in before}
    found = [
        (one.name, Mark.SAME if (one.name, one.digest) in earlier else Mark.CHANGED if one.name in names else Mark.ADDED)
        for one in now
    ]
    kept = {one.name for one in now}
    return found + [(one.name, Mark.REMOVED) for one in before if one.name not in kept]
