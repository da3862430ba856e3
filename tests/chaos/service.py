"""The service as in production, killed on purpose, and clients who know what it acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from sqlalchemy import select

from duban.audit.queries import verify
from duban.embedded import postgres
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
from tests.chaos.crew import Crew, child_of, children_of
from tests.conftest import POSTGRES_BIN
from tests.embedded.test_up import free_port


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
    log: Path
    token: str = ""

    def ask(self, method: str, path: str, body: object = None, *, accept: str = "application/json") -> tuple[int, str]:
        """One request on a connection of its own. Raises: OSError, HTTPException."""
        return self.ask_tagged(method, path, body, accept=accept)[:2]

    def ask_tagged(
        self, method: str, path: str, body: object = None, *, accept: str = "application/json", if_match: str = ""
    ) -> tuple[int, str, str]:
        """One request, naming the version that was read. Gives: status, text, the version it has now. Raises: OSError, HTTPException."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Accept": accept, "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if if_match:
            headers["If-Match"] = if_match
        try:
            line.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("ETag", "")
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
                time.sleep(0.05)
                continue
            ledger.note(str(status), json.loads(text_of)["id"] if status == 201 else None)
            if status == 503:
                time.sleep(0.05)

    def web_state(self) -> str:
        """How the web server's keeper ended, if it did, and the last that was written to its log and to the database's."""
        database = self.server.data_dir.with_name(f"{self.server.data_dir.name}.log")
        said = {one.name: one.read_text(errors="replace")[-3000:] for one in (self.log, database)}
        return f"keeper ended with {self.web.keeper.poll()}; " + "; ".join(f"{name}: {text}" for name, text in said.items())

    def postmaster(self) -> int:
        """The server's process now."""
        return int((self.server.data_dir / "postmaster.pid").read_text().split()[0])

    def kill_postmaster(self) -> bool:
        """Kill -9 the database; its keeper starts it again."""
        with suppress(OSError, ValueError, IndexError):  # it is just being started
            return self.crew.hit("postmaster", self.postmaster())
        return False

    def kill_backend(self, dice: random.Random) -> bool:
        """Kill -9 the process behind one connection of the service; the database throws everybody out and recovers."""
        try:
            with self.server.connect() as admin:
                pids = [
                    row[0] for row in admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [postgres.APP_ROLE])
                ]
        except psycopg.Error:
            return False
        return bool(pids) and self.crew.hit("backend", dice.choice(pids))

    def kill_web(self) -> bool:
        """Kill -9 gunicorn itself; its keeper starts it again."""
        return self.crew.hit("gunicorn", child_of(self.web.keeper.pid))

    def kill_web_worker(self, dice: random.Random) -> bool:
        """Kill -9 one of the processes that answer; gunicorn starts another."""
        master = child_of(self.web.keeper.pid)
        pids = children_of(master) if master is not None else []
        return bool(pids) and self.crew.hit("web worker", dice.choice(pids))


def await_answer(service: Service, path: str, wanted: int, seconds: float) -> float:
    began = time.monotonic()
    while True:
        try:
            status, body = service.ask("GET", path)
        except (OSError, http.client.HTTPException) as error:
            status, body = 0, repr(error)
        if status == wanted:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, (
            f"{path} still answers {status} after {seconds} s: {body}; {service.web_state()}"
        )
        time.sleep(0.1)


def documents(service: Service) -> set[str]:
    """What the database holds, and that the audit chain came through whole."""
    engine = make_engine(service.settings.database_url, context_key=CONTEXT_KEY)
    with unit_of_work(engine, tenant=service.world.tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
        found = {str(one) for one in scope.session.scalars(select(Document.id).where(Document.tenant_id == scope.tenant_id))}
        verdict = verify(scope)
    engine.dispose()
    assert verdict.bad_seq is None, verdict
    return found


@contextmanager
def service_running(*, mail_url: str = "", mail_from: str = "", lease_seconds: int = 30) -> Iterator[Service]:
    """
    Start two gunicorn workers on a durable server and a Redis of their own, with the cast in it and vera signed in; no worker, no clock.

    Postmaster and gunicorn are started again by their keepers when they are killed.
    """
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
            lease_seconds=lease_seconds,
            smtp_url=mail_url,
            **({"mail_from": mail_from} if mail_from else {}),
        )
        engine = make_engine(server.app_url, context_key=CONTEXT_KEY)
        world = build_world(engine, now=SystemClock().now(), web=None)
        crew = Crew(home, {name: value for name, value in environment_for(settings).items() if name.startswith("DUBAN_")})
        crew.start_redis()
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config/gunicorn.conf.py"), "--workers", "2"]
        with (home / "web.log").open("wb") as log:
            web = keep(
                [*command, "--chdir", str(ROOT), "--bind", f"127.0.0.1:{port}", "wsgi:app"],
                stop_signals=(signal.SIGTERM,),
                output=log,
                environment=environment_for(replace(settings, redis_url=crew.redis_url)),
                revive=True,
            )
        made = Service(server, settings, world, web, crew, port, home / "web.log")
        await_answer(made, "/healthz", 200, 120)
        door = {"tenant": world.tenant.slug, "login": "vera", "password": PASSWORD}
        status, answer = made.ask("POST", "/api/v1/session", door)
        assert status < 300, answer
        made.token = json.loads(answer)["token"]
        try:
            yield made
        finally:
            web.stop()
            crew.stop()
            engine.dispose()
    shutil.rmtree(home)
