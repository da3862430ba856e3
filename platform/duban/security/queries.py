"""Reads for whoever keeps the accounts of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from duban.access.checks import active_grant, may_somewhere, readable
from duban.access.models import RoleGrant
from duban.identity.models import ApiToken, AttemptCounter, Credential, LoginSession, PasswordReset, Person, SecondFactor
from duban.identity.operations.attempts import login_subject
from duban.identity.queries import get_person, living_sessions, people_by_id, tokens_of
from duban.identity.rules.sessions import Limits
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, get_owned, owned
from duban.organisation.guarded import SECOND_HANDS
from duban.security.leave import second_hand_of
from duban.tree.models import Unit

SHOWN = 200


@dataclass(frozen=True)
class Administrator:
    """Somebody with a duty of administration, and whether their second factor is set up."""

    person: Person
    role: str
    unit: Unit
    enrolled: bool


@dataclass(frozen=True)
class Locked:
    """An account that takes no password for a while."""

    person: Person
    until: datetime


@dataclass(frozen=True)
class Account:
    """One person's account as its keeper sees it."""

    person: Person
    sessions: Sequence[LoginSession]
    tokens: Sequence[tuple[ApiToken, bool]]
    enrolled_at: datetime | None
    locked_until: datetime | None
    privileged: bool


def administrators(scope: Scope) -> list[Administrator]:
    """List the system, security and audit administrators in office the actor may see."""
    rows = scope.session.execute(
        select(Person, RoleGrant.role, Unit, SecondFactor.confirmed_at)
        .join(RoleGrant, and_(RoleGrant.tenant_id == Person.tenant_id, RoleGrant.person_id == Person.id))
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .outerjoin(SecondFactor, and_(SecondFactor.tenant_id == Person.tenant_id, SecondFactor.id == Person.id))
        .where(
            Person.tenant_id == scope.tenant_id,
            Person.active,
            RoleGrant.duty.is_not(None),
            active_grant(scope),
            readable(scope, Unit, "person"),
        )
        .order_by(RoleGrant.duty, Person.name, Person.id)
        .limit(SHOWN)
    )
    return [Administrator(person, role, unit, enrolled is not None) for person, role, unit, enrolled in rows]


def _visible(scope: Scope) -> ColumnElement[bool]:
    return exists(
        select(RoleGrant.id)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == Person.id, readable(scope, Unit, "session", "manage")
        )
    )


def locked_accounts(scope: Scope) -> list[Locked]:
    """
    List the accounts locked now that the actor keeps.

    Costs: two queries, and a digest per person only while something is locked: counters know no names.
    """
    counters = select(AttemptCounter.subject, AttemptCounter.locked_until).where(
        AttemptCounter.tenant_id == scope.tenant_id,
        AttemptCounter.kind == "account",
        AttemptCounter.locked_until > scope.now,
    )
    until: dict[str, datetime] = {subject: at for subject, at in scope.session.execute(counters) if at is not None}
    if not until:
        return []
    people = scope.session.scalars(
        select(Person).where(Person.tenant_id == scope.tenant_id, _visible(scope)).order_by(Person.name)
    )
    found = [(person, until.get(login_subject(person.login))) for person in people]
    return [Locked(person, at) for person, at in found if at is not None][:SHOWN]


def living_tokens(scope: Scope) -> list[tuple[ApiToken, Person]]:
    """List the tokens for programs in force whose owners the actor keeps."""
    rows = scope.session.execute(
        select(ApiToken, Person)
        .join(Person, and_(Person.tenant_id == ApiToken.tenant_id, Person.id == ApiToken.person_id))
        .join(
            Credential,
            and_(
                Credential.tenant_id == ApiToken.tenant_id,
                Credential.id == ApiToken.person_id,
                Credential.epoch == ApiToken.epoch,
            ),
        )
        .where(
            ApiToken.tenant_id == scope.tenant_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > scope.now,
            Person.active,
            _visible(scope),
        )
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
        .limit(SHOWN)
    )
    return [(token, person) for token, person in rows]


def account(scope: Scope, person_id: UUID, limits: Limits) -> Account:
    """Give one person's account. The caller has asked leave. Raises: NotFoundError."""
    person = get_person(scope, person_id)
    factor = scope.session.get(SecondFactor, (scope.tenant_id, person.id))
    locked = scope.session.scalars(
        select(AttemptCounter.locked_until).where(
            AttemptCounter.tenant_id == scope.tenant_id,
            or_(
                and_(AttemptCounter.kind == "account", AttemptCounter.subject == login_subject(person.login)),
                and_(AttemptCounter.kind == "factor", AttemptCounter.subject == str(person.id)),
            ),
            AttemptCounter.locked_until > scope.now,
        )
    ).all()
    duty = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.person_id == person.id,
        RoleGrant.duty.is_not(None),
        active_grant(scope),
    )
    privileged = scope.session.scalars(duty.limit(1)).first() is not None
    return Account(
        person=person,
        sessions=living_sessions(scope, person.id, limits, privileged=privileged),
        tokens=[(token, alive) for token, alive in tokens_of(scope, person.id) if alive],
        enrolled_at=factor.confirmed_at if factor else None,
        locked_until=max((one for one in locked if one is not None), default=None),
        privileged=privileged,
    )


def session_of(scope: Scope, session_id: UUID) -> LoginSession:
    """Get a session. The caller asks leave over its person. Raises: NotFoundError."""
    return get_owned(scope, LoginSession, session_id, lock=True)


@dataclass(frozen=True)
class WaitingReset:
    """A password reset that waits for the actor's hand: whose, who asked."""

    id: UUID
    person: Person
    asked_by: Person
    asked_at: datetime
    ends_at: datetime


def is_waited_for(scope: Scope) -> bool:
    """Whether a reset waits for the actor as its second hand. Costs: nothing for those who can be none, else a few queries."""
    if not any(may_somewhere(scope, *way) for way in SECOND_HANDS):
        return False
    return any(second_hand_of(scope, row) for row in _unsettled(scope))


def _unsettled(scope: Scope) -> Sequence[PasswordReset]:
    return scope.session.scalars(
        owned(scope, PasswordReset)
        .where(PasswordReset.settled_at.is_(None), PasswordReset.ends_at > scope.now)
        .order_by(PasswordReset.asked_at, PasswordReset.id)
        .limit(SHOWN)
    ).all()


def waiting_resets(scope: Scope) -> list[WaitingReset]:
    """List the password resets the actor may confirm or refuse, oldest first."""
    rows = _unsettled(scope)
    people = people_by_id(scope, {PersonId(one) for row in rows for one in (row.person_id, row.asked_by)})
    return [
        WaitingReset(row.id, people[PersonId(row.person_id)], people[PersonId(row.asked_by)], row.asked_at, row.ends_at)
        for row in rows
        if second_hand_of(scope, row)
    ]
