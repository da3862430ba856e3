"""Rules of the operator's door: stricter than a tenant's, and nobody can loosen them. Pure."""

from datetime import datetime, timedelta

from duban.identity.rules.passwords import PasswordPolicy, complaints
from duban.identity.words import as_typed, lists
from duban.kernel.text import N_, Text

FAILURES_ALLOWED = 5
SOURCE_FAILURES_ALLOWED = 30
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
SHORTEST_PASSWORD = 12
POLICY = PasswordPolicy("operator", kinds=2, lives=None, idle=None, remembered=1)


def session_lives(*, started_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Say whether an operator's session may still be used."""
    return ended_at is None and now < seen_at + IDLE and now < started_at + ABSOLUTE


def password_complaints(password: str, *, login: str, name: str) -> list[Text]:
    """Say what is wrong with an operator's password: the lists and words of every tenant's, and longer."""
    found = complaints(POLICY, password, login=login, lists=lists(), own_words=as_typed(name, login))
    if len(password) < SHORTEST_PASSWORD:
        found.insert(0, Text(N_("运维人员的密码至少 %(count)s 位。"), {"count": SHORTEST_PASSWORD}))
    return found
