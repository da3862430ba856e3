"""
Which levels review a duty, where a version goes next, and whether enough of those below have passed. Pure.

Source: docs/decisions/0048.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duban.reporting.states import QuorumKind, ReviewMode, WaitsBelow, WaitsUntil
from duban.tree import paths


def chain_of(*, path: str, to_path: str, mode: ReviewMode, stored: Sequence[str] | None = None) -> tuple[str, ...]:
    """
    Give the places of the levels that review what the unit at `path` hands in, from below; the issuer is the last.

    Takes: `stored`, the levels kept when the duty was made, for a line whose levels the paths do not tell.
    """
    if mode is ReviewMode.ONE_STEP:
        return (to_path,)
    if stored is not None:
        below = [place for place in stored if place not in (path, to_path)]
        return (*dict.fromkeys(below), to_path)
    between = [above for above in paths.ancestors(path) if above.startswith(to_path) and above != to_path]
    return (*reversed(between), to_path)


def levels_from(chain: Sequence[str], at_path: str | None) -> Sequence[str]:
    """Give the levels above the one at `at_path`, nearest first; all of them where the version comes from the unit."""
    if at_path is None:
        return chain
    return chain[chain.index(at_path) + 1 :] if at_path in chain else chain[-1:]


def levels_below(chain: Sequence[str], at_path: str) -> Sequence[str]:
    """Give the levels below the one at `at_path`, nearest first."""
    return tuple(reversed(chain[: chain.index(at_path)])) if at_path in chain else ()


@dataclass(frozen=True)
class Quorum:
    """Whether a unit's own submission waits for those below it, and for how many of them."""

    waits: WaitsBelow = WaitsBelow.NO
    kind: QuorumKind = QuorumKind.ALL
    count: int = 0
    """Per cent or units, by `kind`."""
    until: WaitsUntil = WaitsUntil.PASSED

    def needed(self, total: int) -> int:
        """Say how many of `total` must have passed; a part of a unit counts as one."""
        if self.waits is WaitsBelow.NO:
            return 0
        if self.kind is QuorumKind.PERCENT:
            return -(-total * self.count // 100)
        return min(self.count, total) if self.kind is QuorumKind.NUMBER else total
