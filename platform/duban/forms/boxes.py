"""
What a page that fills in a form calls its boxes, and what of it are answers. Pure.

A draft keeps everything under these names: `answer.<key>` (or `.<code>`, `.<row>.<column>`), `explain.<check or field>`, `note`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from duban.fields.forms import FormSpec
from duban.fields.quantities import NOT_APPLICABLE, Value
from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import as_typed, typed_answers

ANSWER = "answer."
"""Prefix of the answers in the form, so that no field of a requirement can be taken for one of the page's own."""
EXPLAIN = "explain."
BELOW = "below."
"""Begins the code of the word about a figure that differs from the total of those below: explain.below.<key>."""
NOTE = "note"
FILES = "files."
"""Prefix of the boxes that take a field's files."""
_PARTS = frozenset({Kind.TABLE, Kind.MULTI_CHOICE})
_UNASKED = frozenset({Kind.COMPUTED, Kind.ATTACHMENT})
_DOES_NOT_APPLY = as_typed(NOT_APPLICABLE)
MOST_ROW_NUMBER = 9999


def typed_in(sent: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """
    Give what the boxes of a page sent (name and all its values), under the form's own names.

    The tick "does not apply" bears the name of its box. A script shuts the box; without one both are sent, and the tick counts.
    """
    return {
        name: _DOES_NOT_APPLY if _DOES_NOT_APPLY in values[1:] else values[0]
        for name, values in sent
        if values and (name == NOTE or name.startswith((ANSWER, EXPLAIN)))
    }


def answers_in(typed: Mapping[str, object]) -> dict[str, object]:
    """
    Give the answers of what was typed by their keys.

    A page's boxes carry the prefix; where none does, a program sent its answers by their keys ("note" may be one of them).
    """
    boxes = {name.removeprefix(ANSWER): text for name, text in typed.items() if name.startswith(ANSWER)}
    return boxes or {name: text for name, text in typed.items() if not name.startswith((EXPLAIN, FILES))}


def explanations_in(typed: Mapping[str, object]) -> dict[str, str]:
    """Give the words of explanation by the check or field they are about."""
    return {name.removeprefix(EXPLAIN): str(text).strip() for name, text in typed.items() if name.startswith(EXPLAIN)}


def is_asked(form: FormSpec, name: str) -> bool:
    """Say whether the form has a box of this name ("key", "key.code", "key.row.column")."""
    key, dot, rest = name.partition(".")
    spec = form.field(key)
    if spec is None or spec.kind in _UNASKED:
        return False
    if not dot:
        return True
    if spec.kind is Kind.MULTI_CHOICE:
        return any(option.code == rest for option in spec.options)
    row, _, column = rest.partition(".")
    return spec.kind is Kind.TABLE and row.isdigit() and any(column.partition(".")[0] == one.key for one in spec.columns)


def known_answers(form: FormSpec, typed: Mapping[str, object]) -> dict[str, object]:
    """Give the answers to what the form asks now; what an earlier version asked is left out."""
    return {name: text for name, text in answers_in(typed).items() if is_asked(form, name)}


def left_over(form: FormSpec, typed: Mapping[str, str]) -> dict[str, str]:
    """Give what was typed for questions the form no longer has, under its full names; blank boxes are nothing."""
    return {
        name: text
        for name, text in typed.items()
        if name.startswith(ANSWER) and text.strip() and not is_asked(form, name.removeprefix(ANSWER))
    }


def typed_from(form: FormSpec, values: Mapping[str, Value]) -> dict[str, str]:
    """Give values as a page would have them typed; keys the form does not have, or asks otherwise, are left out."""
    typed: dict[str, str] = {}
    for spec in form.fields:
        if spec.key in values and spec.kind not in _UNASKED:
            typed |= {f"{ANSWER}{name}": text for name, text in typed_answers(spec, values[spec.key]).items()}
    return {name: text for name, text in typed.items() if is_asked(form, name.removeprefix(ANSWER))}


def row_numbers(spec: FieldSpec, typed: Mapping[str, object], prefix: str = ANSWER) -> list[int]:
    """Give the numbers of a table's rows on the page: those typed in, blank ones kept, and at least as many as asked for."""
    start = f"{prefix}{spec.key}."
    found = {int(row) for name in typed if name.startswith(start) and _is_row(row := name[len(start) :].partition(".")[0])}
    least = max(spec.min_rows, 1)
    following = (number for number in range(max(found, default=-1) + 1, MOST_ROW_NUMBER))
    while len(found) < least:
        found.add(next(following))
    return sorted(found)


def with_row(spec: FieldSpec, typed: Mapping[str, str]) -> dict[str, str]:
    """Give what was typed with one more blank row of the table."""
    rows = row_numbers(spec, typed)
    if len(rows) >= spec.max_rows:
        return dict(typed)
    blank = {f"{ANSWER}{spec.key}.{row}.{column.key}": "" for row in (*rows, rows[-1] + 1) for column in spec.columns[:1]}
    return blank | dict(typed)


def without_row(spec: FieldSpec, typed: Mapping[str, str], row: int) -> dict[str, str]:
    """Give what was typed without one row of the table."""
    start = f"{ANSWER}{spec.key}.{row}."
    return {name: text for name, text in typed.items() if not name.startswith(start)}


def blank_keys(form: FormSpec, typed: Mapping[str, str]) -> Iterable[str]:
    """Give the keys of the fields nothing was typed for."""
    for spec in form.fields:
        start = f"{ANSWER}{spec.key}"
        if not any(text.strip() for name, text in typed.items() if name == start or name.startswith(f"{start}.")):
            yield spec.key


def _is_row(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) is not None
