"""Hashing passwords: argon2id at the strength OWASP asks for (19 MiB, 2 passes), about 25 ms here."""

import fcntl
import itertools
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Result = TypeVar("Result")

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""So many hashings run at once in all processes forked from one, i.e. in all workers of the web server: half the processors."""
_NICENESS = 10


class _Hashing:
    """
    The threads that hash, behind everything else the machine has to do: a flood of guesses must not take it from those
    who are in. A turn is a lock on a file without a name, made before the workers are forked and let go by the system
    if one dies.
    """

    def __init__(self) -> None:
        self._turns = [tempfile.TemporaryFile() for _ in range(AT_ONCE)]  # noqa: SIM115 - open as long as the process lives
        self._own = threading.local()
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # a forked process inherits no thread

    def _begin(self) -> None:
        self._numbers = itertools.count(os.getpid())  # each process begins elsewhere, or all would wait for the first turn
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing", initializer=self._step_back)

    def _step_back(self) -> None:
        if sys.platform != "linux":
            return
        own = threading.get_native_id()
        turn = self._turns[next(self._numbers) % AT_ONCE].fileno()
        with suppress(OSError):  # a thread that fails to begin would end all hashing of the process: rather one without a turn
            os.setpriority(os.PRIO_PROCESS, own, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, own)))
            self._own.turn = os.open(f"/proc/self/fd/{turn}", os.O_RDWR)  # anew: processes share what they were forked with

    def do(self, act: Callable[..., Result], *given: str) -> Result:
        """Wait for a turn and act. Raises: what the act raises."""
        return self._threads.submit(self._in_turn, act, *given).result()

    def _in_turn(self, act: Callable[..., Result], *given: str) -> Result:
        turn: int | None = getattr(self._own, "turn", None)
        if turn is None:
            return act(*given)
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            return act(*given)
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)


_hashing = _Hashing()

# Checked when there is no such person, so that the answer takes as long as a wrong password.
_NOBODY = _hasher.hash("nobody has this password")

# No letters or digits that look alike on paper (0 O 1 l I), so that a slip can be read out over the phone.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 3, 4


def _hash(password: str) -> str:
    return _hasher.hash(_as_bytes(password))


def _verify(password_hash: str, password: str) -> bool:
    return _hasher.verify(password_hash, _as_bytes(password))


def _as_bytes(password: str) -> bytes:
    """Programs may send half a character (a lone surrogate): no password, but nothing to stumble over either."""
    return password.encode("utf-8", "surrogatepass")


def hash_password(password: str) -> str:
    """Give the argon2id hash, parameters and salt included."""
    return _hashing.do(_hash, password)


def matches(password_hash: str | None, password: str) -> bool:
    """Say whether the password is right; takes equally long when there is no hash to compare with."""
    try:
        _hashing.do(_verify, password_hash or _NOBODY, password)
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
