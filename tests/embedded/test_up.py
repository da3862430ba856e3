"""`duban up` as people use it: one terminal, everything in it, and nothing left behind however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from duban.kernel.settings import ROOT

pytestmark = pytest.mark.timeout(600)
FIRST_START_SECONDS = 400


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> set[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
    found, waiting = set(), [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found.update(children)
        waiting.extend(children)
    return found


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def wait_until_gone(pids: set[int], seconds: float = 25) -> None:
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"left behind: {[command_of(pid) for pid in left]}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Terminal:
    """A `duban up` and what it printed."""

    def __init__(self, data_dir: Path, command: list[str] | None = None, *options: str) -> None:
        self.port = free_port()
        self.lines: list[str] = []
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DUBAN_", "PYTEST"))}
        environment |= {"DUBAN_DATA_DIR": str(data_dir), "PORT": str(self.port), "PYTHONPATH": str(ROOT / "platform")}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "duban.cli", "up", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.lines.extend(line.rstrip() for line in self.process.stdout)

    def text(self) -> str:
        return "\n".join(self.lines)

    def await_ready(self, seconds: float) -> float:
        while "Ctrl-C" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - self.began < seconds, self.text()
            time.sleep(0.05)
        return time.monotonic() - self.began

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=10)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Local data used by one start after the other, as on a real machine."""
    path = Path(tempfile.mkdtemp(prefix="duban-up-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def started(data_dir: Path, *options: str) -> Iterator[Terminal]:
    terminal = Terminal(data_dir, None, *options)
    try:
        terminal.await_ready(FIRST_START_SECONDS)
        yield terminal
    finally:
        family = descendants(terminal.process.pid)
        terminal.end()
        wait_until_gone(family)


def find_part(terminal: Terminal, module: str) -> int:
    """Give the process of a part, once it is there (not its keeper)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in descendants(terminal.process.pid):
            command = command_of(pid)
            if f"-m {module}" in command and "keeper" not in command:
                return pid
        time.sleep(0.05)
    pytest.fail(f"{module} is not running:\n{terminal.text()}")


def test_serves_says_where_and_ends_cleanly_on_ctrl_c(data_dir: Path) -> None:
    with started(data_dir) as terminal:
        assert f"http://127.0.0.1:{terminal.port}" in terminal.text()
        assert terminal.get("/sign-in")[0] == 200
        deadline = time.monotonic() + 30
        while terminal.get("/readyz")[0] != 200:
            assert time.monotonic() < deadline, terminal.get("/readyz")
            time.sleep(0.2)
        assert json.loads(terminal.get("/readyz")[1])["checks"] == dict.fromkeys(
            ("database", "redis", "schema", "clock", "worker"), "ok"
        )
        family = descendants(terminal.process.pid)
        assert len(family) >= 10

        terminal.process.send_signal(signal.SIGINT)

        assert terminal.process.wait(timeout=60) == 0
        wait_until_gone(family, seconds=1)
        terminal.reader.join(timeout=10)
        assert "stopped" in terminal.text()
        assert "Traceback" not in terminal.text()


def test_leaves_nothing_behind_when_killed(data_dir: Path) -> None:
    with started(data_dir) as terminal:
        family = descendants(terminal.process.pid)
        terminal.process.kill()
        wait_until_gone(family)


def test_starts_again_on_the_data_it_has_and_what_was_killed(data_dir: Path) -> None:
    """How fast a second start is for bench/second_start.py; here: nothing is made a second time."""
    with started(data_dir) as terminal:
        print("second start:", re.findall(r"ready after .*", terminal.text()))
        assert "demo   │" not in terminal.text()
        for name in ("duban.worker", "duban.clock_process"):
            victim = find_part(terminal, name)
            os.kill(victim, signal.SIGKILL)
            wait_until_gone({victim})
        deadline = time.monotonic() + 60
        while terminal.text().count("starting it again") < 2:
            assert time.monotonic() < deadline, terminal.text()
            time.sleep(0.1)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(timeout=60) == 0


def test_ends_with_the_process_that_started_it(data_dir: Path) -> None:
    make = Terminal(data_dir, ["sh", "-c", f"{sys.executable} -m duban.cli up --with-parent; true"])
    try:
        make.await_ready(FIRST_START_SECONDS)
        family = descendants(make.process.pid)
        make.process.kill()
        wait_until_gone(family)
    finally:
        make.end()


def test_a_busy_port_is_said_before_anything_starts(data_dir: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "duban.cli", "up", "--port", str(port)],
            env={**os.environ, "DUBAN_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT / "platform")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert f"PORT={port + 1} make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_one_and_a_reset_are_refused_while_in_use_and_then_it_starts_over(data_dir: Path) -> None:
    reset = [sys.executable, "-m", "duban.cli", "reset", "--yes"]
    environment = {**os.environ, "DUBAN_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT / "platform")}
    with started(data_dir):
        second = Terminal(data_dir)
        assert second.process.wait(timeout=60) == 2
        second.end()
        assert "in use by another running process" in second.text()
        refused = subprocess.run(reset, env=environment, capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert "Stop it first" in refused.stderr
    done = subprocess.run(reset, env=environment, capture_output=True, text=True, check=True)
    assert "Deleted" in done.stdout
    assert not data_dir.exists()
    data_dir.mkdir()
