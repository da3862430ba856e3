"""The matrix of units × requirements, drawn in Python: with a macro call for each of its cells it took a third of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from duban.web.filters import icon, taking
from duban.web.i18n import gettext as _


@dataclass(frozen=True)
class Cell:
    """How one unit stands with one requirement: word, icon and tone, the page it leads to, and what is said on pointing at it."""

    word: str
    icon: str
    tone: str
    url: str | None = None
    hint: str = ""


@dataclass(frozen=True)
class DrawnRow:
    """One unit's row with its cells drawn twice: `<td>`s of the wide table, and a phone's `<li>`s, none where nothing is owed."""

    row: Mapping[str, Any]
    cells: Markup
    items: Markup


def draw_rows(columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[DrawnRow]:
    """Draw the rows of a matrix. Takes: columns and rows as the kit's `ui.matrix` does."""
    drawing = _Drawing([(column["key"], str(escape(column["label"]))) for column in columns])
    return [drawing.row(row) for row in rows]


class _Drawing:
    """What is the same in many cells is translated, escaped and put together once."""

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        self._columns = columns
        self._looks: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        nothing = f'<span class="cell off"><span aria-hidden="true">·</span><span class="sr">{escape(_("无任务"))}</span></span>'
        self._nothing = "<td></td>" if taking() else f"<td>{nothing}</td>"

    def row(self, row: Mapping[str, Any]) -> DrawnRow:
        label, cells = str(escape(row["label"])), row["cells"]
        table, listed = [], []
        for key, column in self._columns:
            cell = cells.get(key)
            if cell is None:
                table.append(self._nothing)
                continue
            drawn = self._cell(cell, f"{label} · {column}")
            table.append(f"<td>{drawn}</td>")
            listed.append(f"<li><span>{column}</span>{drawn}</li>")
        return DrawnRow(row, Markup("".join(table)), Markup("".join(listed)))  # noqa: S704 - every part of it is escaped

    def _cell(self, cell: Cell, name: str) -> str:
        """Draw one cell. Takes: `name` escaped."""
        look = (cell.tone, cell.hint, cell.icon, cell.word)
        parts = self._looks.get(look)
        if parts is None:
            hint = f"{_('：')}{escape(cell.hint)}" if cell.hint else ""
            parts = f'class="cell {escape(cell.tone)}"', f'{hint}">{icon(cell.icon)}{escape(cell.word)}'
            self._looks[look] = parts
        before, after = parts
        if cell.url is None:
            return f'<span {before} title="{name}{after}</span>'
        return f'<a {before} href="{escape(cell.url)}" title="{name}{after}</a>'
