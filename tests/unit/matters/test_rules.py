"""States, terms, numbers and the rhythm of reports."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.calendar.due_rules import DayUnit
from duban.calendar.working_days import WorkingCalendar
from duban.matters.errors import MatterStateError
from duban.matters.rules import (
    ExtensionRule,
    Term,
    cycle_end,
    next_state,
    number_of,
    report_after,
)
from duban.matters.settings import settings_from_json
from duban.matters.states import (
    AFTER,
    LIVING,
    OWING,
    QUESTION_LABELS,
    REPORT_LABELS,
    SHEET_LABELS,
    SHEETS,
    STATE_LABELS,
    STATE_LOOKS,
    Act,
    Cycle,
    MatterState,
    Question,
    ReportKind,
)
from duban.tenancy.parts import read_part
from tests.cast import TENANTS

CALENDAR = WorkingCalendar()


class TestStates:
    def test_every_state_has_its_row_word_and_look(self) -> None:
        assert set(AFTER) == set(STATE_LABELS) == set(STATE_LOOKS) == set(MatterState)
        assert set(QUESTION_LABELS) == set(Question)
        assert set(REPORT_LABELS) == set(ReportKind)
        assert set(SHEET_LABELS) == set(SHEETS)

    @pytest.mark.parametrize("state", MatterState)
    @pytest.mark.parametrize("act", Act)
    def test_what_is_not_listed_is_refused(self, state: MatterState, act: Act) -> None:
        if act in AFTER[state]:
            assert next_state(state, act) is AFTER[state][act]
        else:
            with pytest.raises(MatterStateError):
                next_state(state, act)

    def test_a_matter_ends_closed_filed_or_withdrawn_and_nowhere_else(self) -> None:
        dead_ends = {state for state, acts in AFTER.items() if not acts}
        assert dead_ends == {MatterState.FILED, MatterState.WITHDRAWN}
        assert not set(LIVING) & {MatterState.CLOSED, *dead_ends}
        assert all(Act.SHEET in AFTER[state] for state in OWING)
        assert all(Act.SHEET not in AFTER[state] for state in MatterState if state not in OWING)

    def test_every_state_is_reached_from_the_first(self) -> None:
        reached, waiting = {MatterState.ASSIGNED}, [MatterState.ASSIGNED]
        while waiting:
            for after in AFTER[waiting.pop()].values():
                if after not in reached:
                    reached.add(after)
                    waiting.append(after)
        assert reached == set(MatterState)


class TestTerms:
    @pytest.mark.parametrize("kind", ["county", "expressway", "street"])
    def test_the_kinds_give_the_terms_of_the_rules(self, kind: str) -> None:
        settings = settings_from_json(read_part(TENANTS / kind, "matters"))
        days = {(one.code, term.term.code): term.term for one in settings.sources for term in one.terms}
        assert days["document", "normal"].days == 30
        assert days["minutes", "normal"].days == 20
        assert (days["instruction", "urgent"].least, days["instruction", "urgent"].days) == (1, 5)
        assert days["instruction", "normal"].days == 15
        assert days["instruction", "difficult"].days == 30

    def test_natural_days_begin_the_day_after(self) -> None:
        assert Term("normal", 15).ends_on(date(2026, 3, 10), CALENDAR) == date(2026, 3, 25)

    def test_working_days_pass_over_holidays_and_count_make_up_days(self) -> None:
        # 2026: Spring Festival 15–23 February off; Saturday 14 February is worked
        term = Term("normal", 5, DayUnit.WORKING_DAY)
        assert term.ends_on(date(2026, 2, 12), CALENDAR) == date(2026, 2, 26)

    @pytest.mark.parametrize(("day", "allowed"), [(10, False), (11, True), (15, True), (16, False)])
    def test_an_urgent_instruction_takes_one_to_five_days(self, day: int, allowed: bool) -> None:
        assert Term("urgent", 5, least=1).allows(date(2026, 3, 10), date(2026, 3, day), CALENDAR) is allowed

    def test_a_number_is_written_officially(self) -> None:
        assert number_of("督办", 2026, 12) == "督办〔2026〕12号"


class TestReports:
    @pytest.mark.parametrize(
        ("cycle", "day", "end"),
        [
            (Cycle.WEEK, date(2026, 3, 10), date(2026, 3, 13)),
            (Cycle.WEEK, date(2026, 3, 13), date(2026, 3, 13)),
            (Cycle.WEEK, date(2026, 3, 14), date(2026, 3, 20)),
            (Cycle.TEN_DAYS, date(2026, 2, 10), date(2026, 2, 10)),
            (Cycle.TEN_DAYS, date(2026, 2, 11), date(2026, 2, 20)),
            (Cycle.TEN_DAYS, date(2026, 2, 21), date(2026, 2, 28)),
            (Cycle.MONTH, date(2026, 2, 1), date(2026, 2, 28)),
            (Cycle.NONE, date(2026, 2, 1), None),
        ],
    )
    def test_a_period_ends(self, cycle: Cycle, day: date, end: date | None) -> None:
        assert cycle_end(cycle, day) == end

    @pytest.mark.parametrize(
        ("cycle", "on", "day", "end"),
        [
            (Cycle.WEEK, 1, date(2026, 3, 10), date(2026, 3, 16)),
            (Cycle.WEEK, 7, date(2026, 3, 15), date(2026, 3, 15)),
            (Cycle.MONTH, 25, date(2026, 3, 25), date(2026, 3, 25)),
            (Cycle.MONTH, 25, date(2026, 3, 26), date(2026, 4, 25)),
            (Cycle.MONTH, 30, date(2026, 1, 31), date(2026, 2, 28)),
            (Cycle.MONTH, 5, date(2026, 12, 6), date(2027, 1, 5)),
        ],
    )
    def test_a_day_of_the_period_may_be_chosen(self, cycle: Cycle, on: int, day: date, end: date) -> None:
        assert cycle_end(cycle, day, on) == end

    @given(
        st.sampled_from([Cycle.WEEK, Cycle.TEN_DAYS, Cycle.MONTH]),
        st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        st.none() | st.integers(1, 31),
    )
    def test_one_report_covers_one_period_however_often_it_is_made(self, cycle: Cycle, day: date, on: int | None) -> None:
        on = on if on is None or cycle is not Cycle.WEEK else (on - 1) % 7 + 1
        end = cycle_end(cycle, day, on)
        following = report_after(cycle, day, on)
        assert end is not None and following is not None
        assert day <= end < following <= end + timedelta(days=31)
        assert report_after(cycle, end, on) == following
        assert cycle_end(cycle, end + timedelta(days=1), on) == following


class TestExtensions:
    RULE = ExtensionRule(most=2, longest_days=30)

    @pytest.mark.parametrize(
        ("granted", "due", "new", "today", "problem"),
        [
            (0, 25, 26, 25, None),
            (0, 25, 26, 26, "expired"),
            (2, 25, 26, 20, "often"),
            (0, 25, 25, 20, "earlier"),
            (1, 25, 25 + 30, 20, None),
            (0, 25, 25 + 31, 20, "far"),
        ],
    )
    def test_what_stands_against_one(self, granted: int, due: int, new: int, today: int, problem: str | None) -> None:
        def day(number: int) -> date:
            return date(2026, 3, 1) + timedelta(days=number - 1)

        found = self.RULE.problem(granted=granted, first_due_on=day(25), due_on=day(due), new_on=day(new), today=day(today))
        assert found == problem
