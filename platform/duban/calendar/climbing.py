"""How far a ladder was climbed: what is kept on the row of whatever climbs it, and one look at it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from duban.calendar.ladders import Calls, Course, Event, Ladder, Step, calls, next_call, without

LOOK = datetime.fromtimestamp(0, UTC)
"""When what was changed is to be looked at: at once."""
PREFIX = "step:"
"""How the names of reminders in the ledger begin."""


@dataclass(frozen=True)
class Climbed:
    """What is kept of a course. `events` are the days of the events whose steps were told of."""

    key: str
    since: date
    told: Mapping[str, datetime] = field(default_factory=dict)
    events: Mapping[Event, date] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    """Of `told`, what a weightier step said in its stead."""

    def to_json(self) -> dict[str, Any]:
        """Write it for the row."""
        written: dict[str, Any] = {"key": self.key, "since": self.since.isoformat()}
        if self.told:
            written["told"] = {code: at.isoformat() for code, at in self.told.items()}
        if self.events:
            written["events"] = {event.value: day.isoformat() for event, day in self.events.items()}
        if self.dropped:
            written["dropped"] = list(self.dropped)
        return written

    def with_events(self, ladder: Ladder, events: Mapping[Event, date]) -> "Climbed":
        """Give it with the events that stand now: the steps of one that is over or has happened anew are forgotten."""
        told = self.told
        for event in Event:
            if self.events.get(event) != events.get(event):
                told = without(ladder, told, event)
        return replace(self, told=told, events=dict(events))


def climbed_from_json(data: Mapping[str, Any]) -> Climbed:
    """Read what `to_json` wrote; `asked_on` is how the day of a request was written before."""
    events = {Event(event): date.fromisoformat(day) for event, day in data.get("events", {}).items()}
    if asked := data.get("asked_on"):
        events[Event.EXTENSION_ASKED] = date.fromisoformat(asked)
    return Climbed(
        key=data["key"],
        since=date.fromisoformat(data["since"]),
        told={code: datetime.fromisoformat(at) for code, at in data.get("told", {}).items()},
        events=events,
        dropped=tuple(data.get("dropped", ())),
    )


@dataclass(frozen=True)
class Look:
    """What looking at a ladder found: the steps to call, how it stands after them, and when to look again."""

    calls: Calls
    standing: Climbed
    next_at: datetime | None


def climb(ladder: Ladder, standing: Climbed, course: Course, now: datetime) -> Look:
    """Climb as far as this instant calls for, each step once in its course. Takes: `course` with what `standing` was told."""
    found = calls(ladder, course, now)
    called = [one.step.code for one in found.now] + list(found.dropped)
    told = {**standing.told, **dict.fromkeys(called, now)}
    after = replace(standing, told=told, dropped=(*standing.dropped, *found.dropped))
    return Look(found, after, next_call(ladder, replace(course, told=told, answered=course.answered and not called)))


def step_of(ladder: Ladder, stage: str) -> Step | None:
    """Find the step a reminder in the ledger is of; None where the ladder has it no more."""
    return ladder.step(stage.removeprefix(PREFIX).partition(":")[0])
