"""What decides about results takes two: proposed by one, confirmed by another who acts neither for nor through the first (B5)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from duban.access.models import RoleGrant
from duban.access.operations import lend
from duban.assessments import queries, steps
from duban.assessments.errors import (
    AlreadyProposedError,
    ProposalOutdatedError,
    ProposalOverError,
    SamePersonError,
)
from duban.assessments.operations.freezing import close, correct, publish
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.operations.opening import begin_scoring, open_assessment
from duban.assessments.operations.proposals import confirm_proposal, drop_proposal
from duban.assessments.operations.vetoes import confirm_veto, lift_veto, reject_veto
from duban.assessments.states import AssessmentState, ProposalState, VetoState
from duban.assessments.telling import ANSWERED
from duban.audit.queries import history
from duban.identity.queries import get_person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.notifications.models import Effect
from tests.cast import World
from tests.integration.assessments.stage import SCHEME, Round, counted, counting
from tests.integration.assessments.test_operations import propose

DRAFT = MarkDraft(item_code="quality", value=Decimal(58), reason="补交两份台账")


@pytest.fixture
def scored(world: World) -> Round:
    made = Round(world).scoring(T1=counted(world.units["T1"], late=2))
    for card in made.cards:
        made.mark("eva", card, "50")
    return made


def proposed(round_: Round, what: str) -> Any:
    """Bring a round to where a step is due and let cora propose it. Gives: the proposal's id."""
    given: dict[str, object] = {"assessment_id": round_.id}
    act: Any = {"close": close, "publish": publish, "correct": correct, "lift": lift_veto}[what]
    if what != "close":
        round_.agreed(close)
    if what == "correct":
        given = {"card_id": round_.cards["T2"], "draft": DRAFT, "why": "申诉复核决定"}
    if what == "lift":
        decision = propose(round_)
        with round_.world.as_("lena") as scope:
            confirm_veto(scope, decision_id=decision)
        given = {"decision_id": decision, "document": "望政复〔2026〕1号", "reason": "复核"}
    with round_.world.as_("cora") as scope:
        return act(scope, **given).id


def everything(round_: Round) -> tuple[object, ...]:
    """What a step would change."""
    with round_.world.as_system() as scope:
        assessment = queries.get_assessment(scope, round_.id)
        results = queries.frozen_results(scope, round_.id)
        sheets = queries.standing(scope, assessment).sheets
        return (
            assessment.state, assessment.frozen_version, {card: row.version for card, row in results.items()},
            [each.state for sheet in sheets for each in sheet.decisions],
        )  # fmt: skip


def also_leads(world: World, who: str) -> None:
    """Let somebody hold the leader's right of confirming vetoes as well, past the operations."""
    with world.as_system() as scope:
        scope.add(
            RoleGrant(
                person_id=world.people[who], role="county.leader", unit_id=world.units["C"], line="territorial",
                active_from=date(2000, 1, 1),
            )
        )  # fmt: skip


def acts_for(world: World, giver: str, receiver: str) -> None:
    """Let one act for the other from today on."""
    with world.as_(giver) as scope:
        role = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people[giver])).first()
        assert role is not None
        lend(
            scope, receiver_id=world.people[receiver], unit_id=role.unit_id, role=role.role, active_from=scope.today,
            active_to=scope.today + timedelta(days=3), reason="外出",
        )  # fmt: skip


STEPS = ("close", "publish", "correct", "lift")


@pytest.mark.parametrize("what", STEPS)
class TestEveryStep:
    def test_changes_nothing_before_a_second_person_confirms(self, world: World, scored: Round, what: str) -> None:
        proposal = proposed(scored, what)
        before = everything(scored)
        also_leads(world, "cora")
        with pytest.raises(SamePersonError), world.as_("cora") as scope:
            confirm_proposal(scope, proposal_id=proposal)
        assert everything(scored) == before
        # the control: a second person with the right changes it
        with world.as_("lena") as scope:
            done = confirm_proposal(scope, proposal_id=proposal)
            assert (done.state, done.decided_name) == (ProposalState.CONFIRMED, scope.actor.name)
        assert everything(scored) != before
        if what in {"close", "correct"}:
            with world.as_system() as scope:
                assert queries.versions_of(scope, scored.cards["T2"])[0].frozen_by == f"{done.proposed_name}、{done.decided_name}"
        with world.as_system() as scope:
            acts = [(row.act, row.actor_name) for row in history(scope, "result_proposal", proposal)]
        assert sorted(act for act, _ in acts) == ["result.confirmed", "result.proposed"]
        assert len({name for _, name in acts}) == 2

    def test_is_not_for_who_only_evaluates_or_is_assessed(self, world: World, scored: Round, what: str) -> None:
        proposal = proposed(scored, what)
        before = everything(scored)
        refusals = {"eva": NotAllowedError if what == "lift" else NotFoundError, "tom": NotFoundError, "ewa": NotFoundError}
        for who, refusal in refusals.items():
            for answer in (confirm_proposal, drop_proposal):
                with pytest.raises(refusal), world.as_(who) as scope:
                    answer(scope, proposal_id=proposal)
            if refusal is NotFoundError:
                with pytest.raises(NotFoundError), world.as_(who) as scope:
                    steps.get_for_reader(scope, proposal)
        assert everything(scored) == before

    def test_is_proposed_once_and_again_after_it_was_dropped(self, world: World, scored: Round, what: str) -> None:
        first = proposed(scored, what)
        with world.as_system() as scope:
            row = queries.get_proposal(scope, first)
            subject, draft = row.subject_id, row.draft

        def again() -> Any:
            given: dict[str, object] = {"assessment_id": scored.id}
            if what == "correct":
                given = {"card_id": subject, "draft": DRAFT, "why": "x"}
            if what == "lift":
                given = {"decision_id": subject, **draft}
            with world.as_("cora") as scope:
                return {"close": close, "publish": publish, "correct": correct, "lift": lift_veto}[what](scope, **given).id

        with pytest.raises(AlreadyProposedError):
            again()
        before = everything(scored)
        for who, state in (("cora", ProposalState.WITHDRAWN), ("lena", ProposalState.DECLINED)):
            with world.as_(who) as scope:
                assert drop_proposal(scope, proposal_id=first).state is state
            for answer in (confirm_proposal, drop_proposal):
                with pytest.raises(ProposalOverError), world.as_("lena") as scope:
                    answer(scope, proposal_id=first)
            first = again()
        assert everything(scored) == before

    def test_tells_who_may_confirm_by_name(self, world: World, scored: Round, what: str) -> None:
        proposal = proposed(scored, what)
        with world.as_system() as scope:
            row = queries.get_proposal(scope, proposal)
            able = {person.id for person in steps.second_persons(scope, row, steps.cards_of(scope, row))}
            told = set(scope.session.scalars(select(Effect.recipient_id).where(
                Effect.tenant_id == scope.tenant_id, Effect.subject_id == proposal,
            )))  # fmt: skip
        assert world.people["lena"] in able & told
        assert world.people["cora"] not in able | told
        assert told == able


class TestWhatWasSeen:
    def test_closing_is_off_when_a_mark_changed_meanwhile(self, world: World, scored: Round) -> None:
        proposal = proposed(scored, "close")
        scored.mark("eva", "T1", "40", version=1)
        with pytest.raises(ProposalOutdatedError), world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=proposal)

    @pytest.mark.parametrize("what", ["publish", "correct"])
    def test_publishing_and_correcting_are_off_when_the_result_changed_meanwhile(
        self, world: World, scored: Round, what: str
    ) -> None:
        proposal = proposed(scored, what)
        decision = propose(scored, card="T2")
        with world.as_("lena") as scope:
            confirm_veto(scope, decision_id=decision)
        with pytest.raises(ProposalOutdatedError), world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=proposal)

    def test_a_correction_shows_what_it_will_do(self, world: World, scored: Round) -> None:
        proposal = proposed(scored, "correct")
        with world.as_("lena") as scope:
            row, assessment = queries.get_proposal(scope, proposal), queries.get_assessment(scope, scored.id)
            change = steps.change_of(scope, row, assessment, queries.cards_of(scope, [scored.id]))
            shown = (change.before.total, change.after.total, change.ranked.place)
            confirm_proposal(scope, proposal_id=proposal)
            after = queries.versions_of(scope, scored.cards["T2"])[0]
        assert shown == (Decimal(90), Decimal(98), 1)
        assert (after.total, after.place, after.why) == (Decimal(98), 1, "申诉复核决定")


class TestDelegates:
    @pytest.mark.parametrize(("giver", "receiver"), [("cora", "lena"), ("lena", "cora")])
    def test_are_no_second_person_for_a_step(self, world: World, scored: Round, giver: str, receiver: str) -> None:
        proposal = proposed(scored, "close")
        acts_for(world, giver, receiver)
        with world.as_system() as scope:
            row = queries.get_proposal(scope, proposal)
            assert world.people["lena"] not in {one.id for one in steps.second_persons(scope, row, steps.cards_of(scope, row))}
        with pytest.raises(SamePersonError), world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=proposal)

    @pytest.mark.parametrize("answer", [confirm_veto, reject_veto])
    def test_are_no_second_person_for_a_veto(self, world: World, scored: Round, answer: Any) -> None:
        decision = propose(scored, "cora")
        acts_for(world, "lena", "cora")
        with pytest.raises(SamePersonError), world.as_("lena") as scope:
            answer(scope, decision_id=decision)

    def test_control_without_the_delegation_it_is_confirmed(self, world: World, scored: Round) -> None:
        decision = propose(scored, "cora")
        with world.as_("lena") as scope:
            assert confirm_veto(scope, decision_id=decision).state is VetoState.CONFIRMED


def test_who_confirmed_a_veto_does_not_lift_it_alone(world: World, scored: Round) -> None:
    decision = propose(scored)
    with world.as_("lena") as scope:
        confirm_veto(scope, decision_id=decision)
    with world.as_("lena") as scope:
        proposal = lift_veto(scope, decision_id=decision, document="望政复〔2026〕1号", reason="复核").id
    with pytest.raises(SamePersonError), world.as_("lena") as scope:
        confirm_proposal(scope, proposal_id=proposal)
    with world.as_system() as scope:
        assert queries.get_decision(scope, decision).state is VetoState.CONFIRMED


def test_who_acts_for_the_proposer_withdraws_for_them_and_they_are_told(world: World, scored: Round) -> None:
    proposal = proposed(scored, "close")
    # the control: somebody the proposer lent nothing to that would let them propose
    with pytest.raises(NotFoundError), world.as_("eva") as scope:
        drop_proposal(scope, proposal_id=proposal)
    acts_for(world, "cora", "eva")
    with world.as_("eva") as scope:
        assert drop_proposal(scope, proposal_id=proposal).state is ProposalState.WITHDRAWN
    with world.as_system() as scope:
        act = next(row for row in history(scope, "result_proposal", proposal) if row.act == "result.withdrawn")
        assert act.details["acting_for"]["name"] == act.details["proposed_by"]
        told = select(Effect.recipient_id).where(
            Effect.tenant_id == scope.tenant_id,
            Effect.subject_id == proposal,
            Effect.template == ANSWERED[ProposalState.WITHDRAWN],
        )
        assert set(scope.session.scalars(told)) == {world.people["cora"]}


def test_who_may_confirm_says_no_in_their_own_name_even_where_the_proposer_lent_them_a_role(world: World, scored: Round) -> None:
    proposal = proposed(scored, "close")
    acts_for(world, "cora", "lena")
    with world.as_("lena") as scope:
        assert drop_proposal(scope, proposal_id=proposal).state is ProposalState.DECLINED
    with world.as_system() as scope:
        [act] = [row for row in history(scope, "result_proposal", proposal) if row.act == "result.declined"]
        assert "acting_for" not in act.details


def test_who_acts_for_the_proposer_and_for_a_second_person_says_no_for_the_second(world: World, scored: Round) -> None:
    proposal = proposed(scored, "close")
    acts_for(world, "lena", "eva")
    acts_for(world, "cora", "eva")
    with world.as_("eva") as scope:
        drop_proposal(scope, proposal_id=proposal)
    with world.as_system() as scope:
        [act] = [row for row in history(scope, "result_proposal", proposal) if row.act == "result.declined"]
        assert act.details["acting_for"]["id"] == str(world.people["lena"])


def test_an_account_merged_withdraws_what_it_proposed_under_the_old_one(world: World, scored: Round) -> None:
    proposal = proposed(scored, "close")
    with world.as_system() as scope:
        old = get_person(scope, world.people["cora"], lock=True)
        old.active, old.merged_into = False, world.people["ed"]
        post = {"person_id": world.people["ed"], "unit_id": world.units["C"], "line": "territorial"}
        scope.add(RoleGrant(role="county.officer", active_from=date(2000, 1, 1), **post))
    with pytest.raises(SamePersonError), world.as_("ed") as scope:
        confirm_proposal(scope, proposal_id=proposal)
    with world.as_("ed") as scope:
        assert drop_proposal(scope, proposal_id=proposal).state is ProposalState.WITHDRAWN


def test_who_withdraws_their_own_is_not_told_of_it(world: World, scored: Round) -> None:
    told = {}
    for who in ("cora", "lena"):  # lena declines: the control
        proposal = proposed(scored, "close")
        with world.as_(who) as scope:
            drop_proposal(scope, proposal_id=proposal)
        with world.as_system() as scope:
            said = select(Effect.recipient_id).where(Effect.tenant_id == scope.tenant_id, Effect.subject_id == proposal)
            told[who] = world.people["cora"] in set(scope.session.scalars(said))
    assert told == {"cora": False, "lena": True}


def test_who_acts_for_another_than_the_proposer_withdraws_nothing(world: World, scored: Round) -> None:
    """Where they may confirm, they decline; the proposer's is not theirs."""
    proposal = proposed(scored, "close")
    acts_for(world, "lena", "eva")
    with world.as_("eva") as scope:
        assert drop_proposal(scope, proposal_id=proposal).state is ProposalState.DECLINED


def test_a_townships_officer_proposes_and_its_one_leader_confirms(world: World) -> None:
    """Where only one person may decide, whoever does the paperwork is the other."""
    with world.as_("tom") as scope, counting():
        made = open_assessment(
            scope, unit_id=world.units["T1"], year=2026, levels=["village"], name="村级考核", scheme_data=SCHEME
        ).id
        begin_scoring(scope, assessment_id=made)
        cards = [card.id for card in queries.cards_of(scope, [made])]
    with world.as_("tom") as scope:
        for card in cards:
            enter_mark(scope, card_id=card, draft=MarkDraft(item_code="quality", value=Decimal(50), reason="台账不全"))
    with world.as_("tess") as scope:
        proposal = close(scope, assessment_id=made).id
    for answer in (confirm_proposal, drop_proposal):
        with pytest.raises(NotAllowedError), world.as_("tom") as scope:
            answer(scope, proposal_id=proposal)
    with world.as_("tess") as scope:
        drop_proposal(scope, proposal_id=proposal)
    with world.as_("tom") as scope:
        drop_proposal(scope, proposal_id=close(scope, assessment_id=made).id)
    with world.as_("tom") as scope:
        proposal = close(scope, assessment_id=made).id
    with world.as_("tess") as scope:
        confirm_proposal(scope, proposal_id=proposal)
        assert queries.get_assessment(scope, made).state is AssessmentState.CLOSED
