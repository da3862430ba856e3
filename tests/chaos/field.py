"""A chaos run: what was asked for, what arrived, and the difference."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select

from duban.kernel.clock import SystemClock
from duban.kernel.jobs import JobName
from duban.kernel.queue import ringer
from duban.notifications import operations
from duban.notifications.mail import message_id
from duban.notifications.models import Effect, Notice
from duban.notifications.states import OPEN_STATES, Channel, EffectState
from tests.cast import PEOPLE, World
from tests.chaos.crew import Crew
from tests.mailbox import Mailbox

SENDER = "duban@example.org"
DRAIN_SECONDS = 300
"""Patience for a machine that has other work; how late everything was is printed."""
ROLLED_BACK = "rolled back"
BATCH = 10
REMINDED_OF = "duty"


@dataclass
class Field:
    """One chaos run: a database of its own, a mail server, the processes, and what was asked for."""

    engine: Engine
    owner: Engine
    world: World
    mailbox: Mailbox
    crew: Crew
    wanted_at: dict[tuple[UUID, str], datetime] = field(default_factory=dict)

    def plan(self, reminders: int, over_seconds: float, dice: random.Random) -> None:
        """Write reminders that fall due one after the other; every third work is rolled back and must never be heard of."""
        people = [self.world.people[login] for login, *_ in PEOPLE]
        start = SystemClock().now() + timedelta(seconds=1 + reminders / 300)
        for first in range(0, reminders, BATCH):
            batch = []
            for number in range(first, min(first + BATCH, reminders)):
                at = start + timedelta(seconds=over_seconds * dice.random())
                subject, stage = uuid4(), f"T-{1 + number % 7}"
                batch.append(
                    {
                        "recipients": [dice.choice(people)],
                        "template": "《%(title)s》即将到期。",
                        "params": {"title": str(number)},
                        "subject_kind": REMINDED_OF,
                        "subject_id": subject,
                        "stage": stage,
                        "at": at,
                    }
                )
                self.wanted_at[subject, stage] = at
            with self.world.as_system() as scope:
                assert sum(operations.tell(scope, **one) for one in batch) == 2 * len(batch)
            with self.world.as_system() as scope:  # the sweep that plans runs again and again
                assert sum(operations.tell(scope, **one) for one in batch) == 0
            with pytest.raises(ZeroDivisionError), self.world.as_system() as scope:
                operations.tell(scope, **{**batch[0], "subject_id": uuid4(), "params": {"title": ROLLED_BACK}})
                raise ZeroDivisionError

    def open_effects(self) -> int:
        """Count what is still to be done."""
        with self.world.as_system() as scope:
            return scope.session.scalar(
                select(func.count()).select_from(Effect).where(Effect.tenant_id == scope.tenant_id, Effect.state.in_(OPEN_STATES))
            )

    def had_but_not_marked(self) -> set[UUID]:
        """Give the notices whose effect is not marked yet: at a moment that only the broken worker has."""
        with self.world.as_system() as scope:
            statement = (
                select(Notice.id)
                .join(Effect, (Effect.tenant_id == Notice.tenant_id) & (Effect.id == Notice.effect_id))
                .where(Notice.tenant_id == scope.tenant_id, Effect.state == EffectState.CLAIMED)
            )
            return set(scope.session.scalars(statement))

    def drain(self) -> float:
        """Wait until nothing is left to do; gives the seconds it took. Within a minute of the last kill all is made good."""
        began = time.monotonic()
        while self.open_effects():
            assert time.monotonic() - began < DRAIN_SECONDS, f"{self.open_effects()} effects still open"
            self.crew.revive()
            time.sleep(0.1)
        return time.monotonic() - began


@dataclass
class Verdict:
    """What came of it."""

    effects: int
    lost: int
    doubled: int
    mails: int
    mails_lost: int
    mails_foreign: int
    mails_repeated: int
    states: Counter[EffectState]
    lateness: list[float]


def judge(here: Field) -> Verdict:
    """Compare what was asked for with what arrived; what people were told of meanwhile, as of a sign-in, is another matter."""
    with here.world.as_system() as scope:
        everything = scope.session.scalars(select(Effect).where(Effect.tenant_id == scope.tenant_id)).all()
        notices = Counter(scope.session.scalars(select(Notice.effect_id).where(Notice.tenant_id == scope.tenant_id)))
    effects = [effect for effect in everything if effect.subject_kind == REMINDED_OF]
    in_app = [effect for effect in effects if effect.channel is Channel.IN_APP]
    by_mail = {
        message_id(tenant_id=one.tenant_id, effect_id=one.id, sender=SENDER): one.subject_kind == REMINDED_OF
        for one in everything
        if one.channel is Channel.EMAIL
    }
    expected = {identity for identity, is_reminder in by_mail.items() if is_reminder}
    arrived = Counter({identity: count for identity, count in here.mailbox.ids().items() if by_mail.get(identity, True)})
    assert {(one.subject_id, one.stage) for one in in_app} == set(here.wanted_at)
    return Verdict(
        effects=len(in_app),
        lost=sum(1 for one in in_app if not notices[one.id]),
        doubled=sum(count - 1 for count in notices.values() if count > 1),
        mails=len(arrived),
        mails_lost=len(expected - arrived.keys()),
        mails_foreign=len(arrived.keys() - expected),
        mails_repeated=arrived.total() - len(arrived),
        states=Counter(one.state for one in effects),
        lateness=sorted(
            (one.ended_at - here.wanted_at[one.subject_id, one.stage]).total_seconds() for one in effects if one.ended_at
        ),
    )


def ring_all_the_time(here: Field, stop: threading.Event) -> threading.Thread:
    """Be the web process: wake workers again and again, whether Redis is there or not."""

    def ring() -> None:
        rings, url = ringer(here.crew.redis_url), here.crew.redis_url
        while not stop.wait(0.15):
            if here.crew.redis_url != url:
                rings, url = ringer(here.crew.redis_url), here.crew.redis_url
            rings(JobName.DELIVER, here.world.tenant.id)

    thread = threading.Thread(target=ring, daemon=True)
    thread.start()
    return thread
