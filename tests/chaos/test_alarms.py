"""A clock or worker that dies, or hangs, is alarmed within 90 seconds (reliability.md E11)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from duban.app import create_app, db
from duban.embedded import postgres
from duban.kernel.clock import SystemClock
from duban.kernel.migrating import upgrade
from duban.kernel.settings import Settings
from tests.binding import CONTEXT_KEY
from tests.chaos.crew import CLOCK, WORKER, Crew
from tests.conftest import POSTGRES_BIN

pytestmark = pytest.mark.chaos
LIMIT_SECONDS = 90
DICE = random.Random(20261122)


class Watch:
    """A crew on a database of its own, and the page that must turn red."""

    def __init__(self, home: Path, server: postgres.PostgresServer) -> None:
        self.settings = Settings(
            database_url=server.app_url,
            data_dir=str(home / "data"),
            context_key=CONTEXT_KEY,
            secret_key="test-key-of-at-least-thirty-two-characters",
            demo=False,
        )
        upgrade(server.owner_url, context_key=CONTEXT_KEY)
        environment = {
            "DUBAN_DATABASE_URL": server.app_url,
            "DUBAN_CONTEXT_KEY": CONTEXT_KEY,
            "DUBAN_DATA_DIR": str(home / "data"),
            "DUBAN_SWEEP_SECONDS": "5",
        }
        self.crew = Crew(home, environment)
        self.crew.start_redis()
        for name, module in (("worker", WORKER), ("clock", CLOCK)):
            self.crew.start(name, module)
        self.app = create_app(self.settings, clock=SystemClock())

    def silent(self) -> set[str]:
        """Ask /readyz, as a monitor does, which processes it calls silent."""
        answer = self.app.test_client().get("/readyz")
        named = {name for name in ("clock", "worker") if answer.json["checks"].get(name) == "silent"}
        raised = {one["code"] for one in answer.json["alarms"] if one["critical"]} & {"clock", "worker"}
        assert named == raised
        assert (answer.status_code == 503) == bool(named), answer.json
        return named

    def until(self, wanted: set[str], seconds: float) -> float:
        """Wait for exactly these to be called silent; gives how long it took."""
        began = time.monotonic()
        while (found := self.silent()) != wanted:
            assert time.monotonic() - began < seconds, f"{found} silent after {seconds} s, wanted {wanted}"
            time.sleep(0.5)
        return time.monotonic() - began


@pytest.fixture
def watch():
    home = Path(tempfile.mkdtemp(prefix="duban-alarm-"))
    home.chmod(0o755)
    with postgres.running(home / "pg", durable=False, programs=POSTGRES_BIN) as server:
        made = Watch(home, server)
        yield made
        made.crew.stop()
        with made.app.app_context():
            db.engine.dispose()
    shutil.rmtree(home)


def lose(watch: Watch, name: str, *, hang: bool) -> float:
    """Kill a process for good, or stop it without killing; gives the seconds until the alarm. Then bring it back."""
    victim = watch.crew.pid(name)
    assert victim is not None
    if hang:
        os.kill(victim, signal.SIGSTOP)
    else:
        watch.crew.take_down(name)
    took = watch.until({name}, LIMIT_SECONDS)
    if hang:
        os.kill(victim, signal.SIGCONT)
    else:
        watch.crew.start(name, {"worker": WORKER, "clock": CLOCK}[name])
    watch.until(set(), 120)
    return took


def test_a_dead_clock_and_a_hung_worker_are_alarmed(watch: Watch) -> None:
    watch.until(set(), 120)
    worker = watch.crew.pid("worker")
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    watch.crew.take_down("clock")
    took = watch.until({"clock", "worker"}, LIMIT_SECONDS)
    os.kill(worker, signal.SIGCONT)
    watch.crew.start("clock", CLOCK)
    watch.until(set(), 120)
    print(f"clock killed and worker hung: both alarmed after {took:.0f} s, both well again afterwards")


@pytest.mark.nightly
@pytest.mark.timeout(5400)
def test_twenty_deaths_are_twenty_alarms(watch: Watch) -> None:
    watch.until(set(), 120)
    took = [lose(watch, DICE.choice(["clock", "worker"]), hang=DICE.random() < 0.3) for _ in range(20)]
    print(f"20 of 20 alarmed, the slowest after {max(took):.0f} s")
    assert len(took) == 20 and max(took) <= LIMIT_SECONDS
