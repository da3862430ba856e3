"""Starting a server under a keeper, and one-at-a-time access to its directory."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol, TypeVar

from duban.embedded import keeper
from duban.embedded.errors import EmbeddedServerError, with_log_tail

READY_POLL_SECONDS = 0.02
HAND_OVER_SECONDS = 30.0
ALONE_SECONDS = 5.0

ServerT = TypeVar("ServerT")
ServerT_co = TypeVar("ServerT_co", covariant=True)


@dataclasses.dataclass(frozen=True)
class Identity:
    """The system account a server runs as."""

    uid: int
    gid: int


@dataclasses.dataclass(frozen=True)
class Kept:
    """A server held by this process through its keeper."""

    keeper: subprocess.Popen[bytes]

    def let_go(self) -> None:
        """Ask for the end without waiting for it."""
        if self.keeper.stdin is not None:
            self.keeper.stdin.close()

    def stop(self) -> None:
        """Let the server go and wait until it has ended."""
        self.let_go()
        self.keeper.wait()

    def close(self) -> None:
        """Stop it; for `contextlib.closing`."""
        self.stop()


def keep(
    command: Sequence[str],
    *,
    stop_signals: Sequence[int],
    output: IO[bytes] | int,
    errors: int = subprocess.STDOUT,
    identity: Identity | None = None,
    environment: Mapping[str, str] | None = None,
    revive: bool = False,
) -> Kept:
    """Start a command that lives no longer than this process.

    Takes: the signals that ask it to end, the gentlest first; where its output goes; the whole environment, if not ours;
    `revive`: start it again when it is killed (not when it ends by itself).
    """
    as_user = [] if identity is None else ["--uid", str(identity.uid), "--gid", str(identity.gid)]
    process = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", keeper.__file__, "--owner", str(os.getpid())),
            *(word for number in stop_signals for word in ("--stop", str(int(number)))),
            *(*as_user, *(["--revive"] if revive else []), "--", *command),
        ],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        env=environment,
    )
    return Kept(keeper=process)


def await_ready(kept: Kept, *, is_ready: Callable[[], bool], name: str, log: Path, seconds: float) -> None:
    """Wait until the server answers.

    Raises: EmbeddedServerError, with the end of its log, when it ends or stays silent; it is stopped then.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():
        if kept.keeper.poll() is not None:
            raise with_log_tail(f"{name} ended while starting (exit code {kept.keeper.returncode}).", log)
        if time.monotonic() > deadline:
            kept.stop()
            raise with_log_tail(f"{name} did not answer within {seconds:.0f} s.", log)
        time.sleep(READY_POLL_SECONDS)


class Program(Protocol[ServerT_co]):
    """What `shared_or_started` asks about one server in one directory."""

    name: str
    data_dir: Path

    def find(self) -> ServerT_co | None:
        """Give the server that answers, or None."""

    def is_gone(self) -> bool:
        """Tell that no server, answering or not, works on the directory."""

    def start(self, stack: contextlib.ExitStack) -> ServerT_co:
        """Start a server; its stopping goes on the stack. Raises: EmbeddedServerError."""


@contextlib.contextmanager
def shared_or_started(program: Program[ServerT], *, linger: bool, alone: bool) -> Iterator[ServerT]:
    """Have a directory's server for the length of a block: another live process's, else one started here.

    Two locks beside the directory order this; the system frees both at death. The first lets one process at a time
    look and start. The second is held by the starter as long as it lives, so a server found without it is one that
    is going down after its owner was killed: it is waited for, then replaced.
    Takes: `linger`: the starter waits at its end until those who share the server are done with it; `alone`: a live
    owner is waited for a while, then refused.
    Raises: EmbeddedServerError, also when the server of a live owner does not answer.
    """
    program.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        with _beside(program.data_dir, "lock") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            users = stack.enter_context(_beside(program.data_dir, "users"))
            fcntl.flock(users, fcntl.LOCK_SH)  # before looking: waits out a starter that is just stopping
            server = _share(program, stack, alone=alone) or program.start(stack)
        try:
            yield server
        finally:
            if linger:
                fcntl.flock(users, fcntl.LOCK_EX)


def _beside(data_dir: Path, suffix: str) -> IO[str]:
    return data_dir.with_name(f"{data_dir.name}.{suffix}").open("w")


def _share(program: Program[ServerT], stack: contextlib.ExitStack, *, alone: bool) -> ServerT | None:
    """Give the live owner's server, or None once this process has become the owner of a directory without one."""
    ownership = stack.enter_context(_beside(program.data_dir, "owner"))
    deadline = time.monotonic() + (ALONE_SECONDS if alone else HAND_OVER_SECONDS)
    while not _try_lock(ownership):
        server = None if alone else program.find()
        if server is not None:
            return server
        if time.monotonic() > deadline:
            how = "is in use by another running process" if alone else "belongs to a running process but does not answer"
            raise EmbeddedServerError(
                f"The {program.name} server in {program.data_dir} {how}. Stop that process (Ctrl-C where it runs), "
                "then try again."
            )
        time.sleep(READY_POLL_SECONDS)
    deadline = time.monotonic() + HAND_OVER_SECONDS
    while not program.is_gone() and time.monotonic() < deadline:
        time.sleep(READY_POLL_SECONDS)
    return None


def refuse_if_in_use(data_dir: Path) -> None:
    """Raises: EmbeddedServerError while a live process owns a server on this directory."""
    if data_dir.exists():
        with _beside(data_dir, "owner") as ownership:
            if not _try_lock(ownership):
                raise EmbeddedServerError(f"A running process uses {data_dir}. Stop it first (Ctrl-C where `duban up` runs).")


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


SOCKET_PATH_LIMIT = 103  # bytes; 107 on Linux, 103 on macOS


def socket_directory(data_dir: Path, *, socket_name: str, identity: Identity) -> Path:
    """Give a private directory whose socket path is short enough for the system: the data's own if it can be.

    Raises: EmbeddedServerError when the short one in the temporary directory belongs to somebody else.
    """
    if len(os.fsencode(data_dir / socket_name)) <= SOCKET_PATH_LIMIT:
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    short = Path("/tmp") / f"duban-{identity.uid}-{digest}"  # $TMPDIR itself may be too long (macOS, pytest)
    short.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(short, identity.uid, identity.gid, follow_symlinks=False)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != identity.uid or found.st_mode & 0o077:
        raise EmbeddedServerError(f"{short} is not a private directory of user {identity.uid}. Remove it and try again.")
    return short
