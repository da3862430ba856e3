"""What holds for every scheme and all facts: checked on random sheets against an independent implementation."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import ROUND_UP, Context, Decimal, localcontext
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from duban.assessments.rules import facts as facts_module
from duban.assessments.rules import results as results_module
from duban.assessments.rules.facts import Count, Decision, Facts, Mark, Measure
from duban.assessments.rules.numbers import number_text
from duban.assessments.rules.ranking import rank
from duban.assessments.rules.roll_up import roll_up
from duban.assessments.rules.scheme import Scheme
from duban.assessments.rules.scheme_loader import load
from duban.assessments.rules.scoring import score
from tests.unit.assessments.example_a import GRADES, STREETS, VETOES, WEIGHTS, street_facts, street_scheme
from tests.unit.assessments.naive import MILLION, millionths, naive_grade, naive_total, naive_vetoes

NAME = {"zh": "项", "en": "Item"}
FACTS = ["late", "missing", "absent", "praise"]
small = st.integers(1, 4000).map(lambda n: number_text(Decimal(n) / 1000))
cap = st.none() | st.integers(1, 60).map(str)


@st.composite
def schemes(draw) -> Scheme:
    items: list[dict] = []
    full = Decimal(0)
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["computed", "limit", "evaluator", "deduction", "bonus"] if number else ["computed"]))
        item: dict = {"code": f"i{number}", "name": NAME, "kind": kind}
        if kind in {"computed", "limit", "evaluator"}:
            points = Decimal(draw(st.integers(1, 400))) / 10
            item["points"] = number_text(points)
            full += points
        if kind == "limit":
            item["measure"] = draw(st.sampled_from(["deaths", "larger"]))
        if kind == "computed":
            item["floor"] = draw(st.sampled_from(["0", None, "-5"]))
        if kind in {"deduction", "bonus"}:
            item["cap"] = draw(cap)
        if kind in {"computed", "deduction", "bonus"}:
            item["rules"] = [
                {
                    "code": f"r{number}{at}",
                    "name": NAME,
                    "fact": draw(st.sampled_from(FACTS)),
                    "each": draw(small),
                    "cap": draw(cap),
                }
                for at in range(draw(st.integers(1, 3)))
            ]
        items.append(item)
    return load(
        {
            "code": "random", "version": 1, "name": NAME, "full_score": number_text(full), "items": items, "grades": GRADES,
            "veto_grade": "unqualified", "cap": draw(cap), "roll_up": {"weights": WEIGHTS},
            "vetoes": [{**veto, "fact": "missing"} if veto["kind"] == "count_reached" else veto for veto in VETOES],
            "rounding": {
                "stage": draw(st.sampled_from(["item", "total"])),
                "mode": draw(st.sampled_from(["half_up", "half_even", "floor", "ceiling"])),
                "decimals": draw(st.integers(0, 3)),
            },
        }
    )  # fmt: skip


@st.composite
def sheets(draw) -> tuple[Scheme, Facts]:
    scheme = draw(schemes())
    marks = [
        Mark(item.code, Decimal(draw(st.integers(0, int(item.points * 10)))) / 10, "理由")
        for item in scheme.items
        if item.kind == "evaluator"
    ]
    return scheme, Facts(
        unit="u",
        counts=tuple(Count(code, Decimal(draw(st.integers(0, 30)))) for code in FACTS),
        measures=tuple(
            Measure(code, Decimal(draw(st.integers(0, 4))), Decimal(draw(st.integers(0, 3)))) for code in ("deaths", "larger")
        ),
        marks=tuple(marks),
        decisions=(Decision("V5", "望安〔2011〕3号", "拒不整改", "2011-12-01"),) if draw(st.booleans()) else (),
    )


class TestScore:
    @settings(max_examples=700, deadline=None)
    @given(sheets())
    def test_agrees_with_the_second_implementation(self, sheet):
        scheme, facts = sheet
        result = score(scheme, facts)
        plain_scheme, plain_facts = scheme.to_json(), facts.to_json()

        total = naive_total(plain_scheme, plain_facts)
        vetoes = naive_vetoes(plain_scheme, plain_facts, total)

        assert result.total * MILLION == total
        assert {f.rule for f in result.findings if f.effect == "veto"} == vetoes
        assert result.grade == naive_grade(plain_scheme, total, vetoes)

    @settings(max_examples=200, deadline=None)
    @given(sheets())
    def test_lists_lines_that_add_up_to_the_total(self, sheet):
        result = score(*sheet)

        assert sum(millionths(number_text(line.amount)) for line in result.lines) == result.total * MILLION
        for code, points in result.item_points:
            assert sum((line.amount for line in result.lines if line.item == code), Decimal(0)) == points
        for line in result.lines:
            assert line.template % dict(line.params)

    @settings(max_examples=200, deadline=None)
    @given(sheets())
    def test_vetoes_whatever_the_points_and_restores_them_when_lifted(self, sheet):
        scheme, facts = sheet
        free = replace(facts, decisions=(), measures=tuple(replace(m, limit=Decimal(9)) for m in facts.measures))
        decided = replace(free, decisions=(Decision("V5", "望安〔2011〕3号", "瞒报", "2011-12-01"),))
        before, vetoed, lifted = score(scheme, free), score(scheme, decided), score(scheme, replace(decided, decisions=()))

        assert vetoed.is_vetoed
        assert vetoed.grade == "unqualified"
        assert (vetoed.total, vetoed.lines, vetoed.item_points) == (before.total, before.lines, before.item_points)
        assert lifted.canonical == before.canonical

    @settings(max_examples=100, deadline=None)
    @given(sheets())
    def test_survives_writing_and_reading(self, sheet):
        scheme, facts = sheet
        again = load(json.loads(json.dumps(scheme.to_json())))
        same_facts = facts_module.from_json(json.loads(json.dumps(facts.to_json())))
        result = score(scheme, facts)

        assert (again, same_facts) == (scheme, facts)
        assert score(again, same_facts).canonical == result.canonical
        assert results_module.from_json(json.loads(result.canonical)).canonical == result.canonical

    @settings(max_examples=100, deadline=None)
    @given(sheets(), st.randoms(use_true_random=False))
    def test_gives_the_same_bytes_in_any_order_and_any_decimal_context(self, sheet, random):
        scheme, facts = sheet
        expected = score(scheme, facts).canonical
        parts = [list(facts.counts), list(facts.measures), list(facts.marks), list(facts.decisions)]
        for part in parts:
            random.shuffle(part)
        shuffled = Facts("u", *(tuple(part) for part in parts))

        with localcontext(Context(prec=3, rounding=ROUND_UP)):
            assert score(scheme, shuffled).canonical == expected
        assert shuffled.digest == facts.digest

    def test_gives_the_same_bytes_in_another_process(self):
        code = (
            "from tests.unit.assessments.example_a import *\n"
            "from duban.assessments.rules.scoring import score\n"
            "print(*(score(street_scheme(), street_facts(unit)).digest for unit in STREETS))"
        )
        here = " ".join(score(street_scheme(), street_facts(unit)).digest for unit in STREETS)
        there = [
            subprocess.run(
                [sys.executable, "-c", code],
                env={"PYTHONPATH": "platform:.", "PYTHONHASHSEED": seed, "LC_ALL": "C.UTF-8"},
                cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
            ).stdout.strip()
            for seed in ("1", "2")
        ]  # fmt: skip

        assert there == [here, here]


class TestRankAndRollUp:
    @settings(max_examples=60, deadline=None)
    @given(st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order_of_results(self, random):
        scheme = street_scheme(quota={"grade": "excellent", "otherwise": "good", "basis": "top", "number": 2})
        results = [score(scheme, street_facts(unit)) for unit in STREETS]
        expected = rank(results, scheme), roll_up({"SD": results}, scheme.roll_up)
        random.shuffle(results)

        assert (rank(results, scheme), roll_up({"SD": results}, scheme.roll_up)) == expected

    @settings(max_examples=100, deadline=None)
    @given(st.lists(sheets(), min_size=1, max_size=6), st.sampled_from(["keep", "cap", "zero", "leave_out"]))
    def test_the_composite_lies_between_the_lowest_and_the_highest(self, sheets_given, treatment):
        rule = load(street_scheme().to_json() | {"roll_up": {"treatment": treatment, "weights": WEIGHTS}}).roll_up
        results = [replace(score(scheme, facts), unit=f"u{at}") for at, (scheme, facts) in enumerate(sheets_given)]
        found = roll_up({"SD": results[::2], "E": results[1::2]}, rule)

        totals = [result.total for result in results]
        if found is None:
            assert treatment == "leave_out"
            assert all(result.is_vetoed for result in results)
        else:
            least = min(0, *totals, 0) if treatment == "zero" else min(*totals, Decimal("59.9"))
            assert least - Decimal("0.005") <= found.total <= max(totals) + Decimal("0.005")
            assert sum(part.amount for part in found.groups) + found.rounding == found.total
