"""
The canary wrapper (A10): over the whole suite, nothing that belongs to one tenant may come out where another is served.

Canaries, each of one tenant only: the id of every row written through a session, the words planted in the strangers' names, posts and
addresses, and a telephone number of every person (tests/cast.py). Looked at: every response with its headers, downloads and exports
unpacked; every log line; every command to Redis and every job; every mail; every stored and temporary file. An answer to somebody may hold
canaries of their tenant only, and an answer to nobody none; what has no reader (a log line, a job, a mail, a file) may hold one tenant's only.
Ids the request itself named are no secret to its sender. A foreign canary fails the test in which it was seen.
"""

from __future__ import annotations

import io
import logging
import re
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import flask
import structlog
from redis import Redis
from redis.client import Pipeline
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from duban.kernel.db import TenantTable

KEPT_IDS = 400_000
LARGEST = 64 * 1024 * 1024
_CANARY = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|zq[0-9a-f]{12}qz|\b199\d{8}\b")


def planted_word(tenant_id: UUID) -> str:
    """A word of one tenant, to be put into its names."""
    return f"zq{tenant_id.hex[-12:]}qz"


def planted_phone(person_id: UUID) -> str:
    """A telephone number of one person."""
    return f"199{person_id.int % 10**8:08d}"


@dataclass
class Watch:
    """What is known and what was seen. One per process."""

    owners: dict[bytes, frozenset[UUID]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    here: threading.local = field(default_factory=threading.local)

    def learn(self, canary: str, tenant_id: UUID) -> None:
        """Note that something belongs to a tenant (to several, when an archive was read back under another tenant)."""
        word = canary.encode()
        with self.lock:
            if len(self.owners) >= KEPT_IDS:
                for old in list(self.owners)[: KEPT_IDS // 10]:
                    del self.owners[old]
            self.owners[word] = self.owners.get(word, frozenset()) | {tenant_id}

    def scan(
        self,
        sort: str,
        words: bytes,
        *,
        reader: UUID | None,
        allowed: Iterable[bytes] = (),
        operator: bool = False,
        where: str = "",
    ) -> None:
        """
        Look through what somebody is given. `reader`: their tenant; None: nobody's.

        The `operator` is shown which tenants there are, by their own ids; nothing of what is in them.
        """
        self._count(sort, words)
        named = set(allowed)
        for canary in set(_CANARY.findall(words)):
            owners = self.owners.get(canary)
            if owners is not None:
                self.seen["canaries met"] += 1
                is_tenant = operator and canary.decode() in map(str, owners)
                if reader not in owners and canary not in named and not is_tenant:
                    self.leaks.append(
                        f"{sort} {where} for tenant {reader} holds {canary.decode()} of {[str(one) for one in owners]}"
                    )

    def scan_unread(self, sort: str, words: bytes, *, where: str = "", allowed: Iterable[bytes] = ()) -> None:
        """Look through what has no reader: it may speak of one tenant only, but for what a sender wrote into the request."""
        self._count(sort, words)
        common: frozenset[UUID] | None = None
        for canary in set(_CANARY.findall(words)) - set(allowed):
            owners = self.owners.get(canary)
            if owners is not None:
                self.seen["canaries met"] += 1
                common = owners if common is None else common & owners
                if not common:
                    self.leaks.append(f"{sort} {where} mixes tenants, e.g. {canary.decode()} of {[str(one) for one in owners]}")
                    return

    def _count(self, sort: str, words: bytes) -> None:
        with self.lock:
            self.seen[sort] += 1
            self.seen["bytes"] += len(words)

    @contextmanager
    def expecting_leaks(self) -> Iterator[list[str]]:
        """For positive controls: what leaks inside is given to the test and held against nobody."""
        before = len(self.leaks)
        found: list[str] = []
        yield found
        found.extend(self.leaks[before:])
        del self.leaks[before:]


watch = Watch()
reported: list[str] = []
"""Leaks that have failed a test, kept for the figures."""


def unpacked(content: bytes) -> bytes:
    """Give content with what is packed inside it (xlsx, docx, zip) laid open."""
    if not content.startswith(b"PK\x03\x04"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"\n".join([content, *(archive.read(one) for one in archive.infolist() if one.file_size < LARGEST)])
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, OSError, RuntimeError):
        return content


def _learn_rows(session: Session, _context: object) -> None:
    for row in session.new:
        if isinstance(row, TenantTable):  # not the operator's own rows, some of which name a tenant
            watch.learn(str(row.id), row.tenant_id)


class _Tee:
    """A stream of an answer, looked through when it has ended."""

    def __init__(self, parts: Iterable[bytes], **about: Any) -> None:
        self._parts, self._about, self._kept = parts, about, bytearray()

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._parts:
                if len(self._kept) < LARGEST:
                    self._kept += part if isinstance(part, bytes) else str(part).encode()
                yield part
        finally:
            watch.scan("downloads", unpacked(bytes(self._kept)), **self._about)
            self._kept = bytearray()

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


def _named_in_request() -> set[bytes]:
    """
    Ids the sender wrote into the request; given back to them, they tell nothing.

    Only what the program has read is looked at: a body it refused to read must not be read by the watch either.
    """
    request = flask.request
    said = [request.full_path.encode(), str(request.headers).encode(), getattr(request, "_cached_data", None) or b""]
    if "form" in vars(request):
        said.append(repr(request.form.to_dict(flat=False)).encode())
    return set(_CANARY.findall(b"\n".join(said)))


def _look_at_response(_app: flask.Flask, response: Response, **_: object) -> None:
    tenant = flask.g.get("tenant")
    about = {
        "reader": tenant.id if tenant is not None else None,
        "allowed": _named_in_request(),
        "operator": flask.request.path.startswith(("/operator", "/api/v1/operator")),
        "where": f"{flask.request.method} {flask.request.path} → {response.status_code}",
    }
    watch.scan("headers", str(response.headers).encode(), **about)
    if response.direct_passthrough or response.is_streamed:
        response.response = _Tee(response.response, **about)
    else:
        watch.scan("responses", unpacked(response.get_data()), **about)


def _sent() -> set[bytes]:
    """Ids in the path asked for: a line that says who asked for what holds them, whosever they are."""
    return set(_CANARY.findall(flask.request.path.encode())) if flask.has_request_context() else set()


def _look_at_log(_logger: object, _method: str, fields: dict[str, Any]) -> dict[str, Any]:
    words = str(fields | structlog.contextvars.get_contextvars()).encode(errors="replace")
    watch.scan_unread("log lines", words, allowed=_sent())
    return fields


def _watch_logs() -> None:
    structlog.configure(processors=[_look_at_log, *structlog.get_config()["processors"]])
    made_before = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made_before(*args, **kwargs)
        words = f"{record.getMessage()} {record.exc_info or ''}".encode(errors="replace")
        watch.scan_unread("log lines", words, allowed=_sent())
        return record

    logging.setLogRecordFactory(make)


def _as_bytes(value: object) -> bytes:
    if isinstance(value, bytes) and value[:1] == b"\x78":
        try:
            return zlib.decompress(value)  # RQ packs what a job is given
        except zlib.error:
            return value
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def _watch_redis() -> None:
    def watched(kind: type) -> None:
        send = kind.execute_command

        def execute_command(self: Any, *args: object, **options: object) -> object:
            watch.scan_unread("commands to Redis", b" ".join(map(_as_bytes, args)), where=str(args[0]))
            return send(self, *args, **options)

        kind.execute_command = execute_command

    watched(Redis)
    watched(Pipeline)


def begin() -> None:
    """Watch from now on, in this process."""
    event.listen(Session, "after_flush", _learn_rows)
    flask.request_finished.connect(_look_at_response)
    _watch_logs()
    _watch_redis()


_SKIPPED = {"pg", "postgres", "redis", "pg.log"}


def look_at_files(*folders: Path) -> None:
    """Look through every file left in these folders, line by line where it is a log."""
    for folder in folders:
        for path in folder.rglob("*"):
            parts = path.relative_to(folder).parts
            if _SKIPPED & set(parts) or not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST:
                continue
            content = unpacked(path.read_bytes())
            # Logs and backups of the whole installation speak of several tenants, each line of one.
            for piece in content.splitlines() if path.name == "log" or path.suffix in {".log", ".jsonl", ".sql"} else (content,):
                watch.scan_unread("files", piece, where=str(path))
            owner = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/[0-9a-f]{2}/[0-9a-f]{64}$)", str(path))
            if owner:
                watch.scan("stored files", content, reader=UUID(owner.group()), where=str(path))


def summary(seen: Counter[str], leaks: int) -> str:
    """Give the figures in one line."""
    sorts = ("responses", "headers", "downloads", "log lines", "commands to Redis", "mails", "files", "stored files")
    counted = ", ".join(f"{seen[sort]} {sort}" for sort in sorts)
    return f"canaries: {counted}; {seen['bytes'] / 1e6:.1f} MB; {seen['canaries met']} of the reader's own met; {leaks} foreign"
