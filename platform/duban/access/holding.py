"""What the actor holds: grants of their own and those others let them use, at the places their units stand and stood."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from duban.access.models import Delegation, RoleGrant
from duban.access.relations import Grant
from duban.identity.models import Person
from duban.identity.queries import accounts_of
from duban.kernel.ids import PersonId, UnitId
from duban.kernel.scope import BLANKS, Blanks, Scope
from duban.tenancy.operations import policy_digest
from duban.tenancy.queries import catalogue
from duban.tree import paths
from duban.tree.lines import superiors_in
from duban.tree.models import Unit
from duban.tree.queries import Standing, is_active, standing_beside, standings, units_of_paths

_PERSON = bindparam("person", type_=Uuid)
_RIGHTS = frozenset({"structure", "policy", "grants", "grants.alone"})


def active_grant(scope: Scope | Blanks) -> ColumnElement[bool]:
    """Say in SQL that a grant is in force today."""
    return and_(
        RoleGrant.active_from <= scope.today,
        or_(RoleGrant.active_to.is_(None), RoleGrant.active_to > scope.today),
        ~RoleGrant.pending,
    )


def active_delegation(scope: Scope | Blanks, on: date | None = None) -> ColumnElement[bool]:
    """Say in SQL that a delegation is in force today, or was on a day."""
    day = on or scope.today
    return and_(Delegation.active_from <= day, Delegation.active_to > day, Delegation.revoked_at.is_(None))


def grants_of(scope: Scope) -> tuple[Grant, ...]:
    """
    Give what the actor holds today, their own first: every grant at the unit's place and at the places it has left.

    Costs: one query per unit of work, two after a move or in a second line. Never kept longer: revoking works at once.
    """
    if "grants" not in scope.memo:
        scope.memo["grants"] = grants_held(scope, scope.person_id)
    grants: tuple[Grant, ...] = scope.memo["grants"]
    return grants


def hold_on(scope: Scope, earlier: Scope) -> None:
    """
    Take over what an earlier part of the same request has read of the actor's rights, so that it is not read anew for each part.

    Only where nothing the request did in between can have changed them. Source: docs/decisions/0058.
    """
    scope.memo.update({key: earlier.memo[key] for key in _RIGHTS & earlier.memo.keys()})


def grants_held(scope: Scope, person_id: UUID) -> tuple[Grant, ...]:
    """
    Give what a person holds today, as `grants_of` does for the actor.

    Costs: one query, a second one where a unit has a history or superiors in a second line.
    """
    asked = {"tenant": scope.tenant_id, "day": scope.today, "person": person_id}
    rows = scope.session.execute(_held(), asked).all()
    if person_id == scope.actor.person_id:
        scope.memo["grants.alone"] = bool(rows) and not rows[0].has_hands
    held = sorted(rows, key=lambda row: (row.giver is not None, row.path, row.role))
    superiors = {superior for row in held for superior in superiors_in(row.lines)}
    moved = {above for row in held if row.has_history for above in paths.ancestors(row.path)}
    heights = units_of_paths(scope, moved)
    known = standings(scope, {*(row.unit_id for row in held if row.has_history), *superiors, *heights.values()})
    return tuple(grant for row in held for grant in _expand(row, known, heights))


def name_of_rights(scope: Scope) -> str:
    """
    Give a digest of all that decides what the actor may do: grants of their own and lent ones with their places, and the policy.

    Costs: as `grants_of`, and one query for the policy of the day.
    """
    held = sorted(repr(replace(grant, giver_name="", origin=None)) for grant in grants_of(scope))
    return sha256("\n".join([policy_digest(catalogue(scope, "policy")["text"]), *held]).encode()).hexdigest()


@cache
def _held() -> Select[Any]:
    """Build the statement of what a person holds once: every request asks it, and it is the longest of all it asks."""
    held = union_all(_own(), _lent()).subquery("held")
    stood, at_home, has_history = standing_beside(BLANKS, held.c.line)
    return (
        select(
            held,
            at_home.label("at_home"),
            has_history.label("has_history"),
            Unit.path,
            Unit.lines,
            _has_hands().label("has_hands"),
        )
        .join(Unit, and_(Unit.tenant_id == BLANKS.tenant_id, Unit.id == held.c.unit_id))
        .join(stood, true())
        .where(is_active(BLANKS))
    )


def _has_hands() -> ColumnElement[bool]:
    """Say in SQL that somebody may be one hand with the person: another account of theirs, or who ever lent to or from them."""
    pair = or_(Delegation.giver_id == _PERSON, Delegation.receiver_id == _PERSON)
    merged = or_(Person.merged_into == _PERSON, and_(Person.id == _PERSON, Person.merged_into.is_not(None)))
    found = (
        select(Delegation.id).where(Delegation.tenant_id == BLANKS.tenant_id, pair),
        select(Person.id).where(Person.tenant_id == BLANKS.tenant_id, merged),
    )
    return or_(*(one.correlate(None).exists() for one in found))


def _grants(giver: Any, giver_name: Any, origin: Any) -> Select[Any]:
    lent = giver.label("giver"), giver_name.label("giver_name"), origin.label("origin")
    statement = select(RoleGrant.role, RoleGrant.unit_id, RoleGrant.line, *lent)
    return statement.where(RoleGrant.tenant_id == BLANKS.tenant_id, active_grant(BLANKS))


def _own() -> Select[Any]:
    return _grants(cast(null(), Uuid), literal(""), RoleGrant.id).where(RoleGrant.person_id == _PERSON)


def _lent() -> Select[Any]:
    """Only what the giver holds by grant can be lent: what they themselves were lent is not theirs to pass on."""
    return (
        _grants(Delegation.giver_id, Person.name, Delegation.id)
        .join(
            Delegation,
            and_(
                Delegation.tenant_id == RoleGrant.tenant_id,
                Delegation.giver_id == RoleGrant.person_id,
                Delegation.unit_id == RoleGrant.unit_id,
                Delegation.role == RoleGrant.role,
            ),
        )
        .join(Person, and_(Person.tenant_id == Delegation.tenant_id, Person.id == Delegation.giver_id))
        .where(Delegation.receiver_id == _PERSON, active_delegation(BLANKS), Person.active)
    )


def _expand(row: Any, known: Any, heights: Mapping[str, UnitId]) -> list[Grant]:
    places: Sequence[Standing] = known.get(UnitId(row.unit_id), ())
    common = {
        "role": row.role,
        "line": None if row.at_home else row.line,
        "giver": row.giver,
        "giver_name": row.giver_name,
        "origin": row.origin,
    }
    above = {place.path for superior in superiors_in(row.lines) for place in known.get(UnitId(superior), ()) if place.primary}
    superiors = [heights[above] for above in paths.ancestors(row.path) if above in heights]
    left = tuple(sorted({place.path for unit in superiors for place in known[unit] if place.primary and not place.current}))
    grants = [Grant(path=row.path, unit=str(row.unit_id), above=tuple(sorted(above)), heights=left, **common)]
    seen = {row.path}
    for place in places:
        if place.primary and place.path not in seen:
            seen.add(place.path)
            grants.append(Grant(path=place.path, unit=str(place.unit_id), former=True, **common))
    return grants


def home_paths(scope: Scope) -> list[str]:
    """List the places the actor holds any role at today, highest first."""
    return _ordered({grant.path for grant in grants_of(scope) if not grant.former})


def own_paths(scope: Scope) -> list[str]:
    """List the places of the actor's units, today's and those they have left: what was made there is still theirs."""
    return _ordered({grant.path for grant in grants_of(scope)})


def own_places(scope: Scope) -> frozenset[str]:
    """Give the places of the units the actor belongs to by grants of their own, today's and those left."""
    held = scope.memo.get("grants.all", grants_of(scope))
    return frozenset(grant.path for grant in held if grant.giver is None)


def looking_from(scope: Scope, path: str) -> Scope:
    """
    Give a scope for reading with what the actor holds at one of their units only, there and at the places it has left.

    It only ever shows less. Whose own work somebody may not judge is still told from all they hold.
    """
    here = {grant.origin for grant in grants_of(scope) if grant.path == path and not grant.former}
    return _keeping(scope, lambda grant: grant.origin in here)


def standing_in(scope: Scope, giver: UUID) -> Scope:
    """Give a scope for asking what the actor may do with what one person lent them, and nothing else they hold."""
    return _keeping(scope, lambda grant: grant.giver == giver)


def standing_apart(scope: Scope, giver: UUID) -> Scope:
    """Give a scope for asking what the actor may do without what one person lent them."""
    return _keeping(scope, lambda grant: grant.giver != giver)


def _keeping(scope: Scope, wanted: Callable[[Grant], bool]) -> Scope:
    held = grants_of(scope)
    kept = ({"unread_notices"} | _RIGHTS - {"grants"}) & scope.memo.keys()
    memo = {key: scope.memo[key] for key in kept} | {
        "grants": tuple(grant for grant in held if wanted(grant)),
        "grants.all": held,
    }
    return replace(scope, memo=memo)


def hands_of(scope: Scope, person_id: UUID, days: Collection[date]) -> set[PersonId]:
    """
    List who is no second person beside somebody: themselves, the accounts merged with theirs, and who acted for them or they for
    on any of these days. Costs: three queries.
    """
    own = accounts_of(scope, {person_id})
    pair = or_(Delegation.giver_id.in_(own), Delegation.receiver_id.in_(own))
    conditions = (Delegation.tenant_id == scope.tenant_id, pair, or_(*(_lent_on(scope, day) for day in days)))
    found = select(Delegation.giver_id, Delegation.receiver_id).where(*conditions)
    return accounts_of(scope, own | {one for row in scope.session.execute(found) for one in row})


def _lent_on(scope: Scope, on: date) -> ColumnElement[bool]:
    """Say in SQL that a delegation was in force on some part of a day, as the tenant counts days."""
    revoked_on = func.date(func.timezone(scope.zone.key, Delegation.revoked_at))
    ended = or_(Delegation.revoked_at.is_(None), revoked_on >= on)
    return and_(Delegation.active_from <= on, Delegation.active_to > on, ended)


def is_same_hand(scope: Scope, person_id: UUID, days: Collection[date]) -> bool:
    """Say whether the actor is no second person beside somebody, by what was lent on any of these days."""
    return scope.person_id == person_id or scope.person_id in hands_of(scope, person_id, days)


def another_hand(scope: Scope, person: Any, at: Any) -> ColumnElement[bool]:
    """
    Say in SQL that whoever did something at an instant is a second person beside the actor: `is_same_hand` for a list.

    Takes: the columns of who and when. Nobody (the service itself) is somebody else. Costs: no query of its own; where nobody
    may be one hand with the actor, which the grants tell, nothing to look up either.
    """
    grants_of(scope)
    if scope.memo.get("grants.alone"):
        return or_(person.is_(None), person != scope.person_id)
    mine = _accounts_with(scope, select(literal(scope.person_id, Uuid).label("id")), "mine")
    own = select(mine.c.id)
    lent_to_or_by_me = union_all(
        *(
            select(theirs.label("id"), Delegation.active_from, Delegation.active_to, Delegation.revoked_at).where(
                Delegation.tenant_id == scope.tenant_id, ours.in_(own)
            )
            for ours, theirs in ((Delegation.giver_id, Delegation.receiver_id), (Delegation.receiver_id, Delegation.giver_id))
        )
    ).subquery()
    pairs = _accounts_with(scope, select(lent_to_or_by_me), "pairs")
    day = func.date(func.timezone(scope.zone.key, at))
    ended = or_(pairs.c.revoked_at.is_(None), func.date(func.timezone(scope.zone.key, pairs.c.revoked_at)) >= day)
    on_that_day = select(pairs.c.id).where(pairs.c.id == person, pairs.c.active_from <= day, pairs.c.active_to > day, ended)
    return or_(person.is_(None), and_(person.not_in(own), ~on_that_day.exists()))


def _accounts_with(scope: Scope, seed: Select[Any], name: str) -> CTE:
    """Add to rows with an account's id the same rows for every account ever merged with it, in whichever direction."""
    found = seed.cte(f"hands_{name}", recursive=True)
    other = case((Person.id == found.c.id, Person.merged_into), else_=Person.id)
    rest = [column for column in found.c if column.name != "id"]
    merged = (
        select(other.label("id"), *rest)
        .join(found, or_(Person.id == found.c.id, Person.merged_into == found.c.id))
        .where(Person.tenant_id == scope.tenant_id, Person.merged_into.is_not(None))
    )
    return found.union(merged)


def _ordered(found: set[str]) -> list[str]:
    return sorted(found, key=lambda path: (paths.depth(path), path))


def givers_of(scope: Scope) -> set[PersonId]:
    """List for whom the actor may act today."""
    return {PersonId(grant.giver) for grant in grants_of(scope) if grant.giver is not None}


def takes_effect(scope: Scope, *, may_grant: bool) -> bool:
    """
    Say whether a grant the actor makes counts at once, or waits for somebody who may grant.

    Until a tenant has had its first security administrator the system administrator's grants count: somebody must be first.
    """
    return scope.actor.person_id is None or may_grant or not had_security_administrator(scope)


def had_security_administrator(scope: Scope) -> bool:
    """Say whether the tenant has, or ever had, somebody to be the second hand: from then on two hands are asked for."""
    ever = select(RoleGrant.id).where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.duty == "security", ~RoleGrant.pending)
    return scope.session.scalar(ever.limit(1)) is not None
