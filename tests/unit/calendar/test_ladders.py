"""Ladders: which step a day calls for, across outages, moved dates, zones; and the mistakes their texts name."""

import copy
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from duban.calendar import ladder_presets as presets
from duban.calendar.due_rules import DayUnit
from duban.calendar.errors import InvalidLadderError
from duban.calendar.ladder_json import ladder_from_json, ladder_to_json
from duban.calendar.ladder_words import trigger_in_words
from duban.calendar.ladders import (
    Colour,
    Course,
    Event,
    Ladder,
    Party,
    Recipient,
    Step,
    Trigger,
    TriggerKind,
    Words,
    calls,
    colour_told,
    next_call,
    planned,
    without,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
DUE = date(2011, 5, 20)
OWN, ABOVE = Recipient(Party.OWN), Recipient(Party.ABOVE)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def course(**changes: Any) -> Course:
    return Course(**{"since": date(2011, 4, 30), "zone": SHANGHAI, "due_on": DUE, **changes})


def step(code: str, days: int, kind: TriggerKind = TriggerKind.DUE, to: tuple[Recipient, ...] = (OWN,), **more: Any) -> Step:
    return Step(code=code, trigger=Trigger(kind, days, **more), to=to, name=Words(code))


def ladder(*steps: Step) -> Ladder:
    return Ladder(code="x", name=Words("x"), steps=steps)


def climb(what: Ladder, begun: Course, instants: list[datetime]) -> list[tuple[str, str]]:
    """Look at these instants only, remembering what was called as a sweep does."""
    told: dict[str, datetime] = dict(begun.told)
    seen: list[tuple[str, str]] = []
    for now in instants:
        found = calls(what, Course(**{**vars(begun), "told": told}), now)
        seen += [(one.step.code, f"{now.astimezone(begun.zone):%m-%d}") for one in found.now]
        told |= dict.fromkeys([one.step.code for one in found.now] + list(found.dropped), now)
    return seen


def daily(first: date, days: int, clock: time = time(8)) -> list[datetime]:
    return [datetime.combine(first + timedelta(days=n), clock, SHANGHAI).astimezone(UTC) for n in range(days)]


class TestExampleB:
    def test_the_plan_is_reminded_of_on_its_five_days(self) -> None:
        assert climb(presets.STANDARD, course(), daily(date(2011, 5, 1), 40)) == [
            ("before_7", "05-13"),
            ("before_3", "05-17"),
            ("before_1", "05-19"),
            ("after_1", "05-21"),
            ("after_3", "05-23"),
        ]

    def test_not_a_minute_before_the_hour(self) -> None:
        assert not calls(presets.STANDARD, course(), at("2011-05-13T07:59:59")).now
        assert calls(presets.STANDARD, course(), at("2011-05-13T08:00")).now
        assert next_call(presets.STANDARD, course()) == at("2011-05-13T08:00")

    def test_the_preview_lists_them(self) -> None:
        assert [f"{one.planned_on:%m-%d}" for one in planned(presets.STANDARD, course())] == [
            "05-13", "05-17", "05-19", "05-21", "05-23",
        ]  # fmt: skip


class TestColours:
    def test_sanming_climbs_when_the_sheet_before_was_not_met(self) -> None:
        """Blue on Tuesday the 17th; three working days later orange, three working days later red."""
        assert climb(presets.SANMING, course(), daily(date(2011, 5, 10), 30)) == [
            ("blue", "05-17"),
            ("orange", "05-20"),
            ("red", "05-25"),
        ]

    def test_sanming_after_an_outage_gives_the_days_between_all_the_same(self) -> None:
        """Nobody gets an orange sheet whose blue one never came: the days count from the day blue was sent."""
        assert climb(presets.SANMING, course(), daily(date(2011, 5, 23), 20)) == [
            ("blue", "05-23"),
            ("orange", "05-26"),
            ("red", "05-31"),
        ]

    def test_sanming_for_work_asked_for_in_a_hurry(self) -> None:
        """The blue day had passed when it was issued on the 19th: orange counts from the issue."""
        assert climb(presets.SANMING, course(since=date(2011, 5, 19)), daily(date(2011, 5, 19), 20)) == [
            ("orange", "05-24"),
            ("red", "05-27"),
        ]

    def test_suqian(self) -> None:
        assert climb(presets.SUQIAN, course(), daily(date(2011, 5, 10), 30)) == [
            ("blue", "05-15"),
            ("yellow", "05-19"),
            ("red", "05-21"),
        ]

    def test_red_reaches_the_leaders(self) -> None:
        for preset in (presets.SANMING, presets.SUQIAN):
            red = preset.step("red")
            assert red is not None
            assert {(one.party, one.who) for one in red.everybody} >= {(Party.OWN, "leader"), (Party.ISSUER, "leader")}

    def test_the_colour_shown_is_the_weightiest_called(self) -> None:
        begun = course(told={"blue": at("2011-05-17T08:00"), "orange": at("2011-05-20T08:00")})
        assert colour_told(presets.SANMING, begun.told) is Colour.ORANGE
        assert colour_told(presets.SANMING, ()) is Colour.NONE


class TestOutages:
    def test_the_weightier_of_two_says_it_alone(self) -> None:
        found = calls(presets.STANDARD, course(), at("2011-05-18T08:00"))
        assert ([one.step.code for one in found.now], found.dropped) == (["before_3"], ("before_7",))

    def test_whoever_only_the_lighter_one_tells_is_told(self) -> None:
        two = ladder(step("a", 1), step("b", 3, to=(ABOVE,)))
        assert [one.step.code for one in calls(two, course(), at("2011-05-30T08:00")).now] == ["a", "b"]

    def test_one_called_ends_those_below_it(self) -> None:
        begun = course(told={"before_1": at("2011-05-19T08:00")})
        assert climb(presets.STANDARD, begun, daily(date(2011, 5, 19), 2)) == []

    def test_passed_when_the_date_was_set_is_not_made_up_for_but_the_same_day_is(self) -> None:
        assert climb(presets.STANDARD, course(since=date(2011, 5, 14)), daily(date(2011, 5, 14), 3)) == []
        assert climb(presets.STANDARD, course(since=date(2011, 5, 13)), [at("2011-05-13T16:00")]) == [("before_7", "05-13")]


class TestEvents:
    def test_waiting_for_review_counts_working_days_and_only_while_it_waits(self) -> None:
        """Handed in on Friday 30 September 2011: the holiday lasts until 7 October, the 8th and 9th are worked for it."""
        waiting = course(due_on=None, since=date(2011, 9, 30), events={Event.SUBMITTED: date(2011, 9, 30)})
        assert climb(presets.STANDARD, waiting, daily(date(2011, 9, 30), 20)) == [("review_3", "10-10")]
        assert climb(presets.STANDARD, course(due_on=None), daily(date(2011, 9, 30), 20)) == []

    def test_what_happens_anew_is_reminded_of_anew(self) -> None:
        told = {"before_3": at("2011-05-17T08:00"), "extension_2": at("2011-05-17T08:00")}
        assert without(presets.STANDARD, told, Event.EXTENSION_ASKED) == {"before_3": at("2011-05-17T08:00")}

    def test_an_event_does_not_end_what_is_owed(self) -> None:
        begun = course(events={Event.EXTENSION_ASKED: date(2011, 5, 16)}, told={"before_7": at("2011-05-13T08:00")})
        assert climb(presets.STANDARD, begun, daily(date(2011, 5, 16), 4)) == [
            ("before_3", "05-17"), ("extension_2", "05-18"), ("before_1", "05-19"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hour", "expected"),
    [
        ("Asia/Shanghai", date(2026, 3, 8), time(2, 30), "2026-03-07T18:30"),
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:30"),  # 02:30 does not exist that night
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30"),  # comes twice: the first counts
        ("America/New_York", date(2026, 3, 9), time(8), "2026-03-09T12:00"),
    ],
)
def test_hours_where_clocks_are_changed(zone: str, day: date, hour: time, expected: str) -> None:
    one = ladder(step("a", 0, hour=hour))
    begun = Course(since=day, zone=ZoneInfo(zone), due_on=day)
    assert next_call(one, begun) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert not calls(one, begun, datetime.fromisoformat(expected).replace(tzinfo=UTC) - timedelta(seconds=1)).now
    assert calls(one, begun, datetime.fromisoformat(expected).replace(tzinfo=UTC)).now


def test_a_year_nobody_has_a_table_for_counts_monday_to_friday() -> None:
    friday = date(2099, 5, 15)
    one = ladder(step("a", 1, unit=DayUnit.WORKING_DAY))
    assert next_call(one, Course(since=friday, zone=SHANGHAI, due_on=friday)) == at("2099-05-18T08:00")


# --- against somebody who looks at the clock every half hour ------------------------------------------------------------

HALF_HOUR = timedelta(minutes=30)
FIRST = date(2026, 3, 1)
RECIPIENTS = st.lists(st.sampled_from([OWN, ABOVE, Recipient(Party.ISSUER)]), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    steps: list[Step] = []
    days, waited = -8, 0
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([TriggerKind.DUE, TriggerKind.DUE, TriggerKind.UNMET, TriggerKind.EVENT]))
        kind = TriggerKind.DUE if kind is TriggerKind.UNMET and not number else kind
        if kind is TriggerKind.DUE:
            days += draw(st.integers(0, 4))
        waited += draw(st.integers(1, 2))
        trigger = Trigger(
            kind,
            {TriggerKind.DUE: days, TriggerKind.EVENT: waited, TriggerKind.UNMET: draw(st.integers(1, 3))}[kind],
            hour=draw(st.sampled_from([time(8), time(8, 30), time(17)])),
            event=draw(st.sampled_from([Event.SUBMITTED, Event.RETURNED])) if kind is TriggerKind.EVENT else None,
        )
        steps.append(Step(f"s{number}", trigger, draw(RECIPIENTS), name=Words("x")))
    return Ladder("x", Words("x"), tuple(steps))


class Work:
    """A piece of work that is handed in, returned and re-dated; every change begins a new course, as reporting does."""

    def __init__(self) -> None:
        self.due, self.number = FIRST + timedelta(days=12), 0
        self.state, self.begun = "open", FIRST

    def act(self, what: str, today: date) -> bool:
        allowed = {"submit": ("open", "returned"), "return": ("submitted",), "move": ("open", "returned", "submitted")}
        if self.state not in allowed[what]:
            return False
        self.state = {"submit": "submitted", "return": "returned", "move": self.state}[what]
        self.due += timedelta(days=3) if what == "move" else timedelta()
        self.number, self.begun = self.number + 1, today
        return True

    def course(self, told: dict[str, datetime]) -> Course:
        events = {"submitted": {Event.SUBMITTED: self.begun}, "returned": {Event.RETURNED: self.begun}}.get(self.state, {})
        due = None if self.state == "submitted" else self.due
        return Course(since=self.begun, zone=SHANGHAI, due_on=due, events=events, told=told)


def naive_sweep(what: Ladder, work: Work, told: dict[str, date], now: datetime) -> list[str]:
    """Decide by going through every step by hand, with local clocks and nothing prepared."""
    local = now.astimezone(SHANGHAI).replace(tzinfo=None)

    def base_day(place: int) -> date | None:
        one = what.steps[place].trigger
        if one.kind is TriggerKind.DUE:
            start = None if work.state == "submitted" else work.due
        elif one.kind is TriggerKind.EVENT:
            start = work.begun if one.event is not None and one.event.value == work.state else None
        elif what.steps[place - 1].code in told:
            start = told[what.steps[place - 1].code]
        else:
            start = base_day(place - 1)
            start = None if start is None else max(start, work.begun)
        return None if start is None else start + timedelta(days=one.days)

    def kind_of(place: int) -> Event | None:
        one = what.steps[place].trigger
        return kind_of(place - 1) if one.kind is TriggerKind.UNMET else one.event

    come: list[int] = []
    for place, one in enumerate(what.steps):
        day = base_day(place)
        over = any(later.code in told and kind_of(n) == kind_of(place) for n, later in enumerate(what.steps) if n > place)
        if one.code in told or over or day is None or day < work.begun:
            continue
        if kind_of(place) is None and work.state == "submitted":
            continue
        if one.trigger.kind is TriggerKind.UNMET and what.steps[place - 1].code not in told:
            before = base_day(place - 1)
            if before is None or before >= work.begun:
                continue
        if local >= datetime.combine(day, one.trigger.hour):
            come.append(place)
    said = []
    for place in come:
        heavier = [n for n in come if n > place and kind_of(n) == kind_of(place)]
        told_by = set(what.steps[place].to)
        if not any(told_by <= set(what.steps[n].to) for n in heavier):
            said.append(what.steps[place].code)
    for place in come:
        told[what.steps[place].code] = local.date()
    return said


@settings(max_examples=120, deadline=None)
@given(
    what=ladders(),
    acts=st.lists(st.tuples(st.integers(0, 28 * 48), st.sampled_from(["submit", "return", "move"])), max_size=5),
    outages=st.lists(st.tuples(st.integers(0, 28 * 48), st.integers(1, 5 * 48)), max_size=3),
)
@example(
    what=ladder(step("blue", -3), step("orange", 3, TriggerKind.UNMET), step("red", 3, TriggerKind.UNMET)),
    acts=[(500, "submit"), (600, "return")],
    outages=[(300, 190)],
)
@example(what=ladder(*presets.STANDARD.steps[:5]), acts=[(530, "move")], outages=[(500, 100)])
def test_looking_only_when_something_is_next_finds_what_looking_always_finds(
    what: Ladder, acts: list[tuple[int, str]], outages: list[tuple[int, int]]
) -> None:
    """Each reminder exactly once in a course, none after the work was handed in or moved, whatever stood still meanwhile."""
    work, naive_work = Work(), Work()
    told: dict[str, datetime] = {}
    naive_told: dict[str, date] = {}
    prepared = next_call(what, work.course(told))
    seen: list[tuple[int, int, str]] = []
    naive: list[tuple[int, int, str]] = []
    start = datetime.combine(FIRST, time(), SHANGHAI).astimezone(UTC)
    for tick in range(45 * 48):
        now = start + tick * HALF_HOUR
        today = now.astimezone(SHANGHAI).date()
        for act in [act for when, act in acts if when == tick]:
            if work.act(act, today):
                naive_work.act(act, today)
                told, naive_told = {}, {}
                prepared = next_call(what, work.course(told))
        if any(begin <= tick < begin + length for begin, length in outages):
            continue
        if prepared is not None and prepared <= now:
            found = calls(what, work.course(told), now)
            told = told | dict.fromkeys([one.step.code for one in found.now] + list(found.dropped), now)
            seen += [(tick, work.number, one.step.code) for one in found.now]
            prepared = next_call(what, work.course(told))
            assert prepared is None or prepared > now  # else the clock would look again and again
        naive += [(tick, naive_work.number, code) for code in naive_sweep(what, naive_work, naive_told, now)]
    assert seen == naive
    assert len({(course, code) for _, course, code in seen}) == len(seen)


# --- reading ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.code)
def test_presets_are_read_back_as_written(preset: Ladder) -> None:
    assert ladder_from_json(ladder_to_json(preset)) == preset


@settings(max_examples=50)
@given(ladders())
def test_any_ladder_is_read_back_as_written(what: Ladder) -> None:
    assert ladder_from_json(ladder_to_json(what)) == what


WRONG: list[tuple[Any, str, str]] = [
    (("steps", 1, "trigger", "days"), "viele", "steps[1].trigger.days"),
    (("steps", 1, "trigger", "days"), -401, "steps[1].trigger.days"),
    (("steps", 1, "trigger", "days"), True, "steps[1].trigger.days"),
    (("steps", 1, "trigger", "days"), -8, "steps[1].trigger.days"),
    (("steps", 1, "trigger", "kind"), "moon", "steps[1].trigger.kind"),
    (("steps", 0, "trigger", "kind"), "unmet", "steps[0].trigger.kind"),
    (("steps", 1, "trigger", "hour"), "24:00", "steps[1].trigger.hour"),
    (("steps", 1, "trigger", "event"), "submitted", "steps[1].trigger.event"),
    (("steps", 1, "trigger", "moon"), 1, "steps[1].trigger.moon"),
    (("steps", 1, "code"), "before_7", "steps[1].code"),
    (("steps", 1, "code"), "Vorher", "steps[1].code"),
    (("steps", 1, "colour"), "green", "steps[1].colour"),
    (("steps", 1, "to"), [], "steps[1].to"),
    (("steps", 1, "to", 0, "party"), "nobody", "steps[1].to[0].party"),
    (("steps", 1, "to", 0, "who"), "ghost", "steps[1].to[0].who"),
    (("steps", 1, "to", 0, "levels"), 10, "steps[1].to[0].levels"),
    (("steps", 1, "name"), {"zh": " ", "en": "x"}, "steps[1].name.zh"),
    (("steps", 1, "text"), {"zh": "字" * 301}, "steps[1].text"),
    (("steps",), [], "steps"),
    (("steps",), "none", "steps"),
    (("name",), None, "name"),
]


@pytest.mark.parametrize(("way", "value", "field"), WRONG, ids=[f"{field}={value!r:.20}" for _, value, field in WRONG])
def test_a_mistake_is_named_by_step_and_field(way: tuple[Any, ...], value: object, field: str) -> None:
    data = copy.deepcopy(ladder_to_json(presets.STANDARD))
    inner: Any = data
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    with pytest.raises(InvalidLadderError) as caught:
        ladder_from_json(data, roles=["village.clerk"])
    assert field in caught.value.fields
    if way[0] == "steps" and len(way) > 1:
        assert str(caught.value.fields[field][0]).startswith(f"第 {way[1] + 1} 步（")


def test_all_mistakes_are_named_at_once() -> None:
    data = copy.deepcopy(ladder_to_json(presets.STANDARD))
    data["steps"][0]["colour"] = "green"
    data["steps"][2]["to"] = []
    with pytest.raises(InvalidLadderError) as caught:
        ladder_from_json(data)
    assert set(caught.value.fields) == {"steps[0].colour", "steps[2].to"}


@settings(max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "name", "steps", "trigger", "to", "kind", "days", "party", "levels", "hour", "event", "zh"]), inner, max_size=4)))  # fmt: skip
def test_nothing_but_a_ladder_error_comes_of_any_json(data: object) -> None:
    with pytest.raises(InvalidLadderError):
        ladder_from_json(data)


@pytest.mark.parametrize("value", [[], {}, [1], {"a": 1}, 1.5, True, "\x00", 10**30], ids=repr)
def test_no_value_of_any_kind_is_taken_for_another(value: object) -> None:
    """Every place of a ladder holding what is no value for it: a ladder error or, where text is meant, its text."""

    def places(data: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
        return [way, *(place for key, item in inner for place in places(item, (*way, key)))]

    whole = ladder_to_json(presets.SUQIAN)
    whole["steps"][0]["to"][0] |= {"levels": 1, "who": "leader"}
    for way in places(whole)[1:]:
        data = copy.deepcopy(whole)
        inner: Any = data
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = value
        with suppress(InvalidLadderError):
            ladder_from_json(data)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (Trigger(TriggerKind.DUE, -3), "截止前 3 天，08:00"),
        (Trigger(TriggerKind.DUE, 0, hour=time(9, 30)), "截止当日 09:30"),
        (Trigger(TriggerKind.DUE, 2, DayUnit.WORKING_DAY), "逾期 2 个工作日，08:00"),
        (Trigger(TriggerKind.UNMET, 3), "上一步之后 3 天仍未落实，08:00"),
        (Trigger(TriggerKind.EVENT, 3, event=Event.SUBMITTED), "已报送、等待审核满 3 天，08:00"),
    ],
)
def test_steps_in_words(trigger: Trigger, words: str) -> None:
    assert str(trigger_in_words(trigger)) == words
