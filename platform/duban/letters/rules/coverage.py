"""How far signing has come: signed of owed, per superior and per level."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from duban.targets.rules import percent_of


@dataclass(frozen=True)
class Coverage:
    """
    Signed of owed.

    Takes:  `owed` the letters that should exist, whether anybody wrote them yet or not; `signed` those in force.
    Source: docs/rules/decomposition.md, section 7; Example A.1.
    """

    owed: int
    signed: int

    @property
    def unsigned(self) -> int:
        """Letters still owed."""
        return self.owed - self.signed

    @property
    def percent(self) -> Decimal | None:
        """Coverage half up, two decimals (119 of 131 is 90.84); None where nothing is owed."""
        return percent_of(self.signed, self.owed)


def total(parts: Iterable[Coverage]) -> Coverage:
    """Add up coverages; the percentage comes from the sums, never from a mean of percentages."""
    owed = signed = 0
    for part in parts:
        owed, signed = owed + part.owed, signed + part.signed
    return Coverage(owed, signed)
