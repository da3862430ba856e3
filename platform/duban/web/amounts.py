"""Reading limits that people type: whole numbers and gigabytes; left empty, there is none."""

from decimal import Decimal, InvalidOperation

from duban.kernel.digits import plain_digits, whole
from duban.kernel.errors import InvalidInputError
from duban.kernel.text import N_, Text

GIB = 1024**3
_PETABYTE = 1_000_000


def whole_number(name: str, text: str) -> int | None:
    """Read a limit; None when left empty. Raises: InvalidInputError."""
    text = text.strip()
    if not text:
        return None
    number = whole(text)
    if number is None:
        raise InvalidInputError(fields={name: [Text(N_("应为大于 0 的整数；不限请留空。"))]})
    return number


def gigabytes(name: str, text: str) -> int | None:
    """Read a limit in GB as bytes; None when left empty. Raises: InvalidInputError."""
    text = text.strip()
    if not text:
        return None
    try:
        size = Decimal(plain_digits(text))
    except InvalidOperation:
        size = Decimal(0)
    if not (size.is_finite() and 0 < size <= _PETABYTE):
        raise InvalidInputError(fields={name: [Text(N_("应为大于 0 的数字（GB）；不限请留空。"))]})
    return int(size * GIB)
