"""Hashing passwords: argon2id at the strength OWASP asks for (19 MiB, 2 passes), about 25 ms here."""

import os
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# So many at once in a process, the rest wait: a flood of guesses must not take the processors from everybody else.
_turns = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))

# Checked when there is no such person, so that the answer takes as long as a wrong password.
_NOBODY = _hasher.hash("nobody has this password")

# No letters or digits that look alike on paper (0 O 1 l I), so that a slip can be read out over the phone.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 3, 4


def hash_password(password: str) -> str:
    """Give the argon2id hash, parameters and salt included."""
    with _turns:
        return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Say whether the password is right; takes equally long when there is no hash to compare with."""
    try:
        with _turns:
            _hasher.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def password_from(seed: bytes) -> str:
    """Make a one-time password from a secret seed of 32 bytes: the same seed gives the same password, and nothing else does."""
    number, found = int.from_bytes(seed, "big"), ""
    for _ in range(_GROUPS * _GROUP_LENGTH):
        number, place = divmod(number, len(_READABLE))
        found += _READABLE[place]
    return "-".join(found[start : start + _GROUP_LENGTH] for start in range(0, len(found), _GROUP_LENGTH))


def one_time_password() -> str:
    """Make a password to be typed once from paper: three groups of four, about 59 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
