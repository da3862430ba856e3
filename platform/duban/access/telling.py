"""
Who hears of a delegation. Messages are a layer above access, so what tells people registers itself here.

A delegation nobody would hear of is refused: a process that forgot to import the teller would lend in silence.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from duban.access.models import Delegation
from duban.kernel.scope import Scope


class Turn(StrEnum):
    """What has become of a delegation."""

    LENT = "lent"
    ENDED = "ended"


Teller: TypeAlias = Callable[[Scope, Delegation, Turn], None]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Say who tells people of delegations."""
    if teller not in _tellers:
        _tellers.append(teller)


def tell(scope: Scope, lent: Delegation, turn: Turn) -> None:
    """Have it told. Raises: RuntimeError where nobody tells: this process has not imported the features."""
    if not _tellers:
        raise RuntimeError("nobody tells of delegations: import duban.notifications.lendings first")
    for teller in _tellers:
        teller(scope, lent, turn)
