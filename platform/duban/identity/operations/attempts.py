"""
Counting attempts so that parallel guesses do not slip past: each is entered as failed, and committed, before it is judged.

Three doors, three counts. Whoever comes from a device this account has signed in on before is counted by that device, so a
stranger who locks the account does not lock its owner out; everybody else is counted by account and by source address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from duban.audit.operations import record
from duban.identity.errors import LockedOutError
from duban.identity.models import AttemptCounter
from duban.identity.rules.attempts import (
    FAILURES_ALLOWED,
    SOURCE_FAILURES_ALLOWED,
    Tally,
    is_locked,
    minutes_left,
    source_of,
)
from duban.identity.rules.attempts import (
    reserve as reserved,
)
from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, Scope, owned, unit_of_work


@dataclass(frozen=True)
class Attempt:
    """What an attempt is counted against, as (kind, subject)."""

    counts: tuple[tuple[str, str], ...]

    @classmethod
    def at_door(cls, *, login: str, address: str, device: str | None) -> "Attempt":
        """Count a sign-in. Takes: `device` the number of a device this account is known to have used, or None."""
        account = login_subject(login)
        if device:
            return cls((("device", digest(f"{device} {account}")),))
        return cls((("source", source_of(address)), ("account", account)))

    @classmethod
    def by_factor(cls, person_id: UUID) -> "Attempt":
        """Count a code."""
        return cls((("factor", str(person_id)),))


def digest(text: str) -> str:
    """Name something without keeping it."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def login_subject(login: str) -> str:
    """Name the account a login stands for, whether it exists or not."""
    return digest(login.strip().lower())


def reserve(scope: Scope, attempt: Attempt) -> None:
    """
    Enter an attempt as failed, in a transaction of its own, before it is looked at.

    Raises: LockedOutError; then nothing is counted and the attempt must not be looked at.
    Costs: a row lock for the length of two statements; never held while hashing.
    """
    with unit_of_work(scope.session.get_bind().engine, tenant=scope.tenant, actor=SYSTEM, now=scope.now) as apart:
        rows = [_locked_row(apart, kind, subject) for kind, subject in attempt.counts]
        tallies = [_tally(row) for row in rows]
        barred = [tally.locked_until for tally in tallies if tally.locked_until and is_locked(tally, scope.now)]
        if barred:
            raise LockedOutError(minutes=minutes_left(max(barred), scope.now))
        for row, tally in zip(rows, tallies, strict=True):
            allowed = SOURCE_FAILURES_ALLOWED if row.kind == "source" else FAILURES_ALLOWED
            known = tally if tally.failures else None
            after = reserved(known, now=scope.now, allowed=allowed)
            row.failures, row.failing_since, row.locked_until = after.failures, after.failing_since, after.locked_until


def refuse_if_locked(scope: Scope, attempt: Attempt) -> LockedOutError | None:
    """Give the refusal if the attempt would not be looked at."""
    statement = select(AttemptCounter.locked_until).where(
        AttemptCounter.tenant_id == scope.tenant_id,
        AttemptCounter.kind == attempt.counts[-1][0],
        AttemptCounter.subject == attempt.counts[-1][1],
    )
    until = scope.session.scalars(statement).one_or_none()
    return LockedOutError(minutes=minutes_left(until, scope.now)) if until is not None and scope.now < until else None


def settle(scope: Scope, attempt: Attempt, *, right: bool, person_id: UUID | None = None) -> None:
    """
    Take the count back when the attempt was right; tell the audit when it was the one that closed the door.

    In a transaction of its own again: the caller's may last, or come to nothing.
    """
    with unit_of_work(scope.session.get_bind().engine, tenant=scope.tenant, actor=scope.actor, now=scope.now) as apart:
        for kind, subject in attempt.counts:
            row = _locked_row(apart, kind, subject)
            if right and kind == "source":
                row.failures, row.locked_until = max(0, row.failures - 1), None
            elif right:
                row.failures, row.locked_until = 0, None
            elif row.locked_until is not None and scope.now < row.locked_until:
                about = "person" if person_id else "tenant"
                record(apart, "account.locked", about, person_id or scope.tenant_id, by=kind, until=row.locked_until)


def unlock(scope: Scope, *, logins: Sequence[str], person_id: UUID) -> bool:
    """Open a locked account before its time; the caller has asked leave. Gives: whether there was a lock."""
    subjects = {("account", login_subject(login)) for login in logins} | {("factor", str(person_id))}
    opened = False
    for kind, subject in sorted(subjects):
        row = _locked_row(scope, kind, subject)
        opened = opened or is_locked(_tally(row), scope.now)
        row.failures, row.locked_until = 0, None
    return opened


def forget(scope: Scope, *, person_id: UUID, login: str) -> None:
    """Drop what is counted against an account, e.g. with a new password."""
    scope.session.execute(
        delete(AttemptCounter).where(
            AttemptCounter.tenant_id == scope.tenant_id,
            AttemptCounter.kind.in_(("account", "factor")),
            AttemptCounter.subject.in_((login_subject(login), str(person_id))),
        )
    )


def _locked_row(scope: Scope, kind: str, subject: str) -> AttemptCounter:
    scope.session.execute(
        pg_insert(AttemptCounter)
        .values(tenant_id=scope.tenant_id, id=new_id(), kind=kind, subject=subject, failures=0, failing_since=scope.now)
        .on_conflict_do_nothing(index_elements=["tenant_id", "kind", "subject"])
    )
    statement = owned(scope, AttemptCounter).where(AttemptCounter.kind == kind, AttemptCounter.subject == subject)
    return scope.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()


def _tally(row: AttemptCounter) -> Tally:
    return Tally(row.failures, row.failing_since, row.locked_until)
