"""Splitting a number over units and measuring what came of it: pure rules, all in Decimal."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, TypeVar

from duban.targets.states import Direction, Level, Spread

K = TypeVar("K", bound=Hashable)

HUNDRED = Decimal(100)
WARN_FROM_PERCENT = Decimal(80)
_CENT = Decimal("0.01")
_LARGEST = Decimal(99999999999)


def percent_of(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """
    Say how much of `whole` is `part`.

    Gives:  percent rounded half up to two decimals (208 of 213 is 97.65); None where `whole` is nought.
    Source: docs/rules/decomposition.md, section 5.
    """
    if not whole:
        return None
    return (Decimal(part) * HUNDRED / Decimal(whole)).quantize(_CENT, rounding=ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """Write a number as people do: no exponent, no trailing noughts (`12`, `0.27`)."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def is_countable(value: Decimal, *, places: int) -> bool:
    """Whether a share is a finite number from nought up that fits the indicator's decimals; deaths have none."""
    if not value.is_finite() or value < 0 or value > _LARGEST:
        return False
    return value == value.quantize(Decimal(1).scaleb(-places))


# --- splitting -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decomposition(Generic[K]):
    """
    One line's split of one number.

    Takes:  shares by unit; None is a share still pending, which takes nothing.
    Source: docs/rules/decomposition.md, section 1: limit = shares + reserve + remainder.
    """

    limit: Decimal
    shares: Mapping[K, Decimal | None]
    reserve: Decimal = Decimal(0)

    @property
    def assigned(self) -> Decimal:
        """Sum of what the units were given, without the reserve."""
        return sum((share for share in self.shares.values() if share is not None), Decimal(0))

    @property
    def remainder(self) -> Decimal:
        """What nobody has yet; below nought where too much was given."""
        return self.limit - self.reserve - self.assigned

    @property
    def excess(self) -> Decimal:
        """How much too much was given; nought where the split fits."""
        return max(-self.remainder, Decimal(0))


@dataclass(frozen=True)
class Mismatch(Generic[K]):
    """One sum that does not come out: of a unit (`unit` given), or of the limits themselves (`unit` None)."""

    unit: K | None
    declared: Decimal
    found: Decimal


def find_mismatches(*, total: Mapping[K, Decimal | None], parts: Sequence[Mapping[K, Decimal | None]]) -> tuple[Mismatch[K], ...]:
    """
    Compare a total indicator with its parts, unit by unit (Example A.2: industry, road, fire, farm machinery).

    Takes:  shares by unit of the total and of every part; a unit or a value missing on one side counts as nought
            there, a unit without any number is left out.
    Gives:  one entry per unit whose parts do not add up to its total, in the order of `total`.
    Source: docs/rules/decomposition.md, section 3.
    """
    units = dict.fromkeys([*total, *(unit for part in parts for unit in part)])
    wrong = []
    for unit in units:
        declared = total.get(unit)
        values = [part.get(unit) for part in parts]
        if declared is None and all(value is None for value in values):
            continue
        found = sum((value for value in values if value is not None), Decimal(0))
        if found != (declared or Decimal(0)):
            wrong.append(Mismatch(unit, declared or Decimal(0), found))
    return tuple(wrong)


def find_limit_mismatch(*, total: Decimal, parts: Iterable[Decimal]) -> Mismatch[K] | None:
    """Compare the limit of a total with the limits of its parts (4 + 6 + 1 + 1 = 12); None where they agree."""
    found = sum(parts, Decimal(0))
    return None if found == total else Mismatch(None, total, found)


def is_weaker(share: Decimal, *, than: Decimal, direction: Direction) -> bool:
    """Whether a copied target asks less of the unit than its superior was asked: stricter is allowed, weaker never."""
    return share < than if direction is Direction.AT_LEAST else share > than


# --- measuring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How an actual stands against a limit; `percent` is None where the limit is nought or pending."""

    limit: Decimal | None
    actual: Decimal | None
    percent: Decimal | None
    level: Level

    @property
    def over(self) -> Decimal:
        """How much an upper limit is exceeded by; nought where it is kept."""
        if self.level is not Level.EXCEEDED or self.limit is None or self.actual is None:
            return Decimal(0)
        return self.actual - self.limit


def measure(
    *, limit: Decimal | None, actual: Decimal | None, direction: Direction, warn_from: Decimal = WARN_FROM_PERCENT
) -> Progress:
    """
    Say how an actual stands against its limit.

    Takes:  actual None where nothing was recorded: an upper limit is then kept, a result to reach is not yet reported.
    Gives:  for an upper limit kept, warned from `warn_from` percent of it up to and including the limit itself,
            exceeded above. A limit of nought is kept by nought and exceeded by anything, without a percentage.
    Units:  percent of the limit, half up, two decimals; the comparison itself uses the unrounded numbers.
    Source: docs/rules/decomposition.md, section 5.
    """
    if limit is None:
        return Progress(None, actual, None, Level.PENDING)
    counted = actual if actual is not None else Decimal(0)
    percent = percent_of(counted, limit)
    if direction is Direction.AT_LEAST:
        if actual is None:
            return Progress(limit, None, None, Level.UNREPORTED)
        return Progress(limit, actual, percent, Level.REACHED if actual >= limit else Level.BEHIND)
    if counted > limit:
        level = Level.EXCEEDED
    elif limit and counted * HUNDRED >= limit * warn_from:
        level = Level.WARNED
    else:
        level = Level.KEPT
    return Progress(limit, actual, percent, level)


# --- counting upwards ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node(Generic[K]):
    """One unit's share as the roll-up sees it; `line` is the line it was handed down in, `own` its recorded months."""

    key: K
    parent: K | None
    line: str
    own: Mapping[date, Decimal]


@dataclass(frozen=True)
class Counted:
    """
    What a node comes to, month by month.

    Gives: `months` what counts; `below` what its subordinates in one line come to, for comparison;
           `line` the line `below` was taken from, "" where nobody is below.
    """

    months: Mapping[date, Decimal]
    below: Mapping[date, Decimal]
    line: str


def roll_up(nodes: Sequence[Node[K]], *, spread: Spread, direction: Direction, first_line: str) -> dict[K, Counted]:
    """
    Count every node once: its own record of a month, else what its subordinates in one line recorded.

    Takes:  the nodes of one indicator in any order; `first_line` is the line asked first where a node has
            subordinates in several, the others follow by name. Lines are never added together.
    Gives:  a value for every node. Counts are added; copied rates take the worst reported value, since a rate is
            reached only where everybody reaches it.
    Source: docs/rules/decomposition.md, section 6.
    """
    below: dict[K | None, list[Node[K]]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    counted: dict[K, Counted] = {}
    for node in _leaves_first(nodes):
        line, months = _count_below(below.get(node.key, []), counted, spread=spread, direction=direction, first_line=first_line)
        counted[node.key] = Counted({**months, **node.own}, months, line)
    return counted


def _leaves_first(nodes: Sequence[Node[K]]) -> list[Node[K]]:
    """Order nodes so that every node comes after all its subordinates."""
    known = {node.key: node for node in nodes}

    def depth(node: Node[K]) -> int:
        steps, current = 0, node
        # The bound guards against a circle of parents, which the table cannot hold but a caller could hand in.
        while current.parent is not None and current.parent in known and steps < len(known):
            current, steps = known[current.parent], steps + 1
        return steps

    return sorted(nodes, key=depth, reverse=True)


def _count_below(
    children: Sequence[Node[K]],
    counted: Mapping[K, Counted],
    *,
    spread: Spread,
    direction: Direction,
    first_line: str,
) -> tuple[str, dict[date, Decimal]]:
    """Combine the children of one line; the first line that has children at all speaks for the node."""
    lines = sorted({child.line for child in children}, key=lambda line: (line != first_line, line))
    if not lines:
        return "", {}
    months: dict[date, Decimal] = {}
    for child in children:
        if child.line != lines[0]:
            continue
        for month, value in counted[child.key].months.items():
            months[month] = _combine(months.get(month), value, spread=spread, direction=direction)
    return lines[0], months


def _combine(so_far: Decimal | None, value: Decimal, *, spread: Spread, direction: Direction) -> Decimal:
    if so_far is None:
        return value
    if spread is Spread.SPLIT:
        return so_far + value
    return min(so_far, value) if direction is Direction.AT_LEAST else max(so_far, value)


def accumulate(months: Mapping[date, Decimal], *, spread: Spread, counts_from: date, counts_before: date) -> Decimal | None:
    """
    Turn months into the one number held against the limit.

    Takes:  months by their first day; those outside the window are left out (ACC-6 of Example A belongs to 2012
            where the year runs from 1 December).
    Gives:  the sum of counts, the latest month of a rate, None where nothing was recorded in the window.
    """
    inside = {month: value for month, value in months.items() if counts_from <= month < counts_before}
    if not inside:
        return None
    if spread is Spread.COPY:
        return inside[max(inside)]
    return sum(inside.values(), Decimal(0))


def months_of(*, counts_from: date, counts_before: date) -> tuple[date, ...]:
    """List the first days of the months in an indicator's year, in order."""
    months = []
    current = counts_from.replace(day=1)
    while current < counts_before:
        months.append(current)
        current = date(current.year + current.month // 12, current.month % 12 + 1, 1)
    return tuple(months)
