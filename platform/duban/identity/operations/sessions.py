"""Sessions: rows that begin at the door and end, on every worker at once, when the row or the credential says so."""

import secrets
from uuid import UUID

from sqlalchemy import select, text, update

from duban.audit.operations import record
from duban.identity.errors import FirstSecretOverError, LockedOutError, SignInRefusedError
from duban.identity.models import Credential, LoginSession, Person
from duban.identity.operations.attempts import Attempt, reserve, settle
from duban.identity.passwords import matches
from duban.identity.queries import find_by_login, own_session, token_digest
from duban.identity.rules.sessions import FIRST_SECRET_LIVES_ONCE_USED
from duban.kernel.errors import AnticipatedError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, let_go, owned


def pretend(password: str) -> None:
    """Take as long as a sign-in where there is not even a tenant to sign in to."""
    matches(None, password)


def sign_in(
    scope: Scope, *, login: str, password: str, address: str, device: str, known_device: str | None = None
) -> str | AnticipatedError:
    """
    Give a fresh session token, or the error to show.

    The error is returned, not raised: the record of the failure must be committed with it. An account that does not exist
    is counted, hashed for, recorded and answered like one that does.
    Takes:  `known_device` the number of a device this account has signed in on before.
    Costs:  one password hash, without any lock or connection held.
    """
    attempt = Attempt.at_door(login=login, address=address, device=known_device)
    try:
        reserve(scope, attempt)
    except LockedOutError as refusal:
        return refusal
    person = find_by_login(scope, login)
    statement = owned(scope, Credential).where(Credential.id == (person.id if person is not None else new_id()))
    credential = scope.session.scalars(statement).one_or_none()
    known = person is not None and person.active and credential is not None
    password_hash = credential.password_hash if known and credential else None
    let_go(scope)  # hashing is slow, and `settle` takes a connection of its own: a flood must not hold two each
    right = matches(password_hash, password)
    if right and person is not None:
        credential = scope.session.scalars(owned(scope, Credential).where(Credential.id == person.id)).one_or_none()
        # what was checked must still be what holds
        right = credential is not None and credential.password_hash == password_hash
    if not right or person is None or credential is None:
        settle(scope, attempt, right=False, person_id=person.id if person else None)
        about = "person" if person else "tenant"
        record(scope, "session.refused", about, person.id if person else scope.tenant_id, address=address)
        return SignInRefusedError()
    settle(scope, attempt, right=True)
    if credential.expires_at is not None and scope.now >= credential.expires_at:
        record(scope, "session.refused", "person", person.id, address=address, reason="first secret expired")
        return FirstSecretOverError()
    if credential.expires_at is not None:
        credential.expires_at = min(credential.expires_at, scope.now + FIRST_SECRET_LIVES_ONCE_USED)
    return start_session(scope, person=person, address=address, device=device, epoch=credential.epoch)


def start_session(
    scope: Scope, *, person: Person, address: str, device: str, factor: bool = False, epoch: int | None = None
) -> str:
    """
    Open a session for somebody whose identity is settled and give its token, which is kept nowhere.

    Takes:  `factor` when the second factor was shown too; `epoch` of the credential that was checked: if it has moved on
            since, the session is born dead.
    """
    if epoch is None:
        epoch = _epoch(scope, person.id)
    token = secrets.token_urlsafe(32)
    scope.add(
        LoginSession(
            id=new_id(),
            person_id=person.id,
            token_digest=token_digest(token),
            started_at=scope.now,
            seen_at=scope.now,
            confirmed_at=scope.now,
            factor_at=scope.now if factor else None,
            epoch=epoch,
            address=address[:100],
            device=device[:200],
        )
    )
    record(scope, "session.started", "person", person.id, address=address, login=person.login)
    return token


def sign_out(scope: Scope, *, session_id: UUID) -> None:
    """End the session, on every worker at once."""
    session = get_owned(scope, LoginSession, session_id, lock=True)
    session.ended_at = scope.now
    record(scope, "session.ended", "person", session.person_id)


def touch_session(scope: Scope, *, session_id: UUID) -> None:
    """
    Note that the session is in use. Not an act of a person: leaves no audit row.

    Costs: one statement; its commit does not wait for the disk, for losing the last seconds of this only signs out early.
    """
    scope.session.execute(text("SET LOCAL synchronous_commit = off"))
    scope.session.execute(
        update(LoginSession)
        .where(LoginSession.tenant_id == scope.tenant_id, LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(seen_at=scope.now)
    )


def renew_session(scope: Scope, *, session_id: UUID, factor: bool) -> str:
    """
    Give the actor's session a new token, the old one being dead, after they proved again to be there.

    Takes:  `factor` when it was the second factor that was shown. Raises: NotFoundError.
    """
    session = own_session(scope, session_id, lock=True)
    token = secrets.token_urlsafe(32)
    session.token_digest, session.confirmed_at, session.seen_at = token_digest(token), scope.now, scope.now
    if factor:
        session.factor_at = scope.now
    session.epoch = _epoch(scope, scope.person_id)
    return token


def _epoch(scope: Scope, person_id: UUID) -> int:
    """Read the epoch as the database has it, which moves it on by itself."""
    scope.session.flush()
    statement = select(Credential.epoch).where(Credential.tenant_id == scope.tenant_id, Credential.id == person_id)
    return scope.session.scalars(statement).one_or_none() or 0


def confirm_session(scope: Scope, *, session_id: UUID) -> str:
    """Note that the actor proved again to be there (the proof is the caller's), and give the session's new token."""
    token = renew_session(scope, session_id=session_id, factor=False)
    record(scope, "session.confirmed", "person", scope.person_id)
    return token


def end_session(scope: Scope, *, session_id: UUID) -> None:
    """End one of the actor's own sessions. Raises: NotFoundError."""
    session = own_session(scope, session_id, lock=True)
    session.ended_at = session.ended_at or scope.now
    record(scope, "session.ended", "person", session.person_id)


def end_sessions(scope: Scope, *, person_id: UUID, except_session: UUID | None = None) -> int:
    """End all sessions of a person; the caller has asked leave or is that person. Gives: how many were open."""
    statement = (
        update(LoginSession)
        .where(LoginSession.tenant_id == scope.tenant_id, LoginSession.person_id == person_id, LoginSession.ended_at.is_(None))
        .values(ended_at=scope.now)
        .returning(LoginSession.id)
    )
    if except_session is not None:
        statement = statement.where(LoginSession.id != except_session)
    return len(scope.session.scalars(statement).all())
