"""The size of a picture in pixels, read from its header alone: a few bytes may unpack into gigabytes."""

import struct
from typing import BinaryIO

MOST_PIXELS = 120_000_000
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 100_000
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_FRAME_BYTES = 7
_CHUNK = 256 * 1024


def png_pixels(stream: BinaryIO) -> int | None:
    """Give width × height of a complete PNG; None where it is damaged or cut off."""
    stream.seek(0)
    if stream.read(8) != _PNG_SIGNATURE:
        return None
    pixels: int | None = None
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:  # noqa: PLR2004 -- length and type of a chunk
            return None
        length, kind = struct.unpack(">L4s", head)
        if pixels is None:
            if kind != b"IHDR" or length != 13:  # noqa: PLR2004 -- the header chunk's fixed length
                return None
            body = stream.read(length + 4)
            if len(body) < length + 4:
                return None
            width, height = struct.unpack_from(">LL", body)
            pixels = width * height
            continue
        if kind == b"IEND":
            return pixels
        stream.seek(length + 4, 1)
    return None


def jpeg_pixels(stream: BinaryIO) -> int | None:
    """Give width × height of a JPEG whose picture data reach their end mark; None where it is damaged or cut off."""
    stream.seek(2)
    pixels: int | None = None
    for _ in range(_MOST_CHUNKS):
        marker = _next_marker(stream)
        if marker is None or marker == _END:
            return None
        if marker in _STANDALONE:
            continue
        head = stream.read(2)
        if len(head) < 2 or (length := int.from_bytes(head, "big")) < 2:  # noqa: PLR2004 -- a length counts itself
            return None
        if marker == _SCAN:
            return pixels if pixels and _has_end_mark(stream) else None
        body = stream.read(length - 2)
        if marker in _FRAMES and len(body) >= _FRAME_BYTES:
            height, width = struct.unpack_from(">HH", body, 1)
            pixels = width * height
    return None


def _next_marker(stream: BinaryIO) -> int | None:
    byte = stream.read(1)
    if byte != b"\xff":
        return None
    while byte == b"\xff":
        byte = stream.read(1)
    return byte[0] if byte else None


def _has_end_mark(stream: BinaryIO) -> bool:
    """Look for the end mark after the scan begins; picture data never contain it by chance (0xFF is escaped there)."""
    carried = b""
    while chunk := stream.read(_CHUNK):
        if b"\xff\xd9" in carried + chunk:
            return True
        carried = chunk[-1:]
    return False
