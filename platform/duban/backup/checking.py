"""Judging a backup from its files alone. What cannot be read or proved is a problem, never a success."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from typing_extensions import override

from duban.backup.dump_reading import read_dump
from duban.backup.manifest import DATABASE, FILE_LIST, FILES, MANIFEST, SIGNATURE, Manifest, part_of, signed_by

HEADINGS = {
    "missing": "a part is missing",
    "unreadable": "could not be read, so could not be verified",
    "foreign": "signed with another installation's key",
    "tampered": "the signature does not fit the manifest",
    "truncated": "shorter than it was",
    "changed": "not the bytes that were written",
    "empty": "holds no data",
    "rows": "the dump does not hold the rows that were counted",
    "incomplete": "bytes were already missing from the store when it was made",
    "stale": "too old",
}


@dataclass(frozen=True)
class Problem:
    """Something wrong with a backup; `kind` is a key of HEADINGS."""

    kind: str
    where: str

    @override
    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.kind}: {self.where}: {HEADINGS[self.kind]}"


@dataclass(frozen=True)
class Report:
    """What checking found. Good means: everything was read, and nothing is wrong."""

    problems: Sequence[Problem]
    manifest: Manifest | None = None
    files_read: int = 0
    rows_read: int = 0
    orphans: Sequence[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Tell that it can be relied on."""
        return not self.problems and self.manifest is not None


def check(
    folder: Path,
    *,
    keys: Sequence[bytes],
    tick: Callable[[str], None] = lambda _line: None,
    oldest: datetime | None = None,
    only_manifest: bool = False,
) -> Report:
    """
    Read a backup from end to end and compare everything with the signed manifest.

    Takes: `oldest`: a backup made before is stale; `only_manifest`: judge the signature and leave the rest unread.
    Costs: reads every byte.
    """
    try:
        raw, signature = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()
    except FileNotFoundError as error:
        return Report(problems=[Problem("missing", Path(str(error.filename)).name)])
    except OSError as error:
        return Report(problems=[Problem("unreadable", f"{MANIFEST} ({error.strerror})")])
    verdict = signed_by(raw, signature, keys)
    problems = [Problem(verdict, MANIFEST)] if verdict else []
    try:
        manifest = Manifest.from_bytes(raw)
    except (ValueError, KeyError, TypeError) as error:
        return Report(problems=[*problems, Problem("unreadable", f"{MANIFEST} ({error})")])
    if verdict == "tampered" or only_manifest:
        return Report(problems=problems, manifest=manifest)  # nothing it says about the rest can be believed
    return _check_parts(folder, manifest, problems, oldest=oldest, tick=tick)


def age_limit(now: datetime, hours: int) -> datetime:
    """Give the instant before which a backup is stale."""
    return now - timedelta(hours=hours)


def _check_parts(
    folder: Path, manifest: Manifest, problems: list[Problem], *, oldest: datetime | None, tick: Callable[[str], None]
) -> Report:
    if oldest is not None and manifest.made_at < oldest:
        problems.append(Problem("stale", f"made {manifest.made_at:%Y-%m-%d %H:%M} UTC"))
    if manifest.missing:
        problems.append(Problem("incomplete", f"{len(manifest.missing)} files"))
    broken = {name for name, part in manifest.parts.items() if not _is_part(folder / name, part.size, part.sha256, problems)}
    if not manifest.tables or not manifest.rows:
        problems.append(Problem("empty", DATABASE))
    rows = 0
    if DATABASE not in broken:
        tick("reading the dump")
        rows = _check_dump(folder, manifest, problems)
    files: int = 0
    orphans: Sequence[str] = ()
    if FILE_LIST not in broken:
        files, orphans = _check_files(folder, manifest, problems, tick)
    return Report(problems=problems, manifest=manifest, files_read=files, rows_read=rows, orphans=orphans)


def _is_part(path: Path, size: int, sha256: str, problems: list[Problem]) -> bool:
    """Compare a file with what was written."""
    try:
        found = part_of(path)
    except FileNotFoundError:
        problems.append(Problem("missing", path.name))
        return False
    except OSError as error:
        problems.append(Problem("unreadable", f"{path.name} ({error.strerror})"))
        return False
    if found.size < size:
        problems.append(Problem("empty" if not found.size else "truncated", path.name))
    elif found.sha256 != sha256:
        problems.append(Problem("changed", path.name))
    return found.size == size and found.sha256 == sha256


def _check_dump(folder: Path, manifest: Manifest, problems: list[Problem]) -> int:
    """Compare the dump's own rows with those the database counted in the same moment."""
    try:
        found = read_dump(folder / DATABASE)
    except OSError as error:
        problems.append(Problem("unreadable", f"{DATABASE} ({error.strerror})"))
        return 0
    wanted = {name: facts.rows for name, facts in manifest.tables.items()}
    if found.flaw or not found.is_whole:
        problems.append(Problem("truncated", f"{DATABASE} {found.flaw}".strip()))
    elif (found.size, found.sha256) != (manifest.plain.size, manifest.plain.sha256):
        problems.append(Problem("changed", DATABASE))
    elif dict(found.rows) != wanted:
        differing = sorted(name for name in wanted.keys() | found.rows.keys() if wanted.get(name) != found.rows.get(name))
        problems.append(Problem("rows", ", ".join(differing[:5])))
    return sum(found.rows.values())


def read_file_list(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Walk the list: SHA-256, size, key. Raises: OSError, ValueError."""
    with (folder / FILE_LIST).open(newline="", encoding="utf-8") as stream:
        lines = csv.reader(stream)
        next(lines)
        for sha256, size, key in lines:
            yield sha256, int(size), key


def _check_files(
    folder: Path, manifest: Manifest, problems: list[Problem], tick: Callable[[str], None]
) -> tuple[int, Sequence[str]]:
    """Read every file's bytes once, and find bytes no list names. Gives: keys with sound bytes, orphans."""
    listed = list(read_file_list(folder))
    if len(listed) != manifest.file_count:
        problems.append(Problem("rows", f"{FILE_LIST}: {len(listed)} of {manifest.file_count} files"))
    contents = {sha256: size for sha256, size, _ in listed}
    sound = set()
    for number, (sha256, size) in enumerate(sorted(contents.items()), 1):
        tick(f"file {number:,} of {len(contents):,}")
        if _is_part(folder / FILES / sha256[:2] / sha256, size, sha256, problems):
            sound.add(sha256)
    present = {path.name for path in (folder / FILES).glob("*/*")}
    return sum(1 for sha256, _, _ in listed if sha256 in sound), sorted(present - contents.keys())
