"""Looking for secrets as they are written, and as they would be written by whoever packs them: hexadecimal, base64, URL, JSON, zlib, gzip, zip."""

import base64
import gzip
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

_HEX = re.compile(rb"\\x((?:[0-9a-f]{2}){8,})")
_DEEPEST = 4


def written(secret: str) -> set[bytes]:
    """The forms in which a secret can be read back."""
    raw = secret.encode()
    forms = {
        raw,
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
    }
    for shift in range(3):  # base64 of something longer that holds it
        whole = base64.b64encode(b"\0" * shift + raw)
        middle = whole[(0, 2, 3)[shift] : len(whole) // 4 * 4 - 4]
        forms |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in forms if len(form) >= 8}


def opened(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The content, and what is packed inside it."""
    yield content
    if depth == _DEEPEST:
        return
    inner: list[bytes] = [bytes.fromhex(found.decode()) for found in _HEX.findall(content)]
    try:
        if content[:2] == b"\x1f\x8b":
            inner.append(gzip.decompress(content))
        elif content[:1] == b"\x78":
            inner.append(zlib.decompress(content))
        elif content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inner += [archive.read(one) for one in archive.infolist()]
    except (OSError, zlib.error, zipfile.BadZipFile):
        return
    for one in inner:
        yield from opened(one, depth + 1)


@dataclass
class Search:
    """What is looked for, and what was looked at."""

    forms: Mapping[str, set[bytes]]
    looked_at: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0
    found: list[str] = field(default_factory=list)

    @classmethod
    def for_secrets(cls, secrets: Mapping[str, str]) -> "Search":
        return cls({name: written(secret) for name, secret in secrets.items()})

    def look(self, sort: str, content: bytes, *, where: str = "") -> list[str]:
        """Look through one place. Gives: the names of the secrets that stand in it."""
        self.looked_at[sort] += 1
        names = set()
        for piece in opened(content):
            self.bytes_read += len(piece)
            names |= {name for name, forms in self.forms.items() if any(form in piece for form in forms)}
        self.found += [f"{sort} {where} holds the {name}" for name in sorted(names)]
        return sorted(names)

    def look_at_folder(self, sort: str, folder: Path) -> None:
        """Look through every file below a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                self.look(sort, path.read_bytes(), where=str(path.relative_to(folder)))

    def said(self) -> str:
        places = ", ".join(f"{count} {sort}" for sort, count in sorted(self.looked_at.items()))
        return f"{len(self.forms)} secrets in {places}; {self.bytes_read / 1e6:.1f} MB read; found {len(self.found)}"
