"""What is done to other people's accounts. Each function is one act: it asks leave, checks, changes and records."""

from collections.abc import Sequence
from uuid import UUID

from duban.audit.operations import record
from duban.identity import operations as identity
from duban.identity.models import Person
from duban.identity.operations import FirstSecret
from duban.identity.queries import get_person
from duban.kernel.scope import Scope
from duban.organisation.guarded import tell_reset_done, tell_reset_refused
from duban.security.errors import OwnAccountError
from duban.security.leave import require_keeping, require_root, require_second_hand
from duban.security.queries import session_of
from duban.tree.queries import root


def _require_other(scope: Scope, person_id: UUID, *, alone: bool) -> Person:
    person = get_person(scope, person_id, lock=True)
    if person.id == scope.actor.person_id:
        raise OwnAccountError
    require_keeping(scope, person, alone=alone)
    return person


def unlock_account(scope: Scope, *, person_id: UUID) -> None:
    """
    Open an account locked after wrong entries before its time; its password stays.

    Raises: NotFoundError, NotAllowedError, OwnAccountError.
    """
    person = _require_other(scope, person_id, alone=False)
    was_locked = identity.unlock(scope, logins=[person.login], person_id=person.id)
    record(scope, "account.unlocked", "person", person.id, was_locked=was_locked)


def end_all_sessions(scope: Scope, *, person_id: UUID) -> int:
    """
    Sign a person out everywhere. Gives: from how many devices.

    Raises: NotFoundError, NotAllowedError, OwnAccountError.
    """
    person = _require_other(scope, person_id, alone=False)
    ended = identity.end_sessions(scope, person_id=person.id)
    record(scope, "session.all-ended", "person", person.id, count=ended)
    return ended


def end_session(scope: Scope, *, session_id: UUID) -> Person:
    """
    Sign a person out from one device.

    Raises: NotFoundError, NotAllowedError, OwnAccountError.
    """
    session = session_of(scope, session_id)
    person = _require_other(scope, session.person_id, alone=False)
    session.ended_at = session.ended_at or scope.now
    record(scope, "session.kicked", "person", person.id, session=session.id)
    return person


def reset_factor(scope: Scope, *, person_id: UUID) -> bool:
    """
    Take a lost second factor away, so that a new one can be set up; sessions and tokens end. Gives: whether there was one.

    Raises: NotFoundError, NotAllowedError, OwnAccountError.
    """
    person = _require_other(scope, person_id, alone=True)
    dropped = identity.drop_factor(scope, person_id=person.id)
    if dropped:
        record(scope, "factor.reset", "person", person.id)
    return dropped


def confirm_reset(scope: Scope, *, reset_id: UUID, keys: Sequence[str]) -> FirstSecret:
    """
    Be the second hand of a password given anew. Gives: its second half, shown once.

    Raises: NotFoundError, NotAllowedError, ResetOverError, SecondHandError.
    """
    reset = identity.waiting_reset(scope, reset_id)
    person = require_second_hand(scope, reset)
    secret = identity.confirm_reset(scope, reset_id=reset_id, keys=keys)
    record(scope, "person.password-reset", "person", person.id, reset=reset.id, asked_by=reset.asked_by)
    tell_reset_done(scope, person=person, asked_by=get_person(scope, reset.asked_by))
    return secret


def refuse_reset(scope: Scope, *, reset_id: UUID) -> None:
    """
    Let a password reset come to nothing; who asked for it is told.

    Raises: NotFoundError, NotAllowedError, ResetOverError.
    """
    reset = identity.waiting_reset(scope, reset_id)
    person = require_second_hand(scope, reset)
    identity.refuse_reset(scope, reset_id=reset_id)
    record(scope, "person.password-reset-refused", "person", person.id, reset=reset.id, asked_by=reset.asked_by)
    tell_reset_refused(scope, person=person, asked_by=get_person(scope, reset.asked_by))


def revoke_token(scope: Scope, *, token_id: UUID) -> None:
    """
    End a program's token of somebody else.

    Raises: NotFoundError, NotAllowedError, OwnAccountError.
    """
    _require_other(scope, identity.token_owner(scope, token_id=token_id), alone=True)
    identity.revoke_token(scope, token_id=token_id)


def set_password_policy(scope: Scope, *, code: str) -> None:
    """
    Choose the tenant's password policy.

    Raises: NotAllowedError, InvalidInputError.
    """
    require_root(scope, root(scope))
    identity.choose_password_policy(scope, code=code)
