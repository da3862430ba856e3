"""Parsed values on their way to and from storage (JSON without floats) and back into an input box or a table cell."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from duban.fields.quantities import NOT_APPLICABLE, SIGNS, NotApplicable, Qualifier, Quantity, Value
from duban.fields.shapes import FieldSpec, Kind

Stored: TypeAlias = str | int | bool | list[Any] | Mapping[str, Any] | None


def to_stored(value: Value) -> Stored:
    """
    Give the value as JSON can keep it exactly.

    Decimals and dates become text, a number with a qualifier {"n": "750", "q": ">"}, "not applicable" {"na": true}, several
    answers a list of codes, rows a list of such mappings.
    """
    if isinstance(value, Quantity):
        return {"n": format(value.number, "f"), "q": value.qualifier.value}
    if isinstance(value, NotApplicable):
        return {"na": True}
    if isinstance(value, tuple):
        return [one if isinstance(one, str) else {key: to_stored(cell) for key, cell in one.items()} for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def from_stored(spec: FieldSpec, stored: Stored) -> Value:
    """
    Read back what `to_stored` gave.

    Raises: ValueError where the stored data do not fit the spec: a defect, since only parsed values are stored.
    """
    if stored is None:
        return None
    if isinstance(stored, Mapping):
        return _from_mapping(spec, stored)
    expected = _STORED_AS[spec.kind]
    if type(stored) is not expected:
        raise ValueError(f"{spec.key}: {spec.kind.value} is stored as {expected.__name__}, found {type(stored).__name__}")
    if isinstance(stored, list):
        return _from_list(spec, stored)
    if spec.kind in {Kind.DECIMAL, Kind.MONEY, Kind.COMPUTED}:
        return Decimal(str(stored))
    return date.fromisoformat(str(stored)) if spec.kind is Kind.DATE else stored


def _from_mapping(spec: FieldSpec, stored: Mapping[str, Any]) -> Value:
    if stored == {"na": True}:
        return NOT_APPLICABLE
    if not spec.is_number or set(stored) != {"n", "q"}:
        raise ValueError(f"{spec.key}: {spec.kind.value} is stored as {_STORED_AS[spec.kind].__name__}, found a mapping")
    return Quantity(Decimal(stored["n"]), Qualifier(stored["q"]))


def _from_list(spec: FieldSpec, stored: list[Any]) -> Value:
    if spec.kind is Kind.TABLE:
        return tuple({column.key: from_stored(column, row.get(column.key)) for column in spec.columns} for row in stored)
    return tuple(str(one) for one in stored)


def as_typed(value: Value) -> str:
    """Give the text an input box shows for a value; parsing it again gives the value. For rows see `typed_answers`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Quantity):
        return str(value)
    if isinstance(value, NotApplicable):
        return "不适用"
    if isinstance(value, tuple):
        return ",".join(one for one in value if isinstance(one, str))
    return "" if value is None else str(to_stored(value))


def typed_answers(spec: FieldSpec, value: Value) -> dict[str, str]:
    """Give the boxes of one question as a page names them: key, key.code, key.row.column. Files and computed have none."""
    if value is None or spec.kind in {Kind.ATTACHMENT, Kind.COMPUTED}:
        return {}
    if not isinstance(value, tuple):
        return {spec.key: as_typed(value)}
    typed: dict[str, str] = {}
    for number, one in enumerate(value):
        if isinstance(one, str):
            typed[f"{spec.key}.{one}"] = "on"
        elif isinstance(one, Mapping):
            for column in spec.columns:
                boxes = typed_answers(column, one.get(column.key))
                typed |= {f"{spec.key}.{number}.{name}": text for name, text in boxes.items()}
    return typed


def as_shown(spec: FieldSpec, value: Value, *, english: bool = False) -> str:
    """
    Give the text a table shows: thousands grouped, unit behind, option's label, ">750", 不适用.

    Gives: "" for no answer; yes/no stays "yes"/"no", whose words are the page's; rows one line each; files their number.
    """
    if isinstance(value, NotApplicable):
        return "N/A" if english else "不适用"
    if isinstance(value, tuple):
        return _several_shown(spec, value, english=english)
    if spec.kind is Kind.CHOICE:
        return _label(spec, value, english=english)
    if isinstance(value, Quantity):
        sign = "≈" if english and value.qualifier is Qualifier.ABOUT else SIGNS[value.qualifier]
        return f"{sign}{_with_unit(spec, f'{value.number:,f}')}"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _with_unit(spec, f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}")
    return as_typed(value)


def _several_shown(spec: FieldSpec, value: tuple[Any, ...], *, english: bool) -> str:
    if spec.kind is Kind.TABLE:
        between = ", " if english else "，"
        lines = (
            between.join(
                f"{(english and column.label_en) or column.label} {shown}"
                for column in spec.columns
                if (shown := as_shown(column, row.get(column.key), english=english))
            )
            for row in value
        )
        return "\n".join(lines)
    if spec.kind is Kind.ATTACHMENT:
        return str(len(value)) if value else ""
    return (", " if english else "、").join(_label(spec, one, english=english) for one in value)


def _label(spec: FieldSpec, value: Value, *, english: bool) -> str:
    chosen = next((option for option in spec.options if option.code == value), None)
    return (english and chosen.label_en) or chosen.label if chosen else as_typed(value)


def _with_unit(spec: FieldSpec, number: str) -> str:
    unit = spec.money_unit if spec.kind is Kind.MONEY else spec.unit
    return f"{number}{'' if not unit or unit == '%' else ' '}{unit}"


_STORED_AS: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.LONG_TEXT: str,
    Kind.INTEGER: int,
    Kind.DECIMAL: str,
    Kind.MONEY: str,
    Kind.DATE: str,
    Kind.CHOICE: str,
    Kind.MULTI_CHOICE: list,
    Kind.YES_NO: bool,
    Kind.TABLE: list,
    Kind.ATTACHMENT: list,
    Kind.COMPUTED: str,
}
