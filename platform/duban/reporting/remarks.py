"""Reasons pinned to a field, or to a cell of a table, of what was handed in. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duban.fields.forms import FormSpec
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text

LONGEST_REMARK = 500
MOST_REMARKS = 100
ATTACHMENTS = "attachments"
"""The place of a remark about the attachments as a whole."""


@dataclass(frozen=True)
class Remark:
    """What is wrong at one place. `row` counts from 0 and belongs to a table, as does `column`; both None: the whole field."""

    field: str
    text: str
    row: int | None = None
    column: str | None = None

    @property
    def place(self) -> str:
        """Its place as the form names it: `key`, `key.row` or `key.row.column`."""
        return ".".join(str(part) for part in (self.field, self.row, self.column) if part is not None)

    def to_json(self) -> dict[str, object]:
        """Give the shape `remarks_from_json` reads."""
        return {"field": self.field, "row": self.row, "column": self.column, "text": self.text}


def remarks_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Remark, ...]:
    """Read what `Remark.to_json` wrote."""
    return tuple(Remark(one["field"], one["text"], one.get("row"), one.get("column")) for one in data)


def said_at(form: FormSpec, remark: Remark) -> str:
    """Give a remark behind the name of its question, with row (from 1) and column in a table."""
    spec = form.field(remark.field)
    if spec is None:  # the attachments as a whole
        return remark.text
    row = "" if remark.row is None else f" {remark.row + 1}"
    column = next((f" · {one.label}" for one in spec.columns if one.key == remark.column), "")
    return f"{spec.label}{row}{column}：{remark.text}"


def remark_at(place: str, text: str) -> Remark:
    """Read a place as the form names it."""
    field, _, rest = place.partition(".")
    row, _, column = rest.partition(".")
    return Remark(field, text, int(row) if row.isdecimal() else None, column or None)


def is_answered(remark: Remark, now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Say whether something else stands at a remark's place than in the version it was written on; a row may have moved."""
    new, old = now.get(remark.field), before.get(remark.field)
    if remark.row is None:
        return bool(new != old)
    rows, earlier = new or [], old or []
    if remark.row >= len(earlier):
        return bool(new != old)
    row = earlier[remark.row]
    if row in rows:
        return False
    return remark.column is None or remark.row >= len(rows) or rows[remark.row].get(remark.column) != row.get(remark.column)


def checked(remarks: Sequence[Remark], known: Mapping[str, Collection[str]]) -> tuple[Remark, ...]:
    """
    Leave out remarks without words; the others must be short and stand at a place the form has.

    Takes: the form's keys with the columns of those that are tables. Raises: InvalidInputError naming each wrong place.
    """
    fields: dict[str, list[Text]] = {}
    kept = [Remark(one.field, one.text.strip(), one.row, one.column) for one in remarks if one.text.strip()]
    if len(kept) > MOST_REMARKS:
        raise InvalidInputError(fields={"remarks": [Text(N_("一次最多写 %(most)s 条意见。"), {"most": MOST_REMARKS})]})
    for one in kept:
        columns = known.get(one.field)
        if columns is None or (one.column is not None and one.column not in columns) or (one.row is not None and not columns):
            fields[f"remark.{one.place}"] = [Text(N_("这份材料没有这一项。"))]
        elif len(one.text) > LONGEST_REMARK:
            words = N_("最多 %(limit)s 个字，现在有 %(length)s 个")
            fields[f"remark.{one.place}"] = [Text(words, {"limit": LONGEST_REMARK, "length": len(one.text)})]
    if fields:
        raise InvalidInputError(fields=fields)
    return tuple(kept)
