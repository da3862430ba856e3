"""The real gunicorn with four workers, each of which can be asked by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from duban.kernel.settings import ROOT, Settings
from tests.web.identity.test_ended_sessions import environment, free_port

WORKERS = 4


class Workers:
    """The workers of one gunicorn by process id; whoever is not asked stands still meanwhile."""

    def __init__(self, port: int, master: int) -> None:
        self.port, self.master = port, master

    @property
    def pids(self) -> list[int]:
        """Their process ids now."""
        return sorted(int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split())

    def ask(self, path: str, key: str) -> dict[int, int]:
        """Ask every worker once, as a browser with a session; give the statuses by process id."""
        return {pid: self._ask_one(pid, path, key) for pid in self.pids}

    def _ask_one(self, pid: int, path: str, key: str) -> int:
        others = [other for other in self.pids if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            # a connection of its own, made while the others stand still: nobody else can have taken it
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", path, headers={"Cookie": f"duban={key}", "Accept": "text/html", "Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


@contextmanager
def gunicorn(settings: Settings, log: Path, *, application: str = "wsgi:app") -> Iterator[Workers]:
    """Start it with the configuration of production and stop it."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py", "--workers", str(WORKERS)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--graceful-timeout", "2", "--bind", f"127.0.0.1:{port}", application],
            cwd=ROOT, env=environment(settings), stdout=output, stderr=output,
        )  # fmt: skip
        try:
            workers = Workers(port, process.pid)
            _wait(workers, process, log)
            yield workers
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)


def _wait(workers: Workers, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until all four have answered."""
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            if len(workers.pids) == WORKERS and set(workers.ask("/healthz", "").values()) == {200}:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(log.read_text())
