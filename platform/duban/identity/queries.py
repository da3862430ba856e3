"""Reads of people and sessions."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from duban.identity.models import Credential, LoginSession, Person
from duban.identity.rules import session_lives
from duban.kernel.ids import PersonId, TenantId
from duban.kernel.scope import Actor, Scope, TenantInfo, get_owned, owned
from duban.tenancy.models import Tenant
from duban.tenancy.queries import as_info


@dataclass(frozen=True)
class SignedIn:
    """Who a request comes from."""

    tenant: TenantInfo
    actor: Actor
    session_id: UUID
    seen_at: datetime
    must_change_password: bool


def token_digest(token: str) -> str:
    """Give what is kept of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_signed_in(
    session: Session, *, tenant_id: TenantId, token: str, now: datetime, idle: timedelta, absolute: timedelta
) -> SignedIn | None:
    """Find the living session of a token; None when ended, too old, or person or tenant no longer active. Costs: one query."""
    row = session.execute(
        select(LoginSession, Person, Tenant, Credential.must_change)
        .join(Person, and_(Person.tenant_id == LoginSession.tenant_id, Person.id == LoginSession.person_id))
        .join(Tenant, Tenant.id == LoginSession.tenant_id)
        .join(Credential, and_(Credential.tenant_id == Person.tenant_id, Credential.id == Person.id))
        .where(
            LoginSession.tenant_id == tenant_id,
            LoginSession.token_digest == token_digest(token),
            Person.active,
            Tenant.active,
        )
    ).one_or_none()
    if row is None:
        return None
    login, person, tenant, must_change = row
    if not session_lives(
        started_at=login.started_at, seen_at=login.seen_at, ended_at=login.ended_at, now=now, idle=idle, absolute=absolute
    ):
        return None
    return SignedIn(
        tenant=as_info(tenant),
        actor=Actor(person_id=PersonId(person.id), name=person.name, locale=person.locale),
        session_id=login.id,
        seen_at=login.seen_at,
        must_change_password=must_change,
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
