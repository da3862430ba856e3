from datetime import date
from decimal import Decimal

import pytest

from duban.fields.quantities import Value
from duban.fields.specs import FieldSpec, Kind, Option
from duban.fields.values import Stored, as_shown, as_typed, from_stored, to_stored


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        ("字", "字"),
        (3, 3),
        (True, True),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (date(2011, 5, 20), "2011-05-20"),
    ],
)
def test_storage_is_exact_json(value: Value, stored: Stored) -> None:
    assert to_stored(value) == stored


@pytest.mark.parametrize(
    ("kind", "stored"), [(Kind.INTEGER, True), (Kind.INTEGER, "3"), (Kind.DECIMAL, 3), (Kind.YES_NO, 1), (Kind.TEXT, 1)]
)
def test_what_does_not_fit_the_spec_is_a_defect(kind: Kind, stored: Stored) -> None:
    with pytest.raises(ValueError, match="is stored as"):
        from_stored(FieldSpec(key="x", label="x", kind=kind), stored)


@pytest.mark.parametrize(
    ("kind", "unit", "value", "shown"),
    [
        (Kind.INTEGER, "人", 1234, "1,234 人"),
        (Kind.DECIMAL, "%", Decimal("99.50"), "99.50%"),
        (Kind.DECIMAL, "", Decimal("1234567.8"), "1,234,567.8"),
        (Kind.CHOICE, "", "up", "上升"),
        (Kind.CHOICE, "", "gone", "gone"),
        (Kind.CHOICE, "", None, ""),
        (Kind.YES_NO, "", True, "yes"),
        (Kind.DATE, "", date(2011, 5, 20), "2011-05-20"),
        (Kind.TEXT, "", None, ""),
    ],
)
def test_a_table_shows(kind: Kind, unit: str, value: Value, shown: str) -> None:
    spec = FieldSpec(key="x", label="x", kind=kind, unit=unit, options=(Option("up", "上升", "Up"),))
    assert as_shown(spec, value) == shown


def test_a_table_shows_options_in_english() -> None:
    spec = FieldSpec(key="x", label="x", kind=Kind.CHOICE, options=(Option("up", "上升", "Up"), Option("down", "下降")))
    assert [as_shown(spec, code, english=True) for code in ("up", "down")] == ["Up", "下降"]


def test_an_input_box_shows_yes_and_no() -> None:
    assert (as_typed(True), as_typed(False)) == ("yes", "no")
