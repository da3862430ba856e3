"""
Asking leave: the functions every operation, query and page uses.

`obj` and `act` are words of the tenant kind's policy (docs: tenants/<kind>/policy.csv).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from duban.access import decisions
from duban.access.holding import (
    active_delegation,
    active_grant,
    another_hand,
    grants_of,
    hands_of,
    hold_on,
    home_paths,
    is_same_hand,
    own_paths,
    own_places,
)
from duban.access.models import RoleGrant
from duban.access.people import (
    deputies_at,
    holders,
    holders_at,
    in_roles_at,
    receivers,
    superiors,
    superiors_at,
    superiors_at_each,
    superiors_at_level,
    superiors_of,
)
from duban.access.policies import policy
from duban.access.policy import Policy
from duban.access.relations import Grant, Standing
from duban.identity.models import Person
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.tenancy.kinds_policy import JUDGING

__all__ = [
    "Grant",
    "Place",
    "active_delegation",
    "active_grant",
    "another_hand",
    "deciding",
    "deputies_at",
    "granted",
    "grants_for",
    "grants_of",
    "hands_of",
    "hold_on",
    "holders",
    "holders_at",
    "home_paths",
    "in_roles_at",
    "is_same_hand",
    "lines_of",
    "may",
    "may_somewhere",
    "note_as",
    "own_paths",
    "policy",
    "readable",
    "readable_in_line",
    "receivers",
    "require",
    "require_held",
    "require_in_lines",
    "roles_at",
    "superiors",
    "superiors_at",
    "superiors_at_each",
    "superiors_at_level",
    "superiors_of",
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A bare place, where there is no row yet: e.g. the unit a new thing will belong to."""

    path: str
    to_path: str | None = None
    lines: Collection[str] = ()
    work_line: str | None = None


def deciding(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> Grant | None:
    """Find the grant that allows the act on the row: one of the actor's own before one they were lent."""
    decided, place = policy(scope), _standing(placed)
    grants = _usable(scope, obj, act, placed.path)
    return next((grant for grant in grants if decisions.allows(decided, grant, obj, act, place)), None)


def _standing(placed: decisions.HasPlace) -> Standing:
    return (
        placed.path,
        getattr(placed, "to_path", None),
        getattr(placed, "lines", ()),
        getattr(placed, "work_line", None),
    )


def _usable(scope: Scope, obj: str, act: str, path: str) -> Sequence[Grant]:
    """Give the actor's grants; to judge their own unit's work nobody may use a role they were lent."""
    grants = grants_of(scope)
    if (obj, act) in JUDGING and path in own_places(scope):
        return [grant for grant in grants if grant.giver is None]
    return grants


def may(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> bool:
    """Say whether the actor may do this to the row; for buttons and menus."""
    return deciding(scope, obj, act, placed) is not None


def granted(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> bool:
    """
    Say whether the actor may do this to the row, where the work goes on upon a yes: whose lent role was needed is noted.

    For operations that judge many rows at once, or choose between two leaves; else `require`.
    """
    used = deciding(scope, obj, act, placed)
    if used is not None:
        _note_giver(scope, used)
    return used is not None


def may_somewhere(scope: Scope, obj: str, act: str) -> bool:
    """Say whether any of the actor's roles allows this anywhere at all."""
    return any(policy(scope).allowed(grant.role, obj, act) for grant in grants_of(scope))


def require(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> None:
    """
    Refuse the work unless the actor may do this to the row. What is allowed only by what they were lent is recorded as done
    for the giver.

    Raises: NotFoundError where the actor may not even read it, NotAllowedError where they may.
    """
    grant = deciding(scope, obj, act, placed)
    if grant is not None:
        _note_giver(scope, grant)
        return
    if act != "read" and may(scope, obj, "read", placed):
        raise NotAllowedError
    raise NotFoundError


def giver_named(scope: Scope) -> str:
    """Name whose lent role the work has used so far; empty where it was one's own."""
    lent = scope.memo.get("acting_for")
    return str(lent["name"]) if lent else ""


def _note_giver(scope: Scope, used: Grant) -> None:
    """
    Note whose lent role was needed. It stays noted until the work ends, for a work may ask leave for several things, and what
    it does would not have come about without the lent one; where two people's were needed both are named.
    """
    if used.giver is None:
        return
    first = scope.memo.setdefault("acting_for", {"id": used.giver, "name": used.giver_name})
    if first["id"] != used.giver:
        others = {one["id"]: one for one in first.get("also", ())} | {used.giver: {"id": used.giver, "name": used.giver_name}}
        scope.memo["acting_for"] = {"id": first["id"], "name": first["name"], "also": list(others.values())}


def note_as(scope: Scope, narrowed: Scope) -> None:
    """
    Note whose lent role was needed in a scope that holds less (holding.standing_in, standing_apart), and nobody else's: what the
    work asked before was whether the row may be looked at.
    """
    scope.memo.pop("acting_for", None)
    scope.memo.update({key: narrowed.memo[key] for key in narrowed.memo.keys() & {"acting_for"}})


def lines_of(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> frozenset[str | None]:
    """
    Say in which lines the actor may do this to the row: those in which a role that allows it is held, None the primary one.

    For what a unit does down one of its lines: its own row is its own in whatever line, but only who holds a role in the
    line asks, sets and issues there.
    """
    return decisions.lines_of(policy(scope), _usable(scope, obj, act, placed.path), obj, act, _standing(placed))


def require_in_lines(scope: Scope, obj: str, act: str, placed: decisions.HasPlace, lines: Collection[str | None]) -> None:
    """
    Refuse the work unless the actor may do this to the row and holds a role that allows it in each of these lines.

    Raises: NotFoundError, NotAllowedError as `require` does.
    """
    require(scope, obj, act, placed)
    if not lines_of(scope, obj, act, placed) >= set(lines):
        raise NotAllowedError(N_("您的角色不在这条管理线上，不能在这条线上办理。"))
    decided, place, usable = policy(scope), _standing(placed), _usable(scope, obj, act, placed.path)
    used = [next(one for one in usable if one.line == line and decisions.allows(decided, one, obj, act, place)) for line in lines]
    lent = next((one for one in used if one.giver), None)
    if lent is not None:
        _note_giver(scope, lent)


def grants_for(scope: Scope, obj: str, act: str, placed: decisions.HasPlace) -> Sequence[Grant]:
    """List every grant that allows the act on the row, the actor's own first: for work that asks where the role is held."""
    decided, place = policy(scope), _standing(placed)
    return [grant for grant in _usable(scope, obj, act, placed.path) if decisions.allows(decided, grant, obj, act, place)]


def require_held(
    scope: Scope,
    obj: str,
    act: str,
    placed: decisions.HasPlace,
    fits: Callable[[Grant], bool],
    error: Callable[[], NotAllowedError] = NotAllowedError,
) -> None:
    """
    Refuse the work unless the actor may do this to the row by a role that fits, e.g. one held at a certain level.

    Raises: as `require` does; `error` where only other roles of theirs allow it.
    """
    used = next((grant for grant in grants_for(scope, obj, act, placed) if fits(grant)), None)
    if used is not None:
        _note_giver(scope, used)
        return
    require(scope, obj, act, placed)
    raise error()


def readable(
    scope: Scope, model: Any, obj: str, act: str = "read", *, fits: Callable[[Grant], bool] | None = None
) -> ColumnElement[bool]:
    """
    Give the SQL condition that keeps a list to what the actor may read (or do): put together once for what they hold.

    Takes: `fits`, where it must be by a role that fits, as for `require_held`; put together each time then.
    """
    decided, grants = policy(scope), grants_of(scope)
    if fits is not None:
        return _readable(scope, decided, [grant for grant in grants if fits(grant)], model, obj, act)
    held, kept = scope.memo.get("readable", (None, {}))
    if held is not grants:
        kept = {}
        scope.memo["readable"] = grants, kept
    if (model, obj, act) not in kept:
        kept[model, obj, act] = _readable(scope, decided, grants, model, obj, act)
    found: ColumnElement[bool] = kept[model, obj, act]
    return found


def _readable(scope: Scope, decided: Policy, grants: Sequence[Grant], model: Any, obj: str, act: str) -> ColumnElement[bool]:
    if (obj, act) not in JUDGING or all(grant.giver is None for grant in grants):
        return decisions.where(decided, grants, obj, act, model)
    own = decisions.where(decided, [grant for grant in grants if grant.giver is None], obj, act, model)
    lent = decisions.where(decided, [grant for grant in grants if grant.giver is not None], obj, act, model)
    return or_(own, and_(lent, model.path.not_in(own_places(scope))))


def readable_in_line(scope: Scope, model: Any, obj: str, act: str) -> ColumnElement[bool]:
    """
    Give the SQL condition that keeps a list to rows the actor may do this to by a role held in the very line the row works in.

    As `require_in_lines` does for one row. Takes: a model with a work_line; an act that judges nobody.
    """
    decided, held = policy(scope), grants_of(scope)
    terms: list[ColumnElement[bool]] = []
    for line in sorted({one.line for one in held}, key=str):
        in_line = model.work_line.is_(None) if line is None else model.work_line == line
        terms.append(and_(decisions.where(decided, [one for one in held if one.line == line], obj, act, model), in_line))
    return or_(*terms) if terms else decisions.where(decided, (), obj, act, model)


def roles_at(scope: Scope, unit_id: UUID) -> list[tuple[RoleGrant, Person]]:
    """List who holds what at a unit today."""
    rows = scope.session.execute(
        select(RoleGrant, Person)
        .join(Person, and_(Person.tenant_id == RoleGrant.tenant_id, Person.id == RoleGrant.person_id))
        .where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.unit_id == unit_id, active_grant(scope))
        .order_by(RoleGrant.role, Person.name)
    )
    return [(grant, person) for grant, person in rows]
