"""The commands `duban backup` and `duban restore`: progress on the terminal, and an exit code that never lies."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from duban.backup.checking import Report, age_limit, check
from duban.backup.errors import BackupError
from duban.backup.making import Made, backups, make, newest, rotate
from duban.backup.manifest import MANIFEST, Manifest, backup_keys
from duban.backup.restoring import FORGIVABLE, missing_files, restore
from duban.backup.reviving import Ended
from duban.embedded.services import environment_for, require_owner_url, services
from duban.kernel.backup_runs import note_run
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import newest_revision
from duban.kernel.settings import Settings, SettingsError, read_settings

TICK_SECONDS = 0.2


class Terminal:
    """Lines that stay, and on a terminal one that moves."""

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()
        self._ticked_at = 0.0

    def say(self, line: str) -> None:
        """Print a line."""
        self._clear()
        click.echo(line, err=True)

    def tick(self, line: str) -> None:
        """Show a moment's progress, a few times a second at most."""
        now = time.monotonic()
        if self._moves and now - self._ticked_at > TICK_SECONDS:
            self._ticked_at = now
            self._clear()
            click.echo(f"  {line[:76]}", nl=False, err=True)

    def _clear(self) -> None:
        if self._moves:
            click.echo("\r\033[K", nl=False, err=True)


@contextmanager
def _backup_settings() -> Iterator[Settings]:
    """Have the database, and settings that name the backup role. Raises: SettingsError, EmbeddedServerError."""
    with services(read_settings(), queue=False) as settings:
        if not settings.backup_database_url:
            raise SettingsError(
                "DUBAN_BACKUP_DATABASE_URL is not set: a backup needs the role that sees every row (duban_backup)."
            )
        yield settings


@click.group("backup", invoke_without_command=True)
@click.pass_context
def backup(context: click.Context) -> None:
    """Back up database and files of one moment, check what was written, remove the oldest beyond DUBAN_BACKUP_KEEP."""
    if context.invoked_subcommand is None:
        with _backup_settings() as settings:
            make_and_note(settings, Terminal())


def make_and_note(settings: Settings, terminal: Terminal) -> Path:
    """Make a backup, rotate, and note how it ended, whatever happened. Raises: BackupError."""
    clock = SystemClock()
    began = clock.now()
    reason, made = "it was interrupted", None
    try:
        made = make(settings, now=began, say=terminal.say, tick=terminal.tick)
        reason = "; ".join(str(problem) for problem in made.report.problems)
        if not reason:
            for removed in rotate(made.place.parent, keep=settings.backup_keep, keys=backup_keys(settings)):
                terminal.say(f"removed {removed.name} (the newest {settings.backup_keep} stay)")
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise
    finally:
        _note(settings, terminal, began=began, made=made, reason=reason)
    if reason:
        raise BackupError(f"{made.place} was written, but it is NOT a whole backup: {reason}")
    terminal.say(f"good backup: {made.place} ({made.size_bytes / 1e6:,.1f} MB, {_counts(made.manifest)})")
    return made.place


def _note(settings: Settings, terminal: Terminal, *, began: datetime, made: Made | None, reason: str) -> None:
    engine = make_engine(settings.database_url, context_key="", application_name="duban-backup")
    try:
        note_run(
            engine,
            started_at=began,
            ended_at=SystemClock().now(),
            place=str(made.place) if made else "",
            size_bytes=made.size_bytes if made else 0,
            reason=reason[:1000],
        )
    except SQLAlchemyError as error:
        terminal.say(f"the outcome could not be noted in the database, so the alarm will not know of it: {error}")
    finally:
        engine.dispose()


def _counts(manifest: Manifest) -> str:
    return f"{len(manifest.tables)} tables, {manifest.rows:,} rows, {manifest.file_count:,} files"


@backup.command("verify")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--all", "every", is_flag=True, help="Every backup of the folder instead of the newest.")
@click.option("--max-age-hours", type=click.IntRange(1), help="The newest must not be older (DUBAN_BACKUP_MAX_AGE_HOURS).")
def verify_backups(folder: Path | None, every: bool, max_age_hours: int | None) -> None:  # noqa: FBT001 - click passes flags by name
    """Read backups from end to end and judge them, without a database; ends with 1 unless all are good."""
    settings = _with_kept_secret(read_settings())
    chosen = _chosen(settings, folder, every=every)
    terminal, bad = Terminal(), 0
    for number, path in enumerate(chosen, 1):
        # only the newest can be stale: the older ones are meant to be old
        is_newest = number == len(chosen) and folder is None
        hours = max_age_hours or (settings.backup_max_age_hours if is_newest else None)
        oldest = age_limit(SystemClock().now(), hours) if hours and number == len(chosen) else None
        report = check(path, keys=backup_keys(settings), tick=terminal.tick, oldest=oldest)
        bad += not report.is_good
        _tell(terminal, path, report)
    if bad or not chosen:
        raise BackupError(f"{bad} of {len(chosen)} backups are not good." if chosen else "There is no backup to verify.")


def _chosen(settings: Settings, folder: Path | None, *, every: bool) -> Sequence[Path]:
    if folder is not None:
        return [folder]
    found = backups(settings.resolved_backup_dir)
    return found if every else found[-1:]


def _tell(terminal: Terminal, path: Path, report: Report) -> None:
    if report.is_good and report.manifest is not None:
        terminal.say(f"{path.name}: good ({report.rows_read:,} rows and {report.files_read:,} files read and compared)")
        return
    terminal.say(f"{path.name}: NOT GOOD")
    for problem in report.problems:
        terminal.say(f"  {problem}")


def _with_kept_secret(settings: Settings) -> Settings:
    """Use the local signing key where the environment names none, as `duban up` does."""
    kept = Path(settings.data_dir) / "secret_key"
    if settings.secret_key or not kept.exists():
        return settings
    return dataclasses.replace(settings, secret_key=kept.read_text(encoding="utf-8"))


@backup.command("list")
def list_backups() -> None:
    """List the backups of the folder, oldest first; what is in them is for `duban backup verify`."""
    settings = read_settings()
    for path in backups(settings.resolved_backup_dir):
        try:
            manifest = Manifest.from_bytes((path / MANIFEST).read_bytes())
            click.echo(f"{path}  schema {manifest.revision}  {_counts(manifest)}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            click.echo(f"{path}  cannot be read: {error}")


@backup.command("files")
def check_files() -> None:
    """Compare every file the database names with the store, byte by byte; ends with 1 where one is gone or changed."""
    with _backup_settings() as settings:
        gone = missing_files(settings)
    for key in gone:
        click.echo(f"gone or changed: {key}", err=True)
    if gone:
        raise BackupError(f"{len(gone)} files are gone or changed.")
    click.echo("Every file the database names is in the store, with the bytes it had.")


def _tell_ended(terminal: Terminal, manifest: Manifest, ended: Ended) -> None:
    terminal.say(f"access: {ended.sessions} sessions ended, {ended.tokens} tokens revoked; everybody signs in anew")
    terminal.say(
        f"CHECK: accounts shut, roles ended, passwords and second factors changed after {manifest.made_at:%Y-%m-%d %H:%M} UTC "
        f"are as they were then. The {ended.accounts} accounts that came back stand in {ended.listed_in}"
    )


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--latest", is_flag=True, help="The newest backup of DUBAN_BACKUP_DIR.")
@click.option("--replace", is_flag=True, help="Delete what is in the database now, in the same transaction.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--accept", multiple=True, type=click.Choice(FORGIVABLE), help="Restore although: foreign key, incomplete files.")
def restore_backup(folder: Path | None, latest: bool, replace: bool, yes: bool, accept: Sequence[str]) -> None:  # noqa: FBT001
    """Put a backup's database and files in place; checks everything before touching anything, and proves it afterwards."""
    with _backup_settings() as settings:
        require_owner_url(settings)
        folder = newest(settings.resolved_backup_dir) if latest else folder
        if folder is None:
            raise click.UsageError("Say which backup: a folder, or --latest.")
        if replace and not yes:
            click.confirm("Everything in the database now will be deleted. Go on?", abort=True)
        terminal = Terminal()
        done = restore(
            settings, folder, replace=replace, accept=accept, clock=SystemClock(), say=terminal.say, tick=terminal.tick
        )
        if done.ended is not None:
            _tell_ended(terminal, done.manifest, done.ended)
        if not done.is_current:
            terminal.say(
                f"Restored. Its schema is {done.manifest.revision}, this version needs {newest_revision()}: "
                "run duban migrate, then duban smoke."
            )
            return
        command = [sys.executable, "-m", "duban.cli", "smoke"]
        if subprocess.run(command, env=environment_for(settings), check=False).returncode != 0:
            raise BackupError("The data is restored, but the application does not work on it; the lines above say why.")
        terminal.say(f"Restored {folder.name}: {_counts(done.manifest)}, {done.audit_records:,} audit records verified.")
