"""Sheets that wait for an answer, as supervised matters have them, against somebody who looks every morning."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from duban.calendar.ladder_json import ladder_from_json, ladder_to_json
from duban.calendar.ladder_presets import MATTERS
from duban.calendar.ladders import (
    Colour,
    Course,
    Ladder,
    Party,
    Recipient,
    Step,
    Trigger,
    TriggerKind,
    Words,
    calls,
    next_call,
    planned,
    sheet_step,
)

ZONE = ZoneInfo("Asia/Shanghai")
DUE, SET_ON = date(2026, 3, 25), date(2026, 3, 10)
DAY = timedelta(days=1)
SHEETS = (Colour.BLUE, Colour.ORANGE, Colour.RED)


def morning(day: date) -> datetime:
    return datetime.combine(day, time(8), ZONE)


def course(due: date = DUE, since: date = SET_ON, **more: object) -> Course:
    return Course(since=since, owed_from=since + DAY, zone=ZONE, due_on=due, **more)  # type: ignore[arg-type]


def walk(ladder: Ladder, begun: Course, days: int, *, reports: Collection[int] = ()) -> list[tuple[Colour, date]]:
    """Let a clock look every morning; on some evenings the unit answers."""
    found: list[tuple[Colour, date]] = []
    for offset in range(days):
        today = begun.since + offset * DAY
        coming = next_call(ladder, begun)
        called = calls(ladder, begun, morning(today)).now
        assert bool(called) == (coming is not None and coming <= morning(today)), "the clock would sleep through it"
        found += [(one.step.colour, today) for one in called]
        if called:
            told = {**begun.told, **{one.step.code: morning(today) for one in called}}
            begun = replace(begun, told=told, answered=False)
        if offset in reports:
            begun = replace(begun, answered=True)
    return found


class TestMatters:
    def test_the_three_colours_of_a_matter_nobody_answers(self) -> None:
        assert walk(MATTERS, course(), 40) == [
            (Colour.BLUE, date(2026, 3, 22)), (Colour.ORANGE, date(2026, 3, 26)), (Colour.RED, date(2026, 3, 29)),
        ]  # fmt: skip

    def test_what_is_said_to_be_to_come_is_what_comes(self) -> None:
        found = [(one.step.colour, one.planned_on) for one in planned(MATTERS, course())]
        assert found == walk(MATTERS, course(), 40)

    def test_a_major_matter_begins_at_orange_on_the_day_of_blue(self) -> None:
        assert walk(MATTERS, course(is_major=True), 40)[0] == (Colour.ORANGE, date(2026, 3, 22))
        short = course(due=SET_ON + 2 * DAY, is_major=True)
        assert walk(MATTERS, short, 40)[0] == (Colour.ORANGE, SET_ON + 3 * DAY), "blue's day had passed when it was set"

    def test_an_unanswered_blue_by_hand_turns_orange_long_before_the_term_ends(self) -> None:
        by_hand = course(since=date(2026, 3, 1), told={"blue": morning(date(2026, 3, 5))})
        assert next_call(MATTERS, by_hand) == morning(date(2026, 3, 9))
        assert next_call(MATTERS, replace(by_hand, answered=True)) == morning(date(2026, 3, 26)), (
            "answered, it waits for the term"
        )

    def test_a_short_term_is_not_warned_on_the_day_it_is_set(self) -> None:
        assert walk(MATTERS, course(due=SET_ON + 3 * DAY), 40)[0] == (Colour.ORANGE, SET_ON + 4 * DAY)

    def test_a_clock_that_stood_still_leaves_no_sheet_out_and_sends_one_a_day(self) -> None:
        late = date(2026, 4, 5)
        begun, found = course(), []
        for day in (late, late + DAY, late + 2 * DAY, late + 3 * DAY):
            called = calls(MATTERS, begun, morning(day)).now
            found += [one.step.code for one in called]
            begun = replace(begun, told={**begun.told, **{one.step.code: morning(day) for one in called}})
            assert not calls(MATTERS, begun, morning(day) + timedelta(hours=9)).now, "nor in the afternoon"
        assert found == ["blue", "orange", "red"]

    def test_a_sheet_by_hand_stands_for_the_step_of_its_colour(self) -> None:
        step = sheet_step(MATTERS, Colour.YELLOW)
        assert step is not None
        assert step.code == "blue"

    def test_is_written_and_read(self) -> None:
        assert ladder_from_json(ladder_to_json(MATTERS)) == MATTERS

    @given(
        days=st.lists(st.integers(-40, 40), min_size=1, max_size=3, unique=True).map(sorted),
        answers=st.lists(st.integers(1, 9), min_size=3, max_size=3),
        term=st.integers(1, 60),
        is_major=st.booleans(),
        reports=st.sets(st.integers(0, 160), max_size=8),
    )
    def test_agrees_with_one_who_looks_every_day(
        self, days: list[int], answers: list[int], term: int, is_major: bool, reports: set[int]
    ) -> None:
        """The clock jumps to the day the rule names; the naive one asks every morning whether something is due by then."""
        steps = [
            Step(
                colour.value,
                Trigger(TriggerKind.DUE, day),
                (Recipient(Party.OWN),),
                colour=colour,
                name=Words("x"),
                answer_days=wait,
            )
            for colour, day, wait in zip(SHEETS, days, answers, strict=False)
        ]
        ladder = Ladder("x", Words("x"), tuple(steps), major_from=Colour.ORANGE)
        begun = course(since=SET_ON, due=SET_ON + term * DAY, is_major=is_major)
        found = walk(ladder, begun, 160, reports=reports)
        assert found == _naive(steps, begun.due_on or DUE, is_major, reports)
        colours = [colour.rank for colour, _ in found]
        assert colours == sorted(set(colours)), "a colour again, or a lower one"
        assert len({day for _, day in found}) == len(found), "two sheets on one day"
        assert all(day > SET_ON for _, day in found)


def _naive(steps: list[Step], due: date, is_major: bool, reports: set[int]) -> list[tuple[Colour, date]]:
    """What the rules say, asked day by day and colour by colour, without computing when the next one comes."""
    found: list[tuple[Colour, date]] = []
    days = [step for step in steps if due + step.trigger.days * DAY > SET_ON]
    for offset in range(160):
        today = SET_ON + offset * DAY
        if found:
            colour, on = found[-1]
            higher = [step for step in steps if step.colour.rank > colour.rank]
            within = next(step for step in steps if step.colour is colour).answer_days or 0
            answered = any(on <= SET_ON + one * DAY < today for one in reports)
            unanswered = (today - on).days > within and not answered
            if higher and today > on and ((today - due).days >= higher[0].trigger.days or unanswered):
                found.append((higher[0].colour, today))
        elif days and (today - due).days >= days[0].trigger.days:
            light = is_major and days[0].colour is Colour.BLUE and len(steps) > 1
            found.append((Colour.ORANGE if light else days[0].colour, today))
    return found
