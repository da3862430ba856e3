"""Totals against an independent naive calculation over intervals and plain lists."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.fields import quantities
from duban.fields.quantities import NOT_APPLICABLE, Qualifier, Quantity, Value
from duban.fields.specs import Operator, spec_from_json
from duban.fields.totals import combine, total_of

NUMBERS = st.integers(0, 5000)
VALUES = st.none() | st.just(NOT_APPLICABLE) | NUMBERS


def plain(values: list[Value]) -> list[int]:
    return [value for value in values if isinstance(value, int)]


@given(st.lists(VALUES, max_size=8))
def test_sum_mean_min_max_and_last_are_those_of_what_was_given(values: list[Value]) -> None:
    numbers = plain(values)
    if not numbers:
        nothing = NOT_APPLICABLE if values and None not in values else None
        assert {combine(operator, values) for operator in ("sum", "mean", "min", "max", "last", "count")} == {nothing}
        return
    assert combine("sum", values) == Quantity(Decimal(sum(numbers)))
    assert combine("min", values) == Quantity(Decimal(min(numbers)))
    assert combine("max", values) == Quantity(Decimal(max(numbers)))
    assert combine("last", values) == Quantity(Decimal(numbers[-1]))
    assert combine("count", values) == len(numbers)
    mean = combine("mean", values)
    assert isinstance(mean, Quantity)
    assert abs(Fraction(mean.number) - Fraction(sum(numbers), len(numbers))) < Fraction(1, 10**40)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8))
def test_a_ratio_is_that_of_the_sums_and_a_weighted_mean_weighs(pairs: list[tuple[Value, Value]]) -> None:
    both = [(one, other) for one, other in pairs if isinstance(one, int) and isinstance(other, int)]
    below = sum(other for _, other in both)
    tops, bottoms = [one for one, _ in pairs], [other for _, other in pairs]
    ratio, weighted = combine("ratio", tops, beside=bottoms), combine("weighted_mean", tops, beside=bottoms)
    if not below:
        assert not isinstance(ratio, Quantity)
        assert not isinstance(weighted, Quantity)
        return
    assert isinstance(ratio, Quantity)
    assert isinstance(weighted, Quantity)
    assert abs(Fraction(ratio.number) - Fraction(sum(one for one, _ in both), below)) < Fraction(1, 10**30)
    assert abs(Fraction(weighted.number) - Fraction(sum(one * other for one, other in both), below)) < Fraction(1, 10**30)


class TestRatioOfSums:
    def test_is_not_the_mean_of_ratios(self) -> None:
        rate = spec_from_json(
            {"key": "rate", "label": "整改率", "kind": "computed", "unit": "%", "formula": "1", "roll_up": {"operator": "ratio", "numerator": "closed", "denominator": "found"}}
        )  # fmt: skip
        rows: list[dict[str, Value]] = [{"closed": 1, "found": 1, "rate": 100}, {"closed": 0, "found": 99, "rate": 0}]
        assert total_of(rate, rows) == Decimal("1.00")

    def test_of_nothing_below_is_missing(self) -> None:
        assert combine("ratio", [1], beside=[0]) is None


def test_zero_missing_and_not_applicable_are_three_things() -> None:
    assert combine("sum", [0]) == Quantity(Decimal(0))
    assert combine("sum", [None, 0]) == Quantity(Decimal(0))
    assert combine("sum", [None, NOT_APPLICABLE]) is None
    assert combine("sum", [NOT_APPLICABLE]) is NOT_APPLICABLE
    assert combine("sum", []) is None


@pytest.mark.parametrize(
    ("values", "counted", "count"),
    [([True, False, None, True], "yes", 2), ([False, None], "yes", 0), ([None, ()], "yes", None), ([NOT_APPLICABLE], "up", NOT_APPLICABLE), ([True, False], "no", 1), (["up", "down", None], "up", 1), ([("a", "b"), ("b",), ()], "b", 2), (["up", None, NOT_APPLICABLE], "", 1)],
)  # fmt: skip
def test_counting_answers(values: list[Value], counted: str, count: Value) -> None:
    assert combine(Operator.COUNT, values, counted=counted) == count


# --- what is known of a result is true, whatever the unknown numbers are ------------------------------------------------------

QUALIFIED = st.builds(Quantity, st.integers(-20, 20).map(Decimal), st.sampled_from(list(Qualifier)))
OFFSETS = st.integers(0, 30)


def possible(one: Quantity, by: int) -> Decimal:
    """Give a number this quantity may stand for."""
    strict = Decimal(1)
    return {
        Qualifier.EXACT: one.number,
        Qualifier.MORE: one.number + by + strict,
        Qualifier.AT_LEAST: one.number + by,
        Qualifier.LESS: one.number - by - strict,
        Qualifier.AT_MOST: one.number - by,
        Qualifier.ABOUT: one.number + by - 15,
    }[one.qualifier]


def is_true_of(result: Quantity, number: Decimal) -> bool:
    found, said, near = Fraction(number), Fraction(result.number), Fraction(1, 10**30)
    return {
        Qualifier.EXACT: abs(found - said) < near,
        Qualifier.MORE: found > said - near,
        Qualifier.AT_LEAST: found >= said - near,
        Qualifier.LESS: found < said + near,
        Qualifier.AT_MOST: found <= said + near,
        Qualifier.ABOUT: True,
    }[result.qualifier]


@given(one=QUALIFIED, other=QUALIFIED, by=OFFSETS, other_by=OFFSETS)
def test_a_qualifier_never_says_more_than_is_true(one: Quantity, other: Quantity, by: int, other_by: int) -> None:
    x, y = possible(one, by), possible(other, other_by)
    assert is_true_of(quantities.plus(one, other), x + y)
    assert is_true_of(quantities.minus(one, other), x - y)
    assert is_true_of(quantities.times(one, other), x * y)
    assert is_true_of(quantities.largest([one, other]), max(x, y))
    assert is_true_of(quantities.smallest([one, other]), min(x, y))
    quotient = quantities.divided(one, other)
    if quotient is not None and y:
        assert is_true_of(quotient, quantities.PRECISE.divide(x, y))
    for places in (0, 2):
        assert is_true_of(quantities.rounded(one, places), x)
    for or_equal in (False, True):
        said = quantities.is_less(one, other, or_equal=or_equal)
        assert said is None or said == (x <= y if or_equal else x < y)
    same = quantities.is_same(one, other)
    assert same is None or same == (x == y)


@given(
    st.permutations(
        [
            Quantity(Decimal(3), Qualifier.MORE),
            Quantity(Decimal(5)),
            Quantity(Decimal(7), Qualifier.AT_LEAST),
            Quantity(Decimal(2)),
        ]
    )
)
def test_totals_do_not_depend_on_the_order(values: list[Quantity]) -> None:
    assert combine("sum", values) == Quantity(Decimal(17), Qualifier.MORE)
    assert combine("max", values) == Quantity(Decimal(7), Qualifier.AT_LEAST)
