"""What a backup says about itself, and the signature that makes it believable."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from duban.kernel.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
DATABASE = "database.sql.gz"
FILE_LIST = "files.csv"
FILES = "files"
_LABEL = b"duban backup manifest v1"


@dataclass(frozen=True)
class Part:
    """A file of the backup. Units: bytes; SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True)
class TableFacts:
    """Rows of a table and a digest over them that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """Everything needed to judge and restore a backup. `missing` are keys whose bytes were gone when it was made."""

    made_at: datetime
    duban: str
    revision: str
    server: str
    pg_dump: str
    restrict_key: str
    parts: Mapping[str, Part]
    plain: Part
    tables: Mapping[str, TableFacts]
    audit_heads: Mapping[str, Sequence[Any]]
    file_count: int
    file_bytes: int
    missing: Sequence[str] = field(default_factory=list)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(facts.rows for facts in self.tables.values())

    def to_bytes(self) -> bytes:
        """Write it, the same for the same content."""
        plain = asdict(self) | {"made_at": self.made_at.isoformat()}
        return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Manifest":
        """Read it. Raises: ValueError, KeyError, TypeError for anything that is not one."""
        read = json.loads(raw)
        if read.get("format") != FORMAT:
            raise ValueError(f"format {read.get('format')!r} is not known")
        return cls(
            **{
                **read,
                "made_at": datetime.fromisoformat(read["made_at"]),
                "parts": {name: Part(**part) for name, part in read["parts"].items()},
                "plain": Part(**read["plain"]),
                "tables": {name: TableFacts(**facts) for name, facts in read["tables"].items()},
            }
        )


def backup_keys(settings: Settings) -> Sequence[bytes]:
    """Give the signing keys, the one to sign with first; [] when no secret is set at all."""
    words = settings.backup_keys or settings.secret_keys
    return [hmac.digest(word.encode(), _LABEL, "sha256") for word in words]


def sign(raw: bytes, key: bytes) -> bytes:
    """Give the signature file's content: which key, and the HMAC."""
    return f"hmac-sha256 {_name(key)} {hmac.new(key, raw, 'sha256').hexdigest()}\n".encode()


def signed_by(raw: bytes, signature: bytes, keys: Sequence[bytes]) -> str:
    """Judge a signature. Gives: "" for a good one, "foreign" for another installation's key, "tampered" otherwise."""
    words = signature.decode("ascii", "replace").split()
    if len(words) != len(("algorithm", "name", "digest")):
        return "tampered"
    known = {_name(key): key for key in keys}
    if words[1] not in known:
        return "foreign"
    return "" if hmac.compare_digest(sign(raw, known[words[1]]), signature) else "tampered"


def _name(key: bytes) -> str:
    return hashlib.sha256(b"name of " + key).hexdigest()[:12]


def part_of(path: Path) -> Part:
    """Read a file from the disk and say what it is. Raises: OSError."""
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(1024 * 1024):
            hashed.update(chunk)
            size += len(chunk)
    return Part(size=size, sha256=hashed.hexdigest())
