"""Single rules of scoring: lateness of Example B, missing facts, rounding stages, caps, purity."""

import ast
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from duban.assessments import rules
from duban.assessments.rules.facts import Count, Facts, Mark
from duban.assessments.rules.numbers import RoundingMode, number_text, rounded, rounded_fraction
from duban.assessments.rules.scheme_loader import load
from duban.assessments.rules.scoring import UnscoredError, missing_facts, score
from tests.unit.assessments.example_a import GRADES, NAME_OF_NOTHING, rule, street_facts, street_scheme, whole


def submissions(*rules_given: dict, **more: object):
    items = [{"code": "s", "name": NAME_OF_NOTHING, "kind": "computed", "points": 100, "rules": list(rules_given)}]
    return load(whole("b", items, vetoes=[], **more))


def counted(**values: int) -> Facts:
    return Facts("V3", tuple(Count(code, Decimal(value)) for code, value in values.items()))


class TestLatenessOfExampleB:
    """V3 hands in Q3 one day late; V4 nothing until the cut-off."""

    def test_costs_half_a_point_per_event(self):
        assert score(submissions(rule("late", "逾期", "0.5")), counted(late=1)).total == Decimal("99.5")

    def test_costs_nothing_and_no_minus_zero_when_there_is_none(self):
        result = score(submissions(rule("late", "逾期", "0.5")), counted(late=0))

        assert [str(line.amount) for line in result.lines] == ["100", "0.0"]

    def test_costs_a_point_per_day(self):
        result = score(submissions(rule("late_days", "逾期天数", "1", per="day")), counted(late_days=1))

        assert result.total == 99
        assert result.lines[1].template % dict(result.lines[1].params) == "1 天 × 每天 1 分"

    def test_costs_a_point_when_missing(self):
        scheme = submissions(rule("late", "逾期", "0.5"), rule("missing", "未报", "1"))

        assert score(scheme, counted(late=0, missing=1)).total == 99


class TestScore:
    def test_refuses_to_take_an_unknown_fact_as_0(self):
        facts = street_facts("SD1")
        unmarked = Facts(facts.unit, facts.counts, facts.measures)

        assert missing_facts(street_scheme(), unmarked) == ("assigned",)
        with pytest.raises(UnscoredError, match="assigned"):
            score(street_scheme(), unmarked)

    def test_takes_a_unit_without_a_limit_as_keeping_it_but_not_as_earning_its_points(self):
        facts = street_facts("SD1")
        unlimited = Facts(facts.unit, facts.counts, (), facts.marks, absent=("deaths", "larger"))
        only_veto = load(
            street_scheme().to_json()
            | {"items": [i for i in street_scheme().to_json()["items"] if i["kind"] != "limit"], "full_score": 65}
        )

        assert missing_facts(street_scheme(), unlimited) == ("deaths", "larger")
        assert missing_facts(only_veto, unlimited) == ()
        assert not score(only_veto, unlimited).is_vetoed

    def test_refuses_a_mark_above_the_item(self):
        facts = street_facts("SD1")

        with pytest.raises(ValueError, match="assigned"):
            score(street_scheme(), Facts(facts.unit, facts.counts, facts.measures, (Mark("assigned", Decimal("10.1")),)))

    def test_refuses_a_fact_given_twice(self):
        with pytest.raises(ValueError, match="late"):
            counted_twice = (Count("late", Decimal(1)), Count("late", Decimal(2)))
            Facts("u", counted_twice)

    def test_caps_one_rule_and_says_so(self):
        result = score(submissions(rule("late", "逾期", "0.5", cap="2")), counted(late=10))

        assert [(line.amount, line.template % dict(line.params)) for line in result.lines] == [
            (100, "基础分 100 分"), (-5, "10 次 × 每次 0.5 分"), (3, "本条最多计 2 分"),
        ]  # fmt: skip

    def test_rounds_at_the_stage_the_scheme_names(self):
        items = [
            {"code": code, "name": NAME_OF_NOTHING, "kind": "computed", "points": 50, "rules": [rule(code, "扣", "0.05")]}
            for code in ("a", "b")
        ]
        facts = counted(a=1, b=1)
        by_item = load(whole("r", items, vetoes=[], rounding={"stage": "item", "decimals": 1}))
        by_total = load(whole("r", items, vetoes=[], rounding={"stage": "total", "decimals": 1}))

        # 49.95 + 49.95: rounded one by one 50.0 + 50.0, together 99.9.
        assert (score(by_item, facts).total, score(by_total, facts).total) == (Decimal(100), Decimal("99.9"))

    def test_never_falls_below_the_floor_of_the_whole(self):
        items = [
            {"code": "w", "name": NAME_OF_NOTHING, "kind": "computed", "points": 100, "rules": [rule("late", "逾期", "60")]},
            {"code": "d", "name": NAME_OF_NOTHING, "kind": "deduction", "rules": [rule("criticised", "批评", "2")]},
        ]
        result = score(load(whole("f", items, vetoes=[])), counted(late=2, criticised=3))

        assert result.total == 0
        assert result.lines[-1].amount == 6

    @pytest.mark.parametrize(("inclusive", "grade"), [(True, "excellent"), (False, "good")])
    def test_counts_the_threshold_itself_only_if_inclusive(self, inclusive, grade):
        grades = [GRADES[0] | {"inclusive": inclusive}, *GRADES[1:]]

        assert score(submissions(rule("late", "逾期", "1"), grades=grades), counted(late=10)).grade == grade


class TestRounding:
    @pytest.mark.parametrize(
        ("number", "mode", "expected"),
        [
            ("0.125", "half_up", "0.13"), ("-0.125", "half_up", "-0.13"), ("0.125", "half_even", "0.12"),
            ("0.135", "half_even", "0.14"), ("0.129", "floor", "0.12"), ("-0.121", "floor", "-0.13"), ("0.121", "ceiling", "0.13"),
            ("2", "half_up", "2"), ("-0.001", "half_up", "0"),
        ],
    )  # fmt: skip
    def test_agrees_for_decimals_and_fractions(self, number, mode, expected):
        as_decimal = rounded(Decimal(number), decimals=2, mode=RoundingMode(mode))
        as_fraction = rounded_fraction(Fraction(number), decimals=2, mode=RoundingMode(mode))

        assert (number_text(as_decimal), number_text(as_fraction)) == (expected, expected)


def test_no_rule_uses_a_binary_fraction_or_divides():
    """Floats would make the same inputs give other bytes; a quotient is a Fraction, rounded once."""
    for path in Path(rules.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            at = f"{path.name}:{getattr(node, 'lineno', '')}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), at
            assert not isinstance(node, ast.Div), at
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in {"float", "round"}, at
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not {"math", "random", "time", "datetime.datetime", "uuid"} & set(imported), at
