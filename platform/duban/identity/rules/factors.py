"""Codes of the second factor: six digits that change every half minute (RFC 6238)."""

STEP_SECONDS = 30
DIGITS = 6


def plain_code(code: str) -> str:
    """Give a code without the blanks and dashes people type into it."""
    return "".join(character for character in code.strip().lower() if character not in " -\u3000")


def is_code(code: str) -> bool:
    """Say whether this is a code of the app; anything else can only be one from paper."""
    plain = plain_code(code)
    return len(plain) == DIGITS and plain.isascii() and plain.isdigit()


def steps_around(now: int) -> tuple[int, ...]:
    """Give the half minutes whose code is taken: this one and its neighbours, for clocks that differ a little."""
    step = now // STEP_SECONDS
    return (step - 1, step, step + 1)
