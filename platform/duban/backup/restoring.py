"""Restoring: all is checked before anything is touched, the database changes in one transaction, then all is proved again."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import create_engine, delete, make_url

from duban.audit.queries import verify
from duban.backup import database
from duban.backup.checking import Report, check, read_file_list
from duban.backup.errors import BackupError, RestoreRefusedError
from duban.backup.manifest import DATABASE, FILES, Manifest, backup_keys
from duban.backup.programs import find_programs
from duban.backup.reviving import Ended, end_access
from duban.embedded.postgres import APP_ROLE
from duban.files.storage import open_store
from duban.kernel.clock import Clock
from duban.kernel.context import ContextKey
from duban.kernel.context_keys import context_key, install_key
from duban.kernel.db import make_engine
from duban.kernel.migrating import newest_revision, scripts
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.kernel.settings import Settings
from duban.tenancy.queries import every_tenant

FORGIVABLE = ("foreign", "incomplete", "stale")
"""Problems an operator may accept in a disaster; a damaged backup is never restored."""


@dataclass(frozen=True)
class Restored:
    """What was restored and proved. `is_current`: its schema is the one this version needs."""

    manifest: Manifest
    rows: int
    files_written: int
    files_there: int
    audit_records: int
    is_current: bool
    ended: Ended | None = None


def restore(
    settings: Settings,
    folder: Path,
    *,
    replace: bool,
    accept: Collection[str],
    clock: Clock,
    say: Callable[[str], None],
    tick: Callable[[str], None],
    ends_access: bool = True,
) -> Restored:
    """
    Put a backup's database and files in place, and end all access that came back with it.

    Takes: settings with the URLs of owner, backup role and application; `accept`: kinds of FORGIVABLE; `ends_access` False
           for a drill that only compares.
    Raises: RestoreRefusedError before anything was touched; BackupError afterwards.
    """
    say("checking the backup before touching anything")
    report = check(folder, keys=backup_keys(settings), tick=tick)
    manifest = _believed(report, accept)
    _check_target(settings, manifest, replace=replace)
    written, there = _place_files(settings, folder, tick=tick)
    say(f"{written} files written, {there} were there")
    _load(settings, folder, manifest, replace=replace, tick=tick)
    try:
        say("comparing every table with the manifest")
        _compare(settings, manifest, tick)
        say(f"{len(manifest.tables)} tables, {manifest.rows:,} rows: the same")
        accept_our_key(settings)
        records = verify_audit(settings, clock=clock)
        say(f"audit: {records:,} records, every chain unbroken and ending where it did")
    except Exception:
        # The tables are there all the same, and somebody may begin to serve them: not with the access of then.
        say("something is wrong with what was restored; ending all access before saying what")
        accept_our_key(settings)
        if ends_access:
            end_access(settings, made_at=manifest.made_at, clock=clock)
        raise
    ended = end_access(settings, made_at=manifest.made_at, clock=clock) if ends_access else None
    return Restored(
        manifest=manifest,
        rows=manifest.rows,
        files_written=written,
        files_there=there,
        audit_records=records,
        is_current=manifest.revision == newest_revision(),
        ended=ended,
    )


def _believed(report: Report, accept: Collection[str]) -> Manifest:
    refused = [problem for problem in report.problems if problem.kind not in accept or problem.kind not in FORGIVABLE]
    if refused or report.manifest is None:
        raise RestoreRefusedError(
            "Nothing was touched, for the backup is not sound:\n" + "\n".join(f"  {problem}" for problem in report.problems)
        )
    return report.manifest


def _check_target(settings: Settings, manifest: Manifest, *, replace: bool) -> None:
    """Refuse, before anything is touched, what could not end well."""
    try:
        scripts().get_revision(manifest.revision)
    except CommandError as error:
        raise RestoreRefusedError(
            f"The backup has schema {manifest.revision}, which this version does not know: install Duban {manifest.duban}."
        ) from error
    with database.connected(settings.owner_database_url) as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_user, current_database()").fetchone()
        server, role, name = (str(value) for value in row or ("0", "", ""))
        if database.major(server) < database.major(manifest.server):
            raise RestoreRefusedError(
                f"The backup is of PostgreSQL {manifest.server}, the server is {server}: it must not be older."
            )
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone() is None:
            raise RestoreRefusedError(f"The server has no role {APP_ROLE}: run config/postgres-roles.sh first.")
        tables = [table for _, table in connection.execute(database.TABLES).fetchall()]
        if tables and not replace:
            raise RestoreRefusedError(f"Database {name} is not empty ({len(tables)} tables). --replace deletes what is in it.")
        others = connection.execute(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND usename = %s ORDER BY 1",
            [APP_ROLE],
        ).fetchall()
    if others:
        who = ", ".join(str(one) for (one,) in others)
        raise RestoreRefusedError(f"{who} still uses database {name}. Stop web, worker, clock and steward first.")
    if role == APP_ROLE or make_url(settings.backup_database_url).database != name:
        raise RestoreRefusedError("DUBAN_OWNER_DATABASE_URL and DUBAN_BACKUP_DATABASE_URL must be two roles on one database.")
    find_programs(settings.postgres_bin, server_major=database.major(server))


def _place_files(settings: Settings, folder: Path, *, tick: Callable[[str], None]) -> tuple[int, int]:
    """Bring the bytes back under their keys. Before the database: until a row names them they harm nobody."""
    store, written, there = open_store(settings.resolved_files_url), 0, 0
    for number, (sha256, _, key) in enumerate(read_file_list(folder), 1):
        tick(f"file {number:,}")
        if store.has(key) and store.sha256(key) == sha256:
            there += 1
            continue
        with (folder / FILES / sha256[:2] / sha256).open("rb") as stream:
            store.place(key, stream)
        written += 1
    return written, there


def _load(settings: Settings, folder: Path, manifest: Manifest, *, replace: bool, tick: Callable[[str], None]) -> None:
    with database.connected(settings.owner_database_url) as connection:
        row = connection.execute("SELECT current_setting('server_version')").fetchone()
    programs = find_programs(settings.postgres_bin, server_major=database.major(str((row or ("0",))[0])))
    total = max(manifest.plain.size, 1)
    database.load(
        programs,
        settings.owner_database_url,
        dump_file=folder / DATABASE,
        replace=replace,
        progress=lambda fed: tick(f"loading {min(100, 100 * fed // total)} %"),
    )
    with database.connected(settings.owner_database_url) as connection:
        connection.execute("ANALYZE")


def _compare(settings: Settings, manifest: Manifest, tick: Callable[[str], None]) -> None:
    with database.connected(settings.backup_database_url) as connection:
        found = database.table_facts(connection, lambda name: tick(f"comparing {name}"))
        heads = database.audit_heads(connection)
    said = {name: facts for name, facts in manifest.tables.items() if name not in database.NOT_KEPT}  # once it was kept
    if found != said:
        differing = sorted(name for name in found.keys() | said.keys() if found.get(name) != said.get(name))
        raise BackupError(f"The restored database differs from the backup in {', '.join(differing)}. Do not use it.")
    if heads != dict(manifest.audit_heads):
        raise BackupError("The audit chains of the restored database end elsewhere than in the backup. Do not use it.")


def accept_our_key(settings: Settings) -> None:
    """Have the restored database accept this machine's context key and no other: one in an old backup may be anybody's by now."""
    engine, key = create_engine(settings.owner_database_url), ContextKey.of(settings.context_key)
    try:
        with engine.begin() as owner:
            owner.execute(delete(context_key))
            install_key(owner, key)
    finally:
        engine.dispose()


def verify_audit(settings: Settings, *, clock: Clock) -> int:
    """Recompute every tenant's audit chain, closed ones too. Gives: records read. Raises: BackupError."""
    engine = make_engine(settings.database_url, context_key=settings.context_key, application_name="duban-restore")
    try:
        with open_session(engine, None) as session:
            tenants = every_tenant(session)
        records = 0
        for tenant in tenants:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=clock.now()) as scope:
                verdict = verify(scope)
            if verdict.bad_seq is not None:
                raise BackupError(f"Audit of {tenant.slug}: record {verdict.bad_seq}: {verdict.reason}")
            records += verdict.rows
        return records
    finally:
        engine.dispose()


def missing_files(settings: Settings) -> Sequence[str]:
    """Compare the register of files with the store, byte by byte. Gives: keys gone or changed. Costs: reads every file."""
    with database.moment(settings.backup_database_url) as moment:
        files = moment.files()
    store = open_store(settings.resolved_files_url)
    return [one.key for one in files if not store.has(one.key) or store.sha256(one.key) != one.sha256]
