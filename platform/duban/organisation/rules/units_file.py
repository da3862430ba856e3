"""
Reading rows of units and checking them against the units there are. Pure: rows and facts in, a report out.

Every bad row is named with its line, its column and what to do; nothing is guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from duban.kernel.text import N_, Text
from duban.organisation.rules.naming import check_code, check_name, tidy
from duban.organisation.states import COLUMN_LABELS, COLUMN_NAMES, REQUIRED_COLUMNS, Column

MOST_ROWS = 20_000
LONGEST_CELL = 500


@dataclass(frozen=True, order=True)
class RowProblem:
    """One mistake. Units: `line` as a text editor counts, from 1; `column` the heading, empty for the whole line."""

    line: int
    column: str
    text: Text = field(compare=False)


@dataclass(frozen=True)
class UnitRow:
    """A row as read, cells tidied."""

    line: int
    code: str
    name: str
    level: str
    parent_code: str
    short_name: str = ""
    sector: str = ""


@dataclass(frozen=True)
class Known:
    """A unit that exists already."""

    name: str
    level: str
    parent_code: str
    active: bool


@dataclass(frozen=True)
class Sheet:
    """A file read: its rows and what was wrong with its shape; `encoding` is how it was understood."""

    rows: tuple[UnitRow, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    encoding: str = ""


@dataclass(frozen=True)
class Plan:
    """What importing would do. `new` stands parents before children; `unchanged` are rows that say what is there already."""

    new: tuple[UnitRow, ...]
    unchanged: tuple[UnitRow, ...]
    problems: tuple[RowProblem, ...]


def read_rows(numbered: Sequence[tuple[int, Sequence[str]]], encoding: str) -> Sheet:
    """Read a table's rows as units; the first row holds the headings, Chinese or English."""
    if not numbered:
        return refused(N_("文件是空的。"))
    line, headings = numbered[0]
    columns, problems = _columns(line, headings)
    if problems:
        return Sheet(problems=tuple(problems), encoding=encoding)
    rows = [_row(line, cells, columns) for line, cells in numbered[1:]]
    return Sheet(rows=tuple(rows), problems=tuple(_long_cells(numbered[1:], headings)), encoding=encoding)


def refused(template: str, **params: object) -> Sheet:
    """Give a sheet of which nothing could be read, and why."""
    return Sheet(problems=(RowProblem(1, "", Text(template, params)),))


def _columns(line: int, headings: Sequence[str]) -> tuple[dict[Column, int], list[RowProblem]]:
    columns: dict[Column, int] = {}
    problems: list[RowProblem] = []
    for position, heading in enumerate(headings):
        column = COLUMN_NAMES.get(tidy(heading).lower().lstrip("\ufeff"))
        if column is not None and column in columns:
            problems.append(RowProblem(line, heading, Text(N_("这一列出现了两次，请删去一列。"))))
        elif column is not None:
            columns[column] = position
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            label = Text(COLUMN_LABELS[column])
            problems.append(
                RowProblem(
                    line, column.value, Text(N_("缺少“%(column)s”一列（%(code)s）。"), {"column": label, "code": column.value})
                )
            )
    return columns, problems


def _row(line: int, cells: Sequence[str], columns: Mapping[Column, int]) -> UnitRow:
    def cell(column: Column) -> str:
        position = columns.get(column)
        return tidy(cells[position]) if position is not None and position < len(cells) else ""

    return UnitRow(
        line=line,
        # Excel keeps long numbers as text by a leading apostrophe or ="…"; both are its own marks, not part of the code.
        code=plain_code(cell(Column.CODE)),
        name=cell(Column.NAME),
        level=cell(Column.LEVEL),
        parent_code=plain_code(cell(Column.PARENT)),
        short_name=cell(Column.SHORT_NAME),
        sector=cell(Column.SECTOR),
    )


def plain_code(cell: str) -> str:
    """Give a code or number without what Excel and input methods put around it."""
    # An input method writes full-width digits that look like the others.
    cell = normalize("NFKC", cell)
    bare = cell.removeprefix("=").strip('"') if cell.startswith('="') else cell
    return bare.removeprefix("'").replace(" ", "")


def _long_cells(numbered: Sequence[tuple[int, Sequence[str]]], headings: Sequence[str]) -> list[RowProblem]:
    return [
        RowProblem(
            line,
            headings[position] if position < len(headings) else "",
            Text(N_("内容太长，最多 %(limit)s 个字。"), {"limit": LONGEST_CELL}),
        )
        for line, cells in numbered
        for position, cell in enumerate(cells)
        if len(cell) > LONGEST_CELL
    ]


@dataclass
class Checker:
    """
    Checks rows against each other and against the units there are.

    Takes: `levels` by every name a level goes by, lower-case; `may_stand` says whether a level may stand under another;
           `level_label` gives a level's name for people.
    """

    rows: Sequence[UnitRow]
    known: Mapping[str, Known]
    levels: Mapping[str, str]
    may_stand: Callable[[str, str], bool]
    level_label: Callable[[str], str]

    def __post_init__(self) -> None:
        """Index the rows by code, the first of several counting."""
        self.problems: list[RowProblem] = []
        self.by_code: dict[str, UnitRow] = {}
        for row in self.rows:
            first = self.by_code.setdefault(row.code, row)
            if row.code and first is not row:
                self.complain(
                    row, Column.CODE, N_("代码 %(code)s 与第 %(line)s 行重复，请改正其中一行。"), code=row.code, line=first.line
                )

    def complain(self, row: UnitRow, column: Column, template: str, **params: object) -> None:
        """Note a mistake of a row."""
        self.problems.append(RowProblem(row.line, column.value, Text(template, params)))

    def plan(self) -> Plan:
        """Check everything."""
        new: list[UnitRow] = []
        unchanged: list[UnitRow] = []
        for row in self.rows:
            level = self._level(row)
            self._check_cells(row)
            if row.code in self.known:
                self._check_known(row, level, unchanged)
            elif self.by_code.get(row.code) is row:
                self._check_parent(row, level)
                new.append(row)
        ordered = self._parents_first(new)
        return Plan(tuple(ordered), tuple(unchanged), tuple(sorted(self.problems)))

    def _level(self, row: UnitRow) -> str:
        level = self.levels.get(row.level.lower(), "")
        if not level:
            allowed = "、".join(dict.fromkeys(self.level_label(code) for code in self.levels.values()))
            self.complain(row, Column.LEVEL, N_("“%(level)s”不是级别，请填写：%(allowed)s。"), level=row.level, allowed=allowed)
        return level

    def _check_cells(self, row: UnitRow) -> None:
        for column, problem in ((Column.CODE, check_code(row.code)), (Column.NAME, check_name(row.name))):
            if problem is not None:
                self.problems.append(RowProblem(row.line, column.value, problem))

    def _check_known(self, row: UnitRow, level: str, unchanged: list[UnitRow]) -> None:
        known = self.known[row.code]
        if not known.active:
            self.complain(
                row, Column.CODE, N_("代码 %(code)s 属于已撤销的“%(name)s”，请换一个代码。"), code=row.code, name=known.name
            )
        elif (known.name, known.level, known.parent_code) == (row.name, level, row.parent_code):
            unchanged.append(row)
        elif known.parent_code != row.parent_code:
            text = N_("“%(name)s”已存在，上级是 %(parent)s；导入不会移动单位，请删去这一行或改回上级代码。")
            self.complain(row, Column.PARENT, text, name=known.name, parent=known.parent_code or "—")
        else:
            text = N_(
                "代码 %(code)s 已存在，名称是“%(name)s”、级别是“%(level)s”；导入不会改动已有单位，请删去这一行或到单位页面修改。"
            )
            self.complain(row, Column.NAME, text, code=row.code, name=known.name, level=self.level_label(known.level))

    def _check_parent(self, row: UnitRow, level: str) -> None:
        parent_level = self._parent_level(row)
        if parent_level is None or not level:
            return
        if not self.may_stand(level, parent_level):
            text = N_("“%(level)s”不能设在“%(parent)s”之下，请核对级别或上级代码。")
            self.complain(row, Column.LEVEL, text, level=self.level_label(level), parent=self.level_label(parent_level))

    def _parent_level(self, row: UnitRow) -> str | None:
        if not row.parent_code:
            self.complain(row, Column.PARENT, N_("请填写上级单位代码：只有最上级单位没有上级，而它已经设立。"))
            return None
        if row.parent_code == row.code:
            self.complain(row, Column.PARENT, N_("单位不能是自己的上级。"))
            return None
        known = self.known.get(row.parent_code)
        if known is not None:
            if not known.active:
                self.complain(row, Column.PARENT, N_("上级“%(name)s”已撤销，请换一个上级。"), name=known.name)
                return None
            return known.level
        parent = self.by_code.get(row.parent_code)
        if parent is None:
            self.complain(
                row,
                Column.PARENT,
                N_("找不到代码为 %(code)s 的上级：系统中和文件中都没有，请核对或先补上这一行。"),
                code=row.parent_code,
            )
            return None
        return self.levels.get(parent.level.lower()) or None

    def _parents_first(self, new: Sequence[UnitRow]) -> list[UnitRow]:
        codes = {row.code for row in new}
        below: dict[str, list[UnitRow]] = {}
        for row in new:
            below.setdefault(row.parent_code if row.parent_code in codes else "", []).append(row)
        ordered: list[UnitRow] = []
        ready = below.pop("", [])
        while ready:
            ordered += ready
            ready = [child for row in ready for child in below.pop(row.code, [])]
        for row in (row for rows in below.values() for row in rows):
            if row.parent_code != row.code:
                self.complain(row, Column.PARENT, N_("上级关系成了环，请核对上级代码。"))
        return ordered
