"""
Numbers as people know them: exact, more than, at least, less than, at most, about. And how they add up.

The qualifier is never dropped: more than 750 and 12 are more than 762. What is no longer certain becomes "about".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from typing_extensions import override

PRECISE: Final = Context(prec=60)


class Qualifier(StrEnum):
    """What is known beside the number itself; EXACT never stands in a stored value."""

    EXACT = ""
    MORE = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    ABOUT = "~"


_LOWER = frozenset({Qualifier.MORE, Qualifier.AT_LEAST})
_UPPER = frozenset({Qualifier.LESS, Qualifier.AT_MOST})
_FLIPPED = {
    Qualifier.MORE: Qualifier.LESS,
    Qualifier.AT_LEAST: Qualifier.AT_MOST,
    Qualifier.LESS: Qualifier.MORE,
    Qualifier.AT_MOST: Qualifier.AT_LEAST,
}
SIGNS: dict[Qualifier, str] = {
    Qualifier.EXACT: "",
    Qualifier.MORE: ">",
    Qualifier.AT_LEAST: "≥",
    Qualifier.LESS: "<",
    Qualifier.AT_MOST: "≤",
    Qualifier.ABOUT: "约",
}
"""How a qualifier is written in front of a number; each is read back."""


@dataclass(frozen=True)
class Quantity:
    """A number with what is known about it."""

    number: Decimal
    qualifier: Qualifier = Qualifier.EXACT

    @override
    def __str__(self) -> str:
        return f"{SIGNS[self.qualifier]}{self.number:f}"


class NotApplicable(Enum):
    """The answer "does not apply here": neither nothing typed nor zero."""

    NOT_APPLICABLE = "na"


NOT_APPLICABLE: Final = NotApplicable.NOT_APPLICABLE

Rows: TypeAlias = tuple[Mapping[str, "Value"], ...]
Value: TypeAlias = str | int | Decimal | date | bool | Quantity | NotApplicable | tuple[str, ...] | Rows | None
Figure: TypeAlias = Quantity | NotApplicable | None
"""A number in a sum: None is missing, which is not zero."""


def figure(value: Value) -> Figure:
    """Take a number out of an answer; anything that is none is missing."""
    if isinstance(value, Quantity | NotApplicable):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Quantity(Decimal(value))
    return None


def as_value(found: Figure, *, whole: bool = False) -> Value:
    """Give the figure as the plainest value: int or Decimal where it is exact."""
    if not isinstance(found, Quantity) or found.qualifier is not Qualifier.EXACT:
        return found
    return int(found.number) if whole and found.number == found.number.to_integral_value() else found.number


def negative(one: Quantity) -> Quantity:
    """Give −x; more than 5 becomes less than −5."""
    return Quantity(one.number.copy_negate(), _FLIPPED.get(one.qualifier, one.qualifier))


def plus(one: Quantity, other: Quantity) -> Quantity:
    """Give x + y."""
    return Quantity(PRECISE.add(one.number, other.number), _joined((one.qualifier, other.qualifier)))


def minus(one: Quantity, other: Quantity) -> Quantity:
    """Give x − y."""
    return plus(one, negative(other))


def times(one: Quantity, other: Quantity) -> Quantity:
    """Give x · y."""
    number = PRECISE.multiply(one.number, other.number)
    exact, rest = (one, other) if one.qualifier is Qualifier.EXACT else (other, one)
    if exact.qualifier is Qualifier.EXACT:
        return _scaled(number, rest.qualifier, exact.number)
    both = {one.qualifier, other.qualifier}
    if both <= _LOWER and min(one.number, other.number) >= 0:
        strict = (one.qualifier is Qualifier.MORE and other.number > 0) or (other.qualifier is Qualifier.MORE and one.number > 0)
        return Quantity(number, Qualifier.MORE if strict or both == {Qualifier.MORE} else Qualifier.AT_LEAST)
    return Quantity(number, Qualifier.ABOUT)


def divided(one: Quantity, other: Quantity) -> Quantity | None:
    """Give x / y; None where y is zero."""
    if other.number == 0:
        return None
    number = PRECISE.divide(one.number, other.number)
    if other.qualifier is Qualifier.EXACT:
        return _scaled(number, one.qualifier, other.number)
    if one.qualifier is Qualifier.EXACT and one.number == 0:
        return Quantity(Decimal(0))
    if one.qualifier is Qualifier.EXACT and other.qualifier in _LOWER and other.number > 0:
        # a larger divisor: the quotient is nearer to zero
        nearer = Qualifier.LESS if other.qualifier is Qualifier.MORE else Qualifier.AT_MOST
        return Quantity(number, nearer if one.number > 0 else _FLIPPED[nearer])
    return Quantity(number, Qualifier.ABOUT)


def _scaled(number: Decimal, qualifier: Qualifier, factor: Decimal) -> Quantity:
    if factor == 0:
        return Quantity(Decimal(0))
    return Quantity(number, _FLIPPED.get(qualifier, qualifier) if factor < 0 else qualifier)


def _joined(qualifiers: Iterable[Qualifier]) -> Qualifier:
    """Say what is known of a sum: bounds in one direction keep it, a strict one makes it strict; both directions are "about"."""
    found = set(qualifiers) - {Qualifier.EXACT}
    if not found:
        return Qualifier.EXACT
    if found <= _LOWER:
        return Qualifier.MORE if Qualifier.MORE in found else Qualifier.AT_LEAST
    if found <= _UPPER:
        return Qualifier.LESS if Qualifier.LESS in found else Qualifier.AT_MOST
    return Qualifier.ABOUT


def largest(several: Iterable[Quantity]) -> Quantity:
    """
    Give the largest of one or more.

    Gives: what is certain: of ">5" and 10 it is "≥10"; of "<5" and 10 it is 10.
    """
    given = list(several)
    floor = max((one.number for one in given if one.qualifier not in _UPPER), default=None)
    kept = [one for one in given if one.qualifier not in _UPPER or floor is None or one.number > floor]
    number = max(one.number for one in kept)
    found = {one.qualifier for one in kept} - {Qualifier.EXACT}
    at_top = {one.qualifier for one in kept if one.number == number}
    if not found:
        return Quantity(number)
    if found <= _LOWER:
        return Quantity(number, Qualifier.MORE if Qualifier.MORE in at_top else Qualifier.AT_LEAST)
    if found <= _UPPER:
        return Quantity(number, Qualifier.AT_MOST if Qualifier.AT_MOST in at_top else Qualifier.LESS)
    return Quantity(number, Qualifier.ABOUT)


def smallest(several: Iterable[Quantity]) -> Quantity:
    """Give the smallest of one or more."""
    return negative(largest(negative(one) for one in several))


def rounded(one: Quantity, places: int) -> Quantity:
    """
    Round half up; a bound is rounded so that it stays true: more than 2.34375 is at least 2.34.

    Raises: decimal.InvalidOperation where the number has more digits than any figure.
    """
    step = Decimal(1).scaleb(-places)
    mode = ROUND_FLOOR if one.qualifier in _LOWER else ROUND_CEILING if one.qualifier in _UPPER else ROUND_HALF_UP
    number = one.number.quantize(step, rounding=mode, context=PRECISE)
    qualifier = one.qualifier
    if number != one.number:
        qualifier = {Qualifier.MORE: Qualifier.AT_LEAST, Qualifier.LESS: Qualifier.AT_MOST}.get(qualifier, qualifier)
    return Quantity(number, qualifier)


def is_less(one: Quantity, other: Quantity, *, or_equal: bool = False) -> bool | None:
    """Tell whether x < y (or ≤); None where the qualifiers leave it open."""
    if Qualifier.ABOUT in {one.qualifier, other.qualifier}:
        return None
    difference = minus(one, other)
    number, known = difference.number, difference.qualifier
    if known is Qualifier.EXACT:
        return number <= 0 if or_equal else number < 0
    if known in _UPPER:
        below = number < 0 or (number == 0 and (or_equal or known is Qualifier.LESS))
        return True if below else None
    if known in _LOWER:
        above = number > 0 or (number == 0 and (known is Qualifier.MORE or not or_equal))
        return False if above else None
    return None


def is_same(one: Quantity, other: Quantity) -> bool | None:
    """Tell whether x = y; None where the qualifiers leave it open."""
    if one.qualifier is Qualifier.EXACT and other.qualifier is Qualifier.EXACT:
        return one.number == other.number
    below, above = is_less(one, other), is_less(other, one)
    return False if below or above else None
