"""The database side: one frozen moment counted and dumped, and a dump loaded back, all or nothing."""

import contextlib
import gzip
import hashlib
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg
from psycopg import sql

from duban.backup.errors import BackupError
from duban.backup.manifest import Part, TableFacts
from duban.backup.programs import Programs, libpq

_CHUNK = 1024 * 1024
_ERROR_TAIL = 4000
_SAME_TEXT = (
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO, YMD'",
    "IntervalStyle = 'iso_8601'",
    "bytea_output = 'hex'",
    "row_security = off",
)
"""Rows are digested as text, which these decide. `row_security = off` turns hidden rows into an error."""

TABLES = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2"
)
_RESTRICT = b"\\restrict "
_LAST_LINES = 400
"""Bytes behind the last row in which pg_dump's closing line stands; its key has at most 63."""
NOT_KEPT = ("public.context_key",)
"""Tables whose rows no backup holds: who has the keys of the tenant context signs as any tenant. A restore makes its own."""
_HALF = "coalesce(sum(('x' || encode(substr(h, {start}, 8), 'hex'))::bit(64)::bigint::numeric), 0)"
_DIGEST = "SELECT count(*), {first}, {second} FROM (SELECT sha256(convert_to(t::text, 'UTF8')) AS h FROM ONLY {table} t) hashed"
ONLY_NEWER_THAN = {b"SET transaction_timeout = 0;\n": 17}
"""Lines a newer pg_dump writes that an older server does not know; they set what is unset there anyway."""


@dataclass(frozen=True)
class KeptFile:
    """Bytes the register of files names. Units: bytes; SHA-256 in hexadecimal digits."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Moment:
    """A snapshot: what is in the database at one instant. Lives as long as its connection."""

    connection: psycopg.Connection[tuple[Any, ...]]
    snapshot: str
    server: str

    def tables(self, progress: Callable[[str], None] = lambda _name: None) -> Mapping[str, TableFacts]:
        """Count and digest every table. Costs: reads every row."""
        return table_facts(self.connection, progress)

    def revision(self) -> str:
        """Give the schema's revision. Raises: BackupError when the database is not Duban's."""
        try:
            found = self.connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable as error:
            raise BackupError("The database has no schema of Duban: there is nothing to back up.") from error
        return str(found[0]) if found else ""

    def files(self) -> Sequence[KeptFile]:
        """List the bytes that belong to this moment, ordered by key; removed files keep their bytes, so they are in it."""
        rows = self.connection.execute(
            "SELECT DISTINCT storage_key, digest, size_bytes FROM stored_file ORDER BY storage_key"
        ).fetchall()
        return [KeptFile(key=key, sha256=digest.removeprefix("sha256:"), size=size) for key, digest, size in rows]

    def audit_heads(self) -> Mapping[str, list[Any]]:
        """Give the end of each tenant's audit chain: sequence number and hash."""
        return audit_heads(self.connection)


def table_facts(
    connection: psycopg.Connection[tuple[Any, ...]], progress: Callable[[str], None] = lambda _name: None
) -> dict[str, TableFacts]:
    """Count and digest every table the connection's role can read, whatever tenant."""
    facts = {}
    for schema, table in connection.execute(TABLES).fetchall():
        if f"{schema}.{table}" in NOT_KEPT:
            continue
        progress(table)
        first, second = (sql.SQL(_HALF).format(start=sql.Literal(start)) for start in (1, 9))
        statement = sql.SQL(_DIGEST).format(first=first, second=second, table=sql.Identifier(schema, table))
        rows, one, other = connection.execute(statement).fetchone() or (0, 0, 0)
        facts[f"{schema}.{table}"] = TableFacts(rows=rows, digest=f"{one}:{other}")
    return facts


def audit_heads(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Give the end of each tenant's audit chain: sequence number and hash."""
    rows = connection.execute("SELECT tenant_id, seq, hash FROM audit_head ORDER BY 1").fetchall()
    return {str(tenant): [seq, digest] for tenant, seq, digest in rows}


@contextlib.contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """
    Open a connection in autocommit whose texts are always the same, for the length of a block.

    Raises: BackupError when nobody answers, or for any error of the database in the block.
    """
    conninfo, environment = libpq(url)
    try:
        connection = psycopg.connect(conninfo, password=environment.get("PGPASSWORD"), autocommit=True, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise BackupError(f"The database cannot be reached: {error}") from error
    try:
        for setting in _SAME_TEXT:
            connection.execute(sql.SQL("SET {}").format(sql.SQL(setting)))
        yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupError(
            f"{connection.info.user} may not see every row ({str(error).splitlines()[0]}). DUBAN_BACKUP_DATABASE_URL wants "
            "duban_backup, which config/postgres-roles.sh makes: BYPASSRLS and a member of pg_read_all_data."
        ) from error
    except psycopg.Error as error:
        raise BackupError(f"The database refused: {error}") from error
    finally:
        connection.close()


@contextlib.contextmanager
def moment(backup_url: str) -> Iterator[Moment]:
    """Freeze a moment for the length of a block: everything read, and dumped by others under its name, is of that instant."""
    with connected(backup_url) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot, server = connection.execute("SELECT pg_export_snapshot(), current_setting('server_version')").fetchone() or (
            "",
            "",
        )
        yield Moment(connection=connection, snapshot=snapshot, server=server.split()[0])
        connection.execute("ROLLBACK")


def major(version: str) -> int:
    """Give the major version, e.g. 15 of "15.18"."""
    return int(version.split(".", maxsplit=1)[0])


def dump(
    programs: Programs, backup_url: str, *, snapshot: str, restrict_key: str, to: Path, progress: Callable[[int], None]
) -> Part:
    """
    Write the snapshot as a compressed plain dump. The same rows and key give the same bytes.

    Gives: size and digest of the uncompressed text. Raises: BackupError with pg_dump's words.
    """
    conninfo, environment = libpq(backup_url)
    command = [
        *(str(programs.pg_dump), "--format=plain", "--no-owner", "--encoding=UTF8", f"--snapshot={snapshot}"),
        *(f"--restrict-key={restrict_key}", "--no-password", f"--dbname={conninfo}"),
        *(f"--exclude-table-data={table}" for table in NOT_KEPT),
    ]
    hashed, size = hashlib.sha256(), 0
    with (
        tempfile.TemporaryFile() as complaints,
        to.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=dict(environment)) as running,
    ):
        output = cast("BinaryIO", running.stdout)
        while chunk := output.read(_CHUNK):
            hashed.update(chunk)
            size += len(chunk)
            packed.write(chunk)
            progress(size)
        if running.wait() != 0:
            complaints.seek(0)
            said = complaints.read()[-_ERROR_TAIL:].decode(errors="replace").strip()
            raise BackupError(f"pg_dump failed: {said}")
    return Part(size=size, sha256=hashed.hexdigest())


def load(programs: Programs, owner_url: str, *, dump_file: Path, replace: bool, progress: Callable[[int], None]) -> None:
    """
    Load a dump as the owner in one transaction; with `replace`, what the owner has there goes in the same transaction.

    psql is shut by a key of ours that no dump can know: a dump made by somebody else for this day may hold SQL, which the
    operator who accepts it accepts, but no command for psql itself, such as one that starts a program on this machine.
    Raises: BackupError with psql's words; the database is then as it was.
    """
    conninfo, environment = libpq(owner_url)
    with connected(owner_url) as connection:
        server = major(str((connection.execute("SELECT current_setting('server_version')").fetchone() or ("",))[0]))
    unknown = {line for line, since in ONLY_NEWER_THAN.items() if server < since}
    command = [
        *(str(programs.psql), "--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "--output=/dev/null"),
        *("--set=ON_ERROR_STOP=1", f"--dbname={conninfo}", "--file=-"),
    ]
    with (
        tempfile.TemporaryFile() as complaints,
        gzip.open(dump_file, "rb") as packed,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints, env=dict(environment)) as running,
    ):
        entry = cast("BinaryIO", running.stdin)
        with contextlib.suppress(BrokenPipeError):  # psql has ended: its words and exit code say why
            entry.write(b"\\restrict " + secrets.token_hex(32).encode() + b"\n")
            if replace:
                entry.write(b"DROP OWNED BY CURRENT_USER CASCADE;\n")
            _feed(packed, entry, unknown, progress)
            entry.close()
        if running.wait() != 0:
            complaints.seek(0)
            said = complaints.read()[-_ERROR_TAIL:].decode(errors="replace").strip()
            raise BackupError(f"The dump could not be loaded; the database is as it was. psql said: {said}")


def _feed(packed: gzip.GzipFile, entry: BinaryIO, unknown: set[bytes], progress: Callable[[int], None]) -> None:
    """
    Pass the dump on; lines the server does not know stand before the first table's.

    The pair of lines with which pg_dump shuts psql, in the head and behind the last row, is left out: ours stands around it.
    """
    fed, in_head, shut = 0, True, b""
    while in_head and (line := packed.readline()):
        in_head = not line.startswith(b"CREATE ")
        if not shut and line.startswith(_RESTRICT):
            shut = line[len(_RESTRICT) :]
        elif line not in unknown:
            entry.write(line)
    held = b""
    while chunk := packed.read(_CHUNK):
        held += chunk
        entry.write(held[:-_LAST_LINES])
        fed += len(chunk)
        held = held[-_LAST_LINES:]
        progress(fed)
    entry.write(held.replace(b"\n\\unrestrict " + shut, b"\n") if shut else held)
