"""People and roles: only inside the granter's subtree, only roles that fit, never for oneself."""

from datetime import date, timedelta

import pytest

from duban.access.checks import may
from duban.identity.operations import sign_in
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.organisation import errors
from duban.organisation.making import Details
from duban.organisation.operations import people as operations
from duban.organisation.operations import roles
from duban.organisation.operations.people import Slip
from duban.organisation.queries import people as queries
from duban.tree.queries import get_unit
from tests.cast import World

KEYS = ("a key of the test",)


def hire(world: World, who: str = "adam", unit: str = "V12", role: str = "village.leader", login: str = "newcomer") -> Slip:
    with world.as_(who) as scope:
        slip = operations.create_person(
            scope, unit_id=world.units[unit], role=role, login=login, details=Details("欧阳明", "支书")
        )
    confirm(world, slip.person_id)
    return slip


def confirm(world: World, person: object) -> int:
    """Let the security administrator confirm what the system administrator proposed. Gives: how many roles waited."""
    with world.as_("sara") as scope:
        waiting = [held.grant for held in queries.held_by(scope, person) if held.grant.pending]
        for grant in waiting:
            roles.confirm_role(scope, grant_id=grant.id)
    return len(waiting)


def grants(world: World, person: object) -> list[tuple[str, str, bool]]:
    with world.as_("adam") as scope:
        return [(held.grant.role, held.unit.code, held.in_force) for held in queries.held_by(scope, person)]


class TestCreatePerson:
    def test_gives_a_slip_that_opens_the_door_once(self, world: World) -> None:
        slip = hire(world)

        with world.as_system() as scope:
            assert isinstance(sign_in(scope, login="newcomer", password=slip.password, address="", device=""), str)
        assert len(slip.password) == 14
        assert grants(world, slip.person_id) == [("village.leader", "V12", True)]

    def test_a_township_officer_may_for_villages_below(self, world: World) -> None:
        assert hire(world, "tom")

    @pytest.mark.parametrize(
        "who, unit, role, refusal",
        [
            ("tom", "V21", "village.clerk", NotFoundError),
            ("tom", "T1", "township.leader", NotAllowedError),
            ("vera", "V11", "village.leader", NotAllowedError),
            ("vera", "V12", "village.leader", NotFoundError),
            ("cora", "V11", "village.leader", NotAllowedError),
            ("ewa", "V11", "village.leader", NotFoundError),
        ],
    )
    def test_is_refused_elsewhere(self, world: World, who: str, unit: str, role: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            hire(world, who, unit, role)

    @pytest.mark.parametrize("role", ["county.officer", "county.member", "nobody.nothing"])
    def test_refuses_roles_that_do_not_fit_the_level(self, world: World, role: str) -> None:
        with pytest.raises(errors.RoleDoesNotFitError):
            hire(world, role=role)

    def test_refuses_a_login_in_use(self, world: World) -> None:
        with pytest.raises(errors.LoginTakenError):
            hire(world, login="VERA")

    def test_refuses_unsound_details_field_by_field(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("adam") as scope:
            operations.create_person(
                scope, unit_id=world.units["V12"], role="village.clerk", login="张", details=Details("", "", "打电话", "nowhere")
            )
        assert set(caught.value.fields) == {"login", "name", "phone", "email"}


class TestGrantRole:
    def test_works_from_its_first_day_until_its_last(self, world: World) -> None:
        today = date(2026, 3, 10)
        with world.as_("sara") as scope:
            roles.grant_role(
                scope, person_id=world.people["vera"], unit_id=world.units["V12"], role="village.clerk",
                active_from=today + timedelta(days=2), active_to=today + timedelta(days=4),
            )  # fmt: skip
        allowed = []
        for days in range(6):
            with world.as_("vera", at=world.later(days=days)) as scope:
                allowed.append(may(scope, "submission", "write", get_unit(scope, world.units["V12"])))
        assert allowed == [False, False, True, True, False, False]

    def test_nobody_grants_to_themselves(self, world: World) -> None:
        with pytest.raises(errors.OwnRoleError), world.as_("adam") as scope:
            roles.grant_role(scope, person_id=world.people["adam"], unit_id=world.units["C"], role="county.leader")

    @pytest.mark.parametrize("person, role", [("cora", "county.admin"), ("otto", "county.officer"), ("otto", "county.admin")])
    def test_administering_auditing_and_working_stay_apart(self, world: World, person: str, role: str) -> None:
        with pytest.raises(errors.DutiesApartError), world.as_("adam") as scope:
            roles.grant_role(scope, person_id=world.people[person], unit_id=world.units["C"], role=role)

    def test_what_the_system_administrator_gives_waits_for_the_security_administrator(self, world: World) -> None:
        with world.as_("adam") as scope:
            grant = roles.grant_role(scope, person_id=world.people["vera"], unit_id=world.units["V12"], role="village.clerk")
            assert grant.pending
        writes = []
        for step in (None, lambda scope: roles.confirm_role(scope, grant_id=grant.id)):
            if step is not None:
                with pytest.raises(NotAllowedError), world.as_("adam") as scope:
                    step(scope)
                with pytest.raises(NotFoundError), world.as_("tina") as scope:
                    step(scope)
                with world.as_("sara") as scope:
                    step(scope)
                with pytest.raises(NotFoundError), world.as_("sara") as scope:
                    step(scope)
            with world.as_("vera") as scope:
                writes.append(may(scope, "submission", "write", get_unit(scope, world.units["V12"])))
        assert writes == [False, True]

    def test_the_end_of_a_role_is_moved_by_who_gives_roles(self, world: World) -> None:
        with world.as_("sara") as scope:
            held = queries.held_by(scope, world.people["vera"])[0].grant.id
            roles.change_role_end(scope, grant_id=held, active_to=date(2026, 3, 12))
            with pytest.raises(InvalidInputError):
                roles.change_role_end(scope, grant_id=held, active_to=date(2026, 3, 10))
        with pytest.raises(NotAllowedError), world.as_("adam") as scope:
            roles.change_role_end(scope, grant_id=held, active_to=None)
        writes = []
        for days in (1, 2):
            with world.as_("vera", at=world.later(days=days)) as scope:
                writes.append(may(scope, "submission", "write", get_unit(scope, world.units["V11"])))
        assert writes == [True, False]

    def test_the_last_security_administrator_stays(self, world: World) -> None:
        with world.as_("adam") as scope:
            held = queries.held_by(scope, world.people["sara"])[0].grant.id
        for who, refusal in (("adam", NotAllowedError), ("sara", errors.OwnRoleError)):
            with pytest.raises(refusal), world.as_(who) as scope:
                roles.revoke_role(scope, grant_id=held)

    def test_the_same_twice_is_refused(self, world: World) -> None:
        with pytest.raises(errors.GrantExistsError), world.as_("adam") as scope:
            roles.grant_role(scope, person_id=world.people["vera"], unit_id=world.units["V11"], role="village.clerk")

    @pytest.mark.parametrize(
        "who, refusal", [("tom", NotFoundError), ("vera", NotFoundError), ("cora", NotAllowedError), ("lena", NotAllowedError)]
    )
    def test_only_inside_the_granters_subtree(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            roles.grant_role(scope, person_id=world.people["vic"], unit_id=world.units["V21"], role="village.clerk")

    def test_a_period_must_have_days(self, world: World) -> None:
        with pytest.raises(InvalidInputError), world.as_("adam") as scope:
            roles.grant_role(
                scope,
                person_id=world.people["vic"],
                unit_id=world.units["V11"],
                role="village.clerk",
                active_to=date(2026, 3, 10),
            )


class TestRevokeRole:
    def grant_of(self, world: World, who: str) -> object:
        with world.as_("adam") as scope:
            return queries.held_by(scope, world.people[who])[0].grant.id

    def test_works_at_once_and_stays_on_record(self, world: World) -> None:
        grant = self.grant_of(world, "vera")
        with world.as_("tom") as scope:
            roles.revoke_role(scope, grant_id=grant)

        with world.as_("vera") as scope:
            assert not may(scope, "submission", "write", get_unit(scope, world.units["V11"]))
        assert grants(world, world.people["vera"]) == [("village.clerk", "V11", False)]
        with pytest.raises(NotFoundError), world.as_("tom") as scope:
            roles.revoke_role(scope, grant_id=grant)

    def test_the_last_administrator_stays(self, world: World) -> None:
        slip = hire(world, unit="C", role="county.admin", login="second")
        world.people["second"], world.names["second"] = slip.person_id, "二管"
        second = self.grant_of(world, "second")
        first = self.grant_of(world, "adam")

        with pytest.raises(errors.OwnRoleError), world.as_("adam") as scope:
            roles.revoke_role(scope, grant_id=first)
        with pytest.raises(NotAllowedError), world.as_("second") as scope:
            roles.revoke_role(scope, grant_id=first)
        with world.as_("sara") as scope:
            roles.revoke_role(scope, grant_id=first)
        with pytest.raises(errors.LastAdministratorError), world.as_("sara") as scope:
            roles.revoke_role(scope, grant_id=second)

    def test_is_refused_from_beside(self, world: World) -> None:
        with pytest.raises(NotFoundError), world.as_("tina") as scope:
            roles.revoke_role(scope, grant_id=self.grant_of(world, "vera"))


class TestPeopleThemselves:
    def test_a_new_password_ends_the_old(self, world: World) -> None:
        slip = hire(world)
        with world.as_("tom") as scope:
            again = operations.reset_password(scope, person_id=slip.person_id, keys=KEYS)

        with world.as_system() as scope:
            assert not isinstance(sign_in(scope, login="newcomer", password=slip.password, address="", device=""), str)
        with world.as_system() as scope:
            assert isinstance(sign_in(scope, login="newcomer", password=again.password, address="", device=""), str)

    def test_who_is_more_elsewhere_is_beyond_a_township(self, world: World) -> None:
        with world.as_("sara") as scope:
            roles.grant_role(scope, person_id=world.people["cora"], unit_id=world.units["V11"], role="village.leader")

        for act in (
            lambda scope, person_id: operations.reset_password(scope, person_id=person_id, keys=KEYS),
            lambda scope, person_id: operations.set_active(scope, person_id=person_id, active=False),
        ):
            with pytest.raises(NotAllowedError), world.as_("tom") as scope:
                act(scope, person_id=world.people["cora"])

    def test_locked_out_is_out(self, world: World) -> None:
        with world.as_("tom") as scope:
            operations.set_active(scope, person_id=world.people["vera"], active=False)

        assert world.client("tom").get("/password").status_code == 200
        with world.as_system() as scope:
            assert not isinstance(sign_in(scope, login="vera", password="supervise-1949", address="", device=""), str)
        with world.as_("tom") as scope:
            operations.set_active(scope, person_id=world.people["vera"], active=True)

    def test_nobody_locks_out_themselves(self, world: World) -> None:
        with pytest.raises(errors.OwnRoleError), world.as_("adam") as scope:
            operations.set_active(scope, person_id=world.people["adam"], active=False)

    def test_people_keep_their_own_phone_but_not_their_name(self, world: World) -> None:
        with world.as_("vera") as scope:
            operations.update_person(scope, person_id=world.people["vera"], details=Details("魏文书", "文书", "13800001234"))
        with pytest.raises(NotAllowedError), world.as_("vera") as scope:
            operations.update_person(scope, person_id=world.people["vera"], details=Details("别人"))
        with pytest.raises(NotFoundError), world.as_("vic") as scope:
            operations.update_person(scope, person_id=world.people["vera"], details=Details("别人"))


class TestListPeople:
    @pytest.mark.parametrize("who, count", [("adam", 16), ("tom", 5), ("vera", 2), ("tina", 3), ("otto", 16), ("ewa", 2)])
    def test_shows_those_the_person_may_see(self, world: World, who: str, count: int) -> None:
        with world.as_(who) as scope:
            assert len(queries.list_people(scope).items) == count

    def test_pages_without_losing_or_doubling_anybody(self, world: World) -> None:
        seen: list[str] = []
        after = None
        with world.as_("adam") as scope:
            for _ in range(20):
                page = queries.list_people(scope, after=after, limit=4)
                seen += [line.person.login for line in page.items]
                after = page.next
                if after is None:
                    break
        assert len(seen) == len(set(seen)) == 16

    def test_finds_by_name_role_and_place(self, world: World) -> None:
        with world.as_("adam") as scope:
            assert [line.person.login for line in queries.list_people(scope, typed="魏").items] == ["vera"]
            assert {line.person.login for line in queries.list_people(scope, role="village.clerk").items} == {
                "vera",
                "vic",
                "wanda",
            }
            assert len(queries.list_people(scope, below=world.paths["T2"]).items) == 3
            with pytest.raises(InvalidInputError):
                queries.list_people(scope, after="broken")

    def test_a_person_elsewhere_is_not_there(self, world: World) -> None:
        with pytest.raises(NotFoundError), world.as_("vera") as scope:
            queries.get_readable_person(scope, world.people["wanda"])
