"""Hashing passwords: argon2id at the strength OWASP asks for (19 MiB, 2 passes), about 25 ms here."""

import os
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Weighed:
    """
    What was hashed ahead of a unit of work, so that none holds a connection meanwhile; what was not is hashed when asked for.

    Bound to the very texts and hashes it was made for: another password, or one changed since, is weighed anew.
    """

    _fits: dict[tuple[str, str], bool] = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict)

    def weigh(self, password: str, against: Iterable[str], *, new: bool = False) -> None:
        """Hash now. Takes: hashes the password is to be compared with; `new` where it is to get a hash of its own."""
        for password_hash in against:
            self._fits[password_hash, password] = matches(password_hash, password)
        if new:
            self._made[password] = hash_password(password)

    def fits(self, password_hash: str, password: str) -> bool:
        """Say whether it is the password of this hash."""
        known = self._fits.get((password_hash, password))
        return matches(password_hash, password) if known is None else known

    def hash_of(self, password: str) -> str:
        """Give a hash of the password."""
        return self._made.get(password) or hash_password(password)


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
