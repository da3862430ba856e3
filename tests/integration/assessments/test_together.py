"""People at the same time: marking while somebody freezes, and what reading a group costs."""

import threading
import time
from decimal import Decimal

import pytest
from sqlalchemy import event

from duban.assessments import queries
from duban.assessments.errors import FrozenError, MarkConflictError, ProposalOutdatedError
from duban.assessments.operations.freezing import close
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.operations.proposals import confirm_proposal
from duban.assessments.states import AssessmentState
from tests.cast import World
from tests.integration.assessments.stage import Round, counted

LONG_ENOUGH = 0.4


class Beside(threading.Thread):
    """Work done by somebody else meanwhile; `error` is what it was refused with."""

    def __init__(self, work) -> None:
        super().__init__(daemon=True)
        self.work, self.error = work, None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except Exception as error:
            self.error = error

    def end(self) -> Exception | None:
        self.join(timeout=20)
        assert not self.is_alive()
        return self.error


@pytest.fixture
def scoring(world: World) -> Round:
    made = Round(world).scoring(T1=counted(world.units["T1"]))
    made.mark("eva", "T1", "60")
    return made


def closing(scoring: Round):
    """Freeze what is proposed: lena, the second person."""
    with scoring.world.as_("cora") as scope:
        proposal = close(scope, assessment_id=scoring.id).id

    def work() -> None:
        with scoring.world.as_("lena") as scope:
            confirm_proposal(scope, proposal_id=proposal)

    return work


def test_freezing_waits_for_a_mark_under_way_and_freezes_nothing_the_proposer_has_not_seen(world, scoring):
    scoring.mark("eva", "T2", "50")
    freezing = closing(scoring)
    with world.as_("eva") as scope:
        enter_mark(scope, card_id=scoring.cards["T2"], draft=MarkDraft(item_code="quality", value=Decimal(60), version=1))
        scope.session.flush()
        lena = Beside(freezing)
        time.sleep(LONG_ENOUGH)
        assert lena.is_alive(), "must wait for the mark"

    assert isinstance(lena.end(), ProposalOutdatedError)
    with world.as_("cora") as scope:
        assert queries.get_assessment(scope, scoring.id).state is AssessmentState.SCORING


def test_a_mark_that_comes_while_freezing_is_refused(world, scoring):
    scoring.mark("eva", "T2", "60")
    with world.as_("cora") as scope:
        proposal = close(scope, assessment_id=scoring.id).id
    with world.as_("lena") as scope:
        confirm_proposal(scope, proposal_id=proposal)
        scope.session.flush()
        eva = Beside(lambda: scoring.mark("eva", "T2", "10", version=1))
        time.sleep(LONG_ENOUGH)
        assert eva.is_alive(), "must wait for the freezing"

    assert isinstance(eva.end(), FrozenError)


def test_two_first_marks_of_one_cell_do_not_both_win(world, scoring):
    outcomes = [Beside(lambda who=who: scoring.mark(who, "T2", "50")) for who in ("eva", "ed", "eva", "ed")]
    errors = [each.end() for each in outcomes]

    assert [error for error in errors if error is None] == [None]
    assert sum(isinstance(error, MarkConflictError) for error in errors) == 3


def test_two_who_freeze_make_one_version(world, scoring):
    scoring.mark("eva", "T2", "60")
    freezing = closing(scoring)
    outcomes = [Beside(freezing) for _ in range(3)]
    errors = [each.end() for each in outcomes]

    assert errors.count(None) == 1
    with world.as_("cora") as scope:
        assessment = queries.get_assessment(scope, scoring.id)
        assert (assessment.state, assessment.frozen_version) == (AssessmentState.CLOSED, 1)


def test_reading_a_group_costs_the_same_for_one_unit_as_for_many(world, engine):
    def statements(round_: Round) -> int:
        seen: list[str] = []

        def heard(_connection, _cursor, statement, *_more) -> None:
            seen.append(statement)

        with world.as_("cora") as scope:
            assessment = queries.get_assessment(scope, round_.id)
            event.listen(engine, "before_cursor_execute", heard)
            try:
                queries.standing(scope, assessment)
            finally:
                event.remove(engine, "before_cursor_execute", heard)
        return len(seen)

    many = Round(world).scoring()
    one = Round(world, levels=("department",), year=2025).scoring()
    assert statements(many) == statements(one) == 3
