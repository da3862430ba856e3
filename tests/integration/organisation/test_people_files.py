"""Accounts by the file, and two accounts of one person becoming one."""

from datetime import date

import pytest

from duban.access.models import RoleGrant
from duban.identity.models import Person
from duban.identity.operations import sign_in
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import owned
from duban.organisation import errors
from duban.organisation.making import Details
from duban.organisation.operations import people as operations
from duban.organisation.operations.merging import merge_people
from duban.organisation.operations.people_import import check_people_file, import_people
from duban.organisation.queries import people as queries
from tests.cast import World
from tests.integration.organisation.duties import issue_to_villages
from tests.unit.sheets.test_reading import workbook

HEAD = ["姓名", "单位代码", "角色", "登录名", "职务", "电话", "电子邮箱"]


def csv(*rows: list[str]) -> bytes:
    return "\n".join(",".join(row) for row in [HEAD, *rows]).encode()


GOOD = (
    ["欧阳明", "V11", "村（社区）负责人", "", "支书", "13800000001", ""],
    ["欧阳明", "V12", "village.clerk", "", "", "13800000002", "oy@example.org"],
    ["张三", "V12", "Village clerk", "zs", "", "", ""],
)


def people(world: World) -> dict[str, Person]:
    with world.as_system() as scope:
        return {person.login: person for person in scope.session.scalars(owned(scope, Person))}


class TestFiles:
    @pytest.mark.parametrize("data", [csv(*GOOD), workbook([HEAD, *GOOD])], ids=["csv", "xlsx"])
    def test_everybody_gets_an_account_and_a_slip_that_opens_it(self, world: World, data: bytes) -> None:
        before = people(world).keys()
        with world.as_("tom") as scope:
            assert check_people_file(scope, data=data).is_sound
        assert people(world).keys() == before
        with world.as_("tom") as scope:
            report = import_people(scope, data=data)
        assert [slip.login for slip in report.slips] == ["ouyangming", "ouyangming2", "zs"]
        assert len({slip.password for slip in report.slips}) == 3
        assert people(world).keys() - before == {"ouyangming", "ouyangming2", "zs"}
        with world.as_system() as scope:
            assert isinstance(sign_in(scope, login="zs", password=report.slips[2].password, address="", device=""), str)
        with world.as_("tom") as scope:
            assert {line.person.login for line in queries.list_people(scope, typed="oym").items} == {"ouyangming", "ouyangming2"}

    def test_every_mistake_of_every_row_is_named_at_once(self, world: World) -> None:
        data = csv(
            ["", "V11", "village.clerk", "a", "", "打电话", "nowhere"],
            ["李四", "V21", "village.clerk", "", "", "", ""],
            ["王五", "V11", "county.officer", "vera", "", "", ""],
            ["赵六", "V11", "village.clerk", "same", "", "", ""],
            ["钱七", "V11", "village.clerk", "same", "", "", ""],
        )
        with world.as_("tom") as scope:
            report = check_people_file(scope, data=data)
        assert {(one.line, one.column) for one in report.problems} == {
            (2, "name"), (2, "login"), (2, "phone"), (2, "email"), (3, "unit_code"), (4, "role"), (4, "login"), (5, "login"), (6, "login")
        }  # fmt: skip
        before = people(world).keys()
        with pytest.raises(errors.PeopleRefusedError), world.as_("tom") as scope:
            import_people(scope, data=data)
        assert people(world).keys() == before

    def test_missing_columns_and_empty_files_say_so(self, world: World) -> None:
        for data in (b"a,b\n1,2", b"", csv()):
            with world.as_("tom") as scope:
                assert not check_people_file(scope, data=data).is_sound

    @pytest.mark.parametrize("who", ["vera", "lena", "otto"])
    def test_is_for_those_who_manage_people(self, world: World, who: str) -> None:
        for operation in (check_people_file, import_people):
            with pytest.raises(NotAllowedError), world.as_(who) as scope:
                operation(scope, data=csv(*GOOD))

    def test_somebody_known_already_is_not_made_twice(self, world: World) -> None:
        with world.as_("tom") as scope:
            import_people(scope, data=csv(*GOOD))
        with world.as_("tom") as scope:
            [problem] = check_people_file(scope, data=csv([*GOOD[0][:3], "", "", "13800000001", ""])).problems
        assert "ouyangming" in str(problem.text)

    def test_a_form_names_all_that_is_wrong(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("adam") as scope:
            operations.create_person(
                scope, unit_id=world.units["V11"], role="county.officer", login="VERA", details=Details("", phone="打电话")
            )
        assert set(caught.value.fields) == {"role", "login", "name", "phone"}


class TestMerging:
    def twins(self, world: World) -> tuple[Person, Person]:
        with world.as_("tom") as scope:
            import_people(
                scope,
                data=csv(
                    ["欧阳明", "V11", "village.clerk", "one", "", "13800000001", ""],
                    ["欧阳明", "V12", "village.clerk", "two", "支书", "13800000001", "o@x.cn"],
                ),
            )
        found = people(world)
        return found["one"], found["two"]

    def test_they_are_found_and_become_one(self, world: World) -> None:
        one, two = self.twins(world)
        with world.as_("tom") as scope:
            [(first, second)] = queries.duplicates(scope)
            assert {first.person.login, second.person.login} == {"one", "two"}
        for who in ("tina", "vera"):
            with world.as_(who) as scope:
                assert not queries.duplicates(scope)
        with world.as_("tom") as scope:
            merge_people(scope, kept_id=one.id, gone_id=two.id)
        with world.as_("tom") as scope:
            assert not queries.duplicates(scope)
            kept = queries.get_readable_person(scope, one.id)
            gone = queries.get_readable_person(scope, two.id)
            assert (kept.post, kept.phone, kept.email) == ("支书", "13800000001", "o@x.cn")
            assert (gone.active, gone.merged_into, gone.name) == (False, one.id, "欧阳明")
            assert queries.merged_into(scope, gone) is kept
            assert {held.unit.code for held in queries.held_by(scope, one.id) if held.in_force} == {"V11", "V12"}
            assert not [held for held in queries.held_by(scope, two.id) if held.in_force]
            assert {line.person.login for line in queries.list_people(scope, typed="欧阳").items} == {"one"}

    def test_what_was_done_stays_under_the_old_account(self, world: World) -> None:
        one, two = self.twins(world)
        duty = issue_to_villages(world, "tom")["V12"]
        del duty
        with world.as_system() as scope:
            before = [
                (grant.id, grant.active_from)
                for grant in scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == two.id))
            ]
        with world.as_("tom") as scope:
            merge_people(scope, kept_id=one.id, gone_id=two.id)
        with world.as_system() as scope:
            after = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == two.id)).all()
        assert [(grant.id, grant.active_from) for grant in after] == before
        assert all(grant.active_to is not None and grant.active_to <= date(2026, 3, 10) for grant in after)

    def test_cannot_be_done_twice_nor_undone(self, world: World) -> None:
        one, two = self.twins(world)
        with pytest.raises(InvalidInputError), world.as_("tom") as scope:
            merge_people(scope, kept_id=one.id, gone_id=one.id)
        with world.as_("tom") as scope:
            merge_people(scope, kept_id=one.id, gone_id=two.id)
        for kept, gone in ((one, two), (two, one)):
            with pytest.raises(RuleBrokenError), world.as_("tom") as scope:
                merge_people(scope, kept_id=kept.id, gone_id=gone.id)
        with pytest.raises(RuleBrokenError), world.as_("tom") as scope:
            operations.set_active(scope, person_id=two.id, active=True)

    def test_needs_leave_over_both_and_keeps_duties_apart(self, world: World) -> None:
        one, _two = self.twins(world)
        with pytest.raises(NotFoundError), world.as_("tina") as scope:
            merge_people(scope, kept_id=one.id, gone_id=world.people["wanda"])
        with pytest.raises(NotFoundError), world.as_("tom") as scope:
            merge_people(scope, kept_id=one.id, gone_id=world.people["wanda"])
        with pytest.raises(NotAllowedError), world.as_("cora") as scope:
            merge_people(scope, kept_id=one.id, gone_id=world.people["vera"])
        with pytest.raises(errors.DutiesApartError), world.as_("adam") as scope:
            merge_people(scope, kept_id=world.people["otto"], gone_id=world.people["vera"])
        with pytest.raises(errors.OwnRoleError), world.as_("adam") as scope:
            merge_people(scope, kept_id=world.people["adam"], gone_id=world.people["vera"])
