"""
Ladders: who is reminded, warned and told on, on which day, as data. Pure; for duties and for supervised matters alike.

A ladder is climbed and never descended: its steps stand in the order of their weight. What has been called is kept by whoever
uses it (`Course.told`), so that a service that stood still loses nothing and calls nothing twice.
Source: domain.md §2.9 (three-colour sheets); docs/decisions/0050.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from duban.calendar.due_rules import DayUnit
from duban.calendar.errors import UnknownYearError
from duban.calendar.working_days import FIRST_SATURDAY_AS_WEEKDAY, WorkingCalendar

MORNING = time(8)
"""When a step is called where nothing else is said: nobody is woken at midnight."""
ONE_DAY = timedelta(days=1)


class Colour(StrEnum):
    """The colour of the sheet a step is, in the order of weight."""

    NONE = "none"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """Its place in the order of weight; 0 for none."""
        return list(Colour).index(self)


class TriggerKind(StrEnum):
    """What a step's day is counted from."""

    DUE = "due"
    EVENT = "event"
    UNMET = "unmet"


class Event(StrEnum):
    """
    What may have happened and still stand: waiting for review, returned, an extension asked for, a progress report missed, a
    document sent that was not signed for.

    Only supervised matters have a rhythm of progress reports: BEHIND is theirs alone; SENT is of documents sent down alone.
    """

    SUBMITTED = "submitted"
    RETURNED = "returned"
    EXTENSION_ASKED = "extension.asked"
    BEHIND = "behind"
    SENT = "sent"


class Party(StrEnum):
    """A place relative to the unit: itself, the co-units of a supervised matter, who asked for the work, so many levels above."""

    OWN = "own"
    CO = "co"
    ISSUER = "issuer"
    ABOVE = "above"


RESPONSIBLE, LEADER = "responsible", "leader"
"""Who at a place: who does the work there (hands in, reviews), who signs for the unit. Any other word is a role's code."""


@dataclass(frozen=True)
class Trigger:
    """
    When a step is called, on the clocks of the tenant.

    Units: `days` from the due date, negative before (DUE); after the event (EVENT); after the step before it was called and
    nothing came of it (UNMET).
    """

    kind: TriggerKind
    days: int
    unit: DayUnit = DayUnit.DAY
    hour: time = MORNING
    event: Event | None = None


@dataclass(frozen=True)
class Recipient:
    """Who is told, relative to the unit. `levels` counts up from the unit, for ABOVE."""

    party: Party
    who: str = RESPONSIBLE
    levels: int = 1


@dataclass(frozen=True)
class Words:
    """A text in both languages; either may be empty."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class Step:
    """
    One step. `text` is said beside the standard words; `copies` get it for information.

    Units: `answer_days` natural days for an answer. Unanswered, the next step comes the day after, before its own day; it never
    comes on the day of this one and is never left out. None: nobody waits for an answer.
    """

    code: str
    trigger: Trigger
    to: tuple[Recipient, ...]
    copies: tuple[Recipient, ...] = ()
    colour: Colour = Colour.NONE
    name: Words = Words()
    text: Words = Words()
    answer_days: int | None = None

    @property
    def everybody(self) -> frozenset[Recipient]:
        """Everybody told, copies included."""
        return frozenset((*self.to, *self.copies))

    @property
    def of(self) -> Event | None:
        """The event it follows; None for a step of what is owed. Steps of one kind follow each other."""
        return self.trigger.event if self.trigger.kind is TriggerKind.EVENT else None


@dataclass(frozen=True)
class Ladder:
    """
    Steps in the order of their weight.

    `major_from`: what is major or urgent begins with a sheet of this colour or a weightier one, on the day of the lightest.
    """

    code: str
    name: Words
    steps: tuple[Step, ...]
    major_from: Colour = Colour.NONE

    def step(self, code: str) -> Step | None:
        """Find a step by its code."""
        return next((step for step in self.steps if step.code == code), None)

    def family(self, step: Step) -> Event | None:
        """Give what the step belongs to: an unmet step belongs to what the step before it does."""
        place = self.steps.index(step)
        while place and self.steps[place].trigger.kind is TriggerKind.UNMET:
            place -= 1
        return self.steps[place].of

    @property
    def begins_major(self) -> Step | None:
        """The step major work begins with; None where that is as with any other."""
        owed = (step for step in self.steps if self.family(step) is None and step.colour is not Colour.NONE)
        return next((step for step in owed if self.major_from.rank and step.colour.rank >= self.major_from.rank), None)

    @property
    def too_light(self) -> tuple[Step, ...]:
        """The sheets major work leaves out."""
        first = self.begins_major
        if first is None:
            return ()
        before = self.steps[: self.steps.index(first)]
        return tuple(step for step in before if step.colour is not Colour.NONE and self.family(step) is None)


@dataclass(frozen=True)
class Course:
    """
    What a ladder runs along: one piece of work, as it stands.

    Takes: `due_on` None while nothing is owed (handed in, over); `since` the day this course began (the due date was set,
           the work was returned): what had passed by then is not made up for; `events` the day of each event that still stands;
           `told` the instants at which steps of this course were called; `answered` whether the last of them was answered.
    """

    since: date
    zone: ZoneInfo
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    due_on: date | None = None
    events: Mapping[Event, date] = field(default_factory=dict)
    told: Mapping[str, datetime] = field(default_factory=dict)
    answered: bool = False
    is_major: bool = False
    owed_from: date | None = None
    """The first day for a step of what is owed, where that is later than `since`."""
    grace_days: int = 0
    """Days after the due date on which nothing is overdue yet."""

    def begins(self, event: Event | None) -> date:
        """Give the first day a step may be called on, by the event it belongs to."""
        return self.owed_from if event is None and self.owed_from is not None else self.since


@dataclass(frozen=True)
class Call:
    """A step whose moment has come, on the day it was planned for."""

    step: Step
    planned_on: date


@dataclass(frozen=True)
class Calls:
    """What to call now, and what is over because something weightier says the same to the same people."""

    now: tuple[Call, ...]
    dropped: tuple[str, ...]


def calls(ladder: Ladder, course: Course, now: datetime) -> Calls:
    """
    Find the steps to be called at this instant, each once in a course.

    Of several that came together (the service had stood still) one is dropped where a weightier one tells everybody it would
    have told; a step below one already called is over.
    """
    due = [
        Call(step, day)
        for step, day in _open_steps(ladder, course)
        if _at(day, step.trigger.hour, course.zone) <= now and _is_reached(ladder, course, step)
    ]
    kept = [one for place, one in enumerate(due) if not any(_outweighs(ladder, later, one) for later in due[place + 1 :])]
    return Calls(tuple(kept), tuple(one.step.code for one in due if one not in kept))


def next_call(ladder: Ladder, course: Course) -> datetime | None:
    """Give the next instant at which `calls` may find something, in UTC; None where nothing is to come as things stand."""
    moments = [
        _at(day, step.trigger.hour, course.zone) for step, day in _open_steps(ladder, course) if _is_reached(ladder, course, step)
    ]
    return min(moments, default=None)


def planned(ladder: Ladder, course: Course) -> list[Call]:
    """List every step still to come as things stand and if nothing is done, in the order of their days: for previews."""
    return sorted((Call(step, day) for step, day in _open_steps(ladder, course)), key=lambda one: one.planned_on)


def colour_told(ladder: Ladder, told: Collection[str]) -> Colour:
    """Give the colour of the weightiest step called so far. Takes: the codes of the steps called."""
    shown = [step.colour for step in ladder.steps if step.code in told]
    return max(shown, key=lambda one: one.rank, default=Colour.NONE)


def without(ladder: Ladder, told: Mapping[str, datetime], event: Event) -> dict[str, datetime]:
    """Forget the steps of one event, which has happened anew."""
    of_event = {step.code for step in ladder.steps if ladder.family(step) is event}
    return {code: at for code, at in told.items() if code not in of_event}


def without_event(ladder: Ladder, event: Event) -> Ladder:
    """Give the ladder without the steps of an event."""
    return replace(ladder, steps=tuple(step for step in ladder.steps if ladder.family(step) is not event))


def sheet_step(ladder: Ladder, colour: Colour) -> Step | None:
    """Find the step of what is owed a sheet of this colour stands for: the weightiest that is no weightier."""
    owed = [step for step in ladder.steps if ladder.family(step) is None and Colour.NONE.rank < step.colour.rank <= colour.rank]
    return owed[-1] if owed else None


def day_of_step(ladder: Ladder, course: Course, step: Step) -> date | None:
    """
    Give the day a step is planned for; None while what it follows has not happened.

    The day after the answer to the step before was awaited in vain, where that is sooner; never the day of that step.
    """
    day = _own_day(ladder, course, step)
    if course.is_major and step == ladder.begins_major:
        lighter = [found for one in ladder.too_light if (found := _own_day(ladder, course, one)) is not None]
        day = min((one for one in [*lighter, *([day] if day else [])] if one >= course.begins(None)), default=day)
    before = _awaited(ladder, course, step)
    called = None if before is None else _called_on(ladder, course, before)
    if day is None or before is None or before.answer_days is None or called is None:
        return day
    if not (course.answered and before.code in course.told):
        day = min(day, called + (before.answer_days + 1) * ONE_DAY)
    return max(day, called + ONE_DAY)


def _awaited(ladder: Ladder, course: Course, step: Step) -> Step | None:
    """Find the nearest step of the same kind before this one that waits for an answer."""
    kind, left_out = ladder.family(step), ladder.too_light if course.is_major else ()
    earlier = [one for one in ladder.steps[: ladder.steps.index(step)] if one.answer_days is not None and one not in left_out]
    return next((one for one in reversed(earlier) if ladder.family(one) is kind), None)


def _called_on(ladder: Ladder, course: Course, step: Step) -> date | None:
    """Give the day a step was called, or will be as things stand; None where its day had passed when the course began."""
    at = course.told.get(step.code)
    if at is not None:
        return at.astimezone(course.zone).date()
    day = day_of_step(ladder, course, step)
    return None if day is None or day < course.begins(ladder.family(step)) else day


def _own_day(ladder: Ladder, course: Course, step: Step) -> date | None:
    trigger = step.trigger
    if trigger.kind is TriggerKind.DUE:
        if course.due_on is None:
            return None
        day = shifted(course.due_on, trigger, course.calendar)
        return max(day, course.due_on + ONE_DAY * (course.grace_days + 1)) if trigger.days > 0 and course.grace_days else day
    if trigger.kind is TriggerKind.EVENT:
        happened = None if trigger.event is None else course.events.get(trigger.event)
        return None if happened is None else shifted(happened, trigger, course.calendar)
    begun = _begun(ladder, course, step)
    return None if begun is None else shifted(begun, trigger, course.calendar)


def shifted(day: date, trigger: Trigger, calendar: WorkingCalendar) -> date:
    """Count a trigger's days from a day. In a year nobody has published a table for, Monday to Friday are taken as worked."""
    if trigger.unit is DayUnit.DAY:
        return day + timedelta(days=trigger.days)
    pace = ONE_DAY if trigger.days > 0 else -ONE_DAY
    for _ in range(abs(trigger.days)):
        day += pace
        while not is_worked(day, calendar):
            day += pace
    return day


def is_worked(day: date, calendar: WorkingCalendar) -> bool:
    """Say whether a day is worked, Monday to Friday where the year's table is not known: a reminder moves no deadline."""
    try:
        return calendar.is_working_day(day)
    except UnknownYearError:
        return day.weekday() < FIRST_SATURDAY_AS_WEEKDAY


def _begun(ladder: Ladder, course: Course, step: Step) -> date | None:
    """Give the day an unmet step counts from: when the one before was called; had it passed by then, when the course began."""
    place = ladder.steps.index(step)
    if not place:
        return None
    before = ladder.steps[place - 1]
    called = course.told.get(before.code)
    if called is not None:
        return called.astimezone(course.zone).date()
    day = day_of_step(ladder, course, before)
    return None if day is None else max(day, course.since)


def _open_steps(ladder: Ladder, course: Course) -> list[tuple[Step, date]]:
    found: list[tuple[Step, date]] = []
    for place, step in enumerate(ladder.steps):
        if step.code in course.told:
            continue
        kind = ladder.family(step)
        if kind is None and course.due_on is None:
            continue
        if any(later.code in course.told and ladder.family(later) is kind for later in ladder.steps[place + 1 :]):
            continue
        if course.is_major and step in ladder.too_light:
            continue
        day = day_of_step(ladder, course, step)
        if day is not None and day >= course.begins(kind):
            found.append((step, day))
    return found


def _is_reached(ladder: Ladder, course: Course, step: Step) -> bool:
    """What follows a step that is unmet or unanswered waits until that one was called, or can no longer be."""
    unmet = ladder.steps[ladder.steps.index(step) - 1] if step.trigger.kind is TriggerKind.UNMET else None
    for before in (_awaited(ladder, course, step), unmet):
        if before is None or before.code in course.told:
            continue
        day = day_of_step(ladder, course, before)
        if day is None or day >= course.begins(ladder.family(before)):
            return False
    return True


def _outweighs(ladder: Ladder, later: Call, earlier: Call) -> bool:
    same = ladder.family(later.step) is ladder.family(earlier.step)
    return same and earlier.step.everybody <= later.step.everybody


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Give the instant of an hour on a day, in UTC: only there do instants compare when a zone changes its clocks."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
