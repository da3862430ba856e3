"""Whole numbers as people type them: a Chinese input method writes full-width digits that look like the others."""

_PLAIN = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"\u3000": " "})
# Not NFKC: that would also turn ² and ① into digits.
LONGEST = 9


def plain_digits(text: str) -> str:
    """Give the text with its full-width digits, letters and signs in their usual form."""
    return text.translate(_PLAIN)


def whole(text: str) -> int | None:
    """Read a whole number of at most nine digits without a sign; None for anything else, also for nothing."""
    plain = plain_digits(text).strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= LONGEST else None
