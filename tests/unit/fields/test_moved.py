"""How far a figure is from the last period's, as the reviewer reads it."""

from decimal import Decimal

import pytest

from duban.fields.checking import moved
from duban.fields.quantities import NOT_APPLICABLE, Quantity, Value


def number(written: str) -> Quantity:
    return Quantity(Decimal(written))


@pytest.mark.parametrize(
    ("now", "before", "percent", "said"),
    [
        ("250", "100", "150", "增加 150.0%"),
        ("92", "100", "8", "减少 8.0%"),
        ("0", "3", "100", "减少 100.0%"),
        ("-4", "-2", "100", "减少 100.0%"),
        ("7", "7", "0", "没有变化"),
        ("0", "0", "0", "没有变化"),
        ("1", "0", "Infinity", "从无到有"),
        ("1828", "1827", "0.0547", "增加 0.1%"),
    ],
)
def test_words_and_percent(now: str, before: str, percent: str, said: str) -> None:
    found = moved(number(now), number(before))
    assert found is not None
    assert (round(found.percent, 4) if found.percent.is_finite() else found.percent) == Decimal(percent)
    assert found.said.template % found.said.params == said


@pytest.mark.parametrize(
    ("now", "before"), [(None, number("1")), (number("1"), None), (NOT_APPLICABLE, number("1")), ("十", "一")]
)
def test_what_is_no_number_is_not_compared(now: Value, before: Value) -> None:
    assert moved(now, before) is None
