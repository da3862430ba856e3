"""Rules of the operator's door: stricter than a tenant's, and nobody can loosen them. Pure."""

from datetime import datetime, timedelta

FAILURES_ALLOWED = 5
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128


def session_lives(*, started_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Say whether an operator's session may still be used."""
    return ended_at is None and now < seen_at + IDLE and now < started_at + ABSOLUTE


def password_is_strong(password: str, login: str) -> bool:
    """Say whether a password is long enough, of at least two kinds of characters, and does not hold the login."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    used = sum(any(kind(char) for char in password) for kind in kinds)
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and used > 1 and login.lower() not in password.lower()
