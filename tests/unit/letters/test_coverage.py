from decimal import Decimal

from duban.letters.rules.coverage import Coverage, total

# Example A.1, level 2: required and signed per sub-district.
LEVEL_TWO = [(14, 13), (20, 18), (15, 15), (11, 11), (30, 27), (20, 16), (9, 9), (12, 10)]


def test_example_a1_level_two() -> None:
    parts = [Coverage(owed, signed) for owed, signed in LEVEL_TWO]

    whole = total(parts)

    assert (whole.signed, whole.owed, whole.percent, whole.unsigned) == (119, 131, Decimal("90.84"), 12)
    assert [part.unsigned for part in parts] == [1, 2, 0, 0, 3, 4, 0, 2]


def test_level_one_is_complete() -> None:
    assert total([Coverage(8, 8), Coverage(18, 18), Coverage(24, 24)]).percent == Decimal("100.00")


def test_nothing_owed_has_no_percentage() -> None:
    assert total([]).percent is None
