"""A picture such as a phone takes, small and invented."""

import struct
import zlib

WIDTH, HEIGHT = 320, 240


def photograph(number: int) -> bytes:
    """Draw a street with a house, different by number. Gives: the bytes of a PNG."""
    sky, wall, door = (150, 190, 225), (205 - number * 13 % 60, 180, 150), (120, 70 + number * 17 % 60, 50)
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)
        for x in range(WIDTH):
            in_house = 70 <= x < 250 and 80 <= y < 190
            in_door = 140 <= x < 180 and 120 <= y < 190
            color = door if in_door else wall if in_house else sky if y < 190 else (110, 110, 105)
            rows += bytes(color)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(rows))) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
