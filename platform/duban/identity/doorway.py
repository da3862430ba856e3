"""
The queue before the hash: few sign in at a moment, a bounded number wait a moment for their turn, others are asked to return.

Whoever waits here holds a thread of the web server and nothing else. See docs/decisions/0038.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from duban.kernel.errors import TooBusyError


@dataclass(frozen=True, eq=False)
class _Ticket:
    """Somebody who waits; `device` where they are known by one."""

    device: str | None


class Doorway:
    """
    A door with so many `places` behind it and `seats` before it, of which `for_strangers` are for those nobody knows.

    Units: `patience` is in seconds.
    """

    def __init__(self, *, places: int, seats: int, for_strangers: int, patience: float) -> None:
        self.places, self.seats, self.for_strangers, self.patience = places, seats, for_strangers, patience
        self._change = threading.Condition()
        self._inside = 0
        self._known: deque[_Ticket] = deque()
        self._strangers: deque[_Ticket] = deque()

    @property
    def threads(self) -> int:
        """How many threads of the web server can stand in it at once."""
        return self.places + self.seats

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return len(self._known) + len(self._strangers)

    @contextmanager
    def passing(self, device: str | None = None) -> Iterator[None]:
        """
        Be one of the few who sign in at this moment, after a wait if need be.

        Takes:  `device` the number of a device this account has signed in on before. Such people go first, for a flood of guesses
                knows no such device, and whoever does is stopped after five; while one of a device waits, the next is a stranger.
        Raises: TooBusyError, at once where every seat is taken, else when the patience ends.
        """
        self._enter(device)
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._change.notify_all()

    def _enter(self, device: str | None) -> None:
        with self._change:
            if self._inside < self.places and not self.waiting:
                self._inside += 1
                return
            lane, ticket = self._lane(device), _Ticket(device)
            lane.append(ticket)
            try:
                if not self._change.wait_for(lambda: self._inside < self.places and self._is_next(ticket), self.patience):
                    raise TooBusyError
                self._inside += 1
            finally:
                lane.remove(ticket)
                self._change.notify_all()

    def _lane(self, device: str | None) -> deque[_Ticket]:
        is_known = device is not None and all(other.device != device for other in self._known)
        if self.waiting >= self.seats or (not is_known and len(self._strangers) >= self.for_strangers):
            raise TooBusyError
        return self._known if is_known else self._strangers

    def _is_next(self, ticket: _Ticket) -> bool:
        return (self._known or self._strangers)[0] is ticket


PEOPLE = Doorway(places=1, seats=11, for_strangers=9, patience=2.0)
"""The tenants' door, of each process. With one place it hashes more in a second than the machine lets it."""
OPERATORS = Doorway(places=1, seats=1, for_strangers=0, patience=2.0)
"""
The operator's door: a flood of the tenants' must not shut out who can help, nor one at this door those it knows: its seat is kept
for a browser an operator has signed in from.
"""
