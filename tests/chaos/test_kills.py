"""Reminders fall due while workers, their jobs, clocks and Redis are killed: none is lost, none comes twice."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, text

from duban.embedded import postgres
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.jobs import JobName
from duban.kernel.migrating import upgrade
from duban.kernel.queue import ringer
from duban.notifications import operations
from duban.notifications.mail import message_id
from duban.notifications.models import Effect, Notice
from duban.notifications.states import OPEN_STATES, Channel, EffectState
from tests.binding import CONTEXT_KEY
from tests.cast import PEOPLE, World, build_world
from tests.chaos.crew import CLOCK, WORKER, Crew
from tests.integration.audit.beginning import begun
from tests.mailbox import Mailbox, mailbox_running

pytestmark = pytest.mark.chaos
SENDER = "duban@example.org"
DRAIN_SECONDS = 60
ROLLED_BACK = "rolled back"
BATCH = 10


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
                        "subject_kind": "duty",
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
    """Compare what was asked for with what arrived."""
    with here.world.as_system() as scope:
        effects = scope.session.scalars(select(Effect).where(Effect.tenant_id == scope.tenant_id)).all()
        notices = Counter(scope.session.scalars(select(Notice.effect_id).where(Notice.tenant_id == scope.tenant_id)))
    in_app = [effect for effect in effects if effect.channel is Channel.IN_APP]
    by_mail = [effect for effect in effects if effect.channel is Channel.EMAIL]
    expected = {message_id(tenant_id=one.tenant_id, effect_id=one.id, sender=SENDER) for one in by_mail}
    arrived = here.mailbox.ids()
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


@pytest.fixture
def field_of_test(servers: tuple[postgres.PostgresServer, str], request: pytest.FixtureRequest) -> Iterator[Field]:
    """A fresh database, mail server and Redis; no worker or clock yet."""
    server, name = servers
    database = f"{name}_chaos"
    server.drop_database(database)
    server.create_database(database)
    owner_url, app_url = server.url(postgres.OWNER_ROLE, database), server.url(postgres.APP_ROLE, database)
    upgrade(owner_url, context_key=CONTEXT_KEY)
    engine, owner = (make_engine(url, context_key=CONTEXT_KEY) for url in (app_url, owner_url))
    home = Path(tempfile.mkdtemp(prefix="duban-chaos-"))
    with mailbox_running() as mailbox:
        crew = Crew(
            home,
            {
                "DUBAN_DATABASE_URL": app_url,
                "DUBAN_CONTEXT_KEY": CONTEXT_KEY,
                "DUBAN_SMTP_URL": mailbox.url,
                "DUBAN_MAIL_FROM": SENDER,
                "DUBAN_DATA_DIR": str(home / "data"),
                "DUBAN_ANCHOR_FILE": str(begun(home / "anchors.jsonl").path),
                "DUBAN_SWEEP_SECONDS": "1",
                "DUBAN_LEASE_SECONDS": "2",
            },
        )
        crew.start_redis()
        try:
            world = build_world(engine, now=SystemClock().now(), web=request)
            yield Field(engine=engine, owner=owner, world=world, mailbox=mailbox, crew=crew)
        finally:
            crew.stop()
            engine.dispose()
            owner.dispose()
            server.drop_database(database)
            shutil.rmtree(home)


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


def kill_at_random(here: Field, kills: int, dice: random.Random) -> float:
    """Deliver the kills, a fifth of each kind; gives the seconds it took."""
    crew = here.crew
    victims = [
        lambda: crew.kill_horse(f"worker{dice.randint(1, 2)}", after_seconds=dice.uniform(0, 0.1)),
        lambda: crew.kill(f"worker{dice.randint(1, 2)}"),
        lambda: crew.kill(f"clock{dice.randint(1, 2)}"),
        crew.kill_redis,
        crew.flush_redis,
    ]
    began, delivered, number = time.monotonic(), 0, 0
    while delivered < kills:
        delivered += bool(victims[number % len(victims)]())
        number += 1
        crew.revive()
        time.sleep(dice.uniform(0, 0.35))
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("kills", "reminders", "seconds_each"),
    [
        pytest.param(50, 600, 0.3, marks=pytest.mark.timeout(240)),
        pytest.param(500, 6000, 0.6, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)]),
    ],
)
def test_nothing_is_lost_and_nothing_comes_twice(field_of_test: Field, kills: int, reminders: int, seconds_each: float) -> None:
    here, dice, began = field_of_test, random.Random(20110628), time.monotonic()
    for number in (1, 2):
        here.crew.start(f"worker{number}", WORKER)
        here.crew.start(f"clock{number}", CLOCK)
    here.plan(reminders, over_seconds=kills * seconds_each, dice=dice)
    stop = threading.Event()
    ringing = ring_all_the_time(here, stop)
    killing = kill_at_random(here, kills, dice)
    drained = here.drain()
    stop.set()
    ringing.join()
    verdict = judge(here)

    late = verdict.lateness
    print(
        f"\n{sum(here.crew.hits[kind] for kind in ('horse', 'worker', 'clock', 'redis', 'flushall'))} kills "
        f"{dict(here.crew.hits)} in {killing:.1f} s, drained {drained:.1f} s later, {time.monotonic() - began:.1f} s in all\n"
        f"in-app: {verdict.effects} effects, {verdict.lost} lost, {verdict.doubled} doubled\n"
        f"e-mail: {verdict.mails} different, {verdict.mails_lost} lost, {verdict.mails_foreign} unasked for, "
        f"{verdict.mails_repeated} repeated under the same Message-ID\n"
        f"lateness: median {late[len(late) // 2]:.1f} s, 99 % within {late[int(len(late) * 0.99)]:.1f} s, worst {late[-1]:.1f} s"
    )
    assert verdict.effects == reminders
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert (verdict.mails, verdict.mails_lost, verdict.mails_foreign) == (reminders, 0, 0)
    assert verdict.states == {EffectState.DONE: 2 * reminders}
    assert not any(ROLLED_BACK in str(message["Subject"]) for message in here.mailbox.received)


@pytest.mark.timeout(240)
def test_the_measure_sees_doubled_effects(field_of_test: Field) -> None:
    """Positive control: marking outside the transaction, with the last unique key gone, must turn the test above red."""
    here, dice = field_of_test, random.Random(1)
    with here.owner.begin() as connection:
        connection.execute(text("ALTER TABLE notice DROP CONSTRAINT uq_notice_tenant_id_effect_id"))
    here.crew.start("worker1", "tests.chaos.broken_worker")
    here.plan(60, over_seconds=2, dice=dice)
    stop = threading.Event()
    ringing = ring_all_the_time(here, stop)
    deadline = time.monotonic() + 60
    seen: set[UUID] = set()
    while here.crew.hits["horse"] < 10 and here.open_effects() and time.monotonic() < deadline:
        fresh = here.had_but_not_marked() - seen
        if fresh and here.crew.kill_horse("worker1", after_seconds=0, patience_seconds=0.1):
            seen |= fresh
    here.drain()
    stop.set()
    ringing.join()
    verdict = judge(here)

    print(f"\ncontrol: {here.crew.hits['horse']} kills, {verdict.doubled} of {verdict.effects} doubled")
    assert verdict.doubled > 0


@pytest.mark.timeout(240)
def test_without_redis_the_clock_alone_delivers(field_of_test: Field) -> None:
    here = field_of_test
    here.crew.start("clock1", CLOCK)
    here.plan(40, over_seconds=2, dice=random.Random(2))
    here.crew.flush_redis()
    here.crew.kill_redis()
    drained = here.drain()
    verdict = judge(here)

    print(f"\nno worker, Redis emptied and killed: all {verdict.effects} delivered, {drained:.1f} s after")
    assert (verdict.lost, verdict.doubled, verdict.mails_lost) == (0, 0, 0)
