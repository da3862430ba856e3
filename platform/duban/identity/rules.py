"""Rules of the door. Pure."""

from datetime import datetime, timedelta

FAILURES_ALLOWED = 5
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128


def session_lives(
    *, started_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime, idle: timedelta, absolute: timedelta
) -> bool:
    """Say whether a session may still be used: not ended, not idle too long, not too old."""
    return ended_at is None and now < seen_at + idle and now < started_at + absolute


def password_is_strong(password: str, login: str) -> bool:
    """Say whether a password is long enough, not the login, and of at least two kinds of characters."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    used = sum(any(kind(char) for char in password) for kind in kinds)
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and used > 1 and login.lower() not in password.lower()
