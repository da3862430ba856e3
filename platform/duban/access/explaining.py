"""What the policy says in words, and why somebody may or may not do something: read from the policy that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from duban.access.checks import readable
from duban.access.holding import active_grant, grants_held
from duban.access.models import Delegation, RoleGrant
from duban.access.policies import policy
from duban.access.relations import Grant, relations_of
from duban.identity.models import Person
from duban.kernel.ids import UnitId
from duban.kernel.paging import at_most
from duban.kernel.scope import Scope, owned
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_policy import JUDGING, included_roles
from duban.tenancy.kinds_structure import Role
from duban.tree.models import Unit
from duban.tree.queries import units_by_id

OFFERED = 20
"""People the picker shows at once."""
LISTED = 500
"""Delegations shown at once; the newest first."""


@dataclass(frozen=True)
class Cell:
    """What a role may do: in which scope, and the role the line is written for where it is inherited."""

    scope: str
    inherited_from: str | None


def table(scope: Scope) -> tuple[Sequence[Role], Mapping[tuple[str, str], Mapping[str, Sequence[Cell]]]]:
    """Give the roles people can hold, and for every object and act what each may do; no entry is a refusal."""
    decided = policy(scope)
    roles = [role for role in structure(scope).roles if role.is_grantable]
    found: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for role in roles:
        held = included_roles(decided.inherits, role.code)
        for owner, where, obj, act in decided.permissions:
            cells = found.setdefault((obj, act), {})
            if owner in held:
                cells.setdefault(role.code, []).append(Cell(where, None if owner == role.code else owner))
    return roles, found


@dataclass(frozen=True)
class Reason:
    """One grant of the person, how the place stands to it, and the policy line by which Casbin says yes, if it does."""

    grant: Grant
    unit: Unit | None
    relations: tuple[str, ...]
    line: tuple[str, ...] | None
    relation: str | None
    withheld: bool = False
    """A lent role that would allow it, but not over the receiver's own unit."""


@dataclass(frozen=True)
class Verdict:
    """Whether the person may, and every grant's part in it, those that decide first."""

    allowed: bool
    reasons: Sequence[Reason]


def why(scope: Scope, *, person: Person, obj: str, act: str, unit: Unit, work_line: str | None = None) -> Verdict:
    """
    Say whether a person may do this to a row of a unit that works in a line, and why.

    Takes: `work_line` None for the primary line. Costs: three queries.
    """
    decided = policy(scope)
    grants = grants_held(scope, person.id) if person.active else ()
    units = units_by_id(scope, [UUID(grant.unit) for grant in grants])
    own = {grant.path for grant in grants if grant.giver is None}
    reasons = []
    for grant in grants:
        standing = relations_of(grant, (unit.path, None, unit.lines, work_line))
        deciding = sorted(decided.allowed(grant.role, obj, act) & standing)
        withheld = bool(deciding) and grant.giver is not None and (obj, act) in JUDGING and unit.path in own
        line = tuple(decided.explain(grant.role, deciding[0], obj, act)[1]) if deciding else None
        reasons.append(
            Reason(
                grant,
                units.get(UnitId(UUID(grant.unit))),
                tuple(sorted(standing)),
                line,
                deciding[0] if deciding else None,
                withheld,
            )
        )
    reasons.sort(key=lambda reason: (reason.line is None, reason.withheld))
    return Verdict(any(reason.line and not reason.withheld for reason in reasons), reasons)


@dataclass(frozen=True)
class Lent:
    """A delegation with its people and place."""

    row: Delegation
    giver: Person
    receiver: Person
    unit: Unit
    state: str


def lendings(scope: Scope, *, mine: bool) -> list[Lent]:
    """List delegations, the newest first: one's own, or all at units where the actor gives roles. Costs: one query."""
    giver, receiver = aliased(Person), aliased(Person)
    concerned = (
        (Delegation.giver_id == scope.person_id) | (Delegation.receiver_id == scope.person_id)
        if mine
        else readable(scope, Unit, "grant", "manage")
    )
    rows = scope.session.execute(
        owned(scope, Delegation)
        .add_columns(giver, receiver, Unit)
        .join(giver, and_(giver.tenant_id == Delegation.tenant_id, giver.id == Delegation.giver_id))
        .join(receiver, and_(receiver.tenant_id == Delegation.tenant_id, receiver.id == Delegation.receiver_id))
        .join(Unit, and_(Unit.tenant_id == Delegation.tenant_id, Unit.id == Delegation.unit_id))
        .where(concerned)
        .order_by(Delegation.created_at.desc(), Delegation.id)
        .limit(at_most(LISTED))
    )
    return [Lent(row, one, other, unit, _state(row, scope.today)) for row, one, other, unit in rows]


def _state(row: Delegation, today: date) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.active_to <= today:
        return "over"
    return "coming" if row.active_from > today else "in_force"


def receivers(scope: Scope, typed: str) -> list[tuple[Person, str]]:
    """
    Find people who may act for the actor by a part of name, pinyin, initials or sign-in name; nobody without work of their own.

    Gives: each with the name of a unit they work at, at most `OFFERED`. Costs: one query.
    """
    wanted = typed.strip().lower()
    apart = aliased(RoleGrant)
    rules = (
        select(apart.id)
        .where(
            apart.tenant_id == Person.tenant_id,
            apart.person_id == Person.id,
            apart.duty.is_not(None),
        )
        .exists()
    )
    statement = (
        owned(scope, Person)
        .add_columns(func.min(Unit.name))
        .join(RoleGrant, and_(RoleGrant.tenant_id == Person.tenant_id, RoleGrant.person_id == Person.id))
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(active_grant(scope), readable(scope, Unit, "person"), Person.active, Person.id != scope.person_id, ~rules)
        .group_by(Person.tenant_id, Person.id)
        .order_by(Person.name, Person.id)
        .limit(OFFERED)
    )
    if wanted:
        columns = (Person.name, Person.login, Person.search)
        statement = statement.where(or_(*(func.lower(column).contains(wanted, autoescape=True) for column in columns)))
    return [(person, unit) for person, unit in scope.session.execute(statement)]


def colleagues(scope: Scope, typed: str) -> Person | None:
    """Find who is meant by a sign-in name."""
    return scope.session.scalars(owned(scope, Person).where(Person.login == typed.strip().lower())).one_or_none()
