"""Formulas against an independent naive calculator, and everything that must not be a formula."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.fields.formulas import DEEPEST, LONGEST, FormulaError, evaluate, holds, names_in, read_formula
from duban.fields.quantities import NOT_APPLICABLE, Qualifier, Quantity, Value
from duban.fields.specs import SpecError, specs_from_json

KEYS = ("a", "b", "c")


def naive(tree: Any, answers: Mapping[str, int | None]) -> Fraction | None:
    """Work the tree out in fractions, the way one would on paper: nothing shared with the code under test."""
    if isinstance(tree, int):
        return Fraction(tree)
    if isinstance(tree, str):
        found = answers[tree]
        return None if found is None else Fraction(found)
    sign, left, right = tree
    one, other = naive(left, answers), naive(right, answers)
    if one is None or other is None or (sign == "/" and other == 0):
        return None
    return {"+": one + other, "-": one - other, "*": one * other}.get(sign) if sign != "/" else one / other


def written(tree: Any) -> str:
    if isinstance(tree, int | str):
        return str(tree)
    sign, left, right = tree
    return f"({written(left)} {sign} {written(right)})"


TREES = st.recursive(
    st.integers(0, 999) | st.sampled_from(KEYS), lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner), max_leaves=12
)
ANSWERS = st.fixed_dictionaries({key: st.none() | st.integers(-50, 10_000) for key in KEYS})


@given(tree=TREES, answers=ANSWERS)
def test_formulas_agree_with_a_naive_calculator(tree: Any, answers: dict[str, int | None]) -> None:
    text = written(tree)
    if len(text) > LONGEST:
        return
    found = evaluate(read_formula(text), answers)
    expected = naive(tree, answers)
    if expected is None:
        assert found is None
    else:
        assert isinstance(found, Quantity)
        assert found.qualifier is Qualifier.EXACT
        assert abs(Fraction(found.number) - expected) <= max(abs(expected), Fraction(1)) * Fraction(1, 10**15)


@given(st.lists(st.sampled_from(["1", "2.5", "a", "b", "+", "-", "*", "/", "7"]), min_size=1, max_size=15))
def test_precedence_without_brackets_is_that_of_arithmetic(parts: list[str]) -> None:
    text = " ".join(parts)
    try:
        node = read_formula(text)
    except FormulaError:
        return
    answers: dict[str, Value] = {"a": 3, "b": -4}
    expression = re.sub(r"[0-9.]+", lambda match: f"Fraction('{match[0]}')", text.replace("a", "(3)").replace("b", "(-4)"))
    try:
        expected = eval(expression, {"Fraction": Fraction})  # noqa: S307 - the test's own words, Python as the judge
    except (ZeroDivisionError, SyntaxError, TypeError):
        return
    found = evaluate(node, answers)
    assert isinstance(found, Quantity)
    assert abs(Fraction(found.number) - expected) < Fraction(1, 10**30)


@given(st.text(max_size=60) | st.text(alphabet="ab.()+-*/ \"'=<>!0123456789,sumcountandornotgivenyes", max_size=80))
def test_whatever_is_written_is_read_or_refused_with_words(text: str) -> None:
    try:
        node = read_formula(text)
    except FormulaError:
        return
    evaluate(node, {})
    holds(node, {})
    list(names_in(node))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a +", "+ a", "(a", "a)", "a b", "2a", "a..b", "sum(", "sum()", "evil(a)", "__import__('os')", "a.__class__", "a[0]", "lambda: 1", "a ** 2", "1e5",
        "a;b", "a := 3", "and", "or 1", "sum", "a.1", "9" * 31, "(" * 60 + "a" + ")" * 60, "-" * 60 + "a", "a" + "+a" * 300, "not " * 40 + "a = 1", "a = 1 = 1", "\x00", "٣ + 1", "a％b",
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    with pytest.raises(FormulaError):
        read_formula(text)


def test_a_formula_as_long_and_as_deep_as_allowed_is_worked_out() -> None:
    deep = "(" * DEEPEST + "a" + ")" * DEEPEST
    assert evaluate(read_formula(deep), {"a": 2}) == Quantity(Decimal(2))
    long = "1" + "+1" * ((LONGEST - 1) // 2)
    assert evaluate(read_formula(long), {}) == Quantity(Decimal(250))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("（ａ＋ｂ）×2", 14),
        ("a÷b", "0.75"),
        ("sum(a，b, 1)", 8),
        ("min(a,b)", 3),
        ("max(a,b)-min(a,b)", 1),
        ("count(rows)", 2),
        ("sum(rows.n)", 11),
    ],
)
def test_signs_of_a_chinese_input_method_and_functions(text: str, number: object) -> None:
    answers: dict[str, Value] = {"a": 3, "b": 4, "rows": ({"n": 5}, {"n": 6})}
    if "ａ" in text:
        assert evaluate(read_formula(text), answers) == Quantity(Decimal(14))
    else:
        assert evaluate(read_formula(text), answers) == Quantity(Decimal(str(number)))


class TestMissingZeroAndNotApplicable:
    def test_missing_makes_missing_and_zero_does_not(self) -> None:
        assert evaluate(read_formula("a + b"), {"a": 1, "b": None}) is None
        assert evaluate(read_formula("a + b"), {"a": 1, "b": 0}) == Quantity(Decimal(1))
        assert evaluate(read_formula("a / b"), {"a": 1, "b": 0}) is None

    def test_not_applicable_is_left_out_of_sums_and_makes_the_rest_not_applicable(self) -> None:
        answers: dict[str, Value] = {"a": 1, "b": NOT_APPLICABLE}
        assert evaluate(read_formula("a + b"), answers) == Quantity(Decimal(1))
        assert evaluate(read_formula("a / b"), answers) is NOT_APPLICABLE
        assert evaluate(read_formula("b + b"), answers) is NOT_APPLICABLE

    def test_a_column_leaves_blanks_out_and_an_empty_table_is_zero(self) -> None:
        node = read_formula("sum(rows.n)")
        assert evaluate(node, {"rows": ({"n": 5}, {"n": None})}) == Quantity(Decimal(5))
        assert evaluate(node, {"rows": ()}) == Quantity(Decimal(0))
        assert evaluate(node, {}) is None
        assert evaluate(node, {"rows": ({"n": None},)}) is None


@pytest.mark.parametrize(
    ("text", "answers", "truth"),
    [
        ("a > 3 and b = yes", {"a": 4, "b": True}, True), ("a > 3 and b", {"a": 4, "b": False}, False), ("a > 3", {"a": None}, None), ("a > 3 or b", {"a": None, "b": True}, True),
        ("not given(a)", {}, True), ("given(a)", {"a": 0}, True), ("given(a)", {"a": ()}, False), ('c = "up"', {"c": "up"}, True), ('c != "up"', {"c": "down"}, True), ('c = "up"', {"c": None}, None),
        ('m = "x"', {"m": ("x", "y")}, True), ("d <= e", {"d": date(2026, 1, 1), "e": date(2026, 1, 1)}, True), ("a >= 750", {"a": Quantity(Decimal(750), Qualifier.MORE)}, True),
        ("a <= 750", {"a": Quantity(Decimal(750), Qualifier.MORE)}, False), ("a > 800", {"a": Quantity(Decimal(750), Qualifier.MORE)}, None), ("a = 1 且 b 或 b", {"a": 1, "b": False}, False), ("a = b", {"a": 1, "b": NOT_APPLICABLE}, None),
    ],
)  # fmt: skip
def test_conditions(text: str, answers: dict[str, Value], truth: bool | None) -> None:
    assert holds(read_formula(text), answers) is truth


def fields(*formulas: str) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = [
        {"key": "n", "label": "n", "kind": "integer"},
        {"key": "t", "label": "t", "kind": "text"},
        {"key": "c", "label": "c", "kind": "choice", "options": [{"code": "x", "label": "x"}]},
        {"key": "rows", "label": "r", "kind": "table", "columns": [{"key": "n", "label": "n", "kind": "integer"}, {"key": "t", "label": "t", "kind": "text"}]},
    ]  # fmt: skip
    return asked + [{"key": f"f{at}", "label": "f", "kind": "computed", "formula": text} for at, text in enumerate(formulas)]


@pytest.mark.parametrize(
    "formula",
    ["gone + 1", "t + 1", "n + c", "rows", "rows.n", "sum(rows.t)", "sum(rows.gone)", "count(n)", "count(rows, rows)", "n = 1", "given(n)", "f0 + 1", "given(1)", "f1", '"x"'],
)  # fmt: skip
def test_a_formula_that_does_not_fit_the_form_is_named_at_load(formula: str) -> None:
    with pytest.raises(SpecError) as refusal:
        specs_from_json(fields(formula, "f0 * 2"))
    assert refusal.value.where in {"fields[4].formula", "fields[5].formula"}


def test_circles_are_refused_and_chains_are_not() -> None:
    with pytest.raises(SpecError, match="waits for itself"):
        specs_from_json(fields("f1 + 1", "f2", "f0"))
    assert specs_from_json(fields("f1 + 1", "f2", "n"))


def test_a_third_taken_from_something_keeps_its_digits() -> None:
    found = evaluate(read_formula("0 - a / b"), {"a": 1, "b": 3})
    assert isinstance(found, Quantity)
    assert abs(Fraction(found.number) + Fraction(1, 3)) < Fraction(1, 10**50)
