"""How long a session lives, and how fresh it must be for a weighty act."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FRESH_FOR = timedelta(minutes=10)
"""So long after a password or code a person may do weighty acts without being asked again."""
FIRST_SECRET_LIVES = timedelta(days=7)
FIRST_SECRET_LIVES_ONCE_USED = timedelta(hours=1)
"""A slip opens the door once, to set a password of one's own; after that hour it is waste paper."""
RESET_WAITS = timedelta(days=2)
"""So long a password reset waits for its second hand."""
LONGEST_TOKEN = timedelta(days=90)


@dataclass(frozen=True)
class Limits:
    """How long sessions may live: unused, unused by an administrator, altogether."""

    idle: timedelta
    idle_privileged: timedelta
    absolute: timedelta


def session_lives(
    *, started_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime, idle: timedelta, absolute: timedelta
) -> bool:
    """Say whether a session may still be used: not ended, not idle too long, not too old."""
    return ended_at is None and now < seen_at + idle and now < started_at + absolute


def is_fresh(confirmed_at: datetime, now: datetime) -> bool:
    """Say whether the person proved to be there lately enough for a weighty act."""
    return now < confirmed_at + FRESH_FOR
