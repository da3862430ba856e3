"""Reminders fall due while workers, their jobs, clocks and Redis are killed: none is lost, none comes twice."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from duban.embedded import postgres
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.notifications.states import EffectState
from tests.binding import CONTEXT_KEY
from tests.cast import build_world
from tests.chaos.crew import CLOCK, WORKER, Crew
from tests.chaos.field import ROLLED_BACK, SENDER, Field, judge, ring_all_the_time
from tests.integration.audit.beginning import begun
from tests.mailbox import mailbox_running

pytestmark = pytest.mark.chaos


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
        pytest.param(20, 240, 0.3, marks=pytest.mark.timeout(240)),
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
