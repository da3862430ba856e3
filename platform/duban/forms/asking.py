"""A form being filled in, as its page shows it: what stands in each box, what is wrong, worked out, was said last time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duban.fields.answers import Reading
from duban.fields.forms import Breakdown, Compare, FormSpec
from duban.fields.quantities import NOT_APPLICABLE, Value
from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import as_shown, as_typed
from duban.forms.boxes import ANSWER, BELOW, EXPLAIN, row_numbers
from duban.kernel.text import Text
from duban.web.errors import translate
from duban.web.i18n import current_language

DOES_NOT_APPLY = as_typed(NOT_APPLICABLE)
"""What the tick beside a box sends."""


@dataclass(frozen=True)
class Sheet:
    """
    Everything the macros of forms/questions.html ask for.

    `errors` by box; `reading` what the answers come to so far; `previous` the last period's values, `previous_from` the words
    that say whose they are; `files` by key, as the macro of the interface kit lists them.
    """

    form: FormSpec
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sequence[Text]] = field(default_factory=dict)
    reading: Reading | None = None
    previous: Mapping[str, Value] | None = None
    previous_from: str = ""
    files: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    accept: str = ""
    most: int = 0

    def name(self, spec: FieldSpec) -> str:
        """Give the box of a question."""
        return f"{ANSWER}{spec.key}"

    def text(self, name: str) -> str:
        """Give what is typed in a box."""
        return self.typed.get(name, "")

    def is_na(self, name: str) -> bool:
        """Say whether "does not apply" is ticked."""
        return self.text(name) == DOES_NOT_APPLY

    def rows(self, spec: FieldSpec) -> list[int]:
        """Give the numbers of a table's rows."""
        return row_numbers(spec, self.typed)

    def computed(self, spec: FieldSpec) -> str:
        """Give what a computed field comes to so far, in words."""
        return said(spec, self.reading.values.get(spec.key)) if self.reading else ""

    def cell(self, table: FieldSpec, row: int, column: FieldSpec) -> str:
        """Give what a computed column comes to in a row."""
        found = self.cells().get(f"{table.key}.{row}.{column.key}")
        return found or ""

    def cells(self) -> dict[str, str]:
        """Give all computed cells by "table.row.column"."""
        return cells_of(self.form, self.typed, self.reading) if self.reading else {}

    def before(self, spec: FieldSpec) -> str:
        """Give the last period's value of a number, in words; empty where there is none."""
        if not spec.is_number or not self.previous:
            return ""
        return said(spec, self.previous.get(spec.key))

    def change(self, spec: FieldSpec) -> str:
        """Say how far a number has moved since the last period, where the form asks for that."""
        found = self.reading.comparisons.get(spec.key) if self.reading else None
        return translate(found.said) if found else ""

    def is_flagged(self, spec: FieldSpec) -> bool:
        """Say whether a number has moved so far that a word is asked for."""
        return self.reading is not None and spec.key in self.reading.warnings

    def explained(self) -> list[tuple[str, str, str, bool]]:
        """Give the boxes for words of explanation: code, label, why it is asked (empty so far), whether it is asked now."""
        wanted = self.reading.warnings if self.reading else {}
        boxes = []
        for code, label in may_need_words(self.form):
            why = translate(wanted[code]) if code in wanted else ""
            is_open = code in wanted or bool(self.text(f"{EXPLAIN}{code}").strip()) or f"{EXPLAIN}{code}" in self.errors
            boxes.append((code, label, why, is_open))
        return boxes


def may_need_words(form: FormSpec) -> list[tuple[str, str]]:
    """List what may ask for an explanation: figures that are flagged, checks that do not block. With their labels."""
    english = current_language() == "en"
    found = [(spec.key, (english and spec.label_en) or spec.label) for spec in form.fields if spec.flag_percent is not None]
    found += [(f"{BELOW}{spec.key}", (english and spec.label_en) or spec.label) for spec in form.fields if spec.from_below]
    for check in form.checks:
        if isinstance(check, Breakdown | Compare) and not check.blocking:
            named = form.field(check.total if isinstance(check, Breakdown) else check.left)
            label = ((english and named.label_en) or named.label) if named else ""
            found.append((check.code, (english and check.message_en) or check.message or label))
    return found


def said(spec: FieldSpec, value: Value) -> str:
    """Give a value in words, without yes and no, which are the page's."""
    return as_shown(spec, value, english=current_language() == "en")


def cells_of(form: FormSpec, typed: Mapping[str, str], reading: Reading) -> dict[str, str]:
    """Give the computed cells of tables by "table.row.column" of the page; rows in which nothing is typed have none."""
    found: dict[str, str] = {}
    for spec in form.fields:
        columns = [column for column in spec.columns if column.kind is Kind.COMPUTED]
        rows = reading.values.get(spec.key)
        if not columns or not isinstance(rows, tuple):
            continue
        given = [row for row in row_numbers(spec, typed) if _is_begun(spec, typed, row)]
        for row, values in zip(given, rows, strict=False):
            if isinstance(values, Mapping):
                found |= {f"{spec.key}.{row}.{column.key}": said(column, values.get(column.key)) for column in columns}
    return found


def _is_begun(spec: FieldSpec, typed: Mapping[str, str], row: int) -> bool:
    start = f"{ANSWER}{spec.key}.{row}."
    return any(text.strip() for name, text in typed.items() if name.startswith(start))


def worked_out(form: FormSpec, typed: Mapping[str, str], reading: Reading) -> dict[str, Any]:
    """Give what the page's script writes beside the boxes: computed values, changes, what asks for a word, what does not fit."""
    return {
        "computed": {spec.key: said(spec, reading.values.get(spec.key)) for spec in form.fields if spec.kind is Kind.COMPUTED}
        | cells_of(form, typed, reading),
        # where a word is asked for, the sentence stands there
        "changes": {key: translate(found.said) for key, found in reading.comparisons.items() if key not in reading.warnings},
        "explain": {code: translate(text) for code, text in reading.warnings.items()},
        "wrong": {key: translate(problem) for key, problem in reading.problems.items()},
    }
