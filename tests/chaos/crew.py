"""The processes of the chaos tests: real workers, clocks and Redis, killed on purpose and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from redis.exceptions import RedisError

from duban.embedded import redis
from duban.embedded.processes import Kept, keep
from duban.kernel.queue import connect
from duban.kernel.settings import ROOT

WORKER = "duban.worker"
CLOCK = "duban.clock_process"


def children_of(pid: int) -> list[int]:
    """Give the child processes there are now."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def child_of(pid: int) -> int | None:
    """Give a child process, if there is one now."""
    return next(iter(children_of(pid)), None)


class Crew:
    """Starts the processes, kills them, and counts the kills that really hit."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._redis_home = home / "redis"
        self._log = (home / "crew.log").open("wb")
        self._environment = {**os.environ, **environment, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}"}
        self._processes: dict[str, tuple[str, Kept]] = {}
        self._redis = contextlib.ExitStack()
        self.redis_url = ""
        self.redis_pid = 0
        self.hits: Counter[str] = Counter()

    def start_redis(self) -> None:
        """Start Redis on the same files and address as before."""
        server = self._redis.enter_context(redis.running(self._redis_home))
        self.redis_url, self.redis_pid = server.url, server.pid
        self._environment["DUBAN_REDIS_URL"] = server.url

    def start(self, name: str, module: str) -> None:
        """Start a process under a name."""
        kept = keep(
            [sys.executable, "-m", module],
            stop_signals=(signal.SIGTERM,),
            output=self._log,
            environment=self._environment,
        )
        self._processes[name] = (module, kept)

    def stop(self) -> None:
        """Stop everything."""
        for _, kept in self._processes.values():
            kept.let_go()
        for _, kept in self._processes.values():
            kept.stop()
        self._processes.clear()
        self._redis.close()
        self._log.close()

    def pid(self, name: str) -> int | None:
        """Give the process itself, which is its keeper's child."""
        return child_of(self._processes[name][1].keeper.pid)

    def kill(self, name: str) -> bool:
        """Kill -9 a worker or clock and start it again; tell whether there was one to kill."""
        return self.hit(name.rstrip("0123456789"), self.pid(name)) and self._again(name)

    def take_down(self, name: str) -> None:
        """Kill -9 a worker or clock and leave it dead."""
        _, kept = self._processes[name]
        self.hit(name, self.pid(name))
        kept.stop()

    def kill_horse(self, name: str, *, after_seconds: float, patience_seconds: float = 1.5) -> bool:
        """Kill -9 the job a worker is doing, a moment after it began, so that it is in the middle of it."""
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            worker = self.pid(name)
            horse = child_of(worker) if worker is not None else None
            if horse is not None:
                time.sleep(after_seconds)
                if child_of(worker) == horse and self.hit("horse", horse):
                    return True
            time.sleep(0.002)
        return False

    def kill_redis(self) -> bool:
        """Kill -9 Redis and start it again on what its file kept."""
        hit = self.hit("redis", self.redis_pid)
        self._redis.close()
        self.start_redis()
        return hit

    def flush_redis(self) -> bool:
        """Make Redis forget everything."""
        client = connect(self.redis_url, timeout_seconds=2)
        try:
            client.flushall()
        except RedisError:
            return False
        finally:
            client.close()
        self.hits["flushall"] += 1
        return True

    def revive(self) -> None:
        """Start again what has ended by itself."""
        for name, (module, kept) in list(self._processes.items()):
            if kept.keeper.poll() is not None:
                kept.stop()
                self.start(name, module)
                self.hits["ended by itself"] += 1

    def hit(self, kind: str, pid: int | None) -> bool:
        """Kill -9 a process and count it; tell whether there was one."""
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.hits[kind] += 1
        return True

    def _again(self, name: str) -> bool:
        module, kept = self._processes[name]
        with contextlib.suppress(subprocess.TimeoutExpired):
            kept.keeper.wait(5)
        kept.stop()
        self.start(name, module)
        return True
