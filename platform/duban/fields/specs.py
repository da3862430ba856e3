"""The spec of a field: what it asks, which values it takes. Kept as JSON, so a broken spec must be named exactly."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from duban.kernel.days import read_day

TEXT_LENGTH = 200
LONG_TEXT_LENGTH = 20_000
DECIMAL_PLACES = 2
MOST_PLACES = 6
# A bound or a value with more digits than this before the point is a slip of the finger, not a figure of a county.
WHOLE_DIGITS = 15

_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}", re.ASCII)


class Kind(StrEnum):
    """What a field holds once parsed: str, str, int, Decimal, date, an option's code, bool."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class Option:
    """One answer of a choice: the code is stored, the label is shown."""

    code: str
    label: str
    label_en: str = ""


@dataclass(frozen=True)
class FieldSpec:
    """
    One question of a form.

    Units: `max_length` in characters; `minimum`/`maximum` inclusive, Decimal for numbers, date for dates;
           `unit` is the word after a number ("万元", "%", "人").
    """

    key: str
    label: str
    kind: Kind
    label_en: str = ""
    required: bool = False
    hint: str = ""
    hint_en: str = ""
    unit: str = ""
    places: int = DECIMAL_PLACES
    max_length: int = 0
    minimum: Decimal | date | None = None
    maximum: Decimal | date | None = None
    options: tuple[Option, ...] = ()

    @property
    def longest(self) -> int:
        """Most characters a text may have: the spec's own limit, else the kind's."""
        return self.max_length or (LONG_TEXT_LENGTH if self.kind is Kind.LONG_TEXT else TEXT_LENGTH)


class SpecError(ValueError):
    """A spec is wrong: `where` names the attribute ("options[2].code"), `what` says how in words."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_TEXTS = frozenset({Kind.TEXT, Kind.LONG_TEXT})
_ALLOWED: dict[str, frozenset[Kind]] = {
    "key": frozenset(Kind),
    "label": frozenset(Kind),
    "label_en": frozenset(Kind),
    "kind": frozenset(Kind),
    "required": frozenset(Kind),
    "hint": frozenset(Kind),
    "hint_en": frozenset(Kind),
    "unit": _NUMBERS,
    "places": frozenset({Kind.DECIMAL}),
    "max_length": _TEXTS,
    "minimum": _NUMBERS | {Kind.DATE},
    "maximum": _NUMBERS | {Kind.DATE},
    "options": frozenset({Kind.CHOICE}),
}


def spec_from_json(data: object) -> FieldSpec:
    """
    Read one spec.

    Takes:  a mapping as JSON or YAML gives it; numbers as int or string (a float would already have lost digits).
    Raises: SpecError naming the attribute.
    """
    if not isinstance(data, Mapping):
        raise SpecError("field", "must be a mapping")
    kind = _kind(data.get("kind"))
    for name in data:
        if name not in _ALLOWED:
            raise SpecError(str(name), f"unknown attribute; known are {', '.join(_ALLOWED)}")
        if kind not in _ALLOWED[name]:
            raise SpecError(str(name), f"has no meaning for kind {kind.value}")
    spec = FieldSpec(
        key=_matching(data.get("key"), "key", _KEY),
        label=_text(data, "label", required=True),
        kind=kind,
        label_en=_text(data, "label_en"),
        required=_flag(data, "required"),
        hint=_text(data, "hint"),
        hint_en=_text(data, "hint_en"),
        unit=_text(data, "unit"),
        places=_count(data, "places", DECIMAL_PLACES, most=MOST_PLACES),
        max_length=_count(data, "max_length", 0, most=LONG_TEXT_LENGTH),
        minimum=_bound(data.get("minimum"), "minimum", kind),
        maximum=_bound(data.get("maximum"), "maximum", kind),
        options=_options(data.get("options"), kind),
    )
    _check_order(spec)
    return spec


def specs_from_json(data: object) -> tuple[FieldSpec, ...]:
    """Read the fields of a form, in order. Raises: SpecError, its place prefixed with the position; also for a key used twice."""
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise SpecError("fields", "must be a list")
    specs: list[FieldSpec] = []
    for position, item in enumerate(data):
        try:
            spec = spec_from_json(item)
        except SpecError as error:
            raise SpecError(f"fields[{position}].{error.where}", error.what) from error
        if any(spec.key == other.key for other in specs):
            raise SpecError(f"fields[{position}].key", f"{spec.key} is used twice")
        specs.append(spec)
    return tuple(specs)


def spec_to_json(spec: FieldSpec) -> dict[str, Any]:
    """Give the spec as JSON-able data holding only what differs from the default; `spec_from_json` reads it back equal."""
    plain: dict[str, Any] = {"key": spec.key, "label": spec.label, "kind": spec.kind.value}
    plain |= {name: value for name in ("label_en", "hint", "hint_en", "unit") if (value := getattr(spec, name))}
    if spec.required:
        plain["required"] = True
    if spec.places != DECIMAL_PLACES:
        plain["places"] = spec.places
    if spec.max_length:
        plain["max_length"] = spec.max_length
    plain |= {name: _bound_to_json(bound) for name in ("minimum", "maximum") if (bound := getattr(spec, name)) is not None}
    if spec.options:
        plain["options"] = [_option_to_json(option) for option in spec.options]
    return plain


def _option_to_json(option: Option) -> dict[str, str]:
    plain = {"code": option.code, "label": option.label}
    return plain | {"label_en": option.label_en} if option.label_en else plain


def _bound_to_json(bound: Decimal | date) -> str:
    return bound.isoformat() if isinstance(bound, date) else format(bound, "f")


def _kind(value: object) -> Kind:
    try:
        return Kind(str(value))
    except ValueError as error:
        raise SpecError("kind", f"must be one of {', '.join(Kind)}") from error


def _matching(value: object, where: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SpecError(where, "must be lower-case letters, digits and underscores, starting with a letter, at most 50")
    return value


def _text(data: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise SpecError(name, "must be a text")
    return value


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise SpecError(name, "must be true or false")
    return value


def _count(data: Mapping[str, Any], name: str, default: int, *, most: int) -> int:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise SpecError(name, f"must be a whole number from 0 to {most}")
    return value


def _bound(value: object, where: str, kind: Kind) -> Decimal | date | None:
    if value is None:
        return None
    if kind is Kind.DATE:
        return _date_bound(value, where)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise SpecError(where, "must be a whole number, or a decimal written as a text")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise SpecError(where, "must be a number") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** WHOLE_DIGITS:
        raise SpecError(where, f"must have at most {WHOLE_DIGITS} digits before the point")
    if kind is Kind.INTEGER and number != number.to_integral_value():
        raise SpecError(where, "must be a whole number")
    return number


def _date_bound(value: object, where: str) -> date:
    if type(value) is date:
        return value
    try:
        return read_day(value if isinstance(value, str) else "")
    except ValueError as error:
        raise SpecError(where, "must be a date like 2026-06-28") from error


def _options(value: object, kind: Kind) -> tuple[Option, ...]:
    if kind is not Kind.CHOICE:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise SpecError("options", "a choice needs a list of options")
    options = tuple(_option(item, f"options[{position}]") for position, item in enumerate(value))
    if len({option.code for option in options}) != len(options):
        raise SpecError("options", "two options have the same code")
    return options


def _option(item: object, where: str) -> Option:
    if not isinstance(item, Mapping) or set(item) - {"code", "label", "label_en"}:
        raise SpecError(where, "must have code, label and, if wanted, label_en")
    code, label, label_en = item.get("code"), item.get("label"), item.get("label_en", "")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise SpecError(f"{where}.code", "must be lower-case letters, digits, dot, dash, underscore")
    if not isinstance(label, str) or not label.strip() or not isinstance(label_en, str):
        raise SpecError(f"{where}.label", "must be a text")
    return Option(code=code, label=label, label_en=label_en)


def _check_order(spec: FieldSpec) -> None:
    lowest, highest = spec.minimum, spec.maximum
    wrong = False
    if isinstance(lowest, date) and isinstance(highest, date):
        wrong = lowest > highest
    if isinstance(lowest, Decimal) and isinstance(highest, Decimal):
        wrong = lowest > highest
    if wrong:
        raise SpecError("maximum", "is below minimum")
