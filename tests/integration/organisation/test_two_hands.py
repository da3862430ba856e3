"""
Whose account takes two hands [C]: whoever holds, will hold or was lent a role that reaches beyond its own unit, in tenants made
before the rule as in others.
"""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from duban.access.models import Delegation, RoleGrant
from duban.access.operations import end_lending, lend
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope, owned
from duban.organisation.operations import people, roles
from duban.organisation.queries.holdings import holdings
from duban.security import operations as security
from duban.tenancy.models import Catalogue
from duban.tenancy.queries import catalogue
from tests.cast import World

KEYS = ("factor-test-key-of-at-least-thirty-two-characters",)
SOON = timedelta(days=3)
ORDINARY = {"vera", "vlad", "vic", "wanda"}


def two_hands(world: World, who: str, *, by: str = "adam") -> bool:
    with world.as_(by) as scope:
        return people.reset_password(scope, person_id=world.people[who], keys=KEYS).needs_second_hand


def granted(scope: Scope, world: World, who: str, role: str, unit: str, **more: object) -> RoleGrant:
    grant = RoleGrant(
        **{"person_id": world.people[who], "role": role, "unit_id": world.units[unit], "active_from": scope.today} | more
    )
    scope.add(grant)
    scope.session.flush()
    return grant


def lent(world: World, giver: str, role: str, unit: str, *, starts: timedelta = timedelta()) -> object:
    with world.as_(giver) as scope:
        first = scope.today + starts
        return lend(
            scope, receiver_id=world.people["vera"], unit_id=world.units[unit], role=role, active_from=first,
            active_to=first + SOON, reason="外出",
        ).id  # fmt: skip


def system(world: World, act: Callable[[Scope], object]) -> None:
    with world.as_system() as scope:
        act(scope)


WAYS: dict[str, Callable[[World], object]] = {
    "holds it": lambda w: system(w, lambda s: granted(s, w, "vera", "county.leader", "C")),
    "will hold it": lambda w: system(w, lambda s: granted(s, w, "vera", "county.leader", "C", active_from=s.today + SOON)),
    "is proposed for it": lambda w: system(w, lambda s: granted(s, w, "vera", "county.leader", "C", pending=True)),
    "was lent it": lambda w: lent(w, "lena", "county.leader", "C"),
    "will be lent it": lambda w: lent(w, "lena", "county.leader", "C", starts=SOON),
    "was lent a township leader's": lambda w: lent(w, "tess", "township.leader", "T1"),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_everything_held_to_come_or_lent_counts(world: World, way: str) -> None:
    WAYS[way](world)
    assert two_hands(world, "vera")
    with pytest.raises(NotAllowedError):  # and it is no longer the township's to ask for
        two_hands(world, "vera", by="tom")
    with pytest.raises(NotAllowedError), world.as_("tom") as scope:
        security.unlock_account(scope, person_id=world.people["vera"])
    with pytest.raises(NotAllowedError), world.as_("tom") as scope:
        people.set_active(scope, person_id=world.people["vera"], active=False)


def test_what_is_over_counts_no_more(world: World) -> None:
    lending = lent(world, "lena", "county.leader", "C", starts=SOON)
    assert two_hands(world, "vera")
    with world.as_("lena") as scope:
        end_lending(scope, delegation_id=lending)
    with world.as_("sara") as scope:
        grant = roles.grant_role(
            scope, person_id=world.people["vera"], unit_id=world.units["T1"], role="township.leader",
            active_from=scope.today + SOON,
        ).id  # fmt: skip
    assert two_hands(world, "vera")
    with world.as_("sara") as scope:
        roles.revoke_role(scope, grant_id=grant)  # never began: from a day in the future until the same day
        assert [(one.role, one.unit.code) for one in holdings(scope, world.people["vera"])] == [("village.clerk", "V11")]
    assert not two_hands(world, "vera", by="tom")


def test_everybody_of_the_cast(world: World) -> None:
    """Who works for the own unit is given a password by one hand, everybody else by two."""
    with world.as_system() as scope:
        assert not scope.session.scalars(owned(scope, Delegation)).all()
    asked = {who: two_hands(world, who) for who in world.people if who not in {"adam", "ewa", "erik"}}
    print(f"{len(asked)} accounts, {sum(asked.values())} take two hands")
    assert {who for who, two in asked.items() if not two} == ORDINARY


def test_a_tenant_from_before_is_held_to_it(world: World) -> None:
    """Its own copy of the roles names nobody but the administrators: the policy says the rest."""
    with world.as_system() as scope:
        items = [{key: value for key, value in item.items() if key != "guarded"} for item in catalogue(scope, "roles")["items"]]
        scope.add(Catalogue(part="roles", version=2, active_from=date(2026, 1, 2), body={"items": items}))
    assert {who for who in ("lena", "tess", "tom", "dora", "vlad") if two_hands(world, who)} == {"lena", "tess", "tom", "dora"}


def test_a_kind_may_guard_more(world: World) -> None:
    with world.as_system() as scope:
        items = [dict(item) | {"guarded": item["code"] == "village.leader"} for item in catalogue(scope, "roles")["items"]]
        scope.add(Catalogue(part="roles", version=2, active_from=date(2026, 1, 2), body={"items": items}))
    assert two_hands(world, "vlad", by="tom")
    assert not two_hands(world, "vera", by="tom")


def test_while_a_tenant_is_set_up_there_is_no_second_hand(world: World) -> None:
    """Until the first security administrator the one who founds it gives out every role alone, and every password."""
    with world.as_system() as scope:
        for grant in scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.duty == "security")):
            grant.pending = True
    assert not two_hands(world, "tom")
    with world.as_system() as scope:
        for grant in scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.duty == "security")):
            grant.pending = False
    assert two_hands(world, "tom")
