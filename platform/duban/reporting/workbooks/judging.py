"""What came back in a workbook, judged row by row as the page would judge it. Pure: nothing is kept, nothing typed is lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from duban.fields.answers import Reading, read_form
from duban.fields.cells import from_cell
from duban.fields.forms import FormSpec
from duban.fields.parsing import parse
from duban.fields.problems import Problem
from duban.fields.quantities import Value
from duban.fields.shapes import FieldSpec, Kind
from duban.fields.values import as_typed, typed_answers
from duban.forms.boxes import ANSWER, left_over
from duban.forms.boxes import EXPLAIN as EXPLAIN_BOX
from duban.forms.boxes import NOTE as NOTE_BOX
from duban.kernel.text import N_, Text
from duban.reporting.workbooks.layout import (
    CODE,
    EXPLAIN,
    ID,
    LOCKED,
    NIL,
    NOTE,
    RESULT,
    TABLE,
    UNIT,
    Ident,
    Mark,
    asked,
    ident_from,
    mark_in,
    sheet_with,
    table_columns,
    tables,
)
from duban.sheets.reading import Book, SheetRow, UnreadableTableError
from duban.web.tables import typed_text

_YES = FieldSpec(key="nil", label="nil", kind=Kind.YES_NO)
FORMULA = Text(N_("单元格里是公式，不能接收。请复制后用“选择性粘贴—数值”换成数值。"))
NOT_YOURS = Text(N_("这一行不是您可以填报的任务，没有接收。"))
WRONG_UNIT = Text(N_("这一行的单位与下载时不一致（可能只排序了部分列）。请重新下载，把数据填到对应的单位。"))
NO_UNIT = Text(N_("找不到这个单位，没有接收。请用下载的表填写，不要自己增加单位。"))
NIL_WITH_ANSWERS = Text(N_("选了“零报告”就不要再填其他内容。"))


class Verdict(StrEnum):
    """What becomes of a row."""

    BLANK = "blank"
    SOUND = "sound"
    WRONG = "wrong"
    REFUSED = "refused"
    KEPT = "kept"
    HANDED_IN = "handed_in"


VERDICT_LABELS: dict[Verdict, str] = {
    Verdict.BLANK: N_("没有填"),
    Verdict.SOUND: N_("合格"),
    Verdict.WRONG: N_("有错误"),
    Verdict.REFUSED: N_("没有接收"),
    Verdict.KEPT: N_("已存为草稿"),
    Verdict.HANDED_IN: N_("已提交"),
}


@dataclass(frozen=True)
class Known:
    """
    What is known of one unit's duty.

    `closed` says why nothing can be handed in now, `blocked` what has to be done elsewhere before it can.
    """

    duty_id: UUID
    unit: str
    code: str
    period: str
    versions: int
    closed: Text | None = None
    blocked: Sequence[Text] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    draft: int = 0
    is_draft_mine: bool = True
    previous: Mapping[str, Value] | None = None
    attached: Mapping[str, Sequence[str]] = field(default_factory=dict)
    begun: Sequence[Text] = ()
    """What of the unit's own an officer above would pass over; none where the unit's own people fill in."""
    handed_in: Mapping[str, Value] | None = None
    """The answers of the last version, where it waits for review or was accepted; none of them for a nil return."""

    @property
    def ident(self) -> Ident:
        """What its row carries."""
        return Ident(self.duty_id, self.versions, self.draft)


@dataclass
class TableRow:
    """A row of a table's sheet, kept with the unit it belongs to."""

    sheet: str
    number: int
    cells: dict[str, str]
    formulas: frozenset[str]
    problems: dict[str, list[Text]] = field(default_factory=dict)
    key: str = ""
    """Of its table."""


@dataclass
class Row:
    """
    One row of the first sheet as it came back.

    `problems` stand under the key of a column, under "" for the row as a whole; those of table rows stand there.
    """

    number: int
    cells: dict[str, str]
    formulas: frozenset[str]
    extra: list[str]
    known: Known | None = None
    tables: dict[str, list[TableRow]] = field(default_factory=dict)
    problems: dict[str, list[Text]] = field(default_factory=dict)
    reading: Reading | None = None
    verdict: Verdict = Verdict.REFUSED
    is_waiting: bool = False
    """Whether it is still to be taken in."""

    @property
    def is_nil(self) -> bool:
        """Tell whether it says that there is nothing to report."""
        return parse(_YES, self.cells.get(NIL, "")) is True

    @property
    def note(self) -> str:
        """What was written beside the answers."""
        return self.cells.get(NOTE, "")

    def say(self, place: str, *texts: Text) -> None:
        """Note what is wrong at a column, or with the row."""
        self.problems.setdefault(place, []).extend(texts)

    def count(self) -> int:
        """Count the cells that have to be put right, those of its table rows too; the row as a whole counts as one."""
        return len(self.problems) + sum(len(one.problems) for rows in self.tables.values() for one in rows)

    def typed(self, form: FormSpec) -> dict[str, str]:
        """Give what a draft keeps of it, under the page's names."""
        kept = left_over(form, self.known.typed) if self.known else {}
        values = self.reading.values if self.reading else {}
        for spec in form.fields:
            if spec.kind is Kind.TABLE:
                kept |= self._typed_table(spec)
            elif spec.key in values:
                kept |= {f"{ANSWER}{name}": text for name, text in typed_answers(spec, values[spec.key]).items()}
            elif self.cells.get(spec.key):
                kept[f"{ANSWER}{spec.key}"] = self.cells[spec.key]
        if self.cells.get(EXPLAIN):
            kept |= {f"{EXPLAIN_BOX}{code}": self.cells[EXPLAIN] for code in (self.reading.warnings if self.reading else ())}
        return kept | ({NOTE_BOX: self.note} if self.note else {})

    def _typed_table(self, spec: FieldSpec) -> dict[str, str]:
        typed = {}
        for place, one in enumerate(self.tables.get(spec.key, ())):
            for column in table_columns(spec):
                text = from_cell(column, one.cells.get(column.key, ""))
                value = parse(column, text)
                if text:
                    plain = text if isinstance(value, Problem) else as_typed(value)
                    typed[f"{ANSWER}{spec.key}.{place}.{column.key}"] = plain
        return typed


@dataclass
class Judgement:
    """A whole workbook judged. `is_outdated`: made for another version of the form, its answers put into the new columns."""

    mark: Mark
    form: FormSpec
    rows: list[Row]
    extra_heads: list[str]
    loose: list[TableRow] = field(default_factory=list)
    is_outdated: bool = False

    def counted(self) -> Counter[Verdict]:
        """Count the rows by what becomes of them, those of no known unit too."""
        return Counter([*(row.verdict for row in self.rows), *(Verdict.WRONG for _ in self.loose)])

    @property
    def wrong_rows(self) -> int:
        """Count the rows with anything to put right: of units, with their table rows, and table rows of no known unit."""
        return sum(bool(row.count()) for row in self.rows) + len(self.loose)

    @property
    def begun(self) -> int:
        """Count the filled-in rows of units that have begun themselves."""
        return sum(bool(row.known and row.known.begun) and row.verdict is not Verdict.BLANK for row in self.rows)


def judge(
    book: Book, *, form: FormSpec, form_mark: str, knowns: Sequence[Known], keeps_drafts: bool = True, anyway: bool = False
) -> Judgement:
    """
    Judge a workbook made for this requirement and period.

    Takes:  `knowns` all duties of that period the person may hand in, in whatever state; `keeps_drafts`: whether wrong rows can
            be kept; `anyway`: what units have begun themselves does not stand in the way.
    Raises: UnreadableTableError where the sheet with the units is gone.
    """
    mark, found = mark_in(book), sheet_with(book, ID)
    if mark is None or found is None:
        raise UnreadableTableError(
            N_("这不是从这里下载的填报表，或表头、隐藏的第 4 行被删掉了。请重新下载，把数据复制进去再上传。")
        )
    _name, heads, keys, sheet_rows = found
    fields = {spec.key for spec in asked(form)}
    columns = {key: place for place, key in enumerate(keys) if key in fields or key in {*LOCKED, NIL, EXPLAIN, NOTE}}
    others = [place for place in range(len(heads)) if place not in columns.values() and keys[place : place + 1] != [RESULT]]
    rows = [_row(one, columns, others) for one in sheet_rows]
    judgement = Judgement(mark, form, rows, [heads[place] for place in others], is_outdated=mark.form != form_mark)
    _find_units(rows, knowns)
    _take_tables(judgement, book)
    for row in rows:
        _judge_row(row, form, anyway=anyway)
    _judge_loose(judgement.loose, form)
    _find_doubles(rows)
    for row in rows:
        row.is_waiting = row.verdict is Verdict.SOUND or (row.verdict is Verdict.WRONG and keeps_drafts)
    return judgement


def _row(one: SheetRow, columns: Mapping[str, int], others: Sequence[int]) -> Row:
    cells = {key: typed_text(one.cell(place)).strip() for key, place in columns.items()}
    formulas = frozenset(key for key, place in columns.items() if place in one.formulas)
    extra = [typed_text(one.cell(place)) for place in others]
    return Row(one.number, cells, formulas, extra)


def _find_units(rows: Sequence[Row], knowns: Sequence[Known]) -> None:
    by_id = {known.duty_id: known for known in knowns}
    by_code = {known.code: known for known in knowns if known.code}
    by_name = {known.unit: known for known in knowns}
    for row in rows:
        ident = ident_from(row.cells.get(ID, ""))
        code, unit = row.cells.get(CODE, ""), row.cells.get(UNIT, "")
        if ident is None:
            row.known = by_code.get(code) or by_name.get(unit)
            if row.known is None:
                row.say("", NO_UNIT)
            continue
        row.known = by_id.get(ident.duty_id)
        if row.known is None:
            row.say("", NOT_YOURS)
        elif code and row.known.code and code != row.known.code:
            row.say("", WRONG_UNIT)
        else:
            _check_fresh(row, row.known, ident)


def _check_fresh(row: Row, known: Known, ident: Ident) -> None:
    if known.closed is not None:
        return
    if known.versions > ident.versions:
        text = N_("下载这张表以后，这个单位又提交过（现在共 %(n)s 次）。请重新下载再填。")
        row.say("", Text(text, {"n": known.versions}))
    elif known.draft > ident.draft and not known.is_draft_mine:
        row.say("", Text(N_("下载这张表以后，有人在网页上改过这个单位的草稿，没有覆盖。请核对后重新下载再填。")))


def _take_tables(judgement: Judgement, book: Book) -> None:
    owners = {row.known.unit: row for row in reversed(judgement.rows) if row.known is not None}
    codes = {row.known.code: row for row in reversed(judgement.rows) if row.known is not None and row.known.code}
    for spec in tables(judgement.form):
        found = sheet_with(book, f"{TABLE}{spec.key}")
        if found is None:
            continue
        name, _heads, keys, sheet_rows = found
        wanted = {column.key for column in table_columns(spec)}
        columns = {key: place for place, key in enumerate(keys) if key in wanted or key == CODE}
        for one in sheet_rows:
            cells = {key: typed_text(one.cell(place)).strip() for key, place in columns.items()}
            unit, code = typed_text(one.cell(0)).strip(), cells.get(CODE, "")
            formulas = frozenset(key for key, place in columns.items() if place in one.formulas)
            row = TableRow(name, one.number, {**cells, UNIT: unit}, formulas, key=spec.key)
            owner = codes.get(code) or owners.get(unit)
            if not any(cells.get(key) for key in wanted):
                continue
            if owner is None:
                row.problems[UNIT] = [NO_UNIT]
                judgement.loose.append(row)
            else:
                owner.tables.setdefault(spec.key, []).append(row)


def _judge_row(row: Row, form: FormSpec, *, anyway: bool) -> None:
    keys = [key for key in (*(spec.key for spec in asked(form)), NIL, EXPLAIN, NOTE) if row.cells.get(key)]
    if not keys and not row.tables:
        row.verdict, row.problems = Verdict.BLANK, {}
        return
    known, is_refused = row.known, bool(row.problems)
    if known is not None and known.closed is not None and not is_refused:
        if _is_handed_in(row, known, form):
            row.verdict = Verdict.HANDED_IN
        else:
            row.say("", known.closed)
        return
    # A row that is refused anyway says all the same what else is wrong with it: one round of mending, not two.
    row.reading = _read(row, form, known)
    if row.is_nil:
        if row.tables or any(key not in {NIL, EXPLAIN, NOTE} for key in keys):
            row.say(NIL, NIL_WITH_ANSWERS)
    else:
        _say_reading(row, form, row.reading)
    for key in row.formulas - {*LOCKED}:
        row.problems[key] = [FORMULA]
    if is_refused or known is None:
        return
    stands_against = [*known.blocked, *(() if anyway else known.begun)]
    if stands_against:
        row.say("", *stands_against)
    row.verdict = Verdict.WRONG if row.count() else Verdict.SOUND


def _read(row: Row, form: FormSpec, known: Known | None) -> Reading:
    if known is not None:
        return read_form(form, _raw(row, form), previous=known.previous, attached=known.attached)
    reading = read_form(form, _raw(row, form))
    attachments = {spec.key for spec in form.fields if spec.kind is Kind.ATTACHMENT}  # whose they would be nobody knows
    return replace(reading, problems={key: text for key, text in reading.problems.items() if key not in attachments})


def _judge_loose(loose: Sequence[TableRow], form: FormSpec) -> None:
    """Say of table rows of no known unit what else is wrong with them."""
    for spec in tables(form):
        mine = [one for one in loose if one.key == spec.key]
        rows = [{column.key: from_cell(column, one.cells.get(column.key, "")) for column in table_columns(spec)} for one in mine]
        for place, problem in read_form(form, {spec.key: rows}).problems.items() if mine else ():
            key, _, inside = place.partition(".")
            number, _, column = inside.partition(".")
            if key == spec.key and number.isdigit() and int(number) < len(mine):
                mine[int(number)].problems.setdefault(column, []).append(problem)
    for one in loose:
        one.problems |= {key: [FORMULA] for key in one.formulas}


def _is_handed_in(row: Row, known: Known, form: FormSpec) -> bool:
    """Tell whether the row says just what was handed in: sent once more, it is no mistake."""
    if known.handed_in is None:
        return False
    if row.is_nil:
        return not known.handed_in
    values = read_form(form, _raw(row, form), attached=known.attached).values
    keys = [spec.key for spec in (*asked(form), *tables(form))]
    return bool(known.handed_in) and all(values.get(key) == known.handed_in.get(key) for key in keys)


def _raw(row: Row, form: FormSpec) -> dict[str, object]:
    raw: dict[str, object] = {
        spec.key: from_cell(spec, row.cells.get(spec.key, "")) for spec in asked(form) if spec.key not in row.formulas
    }
    for spec in tables(form):
        raw[spec.key] = [
            {column.key: from_cell(column, one.cells.get(column.key, "")) for column in table_columns(spec)}
            for one in row.tables.get(spec.key, ())
        ]
    return raw


def _say_reading(row: Row, form: FormSpec, reading: Reading) -> None:
    columns = {spec.key for spec in asked(form)}
    for place, problem in reading.problems.items():
        key, _, inside = place.partition(".")
        number, _, column = inside.partition(".")
        lines = row.tables.get(key, [])
        if number.isdigit() and int(number) < len(lines):
            lines[int(number)].problems.setdefault(column, []).append(problem)
        elif key in columns:
            row.say(key, problem)
        else:
            label = next((spec.label for spec in form.fields if spec.key == key), "")
            row.say("", Text(N_("“%(label)s”：%(problem)s"), {"label": label, "problem": problem}) if label else problem)
    for rows in row.tables.values():
        for one in rows:
            one.problems |= {key: [FORMULA] for key in one.formulas}
    if not row.cells.get(EXPLAIN):
        for text in reading.warnings.values():
            row.say(EXPLAIN, text)


def _find_doubles(rows: Sequence[Row]) -> None:
    by_duty: dict[UUID, list[Row]] = {}
    for row in rows:
        if row.known is not None and row.verdict is not Verdict.BLANK:
            by_duty.setdefault(row.known.duty_id, []).append(row)
    for several in by_duty.values():
        if len(several) > 1:
            numbers = "、".join(str(row.number) for row in several)
            for row in several:
                row.say("", Text(N_("这个单位出现了几次（第 %(rows)s 行），没有接收。请只留一行。"), {"rows": numbers}))
                row.verdict = Verdict.REFUSED
