"""
Judging a file by its content: size, kind, damage, bombs, macros, passengers.

Pure over a seekable stream; reads it a few times in chunks and unpacks archives only within limits.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import filetype

from duban.files import archives, pictures
from duban.files.errors import FileRefusedError, Reason
from duban.files.names import extension_of
from duban.files.states import KINDS, Kind, Shape

_CHUNK = 256 * 1024
_HEAD = 8192
_LOOSE_HEADER = 1024
_TAIL = 2048
_MEGABYTE = 1024 * 1024

# In two pieces, so that this source file itself is not taken for the test virus.
_EICAR = b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
_MARKUP = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|script|svg|iframe|object|embed|meta|\?xml|xsl:)", re.IGNORECASE)
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENTRY = 128
_MACRO_STREAMS = ("_VBA_PROJECT", "_VBA_PROJECT_CUR", "Macros", "VBA")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_EXPECTED = {Shape.PDF: "application/pdf", Shape.JPEG: "image/jpeg", Shape.PNG: "image/png"}


@dataclass(frozen=True)
class Verdict:
    """What a sound file is. Units: bytes; `digest` is "sha256:" and hexadecimal digits."""

    kind: Kind
    size_bytes: int
    digest: str


def inspect(stream: BinaryIO, *, name: str, limit_bytes: int) -> Verdict:
    """
    Judge a whole file.

    Takes:  a seekable stream; `name` already cleaned.
    Gives:  its kind, size and digest; the stream stands at its beginning again.
    Raises: FileRefusedError with the reason in words for the sender.
    """
    kind = KINDS.get(extension_of(name))
    if kind is None:
        raise FileRefusedError(Reason.KIND, name=name, allowed="、".join(KINDS))
    size, digest, infected = _measure(stream, limit_bytes)
    if size > limit_bytes:
        raise FileRefusedError(Reason.TOO_LARGE, name=name, limit=limit_bytes // _MEGABYTE)
    reason = Reason.EMPTY if size == 0 else Reason.MALWARE if infected else _CHECKS[kind.shape](stream, size, kind)
    if reason:
        raise FileRefusedError(reason, name=name)
    stream.seek(0)
    return Verdict(kind=kind, size_bytes=size, digest=f"sha256:{digest}")


def _measure(stream: BinaryIO, limit_bytes: int) -> tuple[int, str, bool]:
    """Read once: size, digest, whether the test virus is in it. Stops as soon as the limit is passed."""
    stream.seek(0)
    hashed, size, infected, carried = hashlib.sha256(), 0, False, b""
    while chunk := stream.read(_CHUNK):
        hashed.update(chunk)
        size += len(chunk)
        infected = infected or _EICAR in carried + chunk
        carried = chunk[-len(_EICAR) :]
        if size > limit_bytes:
            break
    return size, hashed.hexdigest(), infected


def _head(stream: BinaryIO, length: int = _HEAD) -> bytes:
    stream.seek(0)
    return stream.read(length)


def _media_type(head: bytes) -> str:
    guess = filetype.guess(head)
    return str(guess.mime) if guess else ""


def _carries_more(stream: BinaryIO, size: int, head: bytes) -> bool:
    """Tell whether a picture or PDF is at the same time a web page, a PDF further in, or an archive."""
    start = head[:_LOOSE_HEADER]
    return bool(_MARKUP.search(start)) or b"%PDF-" in start[5:] or archives.has_trailing_archive(stream, size)


def _check_pdf(stream: BinaryIO, size: int, kind: Kind) -> Reason | None:
    head = _head(stream)
    if not head.startswith(b"%PDF-") or _media_type(head) != _EXPECTED[kind.shape]:
        return Reason.MISMATCH
    if _carries_more(stream, size, head):
        return Reason.POLYGLOT
    stream.seek(max(0, size - _TAIL))
    return None if b"%%EOF" in stream.read() else Reason.DAMAGED


def _check_picture(stream: BinaryIO, size: int, kind: Kind) -> Reason | None:
    head = _head(stream)
    if _media_type(head) != _EXPECTED[kind.shape]:
        return Reason.MISMATCH
    if _carries_more(stream, size, head):
        return Reason.POLYGLOT
    pixels = pictures.png_pixels(stream) if kind.shape is Shape.PNG else pictures.jpeg_pixels(stream)
    if not pixels:
        return Reason.DAMAGED
    return Reason.PIXELS if pixels > pictures.MOST_PIXELS else None


def _check_package(stream: BinaryIO, size: int, kind: Kind) -> Reason | None:
    head = _head(stream)
    if head.startswith(_OLE_SIGNATURE) and _streams(stream, ("EncryptedPackage",)):
        return Reason.ENCRYPTED
    if not head.startswith(b"PK\x03\x04"):
        return Reason.MISMATCH
    reason = archives.refusal(stream, size, parts=kind.parts)
    if reason:
        return reason
    try:
        return _refusal_of_content(stream)
    except ValueError:
        return Reason.DAMAGED


def _refusal_of_content(stream: BinaryIO) -> Reason | None:
    member, carried = "", b""
    for name, chunk in archives.unpacked(stream):
        if name != member:
            member, carried = name, b""
            if name.lower().endswith((".xml", ".rels")) and archives.declares_entities(chunk):
                return Reason.POLYGLOT
        if _EICAR in carried + chunk:
            return Reason.MALWARE
        carried = chunk[-len(_EICAR) :]
    return None


def _check_compound(stream: BinaryIO, _size: int, kind: Kind) -> Reason | None:
    if not _head(stream).startswith(_OLE_SIGNATURE):
        return Reason.MISMATCH
    found = _streams(stream, (*kind.parts, *_MACRO_STREAMS, "EncryptedPackage"))
    if "EncryptedPackage" in found:
        return Reason.ENCRYPTED
    if found & set(_MACRO_STREAMS):
        return Reason.MACROS
    return None if found & set(kind.parts) else Reason.MISMATCH


def _streams(stream: BinaryIO, names: tuple[str, ...]) -> set[str]:
    """
    Find which of these streams a compound file's directory names.

    A directory entry is 128 bytes long, lies at a multiple of 128 and begins with its name in UTF-16, so the chain
    of sectors need not be followed.
    """
    wanted = {name: name.encode("utf-16-le") + b"\x00\x00" for name in names}
    found: set[str] = set()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        for name, needle in wanted.items():
            start = chunk.find(needle)
            while start >= 0 and name not in found:
                if start % _OLE_ENTRY == 0:
                    found.add(name)
                start = chunk.find(needle, start + 1)
    return found


def _check_text(stream: BinaryIO, _size: int, _kind: Kind) -> Reason | None:
    stream.seek(0)
    content = stream.read()
    text = _decoded(content)
    if text is None or _CONTROLS.search(text) or content.startswith((b"%PDF-", b"{\\rtf", b"PK\x03\x04")):
        return Reason.MISMATCH
    return Reason.MISMATCH if _MARKUP.search(text[:_HEAD].encode()) else None


def _decoded(content: bytes) -> str | None:
    """Read text in the encodings Chinese offices write; None where it is none of them."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


_CHECKS: dict[Shape, Callable[[BinaryIO, int, Kind], Reason | None]] = {
    Shape.PDF: _check_pdf,
    Shape.JPEG: _check_picture,
    Shape.PNG: _check_picture,
    Shape.PACKAGE: _check_package,
    Shape.COMPOUND: _check_compound,
    Shape.TEXT: _check_text,
}
