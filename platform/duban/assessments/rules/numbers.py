"""Exact decimal arithmetic, its one way of being written down, and digests over it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

ZERO = Decimal(0)

# Inexact is trapped: adding and multiplying points must never lose a digit silently, whatever the caller's own context is.
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Clamped])
_ROUNDED = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])


class RoundingMode(StrEnum):
    """Which neighbour a number between two goes to; half_up is 四舍五入."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    FLOOR = "floor"
    CEILING = "ceiling"


_DECIMAL_MODE = {
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.HALF_EVEN: ROUND_HALF_EVEN,
    RoundingMode.FLOOR: ROUND_FLOOR,
    RoundingMode.CEILING: ROUND_CEILING,
}


def total_of(amounts: Sequence[Decimal]) -> Decimal:
    """Add without losing a digit; the empty sum is 0."""
    with localcontext(EXACT):
        return sum(amounts, ZERO)


def product(left: Decimal, right: Decimal) -> Decimal:
    """Multiply without losing a digit; never gives a minus zero."""
    with localcontext(EXACT):
        return left * right + ZERO


def difference(left: Decimal, right: Decimal) -> Decimal:
    """Subtract without losing a digit."""
    with localcontext(EXACT):
        return left - right


def rounded(number: Decimal, *, decimals: int, mode: RoundingMode) -> Decimal:
    """Give `number` with at most `decimals` places."""
    with localcontext(_ROUNDED):
        return number.quantize(Decimal(1).scaleb(-decimals), rounding=_DECIMAL_MODE[mode])


def rounded_fraction(number: Fraction, *, decimals: int, mode: RoundingMode) -> Decimal:
    """Round a quotient once, from its exact value: never from an already shortened decimal."""
    scaled = number * 10**decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest
    if mode is RoundingMode.CEILING:
        up = rest > 0
    elif mode is RoundingMode.FLOOR:
        up = False
    elif mode is RoundingMode.HALF_EVEN and twice == scaled.denominator:
        up = whole % 2 == 1
    elif mode is RoundingMode.HALF_UP and twice == scaled.denominator:
        # 四舍五入 rounds away from zero, and `whole` is already the floor of a negative number.
        up = scaled > 0
    else:
        up = twice > scaled.denominator
    with localcontext(EXACT):
        return Decimal(whole + int(up)).scaleb(-decimals)


def number_text(number: Decimal) -> str:
    """Write a number the one canonical way: plain digits, no trailing zeros, no minus before zero."""
    if number == 0:
        return "0"
    with localcontext(EXACT):
        return format(number.normalize(), "f")


def canonical_json(value: Json) -> str:
    """Write a value so that equal values are equal bytes: sorted keys, no spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
