"""
Reliability goal E8: duties are handed in, returned, re-dated and withdrawn between a reminder's writing and its sending, at random,
while the clock stands still now and then. No stale reminder goes out, none is missing, none comes twice: against a naive model.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from duban.kernel.scope import owned
from duban.notifications.models import Effect, Notice
from duban.notifications.operations import claim, put_in_inbox, settle
from duban.notifications.states import Channel
from duban.reporting import operations
from duban.reporting.queries import reminders
from duban.reporting.tasks import FRESHEN, STILL_WANTED
from tests.cast import World
from tests.integration.reporting import requirements as given

STEPS = (("before_7", -7), ("before_3", -3), ("before_1", -1), ("after_1", 1), ("after_3", 3))
CLERKS = {"V11": "vera", "V12": "vic"}
DAYS, HOURS = 24, (0, 8, 13, 21)


@dataclass
class Model:
    """One duty as a person with a wall calendar would keep it."""

    duty: UUID
    requirement: UUID
    unit: str
    due: date
    since: date
    state: str = "open"
    versions: int = 0
    dates: int = 1
    correct_by: date | None = None
    told: set[str] = field(default_factory=set)

    @property
    def course(self) -> tuple[UUID, int, int]:
        """What a reminder presses about."""
        return self.duty, self.versions, self.dates

    def begin(self, today: date) -> None:
        """A new course: nothing of it was told yet."""
        self.since, self.told = today, set()

    def due_steps(self, now: datetime) -> list[str]:
        """Say what this moment calls for, and note all that has come."""
        if self.state not in {"open", "returned"}:
            return []
        due = max(self.due, self.correct_by or self.due) if self.state == "returned" else self.due
        come = []
        for place, (code, days) in enumerate(STEPS):
            day = due + timedelta(days=days)
            later = any(other in self.told for other, _ in STEPS[place + 1 :])
            if code not in self.told and not later and day >= self.since and now >= given.at(f"{day:%m-%d}", "08:00"):
                come.append(code)
        self.told |= set(come)
        return come[-1:]  # whoever is told of the last is told of nothing less


def act(world: World, dice: random.Random, one: Model, others: list[Model], now: datetime) -> None:
    """Let something happen to a duty."""
    today = (now + timedelta(hours=8)).date()
    what = dice.choice(["submit", "submit", "return", "move", "withdraw"])
    if what == "submit" and one.state in {"open", "returned"}:
        given.handed_in(world, one.duty, CLERKS[one.unit], when=now)
        one.state, one.versions = "submitted", one.versions + 1
        one.begin(today)
    elif what == "return" and one.state == "submitted":
        given.returned(world, one.duty, when=now)
        one.state, one.correct_by = "returned", max(today + timedelta(days=3), one.due)
        one.begin(today)
    elif what == "move" and one.state in {"open", "submitted", "returned"}:
        one.due, one.dates = max(one.due, today) + timedelta(days=dice.randint(1, 6)), one.dates + 1
        with world.as_("tom", at=now) as scope:
            operations.change_due_date(scope, duty_id=one.duty, due_on=one.due, reason="暴雨")
        one.begin(today)
    elif what == "withdraw" and dice.random() < 0.15 and one.state != "withdrawn":
        with world.as_("tom", at=now) as scope:
            operations.withdraw_requirement(scope, requirement_id=one.requirement, reason="不再需要")
        for other in others:
            if other.requirement == one.requirement:
                other.state = "withdrawn"


def written(world: World, since: set[UUID]) -> list[Effect]:
    """List the reminders to units written since."""
    with world.as_system() as scope:
        rows = scope.session.scalars(
            owned(scope, Effect).where(
                Effect.subject_kind == "duty", Effect.channel == Channel.IN_APP, Effect.stage.startswith("step:")
            )
        )
        return [row for row in rows if row.id not in since]


def deliver(world: World, now: datetime) -> set[UUID]:
    """Send all that is due; give the effects that reached an inbox."""
    with world.as_system(at=now) as scope:
        held = claim(scope, channel=Channel.IN_APP, limit=100_000, lease=timedelta(seconds=30))
    with world.as_system(at=now) as scope:
        for one in held:
            settle(
                scope,
                held=one,
                still_wanted=lambda scope, effect: STILL_WANTED.get(effect.subject_kind, lambda *_: True)(scope, effect),
                have_effect=put_in_inbox,
                freshen=lambda scope, effect: FRESHEN.get(effect.subject_kind, lambda *_: None)(scope, effect),
            )
    with world.as_system() as scope:
        return set(scope.session.scalars(select(Notice.effect_id).where(Notice.tenant_id == scope.tenant_id)))


def key_of(row: Effect) -> tuple[UUID, int, int]:
    return row.subject_id, int(row.stage.split(":")[2]), row.due_version


def is_overtaken(row: Effect, waiting: list[Effect], now: datetime) -> bool:
    """Say whether it was held back so long that the next step of the same course waits beside it: one of the two is said."""
    is_held = now - row.created_at >= reminders.HELD
    return is_held and any(key_of(other) == key_of(row) and other.created_at > row.created_at for other in waiting)


def play(world: World, seed: int, requirements: int) -> Counter[str]:
    """Live three weeks and a half; give what was counted."""
    dice, seen = random.Random(seed), Counter[str]()
    models: list[Model] = []
    for _ in range(requirements):
        due = date(2026, 3, 12) + timedelta(days=dice.randint(0, 12))
        made = given.issued(world, due={"kind": "fixed", "on": str(due)})
        models += [Model(given.duty_id(world, made, unit), made, unit, due, date(2026, 3, 10)) for unit in CLERKS]
    known: set[UUID] = set()
    waiting: list[Effect] = []
    for day in range(DAYS):
        for hour in HOURS:
            now = datetime(2026, 3, 9, 16, 30, tzinfo=UTC) + timedelta(days=day, hours=hour)  # 00:30, 08:30, 13:30, 21:30
            if now < world.now:
                continue
            if dice.random() < 0.8:  # else the clock stands still
                with world.as_system(at=now) as scope:
                    operations.plan_reminders(scope)
                expected = Counter((*one.course, code) for one in models for code in one.due_steps(now))
                new = written(world, known)
                assert Counter((*key_of(row), row.stage.split(":")[1]) for row in new) == expected
                known |= {row.id for row in new}
                waiting += new
                seen["written"] += len(new)
            for one in models:
                if dice.random() < 0.1:
                    act(world, dice, one, models, now + timedelta(minutes=5))
            if dice.random() < 0.6:
                had = deliver(world, now + timedelta(minutes=10))
                current = {one.course for one in models if one.state in {"open", "returned"}}
                for row in waiting:
                    overtaken = is_overtaken(row, waiting, now + timedelta(minutes=10))
                    wanted = key_of(row) in current and not overtaken
                    assert (row.id in had) == wanted, "stale sent" if row.id in had else "true one lost"
                    seen["sent" if row.id in had else "overtaken" if overtaken else "stale, not sent"] += 1
                waiting = []
    print(dict(seen))
    return seen


def test_a_few_duties_at_random(world: World) -> None:
    seen = play(world, 11, 5)
    assert seen["sent"] > 5
    assert seen["stale, not sent"] > 0


def test_control_without_the_question_stale_ones_go_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STILL_WANTED, "duty", lambda *_: True)
    monkeypatch.setattr(reminders, "still_wanted", lambda *_: True)
    with pytest.raises(AssertionError, match="stale sent"):
        play(world, 11, 5)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(25))
def test_nightly_five_thousand_duties_at_random(world: World, seed: int) -> None:
    seen = play(world, 1000 + seed, 100)
    assert seen["sent"] > 100
    assert seen["stale, not sent"] > 10
