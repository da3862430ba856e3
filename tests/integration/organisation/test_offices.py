"""
The offices of the three administrators [C]: the last of a kind is neither revoked, locked out, merged away nor given an end, and the
system administrator alone does away with none of the others.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest

from duban.access.models import RoleGrant
from duban.audit.models import AuditRecord
from duban.identity.models import Credential, Person
from duban.identity.operations import disable_unused
from duban.identity.rules.passwords import POLICIES
from duban.kernel.errors import AnticipatedError, NotAllowedError
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope, owned
from duban.organisation.errors import LastAdministratorError
from duban.organisation.operations import people, roles
from duban.organisation.operations.reorganising import preview
from duban.organisation.rules.changes import Close, Merge
from tests.cast import World

KEEPERS = {"system": "adam", "security": "sara", "audit": "otto"}
ROLES = {"system": "county.admin", "security": "county.security", "audit": "county.auditor"}
SOON = timedelta(days=5)


def second(world: World, duty: str, login: str = "second", **more: object) -> None:
    """Put another administrator of this kind in office."""
    person_id = new_id()
    world.people[login], world.names[login] = PersonId(person_id), "欧阳明"
    with world.as_system() as scope:
        scope.add(Person(id=person_id, login=login, name="欧阳明"))
        scope.session.flush()
        scope.add(Credential(id=person_id, password_hash="", must_change=False, changed_at=scope.now))
        grant = {"person_id": person_id, "role": ROLES[duty], "unit_id": world.units["C"], "active_from": scope.today}
        scope.add(RoleGrant(**grant | more))


def grant_of(scope: Scope, world: World, who: str) -> RoleGrant:
    statement = owned(scope, RoleGrant).where(RoleGrant.person_id == world.people[who], RoleGrant.duty.is_not(None))
    return scope.session.scalars(statement).one()


def revoke(scope: Scope, world: World, who: str) -> object:
    return roles.revoke_role(scope, grant_id=grant_of(scope, world, who).id)


def revoke_later(scope: Scope, world: World, who: str) -> object:
    return roles.revoke_role(scope, grant_id=grant_of(scope, world, who).id, active_to=scope.today + SOON)


def end(scope: Scope, world: World, who: str) -> object:
    return roles.change_role_end(scope, grant_id=grant_of(scope, world, who).id, active_to=scope.today + SOON)


def lock_out(scope: Scope, world: World, who: str) -> object:
    return people.set_active(scope, person_id=world.people[who], active=False)


WAYS: dict[str, Callable[[Scope, World, str], object]] = {
    "revoked": revoke, "revoked later": revoke_later, "given an end": end, "locked out": lock_out
}  # fmt: skip


def tried(world: World, way: str, duty: str) -> dict[str, str]:
    """Have every other administrator try it, undone each time. Gives: who was refused with what."""
    found = {}
    for who in KEEPERS.values():
        if who == KEEPERS[duty]:
            continue
        try:
            with world.as_(who) as scope:
                WAYS[way](scope, world, KEEPERS[duty])
                scope.session.rollback()
                found[who] = "done"
        except AnticipatedError as error:
            found[who] = type(error).__name__
    return found


@pytest.mark.parametrize("way, duty", list(product(WAYS, KEEPERS)))
def test_the_last_of_each_kind_stays(world: World, way: str, duty: str) -> None:
    assert "done" not in tried(world, way, duty).values()


@pytest.mark.parametrize("way, duty", list(product(WAYS, KEEPERS)))
def test_with_another_in_office_it_is_whose_hand_it_takes(world: World, way: str, duty: str) -> None:
    """The control of the above: refused because it was the last, or because it is not theirs to do."""
    second(world, duty)
    found = tried(world, way, duty)
    hand = "adam" if way == "locked out" else "sara"
    print(f"{duty} {way}: {found}")
    assert {who for who, word in found.items() if word == "done"} == {hand} - {KEEPERS[duty]}


@pytest.mark.parametrize(
    "more", [{"pending": True}, {"active_to": "end"}, {"active_from": "soon"}, "locked out"],
    ids=["only proposed", "with an end", "from a later day", "locked out"],
)  # fmt: skip
def test_another_counts_who_is_there_and_stays(world: World, more: object) -> None:
    with world.as_system() as scope:
        days = {"end": scope.today + SOON, "soon": scope.today + SOON}
    second(world, "audit", **({key: days.get(value, value) for key, value in more.items()} if isinstance(more, dict) else {}))
    if more == "locked out":
        with world.as_("adam") as scope:
            lock_out(scope, world, "second")
    with pytest.raises(LastAdministratorError), world.as_("sara") as scope:
        revoke(scope, world, "otto")


def test_from_the_day_another_begins_it_can_end(world: World) -> None:
    with world.as_system() as scope:
        soon = scope.today + SOON
    second(world, "audit", active_from=soon)
    with world.as_("sara") as scope:
        revoke_later(scope, world, "otto")
    with pytest.raises(LastAdministratorError), world.as_("sara") as scope:  # who was counted on stays, too
        revoke(scope, world, "second")


def test_the_system_administrator_takes_back_only_what_never_counted(world: World) -> None:
    second(world, "audit", pending=True)
    with world.as_("adam") as scope:
        assert revoke(scope, world, "second").active_to == scope.today
    second(world, "audit", login="third")
    with pytest.raises(NotAllowedError), world.as_("adam") as scope:
        revoke(scope, world, "third")


def test_two_at_once_do_not_lock_each_other_s_counterpart_out(world: World) -> None:
    """Each sees the other's auditor in office; one of the two must wait and be refused."""
    second(world, "audit")
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def act(who: str) -> None:
        try:
            with world.as_("adam") as scope:
                together.wait()
                lock_out(scope, world, who)
            outcomes.append("done")
        except LastAdministratorError:
            outcomes.append("refused")

    threads = [threading.Thread(target=act, args=(who,)) for who in ("otto", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]


def test_the_clock_leaves_the_last_of_each_kind_open(world: World) -> None:
    """Nobody signs in for longer than the policy lets an account idle."""
    assert POLICIES["mlps3"].idle is not None
    later = world.now + POLICIES["mlps3"].idle + timedelta(days=1)
    second(world, "audit")
    with world.as_system(at=later) as scope:
        count = disable_unused(scope)
        open_ = {person.login for person in scope.session.scalars(owned(scope, Person).where(Person.active))}
    with world.as_system() as scope:
        acts = scope.session.scalars(owned(scope, AuditRecord).where(AuditRecord.act == "person.locked-out")).all()
    print(f"{count} locked by the clock, open: {sorted(open_)}")
    assert len(acts) == count == len(world.people) - 2 - len(open_)
    assert len(open_ & {"otto", "second"}) == 1
    assert open_ - {"otto", "second"} == {"adam", "sara"}


@pytest.mark.parametrize("duty", list(KEEPERS))
def test_no_unit_is_closed_or_merged_over_the_head_of_an_administrator(world: World, duty: str) -> None:
    """No kind of ours lets one sit below the top; a tenant's own roles may."""
    second(world, "system")  # who keeps the units while the first sits below
    said = []
    for sits in (True, False):
        with world.as_system() as scope:
            grant = grant_of(scope, world, KEEPERS[duty])
            grant.unit_id = world.units["V12" if sits else "C"]
        with world.as_("second") as scope:
            for change in (
                Close(world.units["V12"], world.units["V11"]),
                Merge((world.units["V12"],), world.units["V11"], None),
            ):
                outlook = preview(scope, change=change, effective_on=scope.today + SOON)
                said.append(any("还有管理员" in str(one) for one in outlook.obstacles))
    assert said == [True, True, False, False]
