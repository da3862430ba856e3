"""
Checks of zip-based documents (OOXML, OFD) before anything unpacks them.

The end record is read by hand first, because opening a crafted archive with `zipfile` already builds every entry.
"""

import itertools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from duban.files.errors import Reason

MOST_MEMBERS = 2_000
MOST_DIRECTORY_BYTES = 1024 * 1024
MOST_UNPACKED_BYTES = 200 * 1024 * 1024
MOST_RATIO = 150
# Small parts may compress well; only what grows large is judged by its ratio.
_RATIO_FROM_BYTES = 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LONGEST_COMMENT = 65_535
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LOCAL_HEADER_BYTES = 30
_SYMLINK = 0o120000
_TYPE_BITS = 0o170000
_ENCRYPTED_BIT = 0x1
_CHUNK = 256 * 1024
_PROLOGUE = 4096


def has_trailing_archive(stream: BinaryIO, size: int) -> bool:
    """Tell whether a file that is no archive ends as one (a picture that also opens as zip or jar)."""
    stream.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    tail = stream.read()
    start = tail.rfind(_END_MARK)
    if start < 0 or len(tail) - start < _END.size:
        return False
    return bool(start + _END.size + _END.unpack_from(tail, start)[7] == len(tail))


def refusal(stream: BinaryIO, size: int, *, parts: tuple[str, ...]) -> Reason | None:
    """
    Judge an archive by its directory alone; nothing is unpacked.

    Takes: `parts`, the member names that make it the kind it claims to be.
    Gives: None where it is sound.
    """
    reason = _refusal_of_end(stream, size)
    if reason:
        return reason
    try:
        with zipfile.ZipFile(stream) as archive:
            return _refusal_of_members(archive.infolist(), parts)
    except (zipfile.BadZipFile, ValueError, struct.error, UnicodeDecodeError, NotImplementedError):
        return Reason.DAMAGED


def unpacked(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """
    Yield (member name, chunk) of an archive `refusal` found sound, so never more than the limits; a member's first chunk first.

    Raises: ValueError for a member that is not what the directory says.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                with archive.open(member) as content:
                    while chunk := content.read(_CHUNK):
                        yield member.filename, chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def declares_entities(chunk: bytes) -> bool:
    """Tell whether the beginning of an XML part carries a document type, which no office program writes."""
    head = chunk[:_PROLOGUE].replace(b"\x00", b"").lower()
    return b"<!doctype" in head or b"<!entity" in head


def _refusal_of_end(stream: BinaryIO, size: int) -> Reason | None:
    if size < _END.size:
        return Reason.DAMAGED
    stream.seek(size - _END.size)
    mark, disk, start_disk, here, members, directory, offset, comment = _END.unpack(stream.read(_END.size))
    if mark != _END_MARK:
        return Reason.DAMAGED
    if disk or start_disk or here != members or comment:
        return Reason.DAMAGED
    if members > MOST_MEMBERS or directory > MOST_DIRECTORY_BYTES:
        return Reason.BOMB
    # Something before or between: the same bytes would read differently in another program.
    return None if offset + directory + _END.size == size else Reason.POLYGLOT


def _refusal_of_members(members: list[zipfile.ZipInfo], parts: tuple[str, ...]) -> Reason | None:
    names = [member.filename for member in members]
    if any(member.flag_bits & _ENCRYPTED_BIT for member in members):
        return Reason.ENCRYPTED
    if any(_is_odd(member) for member in members) or len(set(names)) != len(names):
        return Reason.DAMAGED
    if _grows_too_much(members) or _overlap(members):
        return Reason.BOMB
    if any(name.lower().endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
        return Reason.MACROS
    return None if set(parts) <= set(names) else Reason.MISMATCH


def _is_odd(member: zipfile.ZipInfo) -> bool:
    name = member.filename
    climbs = (
        name.startswith(("/", "\\"))
        or ".." in name.replace("\\", "/").split("/")
        or ":" in name
        or "\x00" in member.orig_filename
    )
    links = (member.external_attr >> 16) & _TYPE_BITS == _SYMLINK
    return climbs or links or member.compress_type not in _METHODS


def _grows_too_much(members: list[zipfile.ZipInfo]) -> bool:
    if sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        return True
    return any(
        member.file_size > _RATIO_FROM_BYTES and member.file_size > MOST_RATIO * max(member.compress_size, 1)
        for member in members
    )


def _overlap(members: list[zipfile.ZipInfo]) -> bool:
    """Tell whether two members share bytes, which lets few bytes unpack many times over."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    return any(
        first.header_offset + _LOCAL_HEADER_BYTES + first.compress_size > second.header_offset
        for first, second in itertools.pairwise(ordered)
    )
