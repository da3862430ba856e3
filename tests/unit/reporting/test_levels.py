"""Levels, quorums and the course of corrections."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.reporting.course import Course, correct, course_of, follow, is_open_to, may_correct
from duban.reporting.errors import CorrectionStateError, DutyClosedError
from duban.reporting.levels import Quorum, chain_of, levels_below, levels_from
from duban.reporting.remarks import Remark, remark_at
from duban.reporting.states import (
    CORRECTION_AFTER,
    CORRECTION_LABELS,
    CORRECTION_OVER,
    QUORUM_LABELS,
    REVIEW_MODE_LABELS,
    STEP_LABELS,
    WAITS_BELOW_LABELS,
    Act,
    CorrectionAct,
    CorrectionState,
    DutyState,
    QuorumKind,
    ReviewMode,
    StepOutcome,
    WaitsBelow,
)


class TestLevels:
    def test_every_level_between_the_unit_and_the_issuer_from_below(self) -> None:
        found = chain_of(path="a1.b1.c1.d1.", to_path="a1.", mode=ReviewMode.BY_LEVEL)
        assert found == ("a1.b1.c1.", "a1.b1.", "a1.")

    def test_in_one_step_the_issuer_alone(self) -> None:
        assert chain_of(path="a1.b1.c1.", to_path="a1.", mode=ReviewMode.ONE_STEP) == ("a1.",)

    def test_what_was_kept_goes_before_what_the_paths_say(self) -> None:
        found = chain_of(path="a1.b1.c1.", to_path="a1.", mode=ReviewMode.BY_LEVEL, stored=["a1.d1.", "a1."])
        assert found == ("a1.d1.", "a1.")

    @given(st.integers(2, 7), st.integers(1, 6))
    def test_the_way_up_and_the_way_down_are_one(self, depth: int, issuer: int) -> None:
        labels = [f"{'abcdefgh'[number]}1" for number in range(depth)]
        path, to_path = ".".join(labels) + ".", ".".join(labels[: min(issuer, depth - 1)]) + "."
        chain = chain_of(path=path, to_path=to_path, mode=ReviewMode.BY_LEVEL)
        assert chain[-1] == to_path
        assert len(set(chain)) == len(chain) == depth - to_path.count(".")
        assert levels_from(chain, None) == chain
        for place in chain:
            assert (*reversed(levels_below(chain, place)), place, *levels_from(chain, place)) == chain


class TestQuorum:
    @pytest.mark.parametrize(
        ("kind", "count", "total", "needed"),
        [
            (QuorumKind.ALL, 0, 10, 10),
            (QuorumKind.PERCENT, 90, 10, 9),
            (QuorumKind.PERCENT, 85, 10, 9),
            (QuorumKind.PERCENT, 1, 3, 1),
            (QuorumKind.PERCENT, 100, 3, 3),
            (QuorumKind.NUMBER, 9, 10, 9),
            (QuorumKind.NUMBER, 11, 10, 10),
        ],
    )
    def test_needed(self, kind: QuorumKind, count: int, total: int, needed: int) -> None:
        assert Quorum(WaitsBelow.BLOCK, kind, count).needed(total) == needed
        assert Quorum(WaitsBelow.NO, kind, count).needed(total) == 0


@dataclass
class Standing:
    stands: DutyState
    accepted_version: int | None = None
    correcting: CorrectionState | None = None


class TestCourse:
    def test_tables_are_total(self) -> None:
        assert CORRECTION_AFTER.keys() == {None, *CorrectionState} - CORRECTION_OVER
        assert {act for acts in CORRECTION_AFTER.values() for act in acts} == set(CorrectionAct)
        assert CORRECTION_LABELS.keys() == set(CorrectionState)
        assert (REVIEW_MODE_LABELS.keys(), WAITS_BELOW_LABELS.keys()) == (set(ReviewMode), set(WaitsBelow))
        assert (QUORUM_LABELS.keys(), STEP_LABELS.keys()) == (set(QuorumKind), set(StepOutcome))

    @pytest.mark.parametrize("state", [DutyState.ACCEPTED, DutyState.MISSING_SUBMITTED])
    def test_what_was_accepted_keeps_its_state_whatever_happens_to_the_correction(self, state: DutyState) -> None:
        course = Course(state, settled=True)
        for act in (CorrectionAct.ASK, CorrectionAct.ALLOW):
            course = correct(course, act)
        for version_act in (Act.SUBMIT, Act.RETURN, Act.SUBMIT, Act.FORWARD, Act.GIVE_BACK, Act.FORWARD, Act.ACCEPT):
            course = follow(course, version_act)
            assert (course.state, course.settled) == (state, True)
        assert course.correction is None

    def test_frozen_without_a_correction(self) -> None:
        duty = Standing(DutyState.ACCEPTED, 1)
        assert not any(is_open_to(duty, act) for act in Act)
        assert {act for act in CorrectionAct if may_correct(duty, act)} == {CorrectionAct.ASK, CorrectionAct.REOPEN}

    def test_nothing_accepted_nothing_to_correct(self) -> None:
        for state in DutyState:
            with pytest.raises(CorrectionStateError):
                correct(course_of(Standing(state)), CorrectionAct.ASK)

    @given(st.lists(st.sampled_from([*Act, *CorrectionAct]), max_size=30))
    def test_only_what_was_accepted_is_ever_corrected(self, acts: list[Act | CorrectionAct]) -> None:
        course = Course(DutyState.OPEN)
        for act in acts:
            try:
                course = correct(course, act) if isinstance(act, CorrectionAct) else follow(course, act)
            except (DutyClosedError, CorrectionStateError):
                continue
            assert course.settled or course.correction is None


def test_places_are_read_as_the_form_names_them() -> None:
    for remark in (Remark("a", "x"), Remark("a", "x", 0), Remark("a", "x", 3, "b")):
        assert remark_at(remark.place, "x") == remark
