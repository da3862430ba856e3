"""
Signing in and out, passwords. These acts are a person's own: nobody's leave is asked.

Creating people for others, with leave, is in `organisation`.
"""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from duban.audit.operations import record
from duban.identity.errors import LockedOutError, SignInRefusedError, WeakPasswordError, WrongPasswordError
from duban.identity.models import Credential, LoginSession, Person
from duban.identity.passwords import hash_password, matches
from duban.identity.queries import find_by_login, get_person, token_digest
from duban.identity.rules import FAILURES_ALLOWED, LOCK, WINDOW, password_is_strong
from duban.kernel.errors import AnticipatedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, owned, unit_of_work
from duban.kernel.text import N_


def sign_in(scope: Scope, *, login: str, password: str, address: str, device: str) -> str | AnticipatedError:
    """
    Give a fresh session token, or the error to show.

    The error is returned, not raised: the count of failures must be committed with it.
    Costs: the credential's row lock while hashing, so parallel guesses at one account wait for each other.
    """
    person = find_by_login(scope, login)
    credential = None
    if person is not None and person.active:
        statement = owned(scope, Credential).where(Credential.id == person.id).with_for_update()
        credential = scope.session.scalars(statement).one_or_none()
    if person is None or credential is None:
        matches(None, password)
        return SignInRefusedError()
    if credential.locked_until is not None and scope.now < credential.locked_until:
        return LockedOutError(minutes=_minutes_left(credential.locked_until, scope.now))
    if not matches(credential.password_hash, password):
        _count_failure(scope, credential)
        record(scope, "session.refused", "person", person.id, address=address)
        return SignInRefusedError()
    credential.failures, credential.failing_since, credential.locked_until = 0, None, None
    return start_session(scope, person=person, address=address, device=device)


def start_session(scope: Scope, *, person: Person, address: str, device: str) -> str:
    """Open a session for somebody whose identity is settled and give its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    scope.add(
        LoginSession(
            id=new_id(),
            person_id=person.id,
            token_digest=token_digest(token),
            started_at=scope.now,
            seen_at=scope.now,
            address=address[:100],
            device=device[:200],
        )
    )
    record(scope, "session.started", "person", person.id, address=address, login=person.login)
    return token


def _minutes_left(until: datetime, now: datetime) -> int:
    return max(1, -int(-(until - now).total_seconds() // 60))


def _count_failure(scope: Scope, credential: Credential) -> None:
    if credential.failing_since is None or scope.now - credential.failing_since > WINDOW:
        credential.failures, credential.failing_since = 0, scope.now
    credential.failures += 1
    if credential.failures >= FAILURES_ALLOWED:
        credential.locked_until = scope.now + LOCK
        credential.failures, credential.failing_since = 0, None


def sign_out(scope: Scope, *, session_id: UUID) -> None:
    """End the session, on every worker at once."""
    session = get_owned(scope, LoginSession, session_id, lock=True)
    session.ended_at = scope.now
    record(scope, "session.ended", "person", session.person_id)


def touch_session(scope: Scope, *, session_id: UUID) -> None:
    """Note that the session is in use. Not an act of a person: leaves no audit row."""
    scope.session.execute(
        update(LoginSession)
        .where(LoginSession.tenant_id == scope.tenant_id, LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(seen_at=scope.now)
    )


def end_sessions(scope: Scope, *, person_id: UUID, except_session: UUID | None = None) -> None:
    """End all sessions of a person, e.g. after a new password."""
    statement = (
        update(LoginSession)
        .where(LoginSession.tenant_id == scope.tenant_id, LoginSession.person_id == person_id, LoginSession.ended_at.is_(None))
        .values(ended_at=scope.now)
    )
    if except_session is not None:
        statement = statement.where(LoginSession.id != except_session)
    scope.session.execute(statement)


def set_password(scope: Scope, *, person: Person, password: str, must_change: bool) -> None:
    """
    Set a person's password and end their sessions. The caller has asked leave or is that person.

    Raises: WeakPasswordError.
    """
    if not password_is_strong(password, person.login):
        raise WeakPasswordError(N_("密码至少 8 位、最多 128 位，含字母、数字、符号中的两类，且不能包含用户名。请换一个密码。"))
    keep_password(scope, person=person, password_hash=hash_password(password), must_change=must_change)


def keep_password(scope: Scope, *, person: Person, password_hash: str, must_change: bool) -> None:
    """Keep an already hashed password as a person's and end their sessions. The caller has asked leave or is that person."""
    credential = scope.session.scalars(owned(scope, Credential).where(Credential.id == person.id).with_for_update()).one_or_none()
    if credential is None:
        credential = scope.add(Credential(id=person.id, password_hash="", changed_at=scope.now))
    credential.password_hash = password_hash
    credential.must_change, credential.changed_at = must_change, scope.now
    credential.failures, credential.failing_since, credential.locked_until = 0, None, None
    end_sessions(scope, person_id=person.id)
    record(scope, "password.set", "person", person.id, must_change=must_change)


def change_own_password(scope: Scope, *, old: str, new: str) -> None:
    """
    Change the actor's own password; all their sessions end.

    Raises: WrongPasswordError, WeakPasswordError.
    """
    confirm_password(scope, password=old)
    set_password(scope, person=get_person(scope, scope.person_id), password=new, must_change=False)


def confirm_password(scope: Scope, *, password: str) -> None:
    """
    Make sure that it is the actor who is sitting there, before a weighty act such as signing.

    Raises: WrongPasswordError, LockedOutError. A wrong password counts towards the lock even though the act
    itself is rolled back: it is counted in a unit of work of its own.
    """
    with unit_of_work(scope.session.get_bind().engine, tenant=scope.tenant, actor=scope.actor, now=scope.now) as apart:
        refusal = _check_password(apart, password)
    if refusal is not None:
        raise refusal


def _check_password(scope: Scope, password: str) -> AnticipatedError | None:
    credential = get_owned(scope, Credential, scope.person_id, lock=True)
    if credential.locked_until is not None and scope.now < credential.locked_until:
        return LockedOutError(minutes=_minutes_left(credential.locked_until, scope.now))
    if matches(credential.password_hash, password):
        return None
    _count_failure(scope, credential)
    record(scope, "password.refused", "person", credential.id)
    return WrongPasswordError()


def set_locale(scope: Scope, *, locale: str) -> None:
    """Remember the actor's language; messages to them will use it."""
    get_person(scope, scope.person_id, lock=True).locale = locale
