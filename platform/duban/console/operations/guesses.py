"""
Guessing at the operator's door, counted as at the tenants': each try is entered as failed, and committed, before it is looked at.

Who comes from a browser this operator has signed in from before is counted by it, so that a stranger who locks the account does
not lock its owner out. Everybody else is counted by what was typed as login, whether there is such an operator or not, and by
source address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from duban.console.desk import CONSOLE, Hand, at_desk
from duban.console.errors import OperatorLockedError
from duban.console.models import OperatorAttempt
from duban.console.rules import FAILURES_ALLOWED, SOURCE_FAILURES_ALLOWED
from duban.identity.operations.attempts import digest, login_subject
from duban.identity.rules.attempts import Tally, is_locked, minutes_left, source_of
from duban.identity.rules.attempts import reserve as counted
from duban.kernel.scope import open_session

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Guess:
    """One try, by what it is counted against: (kind, subject)."""

    login: str
    address: str
    counts: tuple[tuple[str, str], ...]


def at_door(*, login: str, address: str, device: str | None) -> Guess:
    """Count a sign-in. Takes: `device` the number of a browser this operator is known to have used, or None."""
    account = login_subject(login)
    if device:
        return Guess(login, address, (("device", digest(f"{device} {account}")),))
    return Guess(login, address, (("account", account), ("source", source_of(address))))


def with_old_password(operator_id: UUID, *, login: str, address: str = "") -> Guess:
    """Count the proof by one's old password."""
    return Guess(login, address, (("proof", str(operator_id)),))


def reserve(engine: Engine, guess: Guess, *, now: datetime) -> None:
    """
    Enter a try as failed.

    Raises: OperatorLockedError; then nothing is counted and the try must not be looked at.
    """
    with open_session(engine, CONSOLE) as session, session.begin():
        rows = [_locked_row(session, kind, subject, now) for kind, subject in guess.counts]
        tallies = [Tally(row.failures, row.failing_since, row.locked_until) for row in rows]
        barred = [tally.locked_until for tally in tallies if tally.locked_until and is_locked(tally, now)]
        if barred:
            raise OperatorLockedError(minutes_left(max(barred), now))
        for row, tally in zip(rows, tallies, strict=True):
            allowed = SOURCE_FAILURES_ALLOWED if row.kind == "source" else FAILURES_ALLOWED
            after = counted(tally if tally.failures else None, now=now, allowed=allowed)
            row.failures, row.failing_since, row.locked_until = after.failures, after.failing_since, after.locked_until


def settle(engine: Engine, guess: Guess, *, right: bool, now: datetime, known: bool = True) -> None:
    """
    Take the count back when the try was right; record it when it was the one that closed the door.

    Takes: `known` whether there is such an operator. Names a stranger makes up are not to fill the record.
    """
    with at_desk(engine, hand=Hand(None, guess.login[:40]), now=now) as desk:
        for kind, subject in guess.counts:
            row = _locked_row(desk.session, kind, subject, now)
            if right:
                row.failures, row.locked_until = max(0, row.failures - 1) if kind == "source" else 0, None
            elif (known or kind == "source") and row.locked_until is not None and now < row.locked_until:
                about = {"by": kind, "login": guess.login[:40], "address": guess.address}
                desk.record("door.locked", "door", CONSOLE, **about, until=row.locked_until)
        if right:
            desk.session.execute(delete(OperatorAttempt).where(OperatorAttempt.failing_since < now - KEPT))


def _locked_row(session: Session, kind: str, subject: str, now: datetime) -> OperatorAttempt:
    session.execute(
        pg_insert(OperatorAttempt).values(kind=kind, subject=subject, failures=0, failing_since=now).on_conflict_do_nothing()
    )
    statement = select(OperatorAttempt).where(OperatorAttempt.kind == kind, OperatorAttempt.subject == subject)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()
