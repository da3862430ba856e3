"""Reminders fall due while everything the service is made of is killed, the database and the web servers too."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

import pytest

from duban.embedded import postgres
from duban.kernel.clock import SystemClock
from tests.chaos.crew import CLOCK, WORKER
from tests.chaos.field import DRAIN_SECONDS, SENDER, Field, ring_all_the_time
from tests.chaos.replay import HandedIn, hand_in_until, judge_replay, plan_duties
from tests.chaos.service import Ledger, Service, await_answer, documents, service_running
from tests.mailbox import Mailbox, mailbox_running

pytestmark = pytest.mark.chaos
WRITERS = 2
PARTS = ("horse", "worker", "clock", "redis", "flushall", "web worker", "gunicorn", "backend", "postmaster")


@pytest.fixture
def scene() -> Iterator[tuple[Service, Field]]:
    """Everything running, and a mailbox."""
    with mailbox_running() as mailbox, service_running(mail_url=mailbox.url, mail_from=SENDER, lease_seconds=2) as service:
        yield service, field_of(service, mailbox)


def field_of(service: Service, mailbox: Mailbox) -> Field:
    return Field(engine=service.world.engine, owner=service.world.engine, world=service.world, mailbox=mailbox, crew=service.crew)


def kill_everything(service: Service, kills: int, *, over_seconds: float, dice: random.Random) -> float:
    """
    Kill one part after the other, each as often; gives the seconds it took.

    The database is left a moment to come back before it is killed again, or it would never serve at all.
    """
    crew = service.crew
    victims = {
        "horse": lambda: crew.kill_horse(f"worker{dice.randint(1, 2)}", after_seconds=dice.uniform(0, 0.1)),
        "worker": lambda: crew.kill(f"worker{dice.randint(1, 2)}"),
        "clock": lambda: crew.kill(f"clock{dice.randint(1, 2)}"),
        "redis": crew.kill_redis,
        "flushall": crew.flush_redis,
        "web worker": lambda: service.kill_web_worker(dice),
        "gunicorn": service.kill_web,
        "backend": lambda: service.kill_backend(dice),
        "postmaster": service.kill_postmaster,
    }
    assert set(victims) == set(PARTS)
    began, delivered = time.monotonic(), 0
    while delivered < kills:
        # what was hit least first: right after Redis was killed there is nothing to flush, and no horse while nothing is sent
        delivered += any(victims[part]() for part in sorted(PARTS, key=crew.hits.__getitem__))
        crew.revive()
        time.sleep(max(0.0, dice.uniform(0.2, 1.0) * over_seconds * delivered / kills - (time.monotonic() - began)))
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("kills", "reminders", "seconds"),
    [
        pytest.param(18, 200, 18, marks=pytest.mark.timeout(300)),
        pytest.param(504, 10_000, 1000, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)]),
    ],
)
def test_nothing_is_lost_whatever_is_killed(scene: tuple[Service, Field], kills: int, reminders: int, seconds: float) -> None:
    """Duties reach a step of their ladder while everything dies; some are handed in meanwhile, and of these nobody is reminded."""
    service, here = scene
    dice, began = random.Random(20111106), time.monotonic()
    for number in (1, 2):
        here.crew.start(f"worker{number}", WORKER)
        here.crew.start(f"clock{number}", CLOCK)
    await_answer(service, "/readyz", 200, 120)
    wanted = plan_duties(service, reminders, over_seconds=seconds, dice=dice)
    ledger, told, stop = Ledger(), HandedIn(), threading.Event()
    overtaken = dice.sample(sorted(wanted, key=str), reminders // 20)
    threads = [threading.Thread(target=service.write_until, args=(stop, ledger, number)) for number in range(WRITERS)]
    threads.append(threading.Thread(target=hand_in_until, args=(service, stop, overtaken, told)))
    for thread in threads:
        thread.start()
    ringing = ring_all_the_time(here, stop)
    try:
        killing = kill_everything(service, kills, over_seconds=seconds, dice=dice)
        time.sleep(max(0.0, (max(wanted.values()) - SystemClock().now()).total_seconds()))
    finally:
        stop.set()
        for thread in (*threads, ringing):
            thread.join()
    back = await_answer(service, "/readyz", 200, 120)
    here.engine.dispose()
    climbed = until_climbed(service, wanted)
    drained = here.drain()
    found = judge_replay(here.engine, here.world, here.mailbox, wanted, told)
    lost_writes = ledger.acknowledged - documents(service)

    late = found.lateness
    print(
        f"\n{sum(here.crew.hits[part] for part in PARTS)} kills {dict(here.crew.hits)} in {killing:.0f} s; all parts well {back:.1f} s "
        f"later, all ladders looked at {climbed:.1f} s and all sent {drained:.1f} s after that, {time.monotonic() - began:.0f} s in all\n"
        f"{found.wanted} reminders of real duties: {found.lost} lost, {found.doubled} doubled; {len(told.acknowledged)} handed in meanwhile, "
        f"{found.overtaken} before their reminder, {found.stale} reminded afterwards, {found.submissions_lost} submissions lost\n"
        f"e-mail: {found.mails} different, {found.mails_lost} lost, {found.mails_repeated} repeated under the same Message-ID\n"
        f"writes: {len(ledger.acknowledged)} acknowledged, {len(lost_writes)} lost; answers {dict(ledger.answers)}, "
        f"of handing in {dict(told.answers)}\n"
        f"lateness: median {late[len(late) // 2]:.1f} s, 99 % within {late[int(len(late) * 0.99)]:.1f} s, worst {late[-1]:.1f} s"
    )
    assert (found.lost, found.doubled, found.stale, found.mails_lost, found.submissions_lost) == (0, 0, 0, 0, 0)
    # handed in is what the database has: of some the acknowledgement was lost with its connection
    assert found.overtaken and found.mails + found.unmailed == reminders
    assert ledger.acknowledged and told.acknowledged and not lost_writes
    assert all(here.crew.hits[part] >= kills // (2 * len(PARTS)) for part in PARTS), here.crew.hits


def until_climbed(service: Service, wanted: Mapping[UUID, datetime]) -> float:
    """Wait until the clock has looked at every ladder; gives the seconds."""
    began = time.monotonic()
    while True:
        with service.server.connect(role=postgres.SUPERUSER, database=postgres.DATABASE) as admin:
            (left,) = admin.execute("SELECT count(*) FROM duty WHERE next_step_at <= now()").fetchone() or (0,)
        if not left:
            return time.monotonic() - began
        assert time.monotonic() - began < DRAIN_SECONDS, f"{left} of {len(wanted)} duties not looked at"
        service.crew.revive()
        time.sleep(0.1)
