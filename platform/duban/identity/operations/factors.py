"""The second factor: six digits from an app on the person's phone, or a code from paper. Each opens once."""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pyotp
from sqlalchemy import delete, or_, select, update

from duban.audit.operations import record
from duban.identity.errors import FactorInForceError, WrongCodeError
from duban.identity.models import RecoveryCode, SecondFactor
from duban.identity.operations.attempts import Attempt, digest, reserve, settle
from duban.identity.operations.sessions import end_sessions, renew_session
from duban.identity.queries import find_factor
from duban.identity.rules.factors import STEP_SECONDS, is_code, plain_code, steps_around
from duban.identity.sealing import is_newest, seal, unseal
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned, unit_of_work
from duban.tenancy.models import Tenant

RECOVERY_CODES = 10
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Enrolment:
    """What comes of setting up a second factor: the session's new token and the codes for paper, shown once."""

    token: str
    recovery_codes: tuple[str, ...]


def owner_of(scope: Scope, person_id: UUID) -> str:
    """Say whose secret it is, so that a row cannot be moved to another person or tenant."""
    return f"{scope.tenant_id.hex}.{person_id.hex}"


def propose_secret(scope: Scope, *, keys: Sequence[str]) -> str:
    """Make a secret for the actor's app, sealed for its way through the page; nothing is kept yet."""
    return seal(secrets.token_bytes(20), owner=owner_of(scope, scope.person_id), keys=keys)


def open_proposal(scope: Scope, proposal: str, *, keys: Sequence[str]) -> str:
    """Give the proposed secret as an app takes it (base 32). Raises: SealBrokenError."""
    return _base32(unseal(proposal, owner=owner_of(scope, scope.person_id), keys=keys))


def enrol(scope: Scope, *, proposal: str, code: str, session_id: UUID, keys: Sequence[str]) -> Enrolment:
    """
    Bind the actor's app, which proves with a code that it has the secret; their other sessions and tokens end.

    Raises: FactorInForceError, WrongCodeError, LockedOutError, SealBrokenError.
    """
    person_id = scope.person_id
    if find_factor(scope, person_id) is not None:
        raise FactorInForceError
    raw = unseal(proposal, owner=owner_of(scope, person_id), keys=keys)
    attempt = Attempt.by_factor(person_id)
    reserve(scope, attempt)
    step = _matching_step(_base32(raw), code, int(scope.now.timestamp()))
    if step is None:
        raise WrongCodeError
    settle(scope, attempt, right=True)
    sealed = seal(raw, owner=owner_of(scope, person_id), keys=keys)
    scope.add(SecondFactor(id=person_id, sealed_secret=sealed, enrolled_at=scope.now, confirmed_at=scope.now, last_step=step))
    codes = _new_recovery_codes(scope, person_id)
    scope.session.flush()
    end_sessions(scope, person_id=person_id, except_session=session_id)
    token = renew_session(scope, session_id=session_id, factor=True)
    record(scope, "factor.enrolled", "person", person_id)
    return Enrolment(token, codes)


def check_code(scope: Scope, *, code: str, keys: Sequence[str]) -> None:
    """
    Take a code of the actor's second factor. It is used up even if the work around it comes to nothing.

    Raises: WrongCodeError, LockedOutError.
    """
    person_id = scope.person_id
    attempt = Attempt.by_factor(person_id)
    reserve(scope, attempt)
    with unit_of_work(scope.session.get_bind().engine, tenant=scope.tenant, actor=scope.actor, now=scope.now) as apart:
        right = use_code(apart, person_id=person_id, code=code, keys=keys)
        if not right:
            record(apart, "factor.refused", "person", person_id)
        elif is_code(code):  # a code from paper says so itself
            record(apart, "factor.passed", "person", person_id)
    settle(scope, attempt, right=right, person_id=person_id)
    if not right:
        raise WrongCodeError


def use_code(scope: Scope, *, person_id: UUID, code: str, keys: Sequence[str]) -> bool:
    """
    Use up a code, in one compare-and-set: of any number of simultaneous senders of one code, one gets True.

    A code of the app also uses up those before it, so the one read over a shoulder is worth nothing.
    """
    if not is_code(code):
        return _use_recovery_code(scope, person_id, code)
    factor = find_factor(scope, person_id)
    if factor is None:
        return False
    secret = _base32(unseal(factor.sealed_secret, owner=owner_of(scope, person_id), keys=keys))
    step = _matching_step(secret, code, int(scope.now.timestamp()))
    if step is None:
        return False
    taken = scope.session.scalars(
        update(SecondFactor)
        .where(
            SecondFactor.tenant_id == scope.tenant_id,
            SecondFactor.id == person_id,
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step),
        )
        .values(last_step=step)
        .returning(SecondFactor.id)
        .execution_options(synchronize_session=False)
    )
    return taken.one_or_none() is not None


def _use_recovery_code(scope: Scope, person_id: UUID, code: str) -> bool:
    taken = scope.session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.tenant_id == scope.tenant_id,
            RecoveryCode.person_id == person_id,
            RecoveryCode.digest == digest(plain_code(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=scope.now)
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is not None:
        record(scope, "factor.recovery-code-used", "person", person_id)
    return taken is not None


def new_recovery_codes(scope: Scope) -> tuple[str, ...]:
    """Give the actor a new set of codes for paper; the old set is void."""
    record(scope, "factor.recovery-codes-made", "person", scope.person_id)
    return _new_recovery_codes(scope, scope.person_id)


def _new_recovery_codes(scope: Scope, person_id: UUID) -> tuple[str, ...]:
    _drop_recovery_codes(scope, person_id)
    codes = tuple("-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(3)) for _ in range(RECOVERY_CODES))
    for code in codes:
        scope.add(RecoveryCode(id=new_id(), person_id=person_id, digest=digest(plain_code(code))))
    return codes


def _drop_recovery_codes(scope: Scope, person_id: UUID) -> None:
    scope.session.execute(
        delete(RecoveryCode).where(RecoveryCode.tenant_id == scope.tenant_id, RecoveryCode.person_id == person_id)
    )


def drop_factor(scope: Scope, *, person_id: UUID) -> bool:
    """
    Take a person's second factor away; their sessions and tokens end. The caller has asked leave or is that person.

    Gives: whether there was one.
    """
    factor = find_factor(scope, person_id)
    if factor is None:
        return False
    _drop_recovery_codes(scope, person_id)
    scope.session.delete(factor)
    scope.session.flush()
    end_sessions(scope, person_id=person_id)
    record(scope, "factor.dropped", "person", person_id)
    return True


def rewrap(scope: Scope, *, keys: Sequence[str]) -> int:
    """Seal every second factor of the tenant under the newest key. Gives: how many were not yet. Raises: SealBrokenError."""
    moved = 0
    for factor in scope.session.scalars(owned(scope, SecondFactor).order_by(SecondFactor.id).with_for_update()):
        if not is_newest(factor.sealed_secret, keys):
            owner = owner_of(scope, factor.id)
            factor.sealed_secret = seal(unseal(factor.sealed_secret, owner=owner, keys=keys), owner=owner, keys=keys)
            moved += 1
    return moved


def is_demo(scope: Scope) -> bool:
    """Say whether the tenant exists for showing."""
    return bool(scope.session.scalars(select(Tenant.demo).where(Tenant.id == scope.tenant_id)).one_or_none())


def current_code(scope: Scope, *, person_id: UUID, keys: Sequence[str]) -> str | None:
    """Give the code a person's app shows now: for demo tenants only, where there are no phones."""
    factor = find_factor(scope, person_id)
    if factor is None:
        return None
    secret = _base32(unseal(factor.sealed_secret, owner=owner_of(scope, person_id), keys=keys))
    now = int(scope.now.timestamp())
    # the code of this half minute may be used up already: then the next one, which is taken too
    step = max(now // STEP_SECONDS, (factor.last_step or 0) + 1)
    return pyotp.TOTP(secret).generate_otp(step) if step <= now // STEP_SECONDS + 1 else None


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _matching_step(secret: str, code: str, now: int) -> int | None:
    """Give the newest half minute near now whose code this is."""
    totp = pyotp.TOTP(secret)
    wanted = plain_code(code).encode()
    found = [step for step in steps_around(now) if hmac.compare_digest(totp.generate_otp(step).encode(), wanted)]
    return max(found, default=None)
