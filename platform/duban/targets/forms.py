"""Reading what was typed into the pages: numbers as people write them, every problem at its field."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from duban.kernel.text import N_, Text
from duban.targets.counting import Tally
from duban.targets.operations.defining import IndicatorDraft
from duban.targets.operations.splitting import GridInput, cell_key, column_key
from duban.targets.queries import Grid
from duban.targets.states import Direction, Kind, Spread

_LONGEST_NUMBER = 24


@dataclass
class Typed:
    """A form as it came in: the strings for showing again, and what is wrong with them."""

    strings: Mapping[str, str]
    errors: dict[str, list[Text]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Give a field without surrounding blanks."""
        return self.strings.get(name, "").strip()

    def number(self, name: str) -> Decimal | None:
        """Give a field as a number, None where it is blank or no number (then with an error)."""
        try:
            return read_number(self.text(name))
        except ValueError:
            self.refuse(name, Text(N_("请填写数字，例如 12 或 0.27。")))
            return None

    def refuse(self, name: str, text: Text) -> None:
        """Note what is wrong with a field."""
        self.errors.setdefault(name, []).append(text)


def read_number(text: str) -> Decimal | None:
    """
    Read a number as people type it: full-width digits and thousands separators are fine, blank is None.

    Raises: ValueError.
    """
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if not plain:
        return None
    if len(plain) > _LONGEST_NUMBER:
        raise ValueError(text)
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not value.is_finite():
        raise ValueError(text)
    return value


def read_grid(typed: Typed, grid: Grid) -> GridInput:
    """Read a grid's form: every cell and reserve that was sent, and the versions it was shown with."""
    cells: dict[tuple[UUID, UUID], Decimal | None] = {}
    reserves: dict[UUID, Decimal] = {}
    versions: dict[UUID, int] = {}
    for column in grid.columns:
        indicator_id = column.indicator.id
        version = typed.text(f"version-{indicator_id}")
        if not version.isascii() or not version.isdigit():
            continue
        versions[indicator_id] = int(version)
        for unit in grid.units:
            name = cell_key(indicator_id, unit.id)
            if name in typed.strings:
                cells[indicator_id, unit.id] = typed.number(name)
        if column_key(indicator_id) in typed.strings:
            reserves[indicator_id] = typed.number(column_key(indicator_id)) or Decimal(0)
    return GridInput(cells, reserves, versions)


def read_draft(typed: Typed, *, year: int) -> IndicatorDraft | None:
    """Read the form of a new indicator; None where something is wrong, said in `typed.errors`."""
    limit = typed.number("limit")
    choices = {
        "kind": _word(typed, "kind", Kind),
        "spread": _word(typed, "spread", Spread),
        "direction": _word(typed, "direction", Direction),
    }
    places = typed.text("places") or "0"
    total_id, programme_id = _uuid(typed, "total_id"), _uuid(typed, "programme_id")
    if places not in set("01234"):
        typed.refuse("places", Text(N_("请选择列出的选项。")))
    if typed.errors:
        return None
    return IndicatorDraft(
        code=typed.text("code"),
        name=typed.text("name"),
        unit_of_measure=typed.text("unit_of_measure"),
        basis=typed.text("basis"),
        kind=Kind(choices["kind"]),
        spread=Spread(choices["spread"]),
        direction=Direction(choices["direction"]),
        year=year,
        limit=limit,
        places=int(places),
        total_id=total_id,
        programme_id=programme_id,
    )


def _word(typed: Typed, name: str, words: Iterable[str]) -> str:
    if typed.text(name) not in set(words):
        typed.refuse(name, Text(N_("请选择列出的选项。")))
    return typed.text(name)


def _uuid(typed: Typed, name: str) -> UUID | None:
    if not typed.text(name):
        return None
    try:
        return UUID(typed.text(name))
    except ValueError:
        typed.refuse(name, Text(N_("请选择列出的选项。")))
        return None


@dataclass(frozen=True)
class TypedActual:
    """One changed number of the monthly form."""

    share_id: UUID
    value: Decimal
    revision: int


def read_actuals(typed: Typed, tallies: Iterable[Tally], month: date) -> list[TypedActual]:
    """Read the monthly form: only numbers that differ from the record; a blank leaves a month as it is."""
    changed = []
    for tally in tallies:
        value = typed.number(f"value-{tally.share.id}")
        revision = typed.text(f"revision-{tally.share.id}")
        if value is None or not revision.isdigit() or value == tally.own.get(month):
            continue
        changed.append(TypedActual(tally.share.id, value, int(revision)))
    return changed
