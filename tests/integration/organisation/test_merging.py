"""
Merging accounts gives nobody what they could not be given [C]: roles go over as if granted, nothing lent goes along unasked, an
administrator's account is not one hand's, and nothing that opened the old account opens anything.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from duban.access.checks import may
from duban.access.models import RoleGrant
from duban.access.operations import lend
from duban.audit.models import AuditRecord
from duban.identity.models import PasswordReset, Person, SecondFactor
from duban.identity.operations import create_token
from duban.kernel.ids import new_id
from duban.kernel.scope import get_owned, owned
from duban.notifications.models import Effect
from duban.organisation.errors import DutyNotMergedError, TwoNamesError
from duban.organisation.making import Details
from duban.organisation.operations import people, roles
from duban.organisation.operations.merging import merge_people
from duban.organisation.queries.holdings import holdings
from duban.organisation.queries.people import held_by
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.organisation.test_offices import ROLES, second

KEYS = ("factor-test-key-of-at-least-thirty-two-characters",)


def puppet(world: World, like: str, role: str = "village.clerk", unit: str = "V12", *, by: str = "adam") -> object:
    """An account its maker knows the password of, under the name of whom it is to become."""
    with world.as_(by) as scope:
        return people.create_person(
            scope, unit_id=world.units[unit], role=role, login="puppet", details=Details(world.names[like])
        ).person_id


def in_force(world: World, person: object) -> set[str]:
    with world.as_system() as scope:
        return {one.grant.role for one in held_by(scope, person) if one.in_force}


def merged(world: World, gone: str, kept: object, *, by: str = "adam") -> int:
    with world.as_(by) as scope:
        return merge_people(scope, kept_id=kept, gone_id=world.people[gone]).waiting


WORKERS = ("lena", "cora", "eva", "tess", "tom", "tito", "tina", "dora", "vera", "vlad", "vic", "wanda")


@pytest.mark.parametrize("gone", WORKERS)
def test_nothing_goes_over_by_the_system_administrators_hand_alone(world: World, gone: str) -> None:
    """Whoever ends in the puppet: it may do nothing more than before until somebody who gives roles says so."""
    kept = puppet(world, gone)
    before = in_force(world, kept)
    role = in_force(world, world.people[gone])
    waiting = merged(world, gone, kept)
    assert in_force(world, kept) == before == set()
    assert waiting == 1
    with world.as_("sara") as scope:
        for one in held_by(scope, kept):
            if one.grant.pending:
                roles.confirm_role(scope, grant_id=one.grant.id)
    assert in_force(world, kept) >= role, "the control: confirmed, it has gone over"


@pytest.mark.parametrize("gone", ["sara", "otto"])
@pytest.mark.parametrize("when", ["now", "to come", "with another in office"])
def test_an_administrators_account_is_not_one_hands(world: World, gone: str, when: str) -> None:
    duty = {"sara": "security", "otto": "audit"}[gone]
    kept = puppet(world, gone, ROLES[duty], "C")
    with world.as_system() as scope:
        grant = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people[gone])).one()
        grant_id = grant.id
        if when == "to come":
            grant.active_from = scope.today + timedelta(days=3)
    if when == "with another in office":
        second(world, duty)
    with pytest.raises(DutyNotMergedError):
        merged(world, gone, kept)
    assert not in_force(world, kept)
    if when == "with another in office":
        with world.as_("second" if gone == "sara" else "sara") as scope:
            roles.revoke_role(scope, grant_id=grant_id)
        assert merged(world, gone, kept) == 0, "the control: taken back by who gives roles, the account can end"
        assert not in_force(world, kept)


def test_where_one_gives_roles_they_go_over_at_once(world: World) -> None:
    kept = puppet(world, "vera", by="tom")
    assert merged(world, "vera", kept, by="tom") == 0
    with world.as_system() as scope:
        assert {(one.grant.role, one.unit.code) for one in held_by(scope, kept) if one.in_force} == {
            ("village.clerk", "V11"), ("village.clerk", "V12")
        }  # fmt: skip


def lent_to(world: World, receiver: str, giver: str, role: str, unit: str) -> None:
    with world.as_(giver) as scope:
        lend(
            scope, receiver_id=world.people[receiver], unit_id=world.units[unit], role=role, active_from=scope.today,
            active_to=scope.today + timedelta(days=9), reason="学习",
        )  # fmt: skip


def test_what_was_lent_to_the_old_account_ends_and_its_giver_is_told(world: World) -> None:
    lent_to(world, "vera", "lena", "county.leader", "C")
    kept = puppet(world, "vera")
    merged(world, "vera", kept)
    with world.as_system() as scope:
        assert {one.role for one in holdings(scope, kept)} == {"village.clerk"}
        told = scope.session.scalars(
            select(Effect.recipient_id).where(Effect.tenant_id == scope.tenant_id, Effect.template.contains("已收回"))
        ).all()
    assert world.people["lena"] in told


def test_what_was_lent_where_one_gives_roles_goes_along(world: World) -> None:
    lent_to(world, "vera", "vlad", "village.leader", "V11")
    kept = puppet(world, "vera", by="tom")
    merged(world, "vera", kept, by="tom")
    with world.as_system() as scope:
        assert {one.role for one in holdings(scope, kept)} == {"village.clerk", "village.leader"}


def test_what_the_old_account_lent_gives_nothing_before_its_role_is_confirmed(world: World) -> None:
    lent_to(world, "vic", "tess", "township.leader", "T1")
    kept = puppet(world, "tess", "township.officer", "T1")
    allowed = []
    for confirmed in (False, True):
        if confirmed:
            with world.as_("sara") as scope:
                for one in held_by(scope, kept):
                    if one.grant.pending:
                        roles.confirm_role(scope, grant_id=one.grant.id)
        else:
            merged(world, "tess", kept)
        with world.as_("vic") as scope:
            allowed.append(may(scope, "veto", "confirm", get_unit(scope, world.units["V11"])))
    assert allowed == [False, True]


def test_two_names_are_one_person_only_if_somebody_says_so(world: World) -> None:
    pair = {"kept_id": world.people["vlad"], "gone_id": world.people["vera"]}
    with pytest.raises(TwoNamesError, match="魏文书"), world.as_("tom") as scope:
        merge_people(scope, **pair)
    with world.as_("tom") as scope:
        merge_people(scope, **pair, different_names=True)
    with world.as_system() as scope:
        record = scope.session.scalars(owned(scope, AuditRecord).where(AuditRecord.act == "person.merged")).one()
    assert (record.details["name"], record.details["into_name"]) == ("魏文书", "吴支书")


def test_nothing_that_opened_the_old_account_opens_anything(world: World) -> None:
    kept = puppet(world, "tess", "township.officer", "T1")
    browser = world.client("tess")
    with world.as_("tess") as scope:
        create_token(scope, name="程序", scopes=["full"], days=3, factor=True)
        scope.add(SecondFactor(id=world.people["tess"], sealed_secret="sealed", enrolled_at=scope.now, confirmed_at=scope.now))
    with world.as_("adam") as scope:
        assert people.reset_password(scope, person_id=world.people["tess"], keys=KEYS).needs_second_hand
    merged(world, "tess", kept)
    assert browser.get("/").status_code == 302
    with world.as_system() as scope:
        assert not get_owned(scope, Person, world.people["tess"]).active
        assert scope.session.get(SecondFactor, (scope.tenant_id, world.people["tess"])) is None
        [reset] = scope.session.scalars(owned(scope, PasswordReset).where(PasswordReset.person_id == world.people["tess"]))
        assert (reset.settled_at is not None, reset.confirmed, reset.sealed_half) == (True, False, "")


def test_what_the_old_account_asked_for_others_by_two_hands_comes_to_nothing(world: World) -> None:
    """Else its owner, under the account that is kept, would be the second hand beside themselves."""
    kept = puppet(world, "tess", "township.officer", "T1")
    made = {}
    with world.as_system() as scope:
        for asker in ("tess", "sara"):
            row = PasswordReset(
                id=new_id(), person_id=world.people["tom"], asked_by=world.people[asker], asked_at=scope.now,
                ends_at=scope.now + timedelta(hours=1), sealed_half="sealed", confirmed=False,
            )  # fmt: skip
            made[asker] = scope.add(row).id
    merged(world, "tess", kept)
    with world.as_system() as scope:
        waiting = {asker: get_owned(scope, PasswordReset, made[asker]).settled_at is None for asker in made}
    assert waiting == {"tess": False, "sara": True}  # sara's is the control
