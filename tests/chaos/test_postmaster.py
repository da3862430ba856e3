"""The database is killed again and again while people write: what was acknowledged is there, and service comes back by itself."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from duban.embedded import postgres
from duban.embedded.postgres import wheel_programs
from tests.chaos.crew import CLOCK, WORKER
from tests.chaos.service import Ledger, Service, await_answer, documents, service_running
from tests.conftest import POSTGRES_BIN

pytestmark = pytest.mark.chaos
WRITERS = 4
RECOVERY_SECONDS = 60
DICE = random.Random(20261122)


@pytest.fixture
def service() -> Iterator[Service]:
    with service_running() as made:
        made.crew.start("worker", WORKER)
        made.crew.start("clock", CLOCK)
        await_answer(made, "/readyz", 200, 120)
        yield made


def until_next_good(ledger: Ledger, after: float) -> float:
    """Wait for the first write acknowledged after an instant; gives the seconds."""
    while ledger.last_good_at <= after:
        assert time.monotonic() - after < RECOVERY_SECONDS, f"no write for {RECOVERY_SECONDS} s after a kill: {ledger.answers}"
        time.sleep(0.02)
    return ledger.last_good_at - after


def crash(service: Service, kills: int) -> None:
    """Kill the postmaster under load that many times; then compare the clients' ledger with the database."""
    ledger, stop = Ledger(), threading.Event()
    writers = [threading.Thread(target=service.write_until, args=(stop, ledger, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    recoveries = []
    try:
        until_next_good(ledger, time.monotonic())
        for _ in range(kills):
            time.sleep(0.5 + DICE.random())
            victim = service.postmaster()
            os.kill(victim, signal.SIGKILL)
            recoveries.append(until_next_good(ledger, time.monotonic() + 0.2))
            assert service.postmaster() != victim
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    back = await_answer(service, "/readyz", 200, RECOVERY_SECONDS + 60)  # worker and clock too
    present = documents(service)
    lost = ledger.acknowledged - present
    print(
        f"{kills} kills, {len(ledger.acknowledged)} writes acknowledged, {len(lost)} lost; answers {dict(ledger.answers)}; "
        f"first write again after {max(recoveries):.1f} s at most; all parts well {back:.1f} s later"
    )
    assert len(recoveries) == kills and len(ledger.acknowledged) > 5 * kills
    assert lost == set()
    assert set(ledger.answers) - {"201", "503"} == set(), ledger.answers


def check_pages(service: Service) -> None:
    """Stop the server and have every page of it compared with its checksum."""
    programs = Path(POSTGRES_BIN) if POSTGRES_BIN else wheel_programs()
    owner = service.server.data_dir.stat()
    with service.server.connect() as connection:
        connection.execute("CHECKPOINT")
    os.kill(service.postmaster(), signal.SIGSTOP)  # nothing is written while it is read
    try:
        copy = service.server.data_dir.with_name("copy")
        shutil.copytree(service.server.data_dir, copy, ignore=shutil.ignore_patterns("*.sock*", ".s.PGSQL*"))
    finally:
        os.kill(service.postmaster(), signal.SIGCONT)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    (copy / "postmaster.pid").unlink()
    as_owner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(
        [programs / "postgres", "--single", "-D", copy, "postgres"], input=b"", capture_output=True, check=False, **as_owner
    )
    done = subprocess.run(
        [programs / "pg_checksums", "--check", "-D", copy], capture_output=True, text=True, check=False, **as_owner
    )
    assert done.returncode == 0 and "Bad checksums:  0" in done.stdout, done.stdout + done.stderr


def test_no_acknowledged_write_is_lost_when_the_postmaster_is_killed(service: Service) -> None:
    crash(service, kills=3)
    check_pages(service)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_no_acknowledged_write_is_lost_in_ten_kills(service: Service) -> None:
    crash(service, kills=10)
    check_pages(service)


def killed_while_hasty(service: Service, rows: int) -> int:
    """Write rows that are acknowledged before they are safe, kill at once; gives how many of them are lost."""
    with service.server.connect(role=postgres.OWNER_ROLE, database=postgres.DATABASE) as hasty:
        hasty.execute("CREATE TABLE IF NOT EXISTS hasty (n int)")
        (before,) = hasty.execute("SELECT count(*) FROM hasty").fetchone()
        hasty.execute("SET synchronous_commit = off")
        for number in range(rows):
            hasty.execute("INSERT INTO hasty VALUES (%s)", [number])
        os.kill(service.postmaster(), signal.SIGKILL)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            with service.server.connect(role=postgres.OWNER_ROLE, database=postgres.DATABASE) as again:
                (kept,) = again.execute("SELECT count(*) FROM hasty").fetchone()
            return before + rows - kept
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_measure_sees_a_lost_write(service: Service) -> None:
    """
    The control: the same kill with writes acknowledged before they are safe does lose some.

    Anybody's safe write makes the hasty ones before it safe too, as the server's own writer does by and by: both are kept
    away as far as may be, and chance is given more than one go.
    """
    with service.server.connect() as ruler:
        ruler.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        ruler.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
        ruler.execute("SELECT pg_reload_conf()")
    lost = []
    while not any(lost) and len(lost) < 8:
        lost.append(killed_while_hasty(service, rows=200))
    print(f"with synchronous_commit off, of 200 acknowledged writes each time lost: {lost}")
    assert any(lost)
