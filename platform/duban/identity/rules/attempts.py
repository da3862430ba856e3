"""How often one may guess. An attempt counts as failed before it is looked at; being right takes the count back."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_ALLOWED = 5
SOURCE_FAILURES_ALLOWED = 100
"""From one address, over all accounts: a whole town hall may sit behind one address."""
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)


SITE_BITS = 64
"""Of an IPv6 address: what one line is given. The rest is the visitor's to choose, a new one for every guess."""
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Where a translator puts IPv4 visitors, each under the own address (RFC 6052)."""
ADDRESS_LENGTH = 100


def source_of(address: str) -> str:
    """Name where somebody comes from: the address, of an IPv6 one its network. What is no address stands for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:ADDRESS_LENGTH]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found in TRANSLATED:
        return str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    return str(ipaddress.IPv6Network((int(found) >> SITE_BITS << SITE_BITS, SITE_BITS)))


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
