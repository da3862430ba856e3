"""
The anchor file: the heads of all tenants' chains, written outside the database, where nobody who can rewrite a table can reach.

One JSON object per line, each line carrying the digest of the line before it. Any number of processes append to it.
A hash chain alone cannot show that its tail, or all of it, was cut off, that it was written anew with fresh hashes, or
that an old backup was put in its place; together with this file it can.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from duban.kernel.logs import get_logger

log = get_logger(__name__)
FIRST = "0" * 64
_TAIL_BYTES = 64 * 1024


class AnchorKind(StrEnum):
    """Why a line was written."""

    HEAD = "head"
    """The clock's regular note of where a chain stands."""
    RESULT = "result"
    """Results were published: careers hang on what is recorded up to here."""
    RESET = "reset"
    """An operator said, with a reason, that the records after this one are given up (a backup was restored)."""
    CLOSED = "closed"
    """The tenant was deleted by the operator; its chain ends here."""
    BEGUN = "begun"
    """The first line of the file, written while nothing at all was recorded yet (docs/decisions/0044)."""
    ANEW = "anew"
    """An operator said, with a reason, that earlier lines are lost and the chain is believed as it stands now."""


@dataclass(frozen=True)
class Anchor:
    """Where a tenant's chain stood at an instant: `seq` records, the last of them hashed to `hash`."""

    at: datetime
    tenant_id: UUID
    seq: int
    hash: str
    kind: AnchorKind = AnchorKind.HEAD
    reason: str = ""


class AnchorFileError(Exception):
    """The anchor file was changed or cannot be read; the message names the line."""


def _digest(body: Mapping[str, Any], previous: str) -> str:
    canonical = json.dumps({**body, "previous": previous}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _body(anchor: Anchor) -> dict[str, Any]:
    body = asdict(anchor)
    return body | {"at": anchor.at.astimezone(UTC).isoformat(), "tenant_id": str(anchor.tenant_id), "kind": anchor.kind.value}


def _parse(raw: bytes) -> tuple[Anchor, str, str] | None:
    """Read a line: the anchor, the digest it says it follows, its own digest recomputed. None for a torn line."""
    try:
        body = json.loads(raw)
        previous, said = body.pop("previous"), body.pop("digest")
        anchor = Anchor(
            at=datetime.fromisoformat(body["at"]),
            tenant_id=UUID(body["tenant_id"]),
            seq=int(body["seq"]),
            hash=str(body["hash"]),
            kind=AnchorKind(body["kind"]),
            reason=str(body["reason"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    made = _digest(body, previous)
    return (anchor, previous, made) if made == said else None


class AnchorFile:
    """One anchor file. Writing takes a file lock and reaches the disk before it returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_to = self._lines = 0
        self._previous = FIRST
        self._last_read = b""
        self._fault = ""
        self._found: dict[UUID, list[Anchor]] = {}
        self._settled_at: datetime | None = None

    def append(self, anchor: Anchor) -> None:
        """Add a line. Raises: OSError, AnchorFileError where the file's end is not ours."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            previous, is_torn = self._last(file)
            body = _body(anchor)
            line = json.dumps(body | {"previous": previous, "digest": _digest(body, previous)}, ensure_ascii=False)
            # A line cut off by a crash stays as it is; the next one starts afresh and follows the last whole one.
            file.write(b"\n" * is_torn + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _last(self, file: BinaryIO) -> tuple[str, bool]:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        for raw in reversed(tail.split(b"\n")):
            if found := _parse(raw) if raw else None:
                return found[2], not tail.endswith(b"\n")
        if start:
            raise AnchorFileError(f"{self.path}: no whole line in its last {_TAIL_BYTES} bytes")
        return FIRST, bool(tail) and not tail.endswith(b"\n")

    def of(self, tenant_id: UUID) -> list[Anchor]:
        """
        List a tenant's anchors that still bind, oldest first: what an operator gave up with a reason is left out.

        Raises: AnchorFileError for a line that was changed, removed, added or moved, or a file that shrank; OSError.
        Costs: reads what was added since the last call; a new AnchorFile reads all.
        """
        self._read_on()
        return list(self._found.get(tenant_id, ()))

    def tenants(self) -> list[UUID]:
        """List the tenants the file speaks of. Raises: as `of`."""
        self._read_on()
        return list(self._found)

    def is_begun(self) -> bool:
        """Tell whether the file is there and holds a whole line. Raises: as `of`."""
        self._read_on()
        return self._previous != FIRST

    def followed_by(self, other: "AnchorFile") -> bool:
        """
        Tell whether this file proved untrustworthy and an operator has settled since that the other one is to be believed.

        Never raises: another one that cannot be trusted either follows nothing.
        """
        if not self._fault:
            return False
        try:
            other.is_begun()
        except (OSError, AnchorFileError):
            return False
        settled = other._settled_at  # noqa: SLF001 - of the same class
        return settled is not None and (self._settled_at is None or settled > self._settled_at)

    def set_aside(self, at: datetime) -> Path:
        """Give the file another name, so that a new one can be begun and the old one can still be looked at. Raises: OSError."""
        aside = self.path.with_name(f"{self.path.name}.untrusted-{at:%Y%m%dT%H%M%SZ}")
        self.path.rename(aside)
        return aside

    def _read_on(self) -> None:
        if self._fault:  # what was tampered with once stays so, however the file goes on
            raise AnchorFileError(self._fault)
        try:
            self._read_new()
        except AnchorFileError as error:
            self._fault = str(error)
            raise

    def _read_new(self) -> None:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read_to:
            raise AnchorFileError(f"{self.path}: shorter than it was ({size} bytes, {self._read_to} before)")
        if not size:
            return
        with self.path.open("rb") as file:
            file.seek(self._read_to - len(self._last_read))
            if file.read(len(self._last_read)) != self._last_read:
                raise AnchorFileError(f"{self.path}: what was read before is no longer there")
            for raw in file:
                if not raw.endswith(b"\n"):
                    break  # being written, or torn by a crash: the next reading knows
                self._read_to += len(raw)
                self._last_read = raw
                self._lines += 1
                self._take(raw)

    def _take(self, raw: bytes) -> None:
        found = _parse(raw)
        if found is None:  # torn by a crash, or tampered with: whether the next line follows the last whole one tells which
            return
        anchor, follows, made = found
        if follows != self._previous:
            raise AnchorFileError(f"{self.path}, line {self._lines}: does not follow the line before it")
        self._previous = made
        if anchor.kind is AnchorKind.ANEW:
            self._settled_at = anchor.at
        kept = self._found.setdefault(anchor.tenant_id, [])
        if anchor.kind is AnchorKind.RESET:
            kept[:] = [one for one in kept if one.seq <= anchor.seq]
        kept.append(anchor)


def say(anchor: Anchor) -> None:
    """Say where a chain stands in the log, which may be kept on another host."""
    log.info("audit anchored", tenant=str(anchor.tenant_id), seq=anchor.seq, hash=anchor.hash, kind=anchor.kind.value)


class Shelf:
    """Where this process keeps the anchor file, given to it at its start like the bell of kernel.jobs."""

    def __init__(self) -> None:
        self._file: AnchorFile | None = None

    def put(self, path: Path | None) -> None:
        """Give the process its anchor file, or take it away."""
        self._file = AnchorFile(path) if path else None

    def afresh(self) -> AnchorFile | None:
        """Give the anchor file to be read from its first line again: what was read before may have been changed since."""
        if self._file is not None:
            self._file = AnchorFile(self._file.path)
        return self._file

    def current(self) -> AnchorFile | None:
        """Give the anchor file as this process knows it; what it saw to be changed stays so until an operator settles it."""
        if self._file is not None and self._file.followed_by(fresh := AnchorFile(self._file.path)):
            self._file = fresh
        return self._file

    @property
    def file(self) -> AnchorFile | None:
        """The anchor file, if this process was given one."""
        return self._file

    def write(self, anchor: Anchor) -> bool:
        """
        Write an anchor and say it in the log too, which may be kept on another host; tell whether the file has it.

        For the clock, which has just seen that the file is what it was. Others only say a head (`say`).
        """
        say(anchor)
        if self._file is None:
            return False
        try:
            self._file.append(anchor)
        except (OSError, AnchorFileError) as error:
            log.error("audit not anchored", tenant=str(anchor.tenant_id), reason=str(error))  # noqa: TRY400 - no defect
            return False
        return True


shelf = Shelf()
