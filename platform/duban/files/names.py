"""
File names: cleaned for showing and downloading, never for storing.

The name under which bytes are stored is random (`stored_name`) and owes nothing to what the sender typed.
"""

import re
import secrets
import unicodedata
from urllib.parse import quote

from duban.kernel.text import N_

LONGEST_BYTES = 200
UNNAMED = N_("未命名")

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_RESERVED = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
_PLAIN = re.compile(r"[^A-Za-z0-9 ._-]+")


def clean_name(raw: str) -> str:
    """
    Give the name a file keeps in lists and when saved.

    Takes:  what the browser sent, perhaps with a path of the sender's machine.
    Gives:  the same name where it is harmless, Chinese included. Else: last path part only; control, zero-width and
            direction characters removed; characters Windows refuses made `_`; device names prefixed with `_`;
            shortened in the stem; `未命名` for an empty stem.
    Units:  at most 200 bytes of UTF-8.
    """
    last = re.split(r"[/\\]", raw)[-1]
    name = unicodedata.normalize("NFC", _RESERVED.sub("_", _UNSAFE.sub("", last))).strip().rstrip(". ")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    if not stem.strip(". "):
        stem = UNNAMED
    if _DEVICES.fullmatch(stem.split(".")[0].strip()):
        stem = f"_{stem}"
    extension = f".{extension}" if extension else ""
    return _cut(stem, LONGEST_BYTES - len(_cut(extension, LONGEST_BYTES // 2).encode())) + _cut(extension, LONGEST_BYTES // 2)


def _cut(text: str, most: int) -> str:
    """Shorten to at most `most` bytes of UTF-8 without splitting a character."""
    return text.encode()[:most].decode(errors="ignore")


def extension_of(name: str) -> str:
    """Give the extension in lower case without the dot; "" where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def stored_name() -> str:
    """Make the name bytes are stored under: 256 random bits, in a folder of 256."""
    token = secrets.token_hex(32)
    return f"{token[:2]}/{token}"


def disposition(name: str, *, inline: bool = False) -> str:
    """
    Give a Content-Disposition value under which every browser saves the file with its own name.

    Source: RFC 6266 with RFC 8187: an ASCII fallback, then the name in percent-encoded UTF-8.
    """
    stem, dot, extension = _PLAIN.sub("_", name).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    fallback = stem.strip("_. ") or "download"
    plain = f"{fallback}.{extension.strip('_ ')}" if extension.strip("_ ") else fallback
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
