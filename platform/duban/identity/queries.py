"""Reads of people, sessions, policy and what a person's request stands on."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy.orm import Session

from duban.identity.models import (
    ApiToken,
    Credential,
    LoginSession,
    PastPassword,
    Person,
    RecoveryCode,
    SecondFactor,
    SecurityPolicy,
)
from duban.identity.rules.passwords import DEFAULT_POLICY, POLICIES, PasswordPolicy, is_over
from duban.identity.rules.sessions import Limits, session_lives
from duban.identity.words import as_typed
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId, TenantId
from duban.kernel.scope import Actor, Scope, TenantInfo, get_owned, owned
from duban.tenancy.models import Tenant
from duban.tenancy.queries import as_info

# Rows of features above this one, of which only these columns are needed: whether a person administers, where they work.
_GRANT = table(
    "role_grant",
    column("tenant_id", Uuid),
    column("person_id", Uuid),
    column("unit_id", Uuid),
    column("duty"),
    column("pending", Boolean),
    column("active_from", Date),
    column("active_to", Date),
)
_UNIT = table("unit", column("tenant_id", Uuid), column("id", Uuid), column("name"), column("short_name"))


@dataclass(frozen=True)
class SignedIn:
    """
    Who a request comes from, and how they proved it.

    `privileged` people administer (system, security or audit); `factor` says that the second factor was shown,
    `enrolled` that there is one. `scopes` is None for a session and the cut of a program's token otherwise.
    """

    tenant: TenantInfo
    actor: Actor
    session_id: UUID
    started_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    must_change_password: bool
    password_over: bool
    privileged: bool
    enrolled: bool
    factor: bool
    scopes: tuple[str, ...] | None = None

    @property
    def factor_missing(self) -> bool:
        """Whether the second factor must be shown (or first be set up) before anything else."""
        return (self.privileged or self.enrolled) and not self.factor


def token_digest(token: str) -> str:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _administers(tenant: type[Tenant], now: datetime) -> ColumnElement[bool]:
    today = cast(func.timezone(tenant.time_zone, literal(now)), Date)
    return (
        select(literal(1))
        .select_from(_GRANT)
        .where(
            _GRANT.c.tenant_id == Person.tenant_id,
            _GRANT.c.person_id == Person.id,
            _GRANT.c.duty.is_not(None),
            _GRANT.c.active_from <= today,
            or_(_GRANT.c.active_to.is_(None), _GRANT.c.active_to > today),
        )
        .correlate(Person, Tenant)
        .exists()
    )


def _standing(key: type[LoginSession] | type[ApiToken], now: datetime) -> Select[*tuple[Any, ...]]:
    """Select a session or token with all that decides whether it lives; an ended epoch or status gives no row."""
    return (
        select(
            key,
            Person,
            Tenant,
            Credential.must_change,
            Credential.changed_at,
            SecurityPolicy.password_policy,
            SecondFactor.confirmed_at,
            _administers(Tenant, now),
        )
        .join(Person, and_(Person.tenant_id == key.tenant_id, Person.id == key.person_id))
        .join(Tenant, Tenant.id == key.tenant_id)
        .join(
            Credential,
            and_(Credential.tenant_id == Person.tenant_id, Credential.id == Person.id, Credential.epoch == key.epoch),
        )
        .outerjoin(SecurityPolicy, SecurityPolicy.tenant_id == Person.tenant_id)
        .outerjoin(SecondFactor, and_(SecondFactor.tenant_id == Person.tenant_id, SecondFactor.id == Person.id))
        .where(Person.active, Tenant.active)
    )


def find_signed_in(session: Session, *, tenant_id: TenantId, token: str, now: datetime, limits: Limits) -> SignedIn | None:
    """Find the living session of a token; None when ended, too old, or credential, person or tenant have changed. One query."""
    row = session.execute(
        _standing(LoginSession, now).where(LoginSession.tenant_id == tenant_id, LoginSession.token_digest == token_digest(token))
    ).one_or_none()
    if row is None:
        return None
    login, person, tenant, must_change, changed_at, policy, enrolled_at, administers = row
    alive = session_lives(
        started_at=login.started_at,
        seen_at=login.seen_at,
        ended_at=login.ended_at,
        now=now,
        idle=limits.idle_privileged if administers else limits.idle,
        absolute=limits.absolute,
    )
    if not alive:
        return None
    return SignedIn(
        tenant=as_info(tenant),
        actor=Actor(person_id=PersonId(person.id), name=person.name, locale=person.locale),
        session_id=login.id,
        started_at=login.started_at,
        seen_at=login.seen_at,
        confirmed_at=login.confirmed_at,
        must_change_password=must_change,
        password_over=is_over(POLICIES.get(policy, DEFAULT_POLICY), changed_at, now),
        privileged=administers,
        enrolled=enrolled_at is not None,
        factor=login.factor_at is not None,
    )


def find_token(session: Session, *, tenant_id: TenantId, token: str, now: datetime) -> SignedIn | None:
    """Find the living token of a program; None when revoked, expired, or credential, person or tenant have changed. One query."""
    row = session.execute(
        _standing(ApiToken, now).where(
            ApiToken.tenant_id == tenant_id,
            ApiToken.token_digest == token_digest(token),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        return None
    key, person, tenant, must_change, changed_at, policy, enrolled_at, administers = row
    return SignedIn(
        tenant=as_info(tenant),
        actor=Actor(person_id=PersonId(person.id), name=person.name, locale=person.locale),
        session_id=key.id,
        started_at=key.created_at,
        seen_at=key.last_used_at or key.created_at,
        confirmed_at=key.created_at,
        must_change_password=must_change,
        password_over=is_over(POLICIES.get(policy, DEFAULT_POLICY), changed_at, now),
        privileged=administers,
        enrolled=enrolled_at is not None,
        factor=key.factor_at is not None,
        scopes=tuple(key.scopes),
    )


def get_person(scope: Scope, person_id: UUID, *, lock: bool = False) -> Person:
    """Get a person. Raises: NotFoundError."""
    return get_owned(scope, Person, person_id, lock=lock)


def people_by_id(scope: Scope, ids: Collection[UUID]) -> Mapping[PersonId, Person]:
    """Give these people, missing ones left out. Costs: one query."""
    rows = scope.session.scalars(owned(scope, Person).where(Person.id.in_(set(ids)))) if ids else ()
    return {PersonId(row.id): row for row in rows}


def find_by_login(scope: Scope, login: str) -> Person | None:
    """Find a person by the name they sign in with."""
    return scope.session.scalars(owned(scope, Person).where(Person.login == login.strip().lower())).one_or_none()


def password_policy(scope: Scope) -> PasswordPolicy:
    """Give the policy in force. Costs: one query per unit of work."""
    if "password-policy" not in scope.memo:
        statement = select(SecurityPolicy.password_policy).where(SecurityPolicy.tenant_id == scope.tenant_id)
        scope.memo["password-policy"] = POLICIES.get(scope.session.scalars(statement).one_or_none() or "", DEFAULT_POLICY)
    policy: PasswordPolicy = scope.memo["password-policy"]
    return policy


def past_passwords(scope: Scope, person_id: UUID, *, limit: int) -> Sequence[str]:
    """Give the hashes of a person's newest passwords, the present one among them."""
    present = select(Credential.password_hash).where(Credential.tenant_id == scope.tenant_id, Credential.id == person_id)
    past = (
        select(PastPassword.password_hash)
        .where(PastPassword.tenant_id == scope.tenant_id, PastPassword.person_id == person_id)
        .order_by(PastPassword.set_at.desc(), PastPassword.id.desc())
        .limit(limit)
    )
    found = [*scope.session.scalars(past), *scope.session.scalars(present)]
    return [one for one in dict.fromkeys(found) if one]


def own_words(scope: Scope, person: Person) -> frozenset[str]:
    """Give what anybody would try first at this account: names of tenant, person and units, in pinyin. Costs: one query."""
    units = scope.session.execute(
        select(_UNIT.c.name, _UNIT.c.short_name)
        .select_from(_UNIT)
        .join(_GRANT, and_(_GRANT.c.tenant_id == _UNIT.c.tenant_id, _GRANT.c.unit_id == _UNIT.c.id))
        .where(_GRANT.c.tenant_id == scope.tenant_id, _GRANT.c.person_id == person.id)
    )
    names = [name for row in units for name in row]
    return as_typed(scope.tenant.name, scope.tenant.slug, person.name, person.login, *names)


def is_last_administrator(scope: Scope, person_id: UUID) -> bool:
    """Say whether a person holds an administrator's duty today that nobody else with an open account does."""
    own, other = _GRANT.alias("own"), _GRANT.alias("other")
    another = (
        select(literal(1))
        .select_from(other)
        .join(Person, and_(Person.tenant_id == other.c.tenant_id, Person.id == other.c.person_id))
        .where(
            other.c.tenant_id == scope.tenant_id, other.c.duty == own.c.duty, other.c.person_id != person_id, Person.active,
            _in_force(other, scope.today),
        )
        .exists()
    )  # fmt: skip
    held = and_(own.c.tenant_id == scope.tenant_id, own.c.person_id == person_id, own.c.duty.is_not(None))
    statement = select(literal(1)).select_from(own).where(held, _in_force(own, scope.today), ~another)
    return scope.session.scalar(statement.limit(1)) is not None


def _in_force(grant: FromClause, today: date) -> ColumnElement[bool]:
    until = grant.c.active_to
    return and_(~grant.c.pending, grant.c.active_from <= today, or_(until.is_(None), until > today))


def own_session(scope: Scope, session_id: UUID, *, lock: bool = False) -> LoginSession:
    """Get one of the actor's own sessions. Raises: NotFoundError."""
    session = get_owned(scope, LoginSession, session_id, lock=lock)
    if session.person_id != scope.person_id:
        raise NotFoundError
    return session


def living_sessions(scope: Scope, person_id: UUID, limits: Limits, *, privileged: bool) -> Sequence[LoginSession]:
    """List a person's sessions that could still be used, the newest first."""
    idle = limits.idle_privileged if privileged else limits.idle
    return scope.session.scalars(
        owned(scope, LoginSession)
        .join(
            Credential,
            and_(
                Credential.tenant_id == LoginSession.tenant_id,
                Credential.id == LoginSession.person_id,
                Credential.epoch == LoginSession.epoch,
            ),
        )
        .where(
            LoginSession.person_id == person_id,
            LoginSession.ended_at.is_(None),
            LoginSession.seen_at > scope.now - idle,
            LoginSession.started_at > scope.now - limits.absolute,
        )
        .order_by(LoginSession.seen_at.desc())
    ).all()


def find_factor(scope: Scope, person_id: UUID) -> SecondFactor | None:
    """Find a person's second factor."""
    statement = owned(scope, SecondFactor).where(SecondFactor.id == person_id)
    return scope.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def recovery_codes_left(scope: Scope, person_id: UUID) -> int:
    """Count the unused codes for paper."""
    statement = select(func.count()).where(
        RecoveryCode.tenant_id == scope.tenant_id, RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    )
    return scope.session.scalars(statement).one()


def own_token(scope: Scope, token_id: UUID, *, lock: bool = False) -> ApiToken:
    """Get one of the actor's own tokens. Raises: NotFoundError."""
    token = get_owned(scope, ApiToken, token_id, lock=lock)
    if token.person_id != scope.person_id:
        raise NotFoundError
    return token


def tokens_of(scope: Scope, person_id: UUID) -> Sequence[tuple[ApiToken, bool]]:
    """List a person's tokens, the newest first, and whether each is alive."""
    rows = scope.session.execute(
        select(ApiToken, Credential.epoch)
        .join(Credential, and_(Credential.tenant_id == ApiToken.tenant_id, Credential.id == ApiToken.person_id))
        .where(ApiToken.tenant_id == scope.tenant_id, ApiToken.person_id == person_id)
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
        .limit(100)
    )
    return [(token, token.revoked_at is None and token.expires_at > scope.now and token.epoch == epoch) for token, epoch in rows]


def accounts_of(scope: Scope, people: Collection[UUID]) -> set[PersonId]:
    """List these people's accounts: theirs, and all that were ever merged with them, in whichever direction. Costs: one query."""
    statement = select(Person.id, Person.merged_into).where(Person.tenant_id == scope.tenant_id, Person.merged_into.is_not(None))
    pairs = [(PersonId(gone), PersonId(kept)) for gone, kept in scope.session.execute(statement) if kept is not None]
    found = {PersonId(one) for one in people}
    while more := {one for pair in pairs if found & set(pair) for one in pair} - found:
        found |= more
    return found
