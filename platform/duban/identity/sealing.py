"""
Keeping a small secret unreadable in the database, under a key that is not in it. See docs/decisions/0022.

A secret of at most 32 bytes is masked with HMAC-SHA-256 of a fresh 16-byte nonce (used once, so a one-time pad under the
key) and the whole is authenticated with a second key, bound to whose it is. The scheme's name stands in front of what is
kept: another one can come beside it.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

SCHEME = "hs1"
LONGEST_SECRET = 32
_NONCE_BYTES = 16
_TAG_BYTES = 32


class SealBrokenError(Exception):
    """What is kept cannot be opened: the key is not among those given, or it was changed, or it is somebody else's."""


def _derived(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(), b"duban " + purpose, "sha256")


def _key_name(key: str) -> str:
    return sha256(_derived(key, b"name")).hexdigest()[:8]


def seal(secret: bytes, *, owner: str, keys: Sequence[str]) -> str:
    """
    Seal a secret under the newest key.

    Takes: keys newest first; `owner` must be said again to open it, so a row cannot be moved to another person.
    """
    if not 0 < len(secret) <= LONGEST_SECRET:
        raise ValueError("a secret has 1 to 32 bytes")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    mask = hmac.digest(_derived(keys[0], b"mask"), nonce, "sha256")
    masked = bytes(a ^ b for a, b in zip(secret, mask, strict=False))
    sealed = nonce + masked
    tag = hmac.digest(_derived(keys[0], b"tag"), owner.encode() + b"\x00" + sealed, "sha256")
    return f"{SCHEME}${_key_name(keys[0])}${base64.b64encode(sealed + tag).decode()}"


def unseal(kept: str, *, owner: str, keys: Sequence[str]) -> bytes:
    """Open what `seal` gave. Raises: SealBrokenError."""
    scheme, _, rest = kept.partition("$")
    name, _, body = rest.partition("$")
    key = next((one for one in keys if _key_name(one) == name), None)
    if scheme != SCHEME or key is None:
        raise SealBrokenError(f"no key {name!r} of scheme {scheme!r}")
    raw = base64.b64decode(body)
    sealed, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
    wanted = hmac.digest(_derived(key, b"tag"), owner.encode() + b"\x00" + sealed, "sha256")
    if not hmac.compare_digest(tag, wanted):
        raise SealBrokenError("changed, or of another owner")
    mask = hmac.digest(_derived(key, b"mask"), sealed[:_NONCE_BYTES], "sha256")
    return bytes(a ^ b for a, b in zip(sealed[_NONCE_BYTES:], mask, strict=False))


def is_newest(kept: str, keys: Sequence[str]) -> bool:
    """Say whether something is sealed under the newest key."""
    return kept.startswith(f"{SCHEME}${_key_name(keys[0])}$")
