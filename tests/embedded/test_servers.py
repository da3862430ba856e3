"""The embedded servers against the real binaries: what they are, that they are shared, and that none stays behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from duban.embedded import postgres, redis
from duban.embedded.errors import EmbeddedServerError
from duban.kernel.ids import TenantId
from duban.kernel.jobs import JobName
from duban.kernel.queue import UnsafeQueueError, check_queue, ringer

SOURCE_ROOT = Path(postgres.__file__).parents[2]
STARTERS: dict[str, Callable[[Path], Any]] = {"postgres": postgres.running, "redis": redis.running}
OWNER_SCRIPT = """
import sys, time
from pathlib import Path
from duban.embedded import {name}
with {name}.running(Path(sys.argv[1])) as server:
    print(getattr(server, "postmaster_pid", None) or server.pid, flush=True)
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # gone between the opening and the reading
        return False
    return state != "Z"


def wait_until_gone(pid: int, seconds: float = 15) -> float:
    began = time.monotonic()
    while is_alive(pid):
        assert time.monotonic() - began < seconds, f"process {pid} is still there"
        time.sleep(0.02)
    return time.monotonic() - began


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@contextlib.contextmanager
def owner_process(name: str, data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process of its own that holds a server; gives it and the server's number."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_SCRIPT.format(name=name), str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
    )
    try:
        assert owner.stdout is not None
        yield owner, int(owner.stdout.readline())
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short path (sockets) that another account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="duban-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


class TestPostgres:
    def test_has_checksums_utf8_and_modest_roles(self, directory: Path) -> None:
        with postgres.running(directory / "pg") as server, server.connect(role="duban_app", database="duban") as connection:
            facts = connection.execute(
                "SELECT current_setting('data_checksums'), current_setting('server_encoding'), "
                "current_setting('listen_addresses'), current_setting('server_version_num')::int / 10000"
            ).fetchone()
            roles = connection.execute(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
                "WHERE rolname LIKE 'duban%' ORDER BY 1"
            ).fetchall()
            owner = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'duban'").fetchone()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine ()")
        assert facts == ("on", "UTF8", "", 18)
        assert roles == [
            ("duban_app", False, False, False, False),
            ("duban_backup", False, True, False, False),
            ("duban_owner", False, False, False, True),
        ]
        assert owner == ("duban_owner",)

    def test_keeps_data_and_starts_fast_the_second_time(self, directory: Path) -> None:
        with postgres.running(directory / "pg") as server, server.connect(role="duban_owner", database="duban") as connection:
            connection.execute("CREATE TABLE kept AS SELECT '督办' AS word")

        began = time.monotonic()
        with postgres.running(directory / "pg") as server:
            assert time.monotonic() - began < 5
            with server.connect(role=postgres.OWNER_ROLE, database=postgres.DATABASE) as connection:
                assert connection.execute("SELECT word FROM kept").fetchone() == ("督办",)
        assert not is_alive(server.postmaster_pid)

    def test_starts_again_after_the_postmaster_was_killed(self, directory: Path) -> None:
        with postgres.running(directory / "pg") as server:
            os.kill(server.postmaster_pid, signal.SIGKILL)
            wait_until_gone(server.postmaster_pid)
        with postgres.running(directory / "pg") as again:
            assert again.postmaster_pid != server.postmaster_pid

    def test_manages_a_path_too_long_for_a_socket(self, directory: Path) -> None:
        deep = directory / ("长" * 30) / "postgres"
        with postgres.running(deep) as server:
            assert server.socket_dir != deep
            with server.connect() as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        server.socket_dir.rmdir()

    def test_refuses_a_directory_with_other_files(self, directory: Path) -> None:
        (directory / "pg").mkdir()
        (directory / "pg" / "thesis.txt").write_text("important")
        with pytest.raises(EmbeddedServerError, match="not PostgreSQL's"), postgres.running(directory / "pg"):
            pass

    def test_creates_and_drops_databases_from_a_template(self, directory: Path) -> None:
        with postgres.running(directory / "pg", durable=False) as server:
            server.create_database("copy", template=postgres.DATABASE)
            with server.connect(role=postgres.OWNER_ROLE, database="copy") as connection:
                connection.execute("CREATE TABLE here ()")
            server.drop_database("copy")
            with pytest.raises(psycopg.OperationalError):
                server.connect(database="copy")


class TestRedis:
    def test_wants_a_password_appends_and_never_evicts(self, directory: Path) -> None:
        with redis.running(directory / "redis") as server:
            client = Redis.from_url(server.url)
            wanted = ("appendonly", "maxmemory-policy", "port", "save")
            found = {name: value for each in wanted for name, value in client.config_get(each).items()}
            client.close()
            stranger = Redis(retry=None, protocol=2, unix_socket_path=str(directory / "redis" / redis.SOCKET_NAME))
            with pytest.raises(AuthenticationError):
                stranger.ping()
            stranger.close()
        assert found == {"appendonly": "yes", "maxmemory-policy": "noeviction", "port": "0", "save": ""}

    def test_is_a_queue_the_worker_takes_and_an_evicting_one_is_not(self, directory: Path) -> None:
        with redis.running(directory / "redis") as server:
            client = Redis.from_url(server.url, decode_responses=True)
            check_queue(client)
            client.config_set("maxmemory-policy", "allkeys-lru")
            with pytest.raises(UnsafeQueueError, match="noeviction"):
                check_queue(client)
            client.close()

    def test_jobs_are_plain_json(self, directory: Path) -> None:
        with redis.running(directory / "redis") as server:
            ringer(server.url)(JobName.DELIVER, TenantId(uuid4()))
            client = Redis.from_url(server.url)
            (job,) = [key for key in client.keys("rq:job:*") if client.type(key) == b"hash"]
            assert json.loads(zlib.decompress(client.hget(job, "data")))[0] == "duban.worker.perform"
            client.close()

    def test_keeps_what_was_written_through_a_kill(self, directory: Path) -> None:
        with redis.running(directory / "redis") as server:
            client = Redis.from_url(server.url)
            client.set("word", "督办")
            time.sleep(1.2)  # appendfsync everysec
            client.close()
            os.kill(server.pid, signal.SIGKILL)
            wait_until_gone(server.pid)
        with redis.running(directory / "redis") as server:
            client = Redis.from_url(server.url, decode_responses=True)
            assert client.get("word") == "督办"
            client.close()

    def test_says_what_to_install_when_there_is_none(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis.shutil, "which", lambda _name: None)
        monkeypatch.setattr(redis.importlib.util, "find_spec", lambda _name: None)
        with pytest.raises(EmbeddedServerError, match="apt-get install redis-server"), redis.running(directory / "r"):
            pass


@pytest.mark.parametrize("name", STARTERS)
class TestNothingStaysBehind:
    def test_two_users_share_one_server_and_the_starter_ends_it(self, name: str, directory: Path) -> None:
        with owner_process(name, directory / "data") as (owner, server_pid):
            with STARTERS[name](directory / "data") as shared:
                assert server_pid == (shared.postmaster_pid if name == "postgres" else shared.pid)
            assert is_alive(server_pid)
            owner.kill()
            wait_until_gone(server_pid)

    def test_the_server_ends_when_its_owner_is_killed(self, name: str, directory: Path) -> None:
        with owner_process(name, directory / "data") as (owner, server_pid):
            keeper_pid = parent_of(server_pid)
            owner.send_signal(signal.SIGKILL)
            wait_until_gone(server_pid)
            wait_until_gone(keeper_pid)

    def test_the_server_ends_when_its_keeper_is_killed(self, name: str, directory: Path) -> None:
        with owner_process(name, directory / "data") as (_, server_pid):
            os.kill(parent_of(server_pid), signal.SIGKILL)
            wait_until_gone(server_pid)

    def test_the_data_starts_again_after_the_owner_was_killed(self, name: str, directory: Path) -> None:
        with owner_process(name, directory / "data") as (owner, server_pid):
            owner.kill()
            owner.wait()
            with STARTERS[name](directory / "data"):
                pass  # at once: the old server may still be going down
            wait_until_gone(server_pid)
