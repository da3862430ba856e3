"""The spec of a field: what it asks, which values it takes. Kept as JSON, so a broken spec must be named exactly."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from duban.fields.references import check_references
from duban.fields.shapes import (
    DECIMAL_PLACES,
    DEFAULT_ROWS,
    LONG_TEXT_LENGTH,
    MONEY_UNITS,
    MOST_PLACES,
    MOST_ROWS,
    NUMBERS,
    TEXT_LENGTH,
    WHOLE_DIGITS,
    FieldSpec,
    Kind,
    Operator,
    Option,
    RollUp,
    SpecError,
)
from duban.kernel.days import read_day

__all__ = (
    "DECIMAL_PLACES",
    "LONG_TEXT_LENGTH",
    "MOST_PLACES",
    "NUMBERS",
    "TEXT_LENGTH",
    "WHOLE_DIGITS",
    "FieldSpec",
    "Kind",
    "Operator",
    "Option",
    "RollUp",
    "SpecError",
    "spec_from_json",
    "spec_to_json",
    "specs_from_json",
)

MOST_COLUMNS = 30
_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
CODE_PATTERN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}", re.ASCII)
_FROM_BELOW = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}\.[a-z][a-z0-9_]{0,49}", re.ASCII)
_MOST_PERCENT = 100_000

_ASKED_NUMBERS = NUMBERS - {Kind.COMPUTED}
_TEXTS = frozenset({Kind.TEXT, Kind.LONG_TEXT})
_CHOICES = frozenset({Kind.CHOICE, Kind.MULTI_CHOICE})
_SEVERAL = frozenset({Kind.TABLE, Kind.ATTACHMENT})
_ALL = frozenset(Kind)
_ALLOWED: dict[str, frozenset[Kind]] = {
    "key": _ALL,
    "label": _ALL,
    "label_en": _ALL,
    "kind": _ALL,
    "required": _ALL - {Kind.COMPUTED},
    "hint": _ALL,
    "hint_en": _ALL,
    "unit": NUMBERS,
    "places": NUMBERS - {Kind.INTEGER},
    "max_length": _TEXTS,
    "minimum": _ASKED_NUMBERS | {Kind.DATE},
    "maximum": _ASKED_NUMBERS | {Kind.DATE},
    "options": _CHOICES,
    "qualifiers": _ASKED_NUMBERS,
    "na_allowed": _ASKED_NUMBERS | {Kind.DATE, Kind.TEXT} | _CHOICES,
    "formula": frozenset({Kind.COMPUTED}),
    "columns": frozenset({Kind.TABLE}),
    "min_rows": _SEVERAL,
    "max_rows": _SEVERAL,
    "flag_percent": NUMBERS,
    "roll_up": _ALL - {Kind.TEXT, Kind.LONG_TEXT} - _SEVERAL,
    "from_below": NUMBERS,
}
_IN_NO_COLUMN = _SEVERAL | {Kind.LONG_TEXT}
_NOT_OF_COLUMNS = ("flag_percent", "roll_up", "from_below")
_NEEDS: dict[Operator, tuple[str, ...]] = {Operator.WEIGHTED_MEAN: ("weight",), Operator.RATIO: ("numerator", "denominator")}


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
        qualifiers=_flag(data, "qualifiers"),
        na_allowed=_flag(data, "na_allowed"),
        formula=_text(data, "formula", required=kind is Kind.COMPUTED),
        columns=_columns(data.get("columns"), kind),
        min_rows=_count(data, "min_rows", 0, most=MOST_ROWS),
        max_rows=_count(data, "max_rows", DEFAULT_ROWS, most=MOST_ROWS),
        flag_percent=_percent(data.get("flag_percent")),
        roll_up=_roll_up(data.get("roll_up"), kind),
        from_below=_from_below(data.get("from_below", "")),
    )
    _check_whole(spec)
    return spec


def specs_from_json(data: object) -> tuple[FieldSpec, ...]:
    """
    Read the fields of a form, in order.

    Raises: SpecError, its place prefixed with the position; also for a key used twice, for a formula that names what the form
    does not have, and for computed fields that wait for each other.
    """
    specs = _several(data, "fields")
    check_references(specs)
    return specs


def _several(data: object, where: str) -> tuple[FieldSpec, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise SpecError(where, "must be a list")
    specs: dict[str, FieldSpec] = {}
    for position, item in enumerate(data):
        try:
            spec = spec_from_json(item)
        except SpecError as error:
            raise SpecError(f"{where}[{position}].{error.where}", error.what) from error
        if spec.key in specs:
            raise SpecError(f"{where}[{position}].key", f"{spec.key} is used twice")
        specs[spec.key] = spec
    return tuple(specs.values())


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
    return plain | _second_half(spec)


def _second_half(spec: FieldSpec) -> dict[str, Any]:
    plain: dict[str, Any] = {name: True for name in ("qualifiers", "na_allowed") if getattr(spec, name)}
    plain |= {name: value for name in ("formula", "from_below") if (value := getattr(spec, name))}
    if spec.columns:
        plain["columns"] = [spec_to_json(column) for column in spec.columns]
    if spec.min_rows:
        plain["min_rows"] = spec.min_rows
    if spec.max_rows != DEFAULT_ROWS:
        plain["max_rows"] = spec.max_rows
    if spec.flag_percent is not None:
        plain["flag_percent"] = format(spec.flag_percent, "f")
    if spec.roll_up is not None:
        names = ("operator", "weight", "numerator", "denominator", "value")
        plain["roll_up"] = {name: str(value) for name in names if (value := getattr(spec.roll_up, name))}
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
    number = _decimal(value, where)
    if kind is Kind.INTEGER and number != number.to_integral_value():
        raise SpecError(where, "must be a whole number")
    return number


def _decimal(value: object, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise SpecError(where, "must be a whole number, or a decimal written as a text")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise SpecError(where, "must be a number") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** WHOLE_DIGITS or number.adjusted() < -WHOLE_DIGITS:
        raise SpecError(where, f"must have at most {WHOLE_DIGITS} digits before the point")
    return number


def _date_bound(value: object, where: str) -> date:
    if type(value) is date:
        return value
    try:
        return read_day(value if isinstance(value, str) else "")
    except ValueError as error:
        raise SpecError(where, "must be a date like 2026-06-28") from error


def _options(value: object, kind: Kind) -> tuple[Option, ...]:
    if kind not in _CHOICES:
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
    if not isinstance(code, str) or not CODE_PATTERN.fullmatch(code):
        raise SpecError(f"{where}.code", "must be lower-case letters, digits, dot, dash, underscore")
    if not isinstance(label, str) or not label.strip() or not isinstance(label_en, str):
        raise SpecError(f"{where}.label", "must be a text")
    return Option(code=code, label=label, label_en=label_en)


def _columns(value: object, kind: Kind) -> tuple[FieldSpec, ...]:
    if kind is not Kind.TABLE:
        return ()
    columns = _several(value, "columns")
    if not 0 < len(columns) <= MOST_COLUMNS:
        raise SpecError("columns", f"a table needs 1 to {MOST_COLUMNS} columns")
    for position, column in enumerate(columns):
        if column.kind in _IN_NO_COLUMN:
            raise SpecError(f"columns[{position}].kind", f"{column.kind.value} cannot stand in a table")
        for name in _NOT_OF_COLUMNS:
            if getattr(column, name):
                raise SpecError(f"columns[{position}].{name}", "has no meaning in a table")
    check_references(columns, "columns")
    return columns


def _percent(value: object) -> Decimal | None:
    if value is None:
        return None
    percent = _decimal(value, "flag_percent")
    if not 0 < percent <= _MOST_PERCENT:
        raise SpecError("flag_percent", f"must be more than 0 and at most {_MOST_PERCENT}")
    return percent


def _roll_up(value: object, kind: Kind) -> RollUp | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise SpecError("roll_up", "must be a mapping with an operator")
    for name in value:
        if name not in {"operator", "weight", "numerator", "denominator", "value"}:
            raise SpecError(f"roll_up.{name}", "unknown attribute")
    try:
        operator = Operator(str(value.get("operator")))
    except ValueError as error:
        raise SpecError("roll_up.operator", f"must be one of {', '.join(Operator)}") from error
    needed = _NEEDS.get(operator, ())
    for name in ("weight", "numerator", "denominator"):
        if (name in needed) != bool(value.get(name)):
            raise SpecError(f"roll_up.{name}", f"is {'needed' if name in needed else 'without meaning'} for {operator.value}")
    if value.get("value") and operator is not Operator.COUNT:
        raise SpecError("roll_up.value", f"is without meaning for {operator.value}")
    if kind not in NUMBERS and operator not in {Operator.COUNT, Operator.LAST}:
        raise SpecError("roll_up.operator", f"{kind.value} can only be counted, or the last one taken")
    return RollUp(operator, **{name: _text(value, name) for name in ("weight", "numerator", "denominator", "value")})


def _from_below(value: object) -> str:
    if not isinstance(value, str) or (value and not _FROM_BELOW.fullmatch(value)):
        raise SpecError("from_below", "must be written as code.field")
    return value


def _check_whole(spec: FieldSpec) -> None:
    """Check attributes against each other. Raises: SpecError."""
    lowest, highest = spec.minimum, spec.maximum
    wrong = False
    if isinstance(lowest, date) and isinstance(highest, date):
        wrong = lowest > highest
    if isinstance(lowest, Decimal) and isinstance(highest, Decimal):
        wrong = lowest > highest
    if wrong:
        raise SpecError("maximum", "is below minimum")
    if spec.max_rows < max(spec.min_rows, 1):
        raise SpecError("max_rows", "is below min_rows" if spec.min_rows else "must be at least 1")
    if spec.kind is Kind.MONEY and spec.money_unit not in MONEY_UNITS:
        raise SpecError("unit", f"of money must be one of {', '.join(MONEY_UNITS)}")
    counted = spec.roll_up.value if spec.roll_up else ""
    answers = {option.code for option in spec.options} if spec.kind in _CHOICES else {"yes", "no"}
    if counted and (spec.kind not in _CHOICES | {Kind.YES_NO} or counted not in answers):
        raise SpecError("roll_up.value", f"must be one of {', '.join(sorted(answers))}")
