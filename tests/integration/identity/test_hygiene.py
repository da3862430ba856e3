"""First secrets that expire, passwords that age and are not taken again, accounts nobody uses."""

from datetime import datetime, timedelta

import pytest

from duban.identity import operations
from duban.identity.errors import FirstSecretOverError, SignInRefusedError, WeakPasswordError
from duban.identity.models import Credential, Person
from duban.identity.queries import find_signed_in
from duban.identity.rules.sessions import FIRST_SECRET_LIVES, Limits
from duban.identity.tasks import PERIODIC
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from tests.cast import PASSWORD, World

LIMITS = Limits(timedelta(minutes=30), timedelta(minutes=10), timedelta(hours=12))
SECOND = timedelta(seconds=1)


def sign_in(world: World, who: str, password: str, at: datetime) -> str | AnticipatedError:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=at) as scope:
        return operations.sign_in(scope, login=who, password=password, address="", device="")


def hand_out(world: World, who: str) -> operations.FirstSecret:
    with world.as_("adam") as scope:
        return operations.issue_first_secret(scope, person=operations.get_person(scope, world.people[who]))


class TestFirstSecrets:
    def test_open_once_and_only_to_set_a_password(self, world: World) -> None:
        secret = hand_out(world, "vera")
        token = sign_in(world, "vera", secret.password, world.now)
        assert isinstance(token, str)
        with open_session(world.engine, world.tenant.id) as session:
            found = find_signed_in(session, tenant_id=world.tenant.id, token=token, now=world.now, limits=LIMITS)
        assert found is not None
        assert found.must_change_password

    def test_end_after_seven_days_and_an_hour_after_their_use(self, world: World) -> None:
        secret = hand_out(world, "vera")
        end = world.now + FIRST_SECRET_LIVES
        assert isinstance(sign_in(world, "vera", secret.password, end), FirstSecretOverError)
        assert isinstance(sign_in(world, "vera", secret.password, end - SECOND), str)
        secret = hand_out(world, "tom")
        assert isinstance(sign_in(world, "tom", secret.password, world.now), str)
        assert isinstance(sign_in(world, "tom", secret.password, world.later(hours=1)), FirstSecretOverError)

    def test_that_are_over_say_nothing_to_who_does_not_know_them(self, world: World) -> None:
        hand_out(world, "vera")
        outcome = sign_in(world, "vera", "wrong-password-1", world.now + FIRST_SECRET_LIVES)
        assert isinstance(outcome, SignInRefusedError)

    def test_are_replaced_by_the_person_s_own(self, world: World) -> None:
        secret = hand_out(world, "vera")
        with world.as_("vera") as scope:
            operations.change_own_password(scope, old=secret.password, new="Until-done-99")
        assert isinstance(sign_in(world, "vera", "Until-done-99", world.later(days=60)), str)
        assert isinstance(sign_in(world, "vera", secret.password, world.now), SignInRefusedError)


class TestAge:
    def change(self, world: World, new: str, at: datetime | None = None) -> None:
        with world.as_("vera", at=at) as scope:
            person = operations.get_person(scope, scope.person_id)
            operations.set_password(scope, person=person, password=new, must_change=False)

    def test_none_of_the_last_five_again(self, world: World) -> None:
        passwords = [f"Plum-river-{number}{number}" for number in range(7)]
        for number, password in enumerate(passwords):
            self.change(world, password, world.later(minutes=number))
        for old in passwords[2:]:
            with pytest.raises(WeakPasswordError):
                self.change(world, old, world.later(hours=1))
        self.change(world, passwords[1], world.later(hours=1))

    def test_asvs_refuses_the_present_one_only(self, world: World) -> None:
        with world.as_("sara") as scope:
            operations.choose_password_policy(scope, code="asvs")
        self.change(world, "plum river stone")
        with pytest.raises(WeakPasswordError):
            self.change(world, "plum river stone")
        self.change(world, "another river stone", world.later(minutes=1))
        self.change(world, "plum river stone", world.later(minutes=2))

    @pytest.mark.parametrize(
        ("policy", "days", "seconds", "is_over"), [("mlps3", 90, -1, False), ("mlps3", 90, 0, True), ("asvs", 4000, 0, False)]
    )
    def test_ninety_days_to_the_second(self, world: World, policy: str, days: int, seconds: int, is_over: bool) -> None:
        with world.as_("sara") as scope:
            operations.choose_password_policy(scope, code=policy)
        at = world.later(days=days, seconds=seconds)
        token = sign_in(world, "vera", PASSWORD, at)
        assert isinstance(token, str)
        with open_session(world.engine, world.tenant.id) as session:
            found = find_signed_in(session, tenant_id=world.tenant.id, token=token, now=at, limits=LIMITS)
        assert found is not None
        assert found.password_over == is_over


class TestUnusedAccounts:
    def sweep(self, world: World, at: datetime) -> int:
        with world.as_system(at=at) as scope:
            return operations.disable_unused(scope)

    def test_are_locked_by_the_clock_after_ninety_days_to_the_second(self, world: World) -> None:
        assert isinstance(sign_in(world, "vera", PASSWORD, world.later(days=10)), str)
        everybody = 16
        assert self.sweep(world, world.later(days=90) - SECOND) == 0
        swept = self.sweep(world, world.later(days=90))
        in_office = 3  # the last administrator of each kind stays open
        assert swept == everybody - 1 - in_office
        assert self.sweep(world, world.later(days=90)) == 0
        assert isinstance(sign_in(world, "vera", PASSWORD, world.later(days=91)), str)
        assert isinstance(sign_in(world, "tom", PASSWORD, world.later(days=91)), SignInRefusedError)
        print(f"{swept} of {everybody} accounts unused for 90 days locked, the one in use not")

    def test_let_in_again_have_ninety_days_more(self, world: World) -> None:
        self.sweep(world, world.later(days=90))
        with world.as_system(at=world.later(days=100)) as scope:
            person = scope.session.get(Person, (scope.tenant_id, world.people["tom"]))
            assert not person.active
            person.active, person.let_in_at = True, scope.now
        assert self.sweep(world, world.later(days=189)) == 0
        assert self.sweep(world, world.later(days=190)) == 1

    def test_stay_under_asvs(self, world: World) -> None:
        with world.as_("sara") as scope:
            operations.choose_password_policy(scope, code="asvs")
        assert self.sweep(world, world.later(days=4000)) == 0

    def test_are_among_what_the_clock_does(self) -> None:
        from duban.worker import PERIODIC as ALL

        assert {task.name for task in PERIODIC} <= {task.name for task in ALL}

    def test_nobody_has_a_default_password(self, world: World) -> None:
        with world.as_system() as scope:
            hashes = [
                one.password_hash for one in scope.session.query(Credential).filter(Credential.tenant_id == scope.tenant_id)
            ]
        assert hashes


class TestEpochs:
    """Whoever writes it, and by whatever path: the database itself makes old sessions worthless."""

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE credential SET password_hash = 'x' WHERE tenant_id = :tenant AND id = :person",
            "UPDATE person SET active = false WHERE tenant_id = :tenant AND id = :person",
            (
                "INSERT INTO second_factor (tenant_id, id, sealed_secret, enrolled_at, confirmed_at) "
                "VALUES (:tenant, :person, 'x', now(), now())"
            ),
        ],
    )
    def test_end_sessions_and_tokens_by_raw_sql(self, world: World, change: str) -> None:
        from sqlalchemy import text

        with world.as_("vera") as scope:
            person = operations.get_person(scope, scope.person_id)
            session_token = operations.start_session(scope, person=person, address="", device="")
            made = operations.create_token(scope, name="x", scopes=["read"], days=1, factor=False)
        with open_session(world.engine, world.tenant.id) as session:
            assert find_signed_in(session, tenant_id=world.tenant.id, token=session_token, now=world.now, limits=LIMITS)
        with world.as_system() as scope:
            scope.session.execute(text(change), {"tenant": world.tenant.id, "person": world.people["vera"]})
        if "active = false" in change:
            with world.as_system() as scope:  # and let in again: what was dead stays dead
                scope.session.execute(
                    text("UPDATE person SET active = true WHERE tenant_id = :tenant AND id = :person"),
                    {"tenant": world.tenant.id, "person": world.people["vera"]},
                )
        from duban.identity.queries import find_token

        with open_session(world.engine, world.tenant.id) as session:
            assert find_signed_in(session, tenant_id=world.tenant.id, token=session_token, now=world.now, limits=LIMITS) is None
            assert find_token(session, tenant_id=world.tenant.id, token=made.secret, now=world.now) is None

    def test_move_on_for_both_when_a_second_factor_changes_hands(self, world: World) -> None:
        from sqlalchemy import text

        given = {"tenant": world.tenant.id, "one": world.people["vera"], "other": world.people["tom"]}
        epochs = text("SELECT id, epoch FROM credential WHERE tenant_id = :tenant AND id IN (:one, :other)")
        with world.as_system() as scope:
            scope.session.execute(
                text(
                    "INSERT INTO second_factor (tenant_id, id, sealed_secret, enrolled_at, confirmed_at) "
                    "VALUES (:tenant, :one, 'x', now(), now())"
                ),
                {key: given[key] for key in ("tenant", "one")},
            )
        with world.as_system() as scope:
            before = {row.id: row.epoch for row in scope.session.execute(epochs, given)}
            scope.session.execute(text("UPDATE second_factor SET id = :other WHERE tenant_id = :tenant AND id = :one"), given)
            after = {row.id: row.epoch for row in scope.session.execute(epochs, given)}
        assert after == {person: epoch + 1 for person, epoch in before.items()}
