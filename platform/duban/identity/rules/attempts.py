"""How often one may guess. An attempt counts as failed before it is looked at; being right takes the count back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_ALLOWED = 5
SOURCE_FAILURES_ALLOWED = 100
"""From one address, over all accounts: a whole town hall may sit behind one address."""
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)


@dataclass(frozen=True)
class Tally:
    """What is counted against an account, a device, an address or a second factor."""

    failures: int
    failing_since: datetime
    locked_until: datetime | None = None


def is_locked(tally: Tally | None, now: datetime) -> bool:
    """Say whether no attempt is looked at now."""
    return tally is not None and tally.locked_until is not None and now < tally.locked_until


def reserve(tally: Tally | None, *, now: datetime, allowed: int) -> Tally:
    """
    Count one more attempt, before it is looked at; the last one allowed closes the door behind itself.

    Takes: a tally that is not locked now.
    """
    stale = tally is None or tally.locked_until is not None or now - tally.failing_since > WINDOW
    before = Tally(0, now) if tally is None or stale else tally
    failures = before.failures + 1
    return Tally(failures, before.failing_since, now + LOCK if failures >= allowed else None)


def minutes_left(until: datetime, now: datetime) -> int:
    """Give whole minutes for people, never 0."""
    return max(1, -int(-(until - now).total_seconds() // 60))
