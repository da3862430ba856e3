"""A password given anew by two hands: each holds half of it, neither could use it alone. See docs/decisions/0035."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update

from duban.identity.errors import ResetOverError, SecondHandError
from duban.identity.models import Credential, PasswordReset, Person
from duban.identity.operations.factors import owner_of
from duban.identity.operations.passwords import FirstSecret, keep_password
from duban.identity.passwords import hash_password, one_time_password
from duban.identity.queries import get_person
from duban.identity.rules.sessions import FIRST_SECRET_LIVES, RESET_WAITS
from duban.identity.sealing import seal, unseal
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned

_BETWEEN = "-"


@dataclass(frozen=True)
class HalfSecret:
    """The first half of a password to come: shown once to who asked for it, good for nothing until the other half is made."""

    reset_id: UUID
    half: str
    ends_at: datetime


def open_reset(scope: Scope, *, person: Person, keys: Sequence[str]) -> HalfSecret:
    """
    Ask for a new password for somebody, which another person must confirm. What was asked for before is void.

    The caller has asked leave. Until it is confirmed nothing changes for the person.
    """
    void_resets(scope, person_id=person.id)
    half, reset_id = one_time_password(), new_id()
    row = scope.add(
        PasswordReset(
            id=reset_id,
            person_id=person.id,
            asked_by=scope.person_id,
            asked_at=scope.now,
            ends_at=scope.now + RESET_WAITS,
            sealed_half=seal(half.encode(), owner=owner_of(scope, reset_id), keys=keys),
            confirmed=False,
        )
    )
    return HalfSecret(row.id, half, row.ends_at)


def void_resets(scope: Scope, *, person_id: UUID, asked_too: bool = False) -> None:
    """
    Let every reset that waits for this person come to nothing; the halves handed out open nothing.

    Takes: `asked_too` for what this person asked for others as well.
    """
    concerned = PasswordReset.person_id == person_id
    if asked_too:
        concerned = or_(concerned, PasswordReset.asked_by == person_id)
    scope.session.execute(
        update(PasswordReset)
        .where(
            PasswordReset.tenant_id == scope.tenant_id,
            concerned,
            PasswordReset.settled_at.is_(None),
        )
        .values(settled_at=scope.now, settled_by=scope.actor.person_id, sealed_half="")
    )


def waiting_reset(scope: Scope, reset_id: UUID) -> PasswordReset:
    """Get a reset that waits, locked. Raises: NotFoundError, ResetOverError."""
    row = get_owned(scope, PasswordReset, reset_id, lock=True)
    if row.settled_at is not None or row.ends_at <= scope.now:
        raise ResetOverError
    return row


def confirm_reset(scope: Scope, *, reset_id: UUID, keys: Sequence[str]) -> FirstSecret:
    """
    Be the second hand: the new password holds from now on. Gives: its second half only; sessions and tokens end.

    The caller has asked leave. Raises: NotFoundError, ResetOverError, SecondHandError, SealBrokenError.
    Costs: one password hash.
    """
    row = waiting_reset(scope, reset_id)
    if scope.person_id in {row.asked_by, row.person_id}:
        raise SecondHandError
    first = unseal(row.sealed_half, owner=owner_of(scope, row.id), keys=keys).decode()
    second, person = one_time_password(), get_person(scope, row.person_id, lock=True)
    keep_password(scope, person=person, password_hash=hash_password(f"{first}{_BETWEEN}{second}"), must_change=True)
    expires_at = scope.now + FIRST_SECRET_LIVES
    get_owned(scope, Credential, person.id).expires_at = expires_at
    row.settled_at, row.settled_by, row.confirmed, row.sealed_half = scope.now, scope.person_id, True, ""
    return FirstSecret(person.id, person.login, second, expires_at)


def refuse_reset(scope: Scope, *, reset_id: UUID) -> PasswordReset:
    """Let a reset come to nothing. The caller has asked leave. Raises: NotFoundError, ResetOverError."""
    row = waiting_reset(scope, reset_id)
    row.settled_at, row.settled_by, row.sealed_half = scope.now, scope.person_id, ""
    return row
