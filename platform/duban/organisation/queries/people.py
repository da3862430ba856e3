"""Reads of people: who holds what where, as far as the actor may see. A person stands where they hold or held a role."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from duban.access.checks import active_grant, may, readable
from duban.access.models import RoleGrant
from duban.identity.models import Person
from duban.identity.queries import get_person
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.organisation.rules.naming import as_query, like
from duban.tree.models import Unit
from duban.tree.queries import root, within

DUPLICATES_SHOWN = 100


@dataclass(frozen=True)
class Held:
    """A role somebody holds or held, and where."""

    grant: RoleGrant
    unit: Unit
    in_force: bool


@dataclass(frozen=True)
class PersonLine:
    """A person in a list with the roles in force the actor may see."""

    person: Person
    held: tuple[Held, ...]


def free_login(scope: Scope, wanted: str) -> str:
    """Give the name to sign in with, numbered when somebody already has it: zhangwei, zhangwei2. Empty stays empty."""
    if not wanted:
        return ""
    names = select(Person.login).where(Person.tenant_id == scope.tenant_id, Person.login.startswith(wanted, autoescape=True))
    taken = set(scope.session.scalars(names))
    return next(login for login in chain((wanted,), (f"{wanted}{number}" for number in count(2))) if login not in taken)


def held_by(scope: Scope, person_id: UUID) -> list[Held]:
    """List everything a person holds or held, current first. Access is the caller's business."""
    rows = scope.session.execute(
        select(RoleGrant, Unit, active_grant(scope))
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == person_id)
        .order_by(RoleGrant.active_to.desc().nulls_first(), RoleGrant.active_from.desc(), Unit.path, RoleGrant.role)
    )
    return [Held(grant, unit, bool(active)) for grant, unit, active in rows]


def held_at(scope: Scope, unit: Unit) -> list[tuple[Held, Person]]:
    """List who holds which role at a unit today. Access is the caller's business."""
    rows = scope.session.execute(
        select(RoleGrant, Person)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.unit_id == unit.id, active_grant(scope))
        .order_by(RoleGrant.role, Person.name, Person.id)
    )
    return [(Held(grant, unit, in_force=True), person) for grant, person in rows]


def get_readable_person(scope: Scope, person_id: UUID, *, lock: bool = False) -> Person:
    """
    Get somebody who stands where the actor may see people, or the actor; who stands nowhere is seen from the top.

    Raises: NotFoundError.
    """
    person = get_person(scope, person_id, lock=lock)
    places = [held.unit for held in held_by(scope, person.id)] or [root(scope)]
    if person.id == scope.actor.person_id or any(may(scope, "person", "read", unit) for unit in places):
        return person
    raise NotFoundError


def holder_of(scope: Scope, grant_id: UUID) -> UUID:
    """Say who holds a role. Raises: NotFoundError. Access is the caller's business."""
    return get_owned(scope, RoleGrant, grant_id).person_id


def list_people(
    scope: Scope, *, typed: str = "", role: str = "", below: str | None = None, after: str | None = None, limit: int = PAGE
) -> Page[PersonLine]:
    """
    List people the actor may see by name, a page at a time.

    Takes:  `typed` part of a name, login or, where the actor may read it, phone; `below` a path to stay at or below.
    Raises: InvalidInputError for a broken cursor. Costs: two queries.
    """
    where = [RoleGrant.tenant_id == scope.tenant_id, readable(scope, Unit, "person")]
    if role:
        where += [RoleGrant.role == role, active_grant(scope)]
    if below is not None:
        where.append(within(below))
    visible = (
        select(RoleGrant.person_id)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(*where)
    )
    statement = owned(scope, Person).where(Person.id.in_(visible), Person.merged_into.is_(None))
    query = as_query(typed)
    if query:
        columns = (Person.name, Person.login, Person.search)
        found: list[ColumnElement[bool]] = [func.lower(column).like(like(query)) for column in columns]
        # a search that finds a number tells it, digit by digit: only where the reader may have it whole anyway
        found.append(and_(func.lower(Person.phone).like(like(query)), _number_readable(scope)))
        statement = statement.where(or_(*found))
    page = page_of(scope, statement, [Person.name, Person.id], after=after, limit=limit)
    return Page(items=_lines(scope, page.items), next=page.next)


def _number_readable(scope: Scope) -> ColumnElement[bool]:
    """Keep people to those whose numbers the actor may read whole."""
    places = (
        select(RoleGrant.person_id)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, active_grant(scope), readable(scope, Unit, "phone"))
    )
    return or_(Person.id == scope.actor.person_id, Person.id.in_(places))


def merged_into(scope: Scope, person: Person) -> Person | None:
    """Give the account that took this one's place, if any."""
    return get_person(scope, person.merged_into) if person.merged_into is not None else None


def duplicates(scope: Scope) -> list[tuple[PersonLine, PersonLine]]:
    """
    List pairs of accounts the actor may see that look like one person: one name, and one phone number or e-mail address.

    Gives: the older account first, at most DUPLICATES_SHOWN. Costs: two queries.
    """
    other = aliased(Person)
    visible = (
        select(RoleGrant.person_id)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, readable(scope, Unit, "person"))
    )
    same_phone = and_(Person.phone != "", Person.phone == other.phone)
    same_email = and_(Person.email != "", func.lower(Person.email) == func.lower(other.email))
    rows = scope.session.execute(
        select(Person, other)
        .join(
            other,
            and_(
                other.tenant_id == Person.tenant_id, other.name == Person.name, other.id > Person.id, or_(same_phone, same_email)
            ),
        )
        .where(
            Person.tenant_id == scope.tenant_id,
            Person.merged_into.is_(None),
            other.merged_into.is_(None),
            Person.id.in_(visible),
            other.id.in_(visible),
        )
        .order_by(Person.name, Person.id, other.id)
        .limit(DUPLICATES_SHOWN)
    )
    pairs = [(one, two) for one, two in rows]
    lines = {line.person.id: line for line in _lines(scope, list({each.id: each for pair in pairs for each in pair}.values()))}
    return [(lines[one.id], lines[two.id]) for one, two in pairs]


def _lines(scope: Scope, people: Sequence[Person]) -> list[PersonLine]:
    rows = scope.session.execute(
        select(RoleGrant, Unit)
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id,
            RoleGrant.person_id.in_([person.id for person in people]),
            active_grant(scope),
            readable(scope, Unit, "person"),
        )
        .order_by(Unit.path, RoleGrant.role)
    )
    held: dict[UUID, list[Held]] = {}
    for grant, unit in rows:
        held.setdefault(grant.person_id, []).append(Held(grant, unit, in_force=True))
    return [PersonLine(person, tuple(held.get(person.id, ()))) for person in people]


def with_an_end(scope: Scope, *, pending: bool, limit: int = 200) -> Sequence[tuple[RoleGrant, Person, Unit]]:
    """List the roles that wait for confirmation, or those in force that end on a day, soonest first. Costs: one query."""
    ends = RoleGrant.pending if pending else and_(active_grant(scope), RoleGrant.active_to.is_not(None))
    rows = scope.session.execute(
        select(RoleGrant, Person, Unit)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .join(Unit, and_(Unit.tenant_id == RoleGrant.tenant_id, Unit.id == RoleGrant.unit_id))
        .where(
            RoleGrant.tenant_id == scope.tenant_id,
            ends,
            RoleGrant.active_to.is_(None) | (RoleGrant.active_to > scope.today),
            readable(scope, Unit, "grant", "manage"),
        )
        .order_by(RoleGrant.active_to, Unit.path, RoleGrant.role, Person.name)
        .limit(limit)
    )
    return [(grant, person, unit) for grant, person, unit in rows]
