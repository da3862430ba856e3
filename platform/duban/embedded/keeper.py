"""Run one server, start it again if it is killed, and end it when its owner is gone.

The owner holds the other end of this process's standard input. End of file there means: asked to stop, or killed in
any way, kill -9 included. Should the keeper itself be killed, Linux hands the server the same signal (PDEATHSIG).
Run as a script by `duban.embedded.processes`; the standard library is all it needs, so that it starts in no time.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

POLL_SECONDS = 0.25
ENDING_POLL_SECONDS = 0.02
PR_SET_PDEATHSIG = 1
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3.0
STEADY_SECONDS = 10.0
"""A server that stood so long is started again at once when it falls."""
RECOVERY_SECONDS = 300.0
"""How long after a kill a server that cannot start is tried again."""


def die_with_parent(death_signal: int) -> Callable[[], None]:
    """Build what a child process calls to be sent a signal when its parent ends, however that ended (Linux only)."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def arm() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)

    return arm


def _owner_is_gone(owner_pid: int) -> bool:
    """Wait a moment on standard input; anything readable there is its end, for nobody ever writes.

    The parent's number is compared too: a forked child of the owner may still hold the pipe open.
    """
    readable, _, _ = select.select([sys.stdin.fileno()], [], [], POLL_SECONDS)
    return bool(readable) or os.getppid() != owner_pid


def _has_ended(server: subprocess.Popen[bytes]) -> bool:
    """Look without reaping: until it is reaped, the system gives its number to no other process."""
    if server.returncode is not None:
        return True
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return server.poll() is not None


def _end(server: subprocess.Popen[bytes], stop_signals: Sequence[int], grace_seconds: float) -> None:
    for stop_signal in [*stop_signals, signal.SIGKILL]:
        if not _has_ended(server):
            os.kill(server.pid, stop_signal)
        deadline = time.monotonic() + grace_seconds
        while not _has_ended(server) and time.monotonic() < deadline:
            time.sleep(ENDING_POLL_SECONDS)


def _sweep_session(session: int) -> None:
    """End what the server left behind in its session, e.g. the job of a worker that was killed (Linux only).

    To be called before the server is reaped: afterwards its number may already name somebody else's session.
    """
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and int(entry.parent.name) != session:
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (OSError, IndexError):
            continue  # it has ended by itself meanwhile


class Revivals:
    """
    Whether a server that ended is to be started again: one that was killed, always; one that gave up by itself, only while it
    may still be suffering from a kill. It is never given up for the number of its falls: it would stay away for good.
    """

    def __init__(
        self, *, allowed: bool, now: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._allowed, self._now, self._pause = allowed, now, pause
        self._killed_at: float | None = None
        self._started_at, self._seconds = now(), FIRST_PAUSE_SECONDS

    def is_due(self, code: int) -> bool:
        """
        Judge an end, and wait a moment before the next start; longer where it keeps falling. To be asked once for each end.

        Takes: the exit code, negative for a signal. After a kill an ordinary failure counts as one too: what the killed server
        left (a postmaster's backends hold its shared memory, a web server's processes its port) may still be going away.
        """
        now = self._now()
        if code < 0:
            self._killed_at = now
        is_recovering = self._killed_at is not None and now - self._killed_at < RECOVERY_SECONDS
        if not self._allowed or code == 0 or not is_recovering:
            return False
        has_stood = now - self._started_at >= STEADY_SECONDS
        self._seconds = FIRST_PAUSE_SECONDS if has_stood else min(2 * self._seconds, LONGEST_PAUSE_SECONDS)
        self._pause(self._seconds)
        self._started_at = self._now()
        return True


def _start(wanted: argparse.Namespace) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        wanted.command,
        stdin=subprocess.DEVNULL,
        user=wanted.uid,
        group=wanted.gid,
        extra_groups=[] if wanted.uid is not None else None,
        start_new_session=True,
        preexec_fn=die_with_parent(wanted.stop[0]),  # noqa: PLW1509 - this process has a single thread
    )


def main(arguments: Sequence[str]) -> int:
    """Start the command and keep it until the owner leaves or the command ends; gives the command's exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--owner", type=int, required=True)
    parser.add_argument("--stop", type=int, action="append", required=True)
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--revive", action="store_true")
    parser.add_argument("command", nargs="+")
    wanted = parser.parse_args(arguments)
    revivals = Revivals(allowed=wanted.revive)
    server, is_stopping = _start(wanted), False

    def stop_on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        _end(server, wanted.stop, wanted.grace)

    signal.signal(signal.SIGTERM, stop_on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        while not _has_ended(server):
            if _owner_is_gone(wanted.owner):
                is_stopping = True
                _end(server, wanted.stop, wanted.grace)
        _sweep_session(server.pid)
        code = server.wait()
        if is_stopping or not revivals.is_due(code) or is_stopping:
            return code
        server = _start(wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
