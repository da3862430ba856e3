"""Parsed values on their way to and from storage (JSON without floats) and back into an input box or a table cell."""

from datetime import date
from decimal import Decimal

from duban.fields.parsing import Value
from duban.fields.specs import FieldSpec, Kind

Stored = str | int | bool | None


def to_stored(value: Value) -> Stored:
    """Give the value as JSON can keep it exactly: decimals and dates become text."""
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
    expected = _STORED_AS[spec.kind]
    if type(stored) is not expected:
        raise ValueError(f"{spec.key}: {spec.kind.value} is stored as {expected.__name__}, found {type(stored).__name__}")
    if spec.kind is Kind.DECIMAL:
        return Decimal(str(stored))
    return date.fromisoformat(str(stored)) if spec.kind is Kind.DATE else stored


def as_typed(value: Value) -> str:
    """Give the text an input box shows for a value; parsing it again gives the value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(to_stored(value))


def as_shown(spec: FieldSpec, value: Value, *, english: bool = False) -> str:
    """
    Give the text a table shows: thousands grouped, unit behind, option's label.

    Gives: "" for no answer; yes/no stays "yes"/"no", whose words are the page's.
    """
    if spec.kind is Kind.CHOICE:
        chosen = next((option for option in spec.options if option.code == value), None)
        return (english and chosen.label_en) or chosen.label if chosen else as_typed(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return (
            f"{value:,f}{_gap(spec.unit)}{spec.unit}" if isinstance(value, Decimal) else f"{value:,}{_gap(spec.unit)}{spec.unit}"
        )
    return as_typed(value)


def _gap(unit: str) -> str:
    return " " if unit and unit != "%" else ""


_STORED_AS: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.LONG_TEXT: str,
    Kind.INTEGER: int,
    Kind.DECIMAL: str,
    Kind.DATE: str,
    Kind.CHOICE: str,
    Kind.YES_NO: bool,
}
