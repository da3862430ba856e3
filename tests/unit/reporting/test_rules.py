"""States, judgement, stages."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from duban.calendar.lateness import Timeliness, Verdict
from duban.reporting.errors import DutyClosedError
from duban.reporting.rules import (
    Version,
    correct_by,
    is_allowed,
    judge_submission,
    missing_at,
    next_state,
    time_that_counts,
)
from duban.reporting.states import (
    AFTER,
    DUTY_LABELS,
    DUTY_LOOKS,
    OUTCOME_LABELS,
    PRECONDITION_LABELS,
    REQUIREMENT_LABELS,
    REQUIREMENT_LOOKS,
    TO_REVIEW,
    UNIT_TO_ACT,
    Act,
    DutyState,
    Outcome,
    Precondition,
    RequirementState,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
DUE = date(2011, 9, 28)


def at(day: int, clock: str = "10:00") -> datetime:
    base = date(2011, 9, 1) + timedelta(days=day - 1)
    return datetime.fromisoformat(f"{base}T{clock}").replace(tzinfo=SHANGHAI).astimezone(UTC)


class TestStates:
    def test_tables_are_total(self) -> None:
        assert AFTER.keys() == DUTY_LABELS.keys() == DUTY_LOOKS.keys() == set(DutyState)
        assert REQUIREMENT_LABELS.keys() == REQUIREMENT_LOOKS.keys() == set(RequirementState)
        assert OUTCOME_LABELS.keys() == set(Outcome)
        assert PRECONDITION_LABELS.keys() == set(Precondition)

    def test_every_state_can_be_reached_and_every_act_is_used(self) -> None:
        reached = {state for acts in AFTER.values() for state in acts.values()}
        assert reached | {DutyState.OPEN} == set(DutyState)
        assert {act for acts in AFTER.values() for act in acts} == set(Act)

    def test_what_is_not_listed_is_refused(self) -> None:
        for state in DutyState:
            for act in Act:
                if is_allowed(state, act):
                    assert next_state(state, act) is AFTER[state][act]
                else:
                    with pytest.raises(DutyClosedError):
                        next_state(state, act)

    def test_what_the_unit_may_hand_in_is_its_to_act_on(self) -> None:
        assert {state for state, acts in AFTER.items() if Act.SUBMIT in acts} == set(UNIT_TO_ACT)
        assert {state for state, acts in AFTER.items() if Act.ACCEPT in acts} == set(TO_REVIEW)

    def test_missing_never_becomes_anything_better_but_by_a_decision_on_the_date(self) -> None:
        family = {DutyState.MISSING, DutyState.MISSING_SUBMITTED, DutyState.CANCELLED}
        for state in (DutyState.MISSING, DutyState.MISSING_SUBMITTED):
            assert {after for act, after in AFTER[state].items() if act is not Act.REOPEN} <= family


class TestTimeThatCounts:
    def test_the_only_version(self) -> None:
        assert time_that_counts([Version(at(27))], correction_days=3, zone=SHANGHAI) == at(27)

    @pytest.mark.parametrize(("correction_days", "counted"), [(None, at(30)), (0, at(30)), (1, at(30)), (2, at(27)), (3, at(27))])
    def test_a_correction(self, correction_days: int | None, counted: datetime) -> None:
        versions = [Version(at(27), returned_at=at(28)), Version(at(30))]
        assert time_that_counts(versions, correction_days=correction_days, zone=SHANGHAI) == counted

    def test_the_last_day_of_correction_ends_at_midnight(self) -> None:
        for clock, counted in (("23:59:59", at(27)), ("00:00:00", None)):
            last = at(30, clock) if counted else at(31, clock)
            versions = [Version(at(27), returned_at=at(28)), Version(last)]
            assert time_that_counts(versions, correction_days=2, zone=SHANGHAI) == (counted or last)

    def test_a_chain_of_corrections_holds_as_long_as_each_is_in_time(self) -> None:
        chain = [Version(at(20), at(21)), Version(at(22), at(23)), Version(at(24))]
        assert time_that_counts(chain, correction_days=3, zone=SHANGHAI) == at(20)
        broken = [Version(at(1), at(2)), Version(at(22), at(23)), Version(at(24))]
        assert time_that_counts(broken, correction_days=3, zone=SHANGHAI) == at(22)


class TestMissing:
    def test_without_a_return_it_is_the_days_of_grace(self) -> None:
        assert missing_at(due_on=DUE, missing_after_days=10, zone=SHANGHAI) == at(39, "00:00")

    def test_a_return_moves_it_on_and_never_back(self) -> None:
        early = missing_at(due_on=DUE, missing_after_days=10, zone=SHANGHAI, returned_at=at(10), correction_days=3)
        late = missing_at(due_on=DUE, missing_after_days=10, zone=SHANGHAI, returned_at=at(60), correction_days=3)
        assert early == at(39, "00:00")
        assert late == at(64, "00:00")

    def test_without_days_of_correction_the_unit_has_the_grace(self) -> None:
        assert missing_at(due_on=DUE, missing_after_days=10, zone=SHANGHAI, returned_at=at(60)) == at(71, "00:00")
        assert correct_by(at(60), 3, SHANGHAI) == date(2011, 11, 2)


class TestJudge:
    @pytest.mark.parametrize(
        ("counted", "verdict"),
        [
            (at(28, "23:59:59"), Verdict(Timeliness.ON_TIME)),
            (at(29, "00:00"), Verdict(Timeliness.LATE, 1)),
            (at(38, "23:59:59"), Verdict(Timeliness.LATE, 10)),
            (at(39, "00:00"), Verdict(Timeliness.MISSING, 11)),
        ],
    )
    def test_example_b(self, counted: datetime, verdict: Verdict) -> None:
        cut_off = missing_at(due_on=DUE, missing_after_days=10, zone=SHANGHAI)
        assert judge_submission(due_on=DUE, counted_at=counted, missing_at=cut_off, zone=SHANGHAI) == verdict
