"""The database is killed again and again while people write: what was acknowledged is there, and service comes back by itself."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from duban.audit.queries import verify
from duban.embedded import postgres
from duban.embedded.postgres import wheel_programs
from duban.embedded.processes import Kept, keep
from duban.embedded.services import environment_for
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import upgrade
from duban.kernel.scope import SYSTEM, unit_of_work
from duban.kernel.settings import ROOT, Settings
from duban.programmes.models import Document
from tests.binding import CONTEXT_KEY
from tests.cast import PASSWORD, World, build_world
from tests.chaos.crew import CLOCK, WORKER, Crew
from tests.conftest import POSTGRES_BIN
from tests.embedded.test_up import free_port

pytestmark = pytest.mark.chaos
WRITERS = 4
RECOVERY_SECONDS = 60
DICE = random.Random(20261122)


@dataclass
class Ledger:
    """What the clients know: which writes were acknowledged, and what else they were told."""

    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    last_good_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, answer: str, document_id: str | None = None) -> None:
        with self.lock:
            self.answers[answer] += 1
            if document_id is not None:
                self.acknowledged.add(document_id)
                self.last_good_at = time.monotonic()


@dataclass
class Service:
    """Two gunicorn workers, a worker and a clock on a durable server that its keeper starts again."""

    server: postgres.PostgresServer
    settings: Settings
    world: World
    web: Kept
    crew: Crew
    port: int
    token: str = ""

    def ask(self, method: str, path: str, body: object = None, *, accept: str = "application/json") -> tuple[int, str]:
        """One request on a connection of its own. Raises: OSError, HTTPException."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Accept": accept, "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            line.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    def write_until(self, stop: threading.Event, ledger: Ledger, number: int) -> None:
        """Register documents one after the other; only a 201 counts as acknowledged."""
        written = 0
        while not stop.is_set():
            body = {
                "unit_id": str(self.world.units["V11"]),
                "title": f"通知 {number}-{written}",
                "issuer": "县安委会",
                "original_text": "第一条",
            }
            written += 1
            try:
                status, text_of = self.ask("POST", "/api/v1/documents", body)
            except (OSError, http.client.HTTPException) as error:
                ledger.note(type(error).__name__)
                continue
            ledger.note(str(status), json.loads(text_of)["id"] if status == 201 else None)
            if status == 503:
                time.sleep(0.05)

    def postmaster(self) -> int:
        """The server's process now."""
        return int((self.server.data_dir / "postmaster.pid").read_text().split()[0])


@pytest.fixture
def service():
    home = Path(tempfile.mkdtemp(prefix="duban-crash-"))
    home.chmod(0o755)
    port = free_port()
    with postgres.running(home / "pg", durable=True, programs=POSTGRES_BIN) as server:
        upgrade(server.owner_url, context_key=CONTEXT_KEY)
        settings = Settings(
            database_url=server.app_url,
            data_dir=str(home / "data"),
            context_key=CONTEXT_KEY,
            secret_key="test-key-of-at-least-thirty-two-characters",
            sweep_seconds=3,
        )
        engine = make_engine(server.app_url, context_key=CONTEXT_KEY)
        now = SystemClock().now()
        world = build_world(engine, now=now, web=None)
        crew = Crew(home, {name: value for name, value in environment_for(settings).items() if name.startswith("DUBAN_")})
        crew.start_redis()
        crew.start("worker", WORKER)
        crew.start("clock", CLOCK)
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config/gunicorn.conf.py"), "--workers", "2"]
        with (home / "web.log").open("wb") as log:
            web = keep(
                [*command, "--chdir", str(ROOT), "--bind", f"127.0.0.1:{port}", "wsgi:app"],
                stop_signals=(signal.SIGTERM,),
                output=log,
                environment=environment_for(replace(settings, redis_url=crew.redis_url)),
            )
        made = Service(server, settings, world, web, crew, port)
        await_answer(made, "/readyz", 200, 120)
        door = {"tenant": world.tenant.slug, "login": "vera", "password": PASSWORD}
        status, answer = made.ask("POST", "/api/v1/session", door)
        assert status < 300, answer
        made.token = json.loads(answer)["token"]
        yield made
        web.stop()
        crew.stop()
        engine.dispose()
    shutil.rmtree(home)


def await_answer(service: Service, path: str, wanted: int, seconds: float) -> float:
    began = time.monotonic()
    while True:
        try:
            status, body = service.ask("GET", path)
        except (OSError, http.client.HTTPException) as error:
            status, body = 0, repr(error)
        if status == wanted:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, f"{path} still answers {status} after {seconds} s: {body}"
        time.sleep(0.1)


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


def documents(service: Service) -> set[str]:
    """What the database holds, and that the audit chain came through whole."""
    engine = make_engine(service.settings.database_url, context_key=CONTEXT_KEY)
    with unit_of_work(engine, tenant=service.world.tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
        found = {str(one) for one in scope.session.scalars(select(Document.id).where(Document.tenant_id == scope.tenant_id))}
        verdict = verify(scope)
    engine.dispose()
    assert verdict.bad_seq is None, verdict
    return found


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


def test_the_measure_sees_a_lost_write(service: Service) -> None:
    """The control: the same kill with writes acknowledged before they are safe does lose some."""
    with service.server.connect(role=postgres.OWNER_ROLE, database=postgres.DATABASE) as hasty:
        hasty.execute("CREATE TABLE hasty (n int)")
        hasty.execute("SET synchronous_commit = off")
        for number in range(200):
            hasty.execute("INSERT INTO hasty VALUES (%s)", [number])
        victim = service.postmaster()
        os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            with service.server.connect(role=postgres.OWNER_ROLE, database=postgres.DATABASE) as again:
                (kept,) = again.execute("SELECT count(*) FROM hasty").fetchone()
            break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    print(f"with synchronous_commit off: {200 - kept} of 200 acknowledged writes lost")
    assert kept < 200
