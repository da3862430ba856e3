"""A round from opening to publication: who may, who may not, and what each stage refuses."""

from datetime import date
from decimal import Decimal

import pytest

from duban.access.models import RoleGrant
from duban.assessments import queries
from duban.assessments.errors import (
    AlreadyDecidedError,
    BadMarkError,
    BadSchemeError,
    DuplicateAssessmentError,
    FrozenError,
    MarkConflictError,
    NotReadyError,
    NoUnitsError,
    SamePersonError,
    UnknownFactError,
    WrongStateError,
)
from duban.assessments.operations.freezing import close, correct, publish
from duban.assessments.operations.marking import MarkDraft, enter_mark, enter_self_mark, submit_self_score
from duban.assessments.operations.opening import begin_scoring, begin_self_scoring, collect_facts, open_assessment
from duban.assessments.operations.vetoes import WrongVetoStateError, confirm_veto, lift_veto, propose_veto, reject_veto
from duban.assessments.rules.numbers import digest
from duban.assessments.states import AssessmentState, CardState, VetoState
from duban.audit.queries import history, verify
from duban.kernel.errors import NotAllowedError, NotFoundError
from tests.cast import World
from tests.integration.assessments.stage import SCHEME, YEAR, Round, counted, counting

DOCUMENT = "望安办〔2026〕12号"


@pytest.fixture
def round_(world: World) -> Round:
    return Round(world)


@pytest.fixture
def scoring(round_: Round) -> Round:
    return round_.scoring(
        T1=counted(round_.world.units["T1"], late=2, missing=1), T2=counted(round_.world.units["T2"], late=1, deaths=0)
    )


class TestOpenAssessment:
    def test_makes_a_card_for_each_direct_subordinate_of_the_level(self, world, round_):
        with world.as_("cora") as scope:
            assessment = queries.get_assessment(scope, round_.id)
            cards = queries.cards_of(scope, [round_.id])

        assert assessment.state is AssessmentState.PREPARING
        assert [(card.unit_name, card.path) for card in cards] == [("城东镇", world.paths["T1"]), ("城西镇", world.paths["T2"])]

    def test_keeps_its_own_copy_of_the_scheme(self, world, round_):
        with world.as_("cora") as scope:
            assessment = queries.get_assessment(scope, round_.id)

        assert digest(assessment.scheme) == assessment.scheme_digest

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("lena", NotAllowedError),
            ("eva", NotAllowedError),
            ("tom", NotAllowedError),
            ("vera", NotAllowedError),
            ("ewa", NotFoundError),
        ],
    )
    def test_is_refused_to_others(self, world, who, refusal):
        with world.as_(who) as scope, counting(), pytest.raises(refusal):
            open_assessment(scope, unit_id=world.units["C"], year=YEAR, levels=["township"], name="x", scheme_data=SCHEME)

    def test_is_allowed_to_a_township_over_its_villages(self, world):
        with world.as_("tom") as scope, counting():
            made = open_assessment(
                scope, unit_id=world.units["T1"], year=YEAR, levels=["village"], name="村级", scheme_data=SCHEME
            )
            names = [card.unit_name for card in queries.cards_of(scope, [made.id])]

        assert names == ["东一村", "东二村"]

    def test_refuses_the_same_round_twice_nobody_to_assess_and_bad_schemes(self, world, round_):
        given = {"unit_id": world.units["C"], "year": YEAR, "name": "x"}
        with world.as_("cora") as scope, counting():
            with pytest.raises(DuplicateAssessmentError):
                open_assessment(scope, levels=["township"], scheme_data=SCHEME, **given)
            with pytest.raises(NoUnitsError):
                open_assessment(scope, levels=["enterprise"], scheme_data=SCHEME, **given)
            with pytest.raises(BadSchemeError, match="full_score"):
                open_assessment(scope, levels=["department"], scheme_data=SCHEME | {"full_score": 0.5}, **given)
            unknown = {
                **SCHEME,
                "vetoes": [{**SCHEME["vetoes"][1], "kind": "count_reached", "fact": "moon_landings", "threshold": 1}],
            }
            with pytest.raises(UnknownFactError, match="moon_landings"):
                open_assessment(scope, levels=["department"], scheme_data=unknown, **given)


class TestSelfScoring:
    def test_takes_the_units_own_points_and_hands_them_in(self, world, round_):
        round_.self_scoring(T1=counted(world.units["T1"], late=2))
        with world.as_("tom") as scope:
            draft = MarkDraft(item_code="quality", value=Decimal("58.5"), reason="两份台账缺签字")
            enter_self_mark(scope, card_id=round_.cards["T1"], draft=draft)
            card = submit_self_score(scope, card_id=round_.cards["T1"])

        assert (card.state, card.self_total) == (CardState.SELF_SCORED, Decimal("97.5"))
        with world.as_("tom") as scope, pytest.raises(BadMarkError):
            enter_self_mark(scope, card_id=round_.cards["T1"], draft=MarkDraft(item_code="quality", value=Decimal(60), version=1))

    def test_is_refused_to_others_and_incomplete(self, world, round_):
        round_.self_scoring()
        draft = MarkDraft(item_code="quality", value=Decimal(60))
        for who, refusal in (("tina", NotFoundError), ("eva", NotAllowedError), ("vera", NotFoundError), ("ewa", NotFoundError)):
            with world.as_(who) as scope, pytest.raises(refusal):
                enter_self_mark(scope, card_id=round_.cards["T1"], draft=draft)
        with world.as_("tom") as scope, pytest.raises(BadMarkError):
            submit_self_score(scope, card_id=round_.cards["T1"])

    def test_is_over_when_scoring_begins(self, world, round_):
        round_.self_scoring().scoring()
        with world.as_("tom") as scope, pytest.raises(WrongStateError):
            enter_self_mark(scope, card_id=round_.cards["T1"], draft=MarkDraft(item_code="quality", value=Decimal(60)))
        with world.as_("cora") as scope, pytest.raises(WrongStateError):
            begin_self_scoring(scope, assessment_id=round_.id, due_on=date(2026, 4, 1))


class TestEnterMark:
    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("cora", NotAllowedError),
            ("lena", NotAllowedError),
            ("tom", NotAllowedError),
            ("tina", NotFoundError),
            ("ewa", NotFoundError),
        ],
    )
    def test_is_for_evaluators(self, scoring, who, refusal):
        with pytest.raises(refusal):
            scoring.mark(who, "T1", "60")

    @pytest.mark.parametrize(
        ("value", "reason", "item", "rule", "field"),
        [
            ("59.99", " ", "quality", "", "reason"), ("60.01", "好", "quality", "", "value"), ("-1", "差", "quality", "", "value"),
            ("59.999", "差", "quality", "", "value"), ("NaN", "差", "quality", "", "value"), ("40", "差", "submissions", "", "value"),
            ("1", "", "criticism", "circular", "reason"), ("1.5", "通报", "criticism", "circular", "value"),
            ("1", "通报", "criticism", "", "value"), ("1", "迟", "submissions", "late", "value"), ("1", "?", "nothing", "", "value"),
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_mark(self, scoring, value, reason, item, rule, field):
        with pytest.raises(BadMarkError) as refusal:
            scoring.mark("eva", "T1", value, reason=reason, item=item, rule=rule)

        assert field in refusal.value.fields

    def test_takes_full_points_without_a_reason(self, scoring):
        assert scoring.mark("eva", "T1", "60", reason="").version == 1

    def test_refuses_to_overwrite_what_was_not_seen(self, scoring):
        scoring.mark("eva", "T1", "55", reason="台账缺两月")
        with pytest.raises(MarkConflictError) as conflict:
            scoring.mark("ed", "T1", "57")

        assert conflict.value.theirs == {"who": "何评", "value": "55", "reason": "台账缺两月", "evidence": "", "version": 1}
        assert scoring.mark("ed", "T1", "57", version=1).version == 2

    def test_waits_for_the_scoring_stage(self, round_):
        with pytest.raises(WrongStateError):
            round_.mark("eva", "T1", "60")


class TestClose:
    def test_freezes_results_whose_lines_add_up(self, world, scoring):
        scoring.mark("eva", "T2", "1", item="criticism", rule="circular", reason="望安办通报第3期")
        scoring.closed()
        with world.as_("cora") as scope:
            rows = {row.path: row for row in queries.frozen_results(scope, scoring.id).values()}
            ranking = queries.frozen_ranking(scope, queries.get_assessment(scope, scoring.id))
        first, second = rows[world.paths["T1"]], rows[world.paths["T2"]]

        assert (first.total, first.grade, first.place) == (Decimal(93), "excellent", 1)  # 40 − 1 − 1 + 55
        assert (second.total, second.grade, second.place) == (Decimal("87.5"), "good", 2)  # 40 − 0.5 + 50 − 2
        for row in rows.values():
            assert sum(Decimal(line["amount"]) for line in row.result["lines"]) == row.total
            assert (digest(row.facts), digest(row.result)) == (row.facts_digest, row.result_digest)
        assert ranking is not None
        assert [row["unit_name"] for row in ranking.rows] == ["城东镇", "城西镇"]
        assert ranking.composite is not None
        assert ranking.composite["total"] == "90.25"

    def test_waits_until_every_unit_is_marked(self, world, scoring):
        scoring.mark("eva", "T1", "60")
        with world.as_("cora") as scope, pytest.raises(NotReadyError) as refusal:
            close(scope, assessment_id=scoring.id)

        assert refusal.value.units == ("城西镇",)

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [("eva", NotAllowedError), ("tom", NotAllowedError), ("vera", NotAllowedError), ("ewa", NotFoundError)],
    )
    def test_is_for_those_who_decide(self, world, scoring, who, refusal):
        with world.as_(who) as scope, pytest.raises(refusal):
            close(scope, assessment_id=scoring.id)

    def test_ends_all_writing(self, world, scoring):
        scoring.closed()
        with pytest.raises(FrozenError):
            scoring.mark("eva", "T1", "60", version=1)
        with world.as_("cora") as scope:
            for act in (begin_scoring, collect_facts, close):
                with pytest.raises(WrongStateError):
                    act(scope, assessment_id=scoring.id)

    def test_gives_the_same_digests_for_the_same_year_done_twice(self, world):
        digests = []
        for year in (2024, 2025):
            done = Round(world, year=year)
            done.scoring(T1=counted(world.units["T1"], late=3)).closed()
            with world.as_("cora") as scope:
                digests.append(sorted(row.result_digest for row in queries.frozen_results(scope, done.id).values()))

        assert digests[0] == digests[1]


class TestPublish:
    def test_shows_the_ranking_to_the_units(self, world, scoring):
        scoring.closed()
        with world.as_("tom") as scope:
            assert not queries.may_see_ranking(scope, queries.get_assessment(scope, scoring.id))
        scoring.published()
        with world.as_("tom") as scope:
            assessment = queries.get_assessment(scope, scoring.id)
            assert queries.may_see_ranking(scope, assessment)
            assert queries.may_see_scores(scope, assessment, queries.get_card(scope, scoring.cards["T1"]))

    def test_shows_nothing_early_to_who_only_sits_where_it_is_run(self, world, scoring):
        """As an inspector does in the office that runs the round: a post there that reads no card below (found by the matrix)."""
        scoring.closed()
        with world.as_system() as scope:
            post = {"person_id": world.people["tom"], "unit_id": world.units["C"], "line": "territorial"}
            scope.add(RoleGrant(role="village.clerk", active_from=date(2000, 1, 1), **post))
        with world.as_("tom") as scope:
            assessment, card = queries.get_assessment(scope, scoring.id), queries.get_card(scope, scoring.cards["T1"])
            assert not queries.may_see_ranking(scope, assessment)
            assert not queries.stands_above(scope, card)
            assert not queries.may_see_scores(scope, assessment, card)
        # the control: one who follows the round is shown it
        with world.as_("eva") as scope:
            assert queries.may_see_ranking(scope, queries.get_assessment(scope, scoring.id))
            assert queries.stands_above(scope, queries.get_card(scope, scoring.cards["T1"]))

    @pytest.mark.parametrize(("who", "refusal"), [("eva", NotAllowedError), ("tom", NotAllowedError), ("ewa", NotFoundError)])
    def test_is_refused_to_others(self, world, scoring, who, refusal):
        scoring.closed()
        with world.as_(who) as scope, pytest.raises(refusal):
            publish(scope, assessment_id=scoring.id)

    def test_waits_for_closing_and_happens_once(self, world, scoring):
        with world.as_("lena") as scope, pytest.raises(WrongStateError):
            publish(scope, assessment_id=scoring.id)
        scoring.closed().published()
        with world.as_("lena") as scope, pytest.raises(WrongStateError):
            publish(scope, assessment_id=scoring.id)


def propose(round_: Round, who: str = "eva", card: str = "T1"):
    with round_.world.as_(who) as scope:
        return propose_veto(scope, card_id=round_.cards[card], rule_code="V3", document=DOCUMENT, reason="瞒报一起道路事故").id


def grades(round_: Round) -> dict[str, tuple[str, Decimal, int | None, int]]:
    with round_.world.as_("cora") as scope:
        rows = queries.frozen_results(scope, round_.id)
        return {
            key: (rows[card].grade, rows[card].total, rows[card].place, rows[card].version) for key, card in round_.cards.items()
        }


class TestVeto:
    def test_by_deaths_above_the_limit_dominates_the_points(self, world, round_):
        round_.scoring(T1=counted(world.units["T1"], deaths=2, limit=1)).closed()

        assert grades(round_) == {"T1": ("unqualified", Decimal(95), None, 1), "T2": ("excellent", Decimal(90), 1, 1)}

    def test_takes_two_people(self, world, scoring):
        decision = propose(scoring, "eva")
        with world.as_("eva") as scope, pytest.raises(NotAllowedError):
            confirm_veto(scope, decision_id=decision)
        with world.as_("lena") as scope:
            assert confirm_veto(scope, decision_id=decision).state is VetoState.CONFIRMED
        scoring.closed()

        assert grades(scoring)["T1"][0] == "unqualified"

    def test_is_refused_to_its_proposer_even_with_both_rights(self, world, scoring):
        decision = propose(scoring, "cora")
        with world.as_("lena") as scope:
            row = queries.get_decision(scope, decision)
            assert row.proposed_name == "陈科"
        # Somebody who may both propose and confirm: the officer gets the leader's role as well.
        from duban.access.models import RoleGrant

        with world.as_system() as scope:
            scope.add(
                RoleGrant(
                    person_id=world.people["cora"], role="county.leader", unit_id=world.units["C"], line="territorial",
                    active_from=date(2000, 1, 1),
                )
            )  # fmt: skip
        with world.as_("cora") as scope:
            for answer in (confirm_veto, reject_veto):
                with pytest.raises(SamePersonError):
                    answer(scope, decision_id=decision)

    @pytest.mark.parametrize(
        ("who", "refusal"), [("tom", NotAllowedError), ("lena", NotAllowedError), ("tina", NotFoundError), ("ewa", NotFoundError)]
    )
    def test_is_proposed_by_those_who_may(self, scoring, who, refusal):
        with pytest.raises(refusal):
            propose(scoring, who)

    @pytest.mark.parametrize(("who", "refusal"), [("cora", NotAllowedError), ("tess", NotAllowedError), ("tito", NotFoundError)])
    def test_is_confirmed_by_those_who_may(self, world, scoring, who, refusal):
        decision = propose(scoring)
        with world.as_(who) as scope, pytest.raises(refusal):
            confirm_veto(scope, decision_id=decision)

    def test_needs_grounds_and_a_rule_of_decision(self, world, scoring):
        with world.as_("eva") as scope:
            for rule, document, reason in (("V3", " ", "x"), ("V3", "x", ""), ("V1", "x", "x"), ("V9", "x", "x")):
                with pytest.raises(BadMarkError):
                    propose_veto(scope, card_id=scoring.cards["T1"], rule_code=rule, document=document, reason=reason)

    def test_cannot_be_proposed_twice_nor_answered_twice(self, world, scoring):
        decision = propose(scoring)
        with pytest.raises(AlreadyDecidedError):
            propose(scoring, "cora")
        with world.as_("lena") as scope:
            reject_veto(scope, decision_id=decision)
            with pytest.raises(WrongVetoStateError):
                confirm_veto(scope, decision_id=decision)
        assert propose(scoring) != decision

    def test_lifted_after_publication_restores_exactly_the_former_result_as_a_new_version(self, world, scoring):
        scoring.closed().published()
        before = grades(scoring)
        with world.as_("cora") as scope:
            first = queries.frozen_results(scope, scoring.id)[scoring.cards["T1"]].result_digest
        decision = propose(scoring)
        with world.as_("lena") as scope:
            confirm_veto(scope, decision_id=decision)
        during = grades(scoring)
        scoring.agreed(lift_veto, decision_id=decision, document="望政复〔2026〕1号", reason="复核认定非责任事故")
        with world.as_("lena") as scope:
            versions = queries.versions_of(scope, scoring.cards["T1"])

        assert before == {"T1": ("excellent", Decimal(93), 1, 1), "T2": ("good", Decimal("89.5"), 2, 1)}
        assert during == {"T1": ("unqualified", Decimal(93), None, 2), "T2": ("good", Decimal("89.5"), 1, 2)}
        assert grades(scoring) == {key: (*row[:3], 3) for key, row in before.items()}
        assert [row.version for row in versions] == [3, 2, 1]
        assert versions[0].result_digest == first


class TestCorrect:
    def test_makes_a_new_version_beside_the_old(self, world, scoring):
        scoring.closed().published()
        draft = MarkDraft(item_code="quality", value=Decimal(58), reason="补交两份台账")
        scoring.agreed(correct, card_id=scoring.cards["T2"], draft=draft, why="申诉复核决定〔2026〕2号")
        with world.as_("cora") as scope:
            versions = queries.versions_of(scope, scoring.cards["T2"])

        assert [(row.version, row.total, row.why) for row in versions] == [
            (2, Decimal("97.5"), "申诉复核决定〔2026〕2号"), (1, Decimal("89.5"), "封存"),
        ]  # fmt: skip
        # T1 keeps its points; its place changed, so it too has a new version.
        assert grades(scoring)["T1"] == ("excellent", Decimal(93), 2, 2)

    def test_asks_for_a_ground_and_a_frozen_result(self, world, scoring):
        draft = MarkDraft(item_code="quality", value=Decimal(60))
        with world.as_("cora") as scope, pytest.raises(WrongStateError):
            correct(scope, card_id=scoring.cards["T1"], draft=draft, why="x")
        scoring.closed()
        with world.as_("cora") as scope, pytest.raises(BadMarkError):
            correct(scope, card_id=scoring.cards["T1"], draft=draft, why=" ")
        with world.as_("eva") as scope, pytest.raises(NotAllowedError):
            correct(scope, card_id=scoring.cards["T1"], draft=draft, why="x")


class TestFacts:
    def test_are_counted_anew_on_request(self, world, scoring):
        with world.as_("cora") as scope, counting(**{world.units["T1"].hex: counted(world.units["T1"], late=10)}):
            collect_facts(scope, assessment_id=scoring.id)
        scoring.closed()

        assert grades(scoring)["T1"][1] == Decimal(90)

    def test_without_a_limit_do_not_veto(self, world, round_):
        round_.scoring(T1=counted(world.units["T1"], limit=None)).closed()

        assert grades(round_)["T1"][0] == "excellent"


def test_every_step_is_in_the_audit_chain(world, scoring):
    scoring.closed().published()
    with world.as_system() as scope:
        assert verify(scope).bad_seq is None
        acts = [row.act for row in reversed(history(scope, "assessment", scoring.id))]

    assert acts == [
        "assessment.opened", "assessment.scoring", "assessment.facts_collected", "assessment.frozen", "assessment.published",
    ] or acts[::-1] == [
        "assessment.opened", "assessment.scoring", "assessment.facts_collected", "assessment.frozen", "assessment.published",
    ]  # fmt: skip


def test_roll_up_joins_the_groups_by_weight(world):
    weights = [
        {"group": group, "name": {"zh": group, "en": group}, "weight": weight}
        for group, weight in (("township", "0.7"), ("department", "0.3"))
    ]
    scheme = SCHEME | {"roll_up": {"treatment": "keep", "weights": weights}}
    towns = Round(world, scheme=scheme).scoring().closed(T1="60", T2="40")
    departments = Round(world, scheme=scheme, levels=("department",)).scoring().closed(D1="50")
    with world.as_("cora") as scope:
        alone = queries.frozen_ranking(scope, queries.get_assessment(scope, towns.id))
        joined = queries.frozen_ranking(scope, queries.get_assessment(scope, departments.id))

    assert alone is not None
    assert (alone.composite["total"], alone.composite["left_out_groups"]) == ("90", ["department"])
    assert joined is not None
    assert joined.composite["total"] == "90"  # 0.7 × 90 + 0.3 × 90
    assert [part["group"] for part in joined.composite["groups"]] == ["township", "department"]


def test_marking_and_closing_do_not_cross(world, scoring):
    scoring.closed()
    with world.as_("eva") as scope, pytest.raises(FrozenError):
        enter_mark(scope, card_id=scoring.cards["T1"], draft=MarkDraft(item_code="quality", value=Decimal(60), version=1))
