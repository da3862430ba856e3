"""Making a backup: freeze, count, dump, copy the bytes, sign, read it all again, and only then give it its name."""

import contextlib
import csv
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from duban.backup import database
from duban.backup.checking import Report, check
from duban.backup.errors import BackupError
from duban.backup.manifest import DATABASE, FILE_LIST, FILES, MANIFEST, SIGNATURE, Manifest, backup_keys, part_of, sign
from duban.backup.programs import find_programs
from duban.files.storage import open_store
from duban.kernel.settings import Settings

PREFIX = "duban-"
_PARTIAL = ".partial-"
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Made:
    """A backup that was made, and what reading it again found."""

    place: Path
    manifest: Manifest
    report: Report
    size_bytes: int


def make(settings: Settings, *, now: datetime, say: Callable[[str], None], tick: Callable[[str], None]) -> Made:
    """
    Make a backup of one moment in the backup folder.

    Takes: settings with the backup role's URL; `say` gets lines, `tick` a moving one.
    Gives: what was made; look at `report`, for bytes missing from the store do not stop a backup but are no success.
    Raises: BackupError; nothing with a backup's name is left then.
    """
    keys = backup_keys(settings)
    if not keys:
        raise BackupError("No key to sign with: set DUBAN_BACKUP_KEY (or DUBAN_SECRET_KEY).")
    folder = settings.resolved_backup_dir
    place = folder / f"{PREFIX}{now:%Y%m%dT%H%M%SZ}"
    with _alone(folder), _partial(folder, place) as partial:
        manifest = _fill(partial, settings, now=now, say=say, tick=tick, before=newest(folder))
        raw = manifest.to_bytes()
        (partial / MANIFEST).write_bytes(raw)
        (partial / SIGNATURE).write_bytes(sign(raw, keys[0]))
        _close(partial)
        _to_disk(partial)
        say("reading it all again")
        report = check(partial, keys=keys, tick=tick)
        if any(problem.kind != "incomplete" for problem in report.problems):
            raise BackupError("What was written does not read back: " + "; ".join(str(one) for one in report.problems))
        partial.rename(place)
        _to_disk(folder, deep=False)
    return Made(
        place=place,
        manifest=manifest,
        report=report,
        size_bytes=sum(part.size for part in manifest.parts.values()) + manifest.file_bytes,
    )


def backups(folder: Path) -> Sequence[Path]:
    """List the backups of a folder, oldest first; unfinished ones are not among them."""
    return sorted(path for path in folder.glob(f"{PREFIX}*") if path.is_dir()) if folder.is_dir() else []


def newest(folder: Path) -> Path | None:
    """Give the latest backup of a folder."""
    found = backups(folder)
    return found[-1] if found else None


def rotate(folder: Path, *, keep: int, keys: Sequence[bytes]) -> Sequence[Path]:
    """
    Remove the oldest backups beyond `keep` signed ones. Gives: what was removed.

    An unsigned or foreign folder counts for nothing and is never removed: somebody put it there for a reason.
    """
    ours = [path for path in backups(folder) if is_ours(path, keys)]
    removed = ours[:-keep] if keep else []
    for path in removed:
        doomed = path.with_name(_PARTIAL + path.name)
        path.rename(doomed)  # from here on it is no backup, however far the removal gets
        shutil.rmtree(doomed)
    return removed


def is_ours(path: Path, keys: Sequence[bytes]) -> bool:
    """Tell whether a folder's manifest bears a good signature of ours."""
    report = check(path, keys=keys, only_manifest=True)
    return report.is_good


def _fill(
    partial: Path,
    settings: Settings,
    *,
    now: datetime,
    say: Callable[[str], None],
    tick: Callable[[str], None],
    before: Path | None,
) -> Manifest:
    restrict_key = secrets.token_hex(16)
    with database.moment(settings.backup_database_url) as moment:
        programs = find_programs(settings.postgres_bin, server_major=database.major(moment.server))
        revision, files = moment.revision(), moment.files()
        say(f"one moment frozen: schema {revision}, PostgreSQL {moment.server}, {len(files)} files")
        tables = moment.tables(lambda name: tick(f"counting {name}"))
        say(f"{len(tables)} tables, {sum(one.rows for one in tables.values()):,} rows")
        plain = database.dump(
            programs,
            settings.backup_database_url,
            snapshot=moment.snapshot,
            restrict_key=restrict_key,
            to=partial / DATABASE,
            progress=lambda size: tick(f"dumping {size / 1e6:,.0f} MB"),
        )
        heads = moment.audit_heads()
    say(f"dump of {plain.size / 1e6:,.1f} MB by pg_dump {programs.version}")
    missing = _copy_files(partial, files, settings, tick=tick, before=before)
    say(f"{len(files) - len(missing)} files copied" + (f", {len(missing)} MISSING in the store" if missing else ""))
    return Manifest(
        made_at=now,
        duban=_our_version(),
        revision=revision,
        server=moment.server,
        pg_dump=programs.version,
        restrict_key=restrict_key,
        parts={name: part_of(partial / name) for name in (DATABASE, FILE_LIST)},
        plain=plain,
        tables=tables,
        audit_heads=heads,
        file_count=len(files) - len(missing),
        file_bytes=sum({one.sha256: one.size for one in files if one.key not in missing}.values()),
        missing=sorted(missing),
    )


def _copy_files(
    partial: Path, files: Sequence[database.KeptFile], settings: Settings, *, tick: Callable[[str], None], before: Path | None
) -> set[str]:
    """Bring the bytes of every key in, each content once. Gives: the keys whose bytes are gone or not what they were."""
    store, missing = open_store(settings.resolved_files_url), set()
    with (partial / FILE_LIST).open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(("sha256", "size", "key"))
        for number, one in enumerate(files, 1):
            tick(f"file {number:,} of {len(files):,}")
            target = partial / FILES / one.sha256[:2] / one.sha256
            if target.exists() or _linked(before, target, one) or _copied(store.open, target, one):
                lines.writerow((one.sha256, one.size, one.key))
            else:
                missing.add(one.key)
    return missing


def _linked(before: Path | None, target: Path, one: database.KeptFile) -> bool:
    """Share the bytes with the backup before, where they are still what they should be."""
    if before is None:
        return False
    source = before / FILES / one.sha256[:2] / one.sha256
    try:
        if part_of(source).sha256 != one.sha256:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except OSError:
        return False  # not there, or on a file system without links: it is copied
    return True


def _copied(open_key: Callable[[str], object], target: Path, one: database.KeptFile) -> bool:
    hashed = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open_key(one.key) as source, target.open("xb") as out:  # type: ignore[attr-defined]
            while chunk := source.read(_CHUNK):
                hashed.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return False
    if hashed.hexdigest() != one.sha256:
        target.unlink()
        return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder. Raises: BackupError while another works, or when it cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise BackupError(f"The backup folder {folder} cannot be written: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"Another backup is being made in {folder}.") from error
        yield


@contextlib.contextmanager
def _partial(folder: Path, place: Path) -> Iterator[Path]:
    """Give a folder to work in; it is gone unless it was renamed. What an earlier, killed run left is removed first."""
    if place.exists():
        raise BackupError(f"{place} is there already.")
    for left in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(left)
    partial = folder / (_PARTIAL + place.name)
    try:
        partial.mkdir(mode=0o700)
        (partial / FILES).mkdir()
        yield partial
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _close(folder: Path) -> None:
    """Let nobody but our own user read what is in the folder, wherever it is copied or unpacked with its modes."""
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _to_disk(folder: Path, *, deep: bool = True) -> None:
    """Have the system write the folder's entries out, so that a name once seen survives a power failure."""
    for path in [*(folder.rglob("*") if deep else ()), folder]:
        if path.is_dir() or path.parent == folder:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _our_version() -> str:
    try:
        return version("duban")
    except PackageNotFoundError:
        return "unknown"
