"""The district's year of Example A.4 to A.7, every figure."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from duban.assessments.rules.effects import effects_of
from duban.assessments.rules.facts import Count, Facts
from duban.assessments.rules.ranking import rank, seats
from duban.assessments.rules.results import Result
from duban.assessments.rules.roll_up import roll_up
from duban.assessments.rules.scheme import Quota, RollUpRule, Scheme
from duban.assessments.rules.scheme_loader import load
from duban.assessments.rules.scoring import score
from tests.unit.assessments import example_a
from tests.unit.assessments.example_a import STREETS, UNITS, street_facts, street_scheme, unit_facts, unit_scheme


def top(number: int) -> dict:
    return {"grade": "excellent", "otherwise": "good", "basis": "top", "number": number}


def results_of(group: str, scheme: Scheme) -> list[Result]:
    facts = street_facts if group == "SD" else unit_facts
    units = STREETS if group == "SD" else UNITS
    return [score(scheme, facts(unit)) for unit in units if unit.startswith(group)]


@pytest.fixture(scope="module")
def results() -> dict[str, list[Result]]:
    return {"SD": results_of("SD", street_scheme()), "D": results_of("D", unit_scheme()), "E": results_of("E", unit_scheme())}


class TestScoring:
    @pytest.mark.parametrize("unit", STREETS)
    def test_gives_each_street_its_total_and_grade(self, unit):
        result = score(street_scheme(), street_facts(unit))

        assert (result.total, result.score_grade) == (Decimal(STREETS[unit][-2]), STREETS[unit][-1])
        assert sum(line.amount for line in result.lines) == result.total

    @pytest.mark.parametrize(
        ("unit", "basic", "accidents"),
        [("SD1", "53.5", "35"), ("SD3", "53", "0"), ("SD5", "48", "35"), ("SD6", "43.5", "35"), ("SD7", "55", "35")],
    )
    def test_gives_the_blocks(self, unit, basic, accidents):
        points = dict(score(street_scheme(), street_facts(unit)).item_points)

        assert points["basic"] == Decimal(basic)
        assert points["deaths"] + points["larger"] == Decimal(accidents)

    @pytest.mark.parametrize("unit", UNITS)
    def test_gives_each_department_and_enterprise_its_total(self, unit):
        result = score(unit_scheme(), unit_facts(unit))

        assert result.total == Decimal(UNITS[unit][-1])
        assert sum(line.amount for line in result.lines) == result.total

    def test_stops_the_basic_block_at_0_and_says_so(self):
        facts = street_facts("SD6")
        many = Facts(
            facts.unit,
            (*[c for c in facts.counts if c.code != "overdue"], Count("overdue", Decimal(200))),
            facts.measures,
            facts.marks,
        )

        result = score(street_scheme(), many)

        assert dict(result.item_points)["basic"] == 0
        assert [line.template for line in result.lines if line.item == "basic"][-1] == "本项扣分不低于 %(floor)s 分"
        assert result.total == Decimal(0 + 35 + 6 - 2)


class TestVeto:
    @pytest.mark.parametrize(
        ("unit", "rule", "total"), [("SD3", "V1", "63"), ("D05", "V1", "96.5"), ("E07", "V1", "94.5"), ("E20", "V4", "57")]
    )
    def test_makes_the_grade_unqualified_and_keeps_the_points(self, unit, rule, total):
        result = score(street_scheme(), street_facts(unit)) if unit in STREETS else score(unit_scheme(), unit_facts(unit))

        assert [finding.rule for finding in result.findings] == [rule]
        assert (result.grade, result.total) == ("unqualified", Decimal(total))

    def test_vetoes_exactly_four_of_the_fifty(self, results):
        vetoed = {result.unit for group in results.values() for result in group if result.is_vetoed}

        assert vetoed == {"SD3", "D05", "E07", "E20"}

    def test_brings_its_effects(self):
        scheme = street_scheme()
        effects = effects_of(
            score(scheme, street_facts("SD3")), scheme, year=2011, decided_on=date(2012, 1, 16), circular_on=date(2012, 1, 16)
        )

        assert effects is not None
        assert effects.promotion_blocked_until == date(2013, 1, 16)
        assert (effects.blocks_promotion(date(2012, 6, 1)), effects.blocks_promotion(date(2013, 1, 17))) == (True, False)
        assert effects.rectification_due_on == date(2012, 2, 16)
        assert (effects.blocks_award(2011), effects.blocks_award(2012)) == (True, False)

    def test_has_no_effects_on_others(self):
        scheme = street_scheme()

        assert effects_of(score(scheme, street_facts("SD1")), scheme, year=2011, decided_on=date(2012, 1, 16)) is None

    @pytest.mark.parametrize(
        ("larger", "major", "expected"),
        [(1, 0, []), (2, 0, ["card"]), (3, 0, ["card", "three"]), (0, 1, ["one"]), (1, 1, ["one"])],
    )
    def test_judges_the_district_by_its_own_thresholds(self, larger, major, expected):
        names = {"zh": "较大事故", "en": "Larger"}
        data = street_scheme().to_json() | {
            "vetoes": [
                {"code": "card", "name": names, "kind": "count_reached", "fact": "larger", "threshold": 2, "effect": "warning"},
                {"code": "three", "name": names, "kind": "count_reached", "fact": "larger", "threshold": 3},
                {"code": "one", "name": names, "kind": "count_reached", "fact": "major", "threshold": 1},
            ]
        }
        facts = street_facts("SD7")
        more = (Count("larger", Decimal(larger)), Count("major", Decimal(major)))
        result = score(
            load(data), Facts("district", (*[c for c in facts.counts if c.code != "major"], *more), facts.measures, facts.marks)
        )

        assert [finding.rule for finding in result.findings] == expected
        assert result.is_vetoed == bool({"three", "one"} & set(expected))


def grades(rows) -> Counter:
    return Counter(row.grade for row in rows)


class TestRanking:
    def test_gives_two_streets_excellent(self):
        rows = rank(results_of("SD", street_scheme(quota=top(2))), street_scheme(quota=top(2)))

        assert [(row.unit, row.place, row.grade) for row in rows] == [
            ("SD7", 1, "excellent"), ("SD1", 2, "excellent"), ("SD2", 3, "good"), ("SD8", 4, "good"),
            ("SD4", 5, "good"), ("SD5", 6, "good"), ("SD6", 7, "good"), ("SD3", None, "unqualified"),
        ]  # fmt: skip

    def test_gives_three_departments_excellent(self):
        scheme = unit_scheme(quota=top(3))
        rows = rank(results_of("D", scheme), scheme)

        assert [row.unit for row in rows[:3]] == ["D02", "D18", "D01"]
        assert grades(rows) == {"excellent": 3, "good": 14, "unqualified": 1}
        assert [(row.place, row.is_tied) for row in rows[:3]] == [(1, True), (1, True), (3, False)]

    def test_keeps_the_four_way_tie_of_the_enterprises(self):
        scheme = unit_scheme(quota=top(4))
        rows = rank(results_of("E", scheme), scheme)

        assert [row.unit for row in rows if row.place == 4] == ["E03", "E10", "E15", "E22"]
        assert grades(rows) == {"excellent": 7, "good": 14, "qualified": 1, "unqualified": 2}
        assert [row.unit for row in rows if row.grade == "qualified"] == ["E12"]

    def test_breaks_the_tie_by_fewest_missing_then_fewest_late(self):
        scheme = unit_scheme(quota=top(4), ties={"policy": "break", "by": [{"fact": "missing"}, {"fact": "late"}]})
        rows = rank(results_of("E", scheme), scheme)

        assert [row.unit for row in rows if row.grade == "excellent"][-1] == "E15"
        assert grades(rows) == {"excellent": 4, "good": 17, "qualified": 1, "unqualified": 2}

    def test_adds_up_to_the_fifty_of_the_district(self):
        together: Counter = Counter()
        for group, number in (("SD", 2), ("D", 3), ("E", 4)):
            scheme = street_scheme(quota=top(number)) if group == "SD" else unit_scheme(quota=top(number))
            together += grades(rank(results_of(group, scheme), scheme))

        assert together == {"excellent": 12, "good": 33, "qualified": 1, "unqualified": 4}

    @pytest.mark.parametrize(
        ("mode", "uplifted", "expected"),
        [("floor", False, 4), ("half_up", False, 4), ("ceiling", False, 5), ("floor", True, 5), ("half_up", True, 6)],
    )
    def test_counts_the_seats_of_a_share(self, mode, uplifted, expected):
        data = unit_scheme(
            quota={"grade": "excellent", "otherwise": "good", "basis": "percent", "number": 40, "uplift": 10, "mode": mode}
        )
        assert isinstance(data.quota, Quota)

        assert seats(data.quota, group_size=11, uplifted=uplifted) == expected

    @pytest.mark.parametrize(("move_up", "expected"), [(False, ["D02", "D01"]), (True, ["D02", "D01", "D07", "D15"])])
    def test_moves_the_next_up_only_if_the_scheme_says_so(self, move_up, expected):
        scheme = unit_scheme(quota=top(3) | {"without": ["larger"], "move_up": move_up})
        results = []
        for unit in (unit for unit in UNITS if unit.startswith("D")):
            facts = unit_facts(unit)
            larger = Count("larger", Decimal(int(unit == "D18")))
            results.append(score(scheme, Facts(unit, (*facts.counts, larger), facts.measures)))

        assert [row.unit for row in rank(results, scheme) if row.grade == "excellent"] == expected


class TestRollUp:
    @pytest.mark.parametrize(
        ("treatment", "means", "amounts", "composite"),
        [
            ("keep", ("90.1875", "96.3333", "93.3333"), ("45.09375", "28.90000", "18.66667"), "92.66"),
            ("cap", ("89.8", "94.3", "91.8917"), ("44.9", "28.29", "18.37833"), "91.57"),
            ("zero", ("82.3125", "90.9722", "87.0208"), ("41.15625", "27.29167", "17.40417"), "85.85"),
            ("leave_out", ("94.0714", "96.3235", "94.9318"), ("47.03571", "28.89706", "18.98636"), "94.92"),
        ],
    )
    def test_gives_the_composite_of_the_district(self, results, treatment, means, amounts, composite):
        rule = load(street_scheme().to_json() | {"roll_up": {"treatment": treatment, "weights": example_a.WEIGHTS}}).roll_up
        found = roll_up(results, rule)

        assert found is not None
        assert tuple(part.mean for part in found.groups) == tuple(map(Decimal, means))
        assert tuple(part.amount for part in found.groups) == tuple(map(Decimal, amounts))
        assert found.total == Decimal(composite)
        assert sum(part.amount for part in found.groups) + found.rounding == found.total

    def test_names_the_units_that_do_not_count_with_their_own_points(self, results):
        rule = load(street_scheme().to_json() | {"roll_up": {"treatment": "cap", "weights": example_a.WEIGHTS}}).roll_up
        found = roll_up(results, rule)

        assert found is not None
        # E20 has 57.0, already below the cap: it counts as it is.
        assert [each.unit for part in found.groups for each in part.changed] == ["SD3", "D05", "E07"]

    def test_gives_the_weight_of_an_empty_group_to_the_others(self, results):
        rule = street_scheme().roll_up
        found = roll_up({"SD": results["SD"], "D": results["D"]}, rule)

        assert found is not None
        assert found.left_out_groups == ("E",)
        assert [part.weight for part in found.groups] == [Decimal("0.625"), Decimal("0.375")]
        # 90.1875 × 5/8 + 96.333… × 3/8
        assert found.total == Decimal("92.49")

    def test_has_no_number_when_nothing_counts(self):
        assert roll_up({}, street_scheme().roll_up) is None

    def test_refuses_a_group_without_a_weight(self, results):
        with pytest.raises(ValueError, match="SD"):
            roll_up({"SD": results["SD"], "D": results["D"]}, RollUpRule())

    def test_takes_one_group_as_the_whole_when_there_are_no_weights(self, results):
        found = roll_up({"SD": results["SD"]}, RollUpRule())

        assert found is not None
        assert (found.total, found.groups[0].weight) == (Decimal("90.19"), 1)
