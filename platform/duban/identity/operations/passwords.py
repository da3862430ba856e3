"""Passwords: setting, changing, handing out, asking again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from duban.audit.operations import record
from duban.identity.errors import WeakPasswordError, WrongPasswordError
from duban.identity.models import Credential, PastPassword, Person, SecurityPolicy
from duban.identity.operations.attempts import Attempt, forget, login_subject, refuse_if_locked, reserve, settle
from duban.identity.operations.sessions import end_sessions
from duban.identity.passwords import Weighed, hash_password, one_time_password
from duban.identity.queries import get_person, own_words, password_policy, past_passwords
from duban.identity.rules.passwords import POLICIES, complaints
from duban.identity.rules.sessions import FIRST_SECRET_LIVES
from duban.identity.words import lists
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, let_go, owned, unit_of_work
from duban.kernel.text import N_, Text


@dataclass(frozen=True)
class FirstSecret:
    """What a new user is handed on paper: shown once, kept nowhere, good for one sign-in until `expires_at`."""

    person_id: UUID
    login: str
    password: str
    expires_at: datetime


def issue_first_secret(scope: Scope, *, person: Person, password: str | None = None) -> FirstSecret:
    """
    Give a person a one-time password for a printed slip; all their sessions and tokens end. The caller has asked leave.

    Whoever signs in with it can do nothing before setting a password of their own; unused it ends after seven days.
    Takes: `password` only where a repeated act must give the same one.
    Costs: one password hash (about 25 ms).
    """
    password = password or one_time_password()
    keep_password(scope, person=person, password_hash=hash_password(password), must_change=True)
    expires_at = scope.now + FIRST_SECRET_LIVES
    get_owned(scope, Credential, person.id).expires_at = expires_at
    return FirstSecret(person.id, person.login, password, expires_at)


def set_password(scope: Scope, *, person: Person, password: str, must_change: bool, weighed: Weighed | None = None) -> None:
    """
    Set a person's password, by the tenant's policy, and end their sessions. The caller has asked leave or is that person.

    Raises: WeakPasswordError saying everything that is wrong.
    """
    weighed, policy, wrong = weighed or Weighed(), password_policy(scope), _complaints(scope, person, password)
    if not wrong and any(weighed.fits(past, password) for past in past_passwords(scope, person.id, limit=policy.remembered)):
        wrong = [Text(N_("不能使用最近 %(count)s 次用过的密码。"), {"count": policy.remembered})]
    if wrong:
        raise WeakPasswordError(wrong)
    keep_password(scope, person=person, password_hash=weighed.hash_of(password), must_change=must_change)


def _complaints(scope: Scope, person: Person, password: str) -> list[Text]:
    words = own_words(scope, person)
    return list(complaints(password_policy(scope), password, login=person.login, lists=lists(), own_words=words))


def keep_password(scope: Scope, *, person: Person, password_hash: str, must_change: bool) -> None:
    """Keep an already hashed password as a person's and end their sessions. The caller has asked leave or is that person."""
    credential = scope.session.scalars(owned(scope, Credential).where(Credential.id == person.id).with_for_update()).one_or_none()
    if credential is None:
        credential = scope.add(Credential(id=person.id, password_hash="", changed_at=scope.now))
    credential.password_hash = password_hash
    credential.must_change, credential.changed_at, credential.expires_at = must_change, scope.now, None
    scope.session.flush()
    # the epoch was moved on by the database, behind the mapper's back
    scope.session.refresh(credential)
    if not must_change:
        _remember(scope, person.id, password_hash)
    forget(scope, person_id=person.id, login=person.login)
    end_sessions(scope, person_id=person.id)
    record(scope, "password.set", "person", person.id, must_change=must_change)


def _remember(scope: Scope, person_id: UUID, password_hash: str) -> None:
    """Keep the newest few; older ones are of no use to anybody but a thief."""
    scope.add(PastPassword(id=new_id(), person_id=person_id, password_hash=password_hash, set_at=scope.now))
    scope.session.flush()
    kept = owned(scope, PastPassword).where(PastPassword.person_id == person_id)
    newest = kept.with_only_columns(PastPassword.id).order_by(PastPassword.set_at.desc(), PastPassword.id.desc()).limit(5)
    scope.session.execute(
        delete(PastPassword).where(
            PastPassword.tenant_id == scope.tenant_id,
            PastPassword.person_id == person_id,
            PastPassword.id.not_in(newest.scalar_subquery()),
        )
    )


def weigh(scope: Scope, *, password: str, new: str | None = None) -> Weighed:
    """
    Do the hashing the actor's act will need, in a unit of work of its own ahead of the act's, without any connection held.

    It decides nothing: the act asks for the same password again, counts the attempt and judges by what is weighed here.
    Takes:  the `password` that is shown, and a `new` one that is to be set.
    Costs:  one password hash, with a new one up to seven; none while the account is locked.
    """
    person, credential = get_person(scope, scope.person_id), get_owned(scope, Credential, scope.person_id)
    weighed, present = Weighed(), credential.password_hash
    if refuse_if_locked(scope, _attempt(person)) is not None:
        return weighed
    past: Sequence[str] = ()
    if new is not None and not _complaints(scope, person, new):
        past = past_passwords(scope, person.id, limit=password_policy(scope).remembered)
    let_go(scope)
    weighed.weigh(password, [present])
    if new is not None and past:  # the present one at least: none where the new one is refused unweighed
        weighed.weigh(new, past, new=True)
    return weighed


def _attempt(person: Person) -> Attempt:
    # counted with the sign-ins: whoever sits at a computer left alone gets no guesses on top
    return Attempt((("account", login_subject(person.login)),))


def change_own_password(scope: Scope, *, old: str, new: str, weighed: Weighed | None = None) -> None:
    """
    Change the actor's own password; all their sessions and tokens end.

    Takes:  what was `weighed` ahead. Raises: WrongPasswordError, LockedOutError, WeakPasswordError.
    """
    confirm_password(scope, password=old, weighed=weighed)
    set_password(scope, person=get_person(scope, scope.person_id), password=new, must_change=False, weighed=weighed)


def confirm_password(scope: Scope, *, password: str, weighed: Weighed | None = None) -> None:
    """
    Make sure that it is the actor who is sitting there, before a weighty act such as signing.

    Takes:  what was `weighed` ahead; without it the hashing is done here, with the work's connection in hand.
    Raises: WrongPasswordError, LockedOutError. A wrong password counts towards the lock even though the act
    itself is rolled back: it is counted in units of work of their own.
    """
    person, credential = get_person(scope, scope.person_id), get_owned(scope, Credential, scope.person_id)
    attempt = _attempt(person)
    reserve(scope, attempt)
    right = (weighed or Weighed()).fits(credential.password_hash, password)
    settle(scope, attempt, right=right, person_id=person.id)
    if not right:
        with unit_of_work(scope.session.get_bind().engine, tenant=scope.tenant, actor=scope.actor, now=scope.now) as apart:
            record(apart, "password.refused", "person", person.id)
        raise WrongPasswordError


def choose_password_policy(scope: Scope, *, code: str) -> None:
    """Choose the tenant's password policy; the caller has asked leave. It holds for what is chosen and checked from now on."""
    if code not in POLICIES:
        raise InvalidInputError(fields={"password_policy": [Text(N_("没有这种密码策略。"))]})
    row = scope.session.scalars(owned(scope, SecurityPolicy).with_for_update()).one_or_none()
    if row is None:
        row = scope.add(SecurityPolicy(id=scope.tenant_id, password_policy=code, changed_at=scope.now))
    row.password_policy, row.changed_at = code, scope.now
    scope.memo.pop("password-policy", None)
    record(scope, "policy.passwords-chosen", "tenant", scope.tenant_id, policy=code)


def set_locale(scope: Scope, *, locale: str) -> None:
    """Remember the actor's language; messages to them will use it."""
    get_person(scope, scope.person_id, lock=True).locale = locale
