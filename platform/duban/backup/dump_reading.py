"""Reading a plain dump without a server: which tables it fills with how many rows, and whether it goes to its end."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_COPY = re.compile(rb'^COPY ("?[^".]+"?)\.("?[^" ]+"?) .*FROM stdin;$')
_END = b"-- PostgreSQL database dump complete"


@dataclass(frozen=True)
class DumpFacts:
    """What stands in a dump. `is_whole`: it ends as pg_dump ends; `flaw` says why it could not be read further."""

    rows: Mapping[str, int]
    size: int
    sha256: str
    is_whole: bool
    flaw: str = ""


def read_dump(path: Path) -> DumpFacts:
    """Read a compressed dump from its first byte to its last. Raises: OSError other than a broken compression."""
    rows: dict[str, int] = {}
    hashed, size, current, is_whole, flaw = hashlib.sha256(), 0, "", False, ""
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                hashed.update(line)
                size += len(line)
                if current:
                    current = _row(line, current, rows)
                elif line.startswith(b"COPY "):
                    current = _opened(line, rows)
                else:
                    is_whole = is_whole or line.startswith(_END)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        flaw = str(error)
    return DumpFacts(rows=rows, size=size, sha256=hashed.hexdigest(), is_whole=is_whole and not current, flaw=flaw)


def _row(line: bytes, current: str, rows: dict[str, int]) -> str:
    if line == b"\\.\n":
        return ""
    rows[current] += 1
    return current


def _opened(line: bytes, rows: dict[str, int]) -> str:
    found = _COPY.match(line.rstrip(b"\n"))
    if found is None:
        return ""
    name = ".".join(word.decode().strip('"') for word in found.groups())
    rows[name] = 0
    return name
