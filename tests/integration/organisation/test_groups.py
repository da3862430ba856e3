"""Leading groups: who sits in them since when, by which document; and the list of what is not named."""

from datetime import date

import pytest

from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.organisation.operations.contacts import Named, set_contacts
from duban.organisation.operations.groups import GroupForm, Seat, change_group, end_group, set_up_group
from duban.organisation.operations.reorganising import decide
from duban.organisation.queries.groups import groups_of, seats_of, vacancies
from duban.organisation.queries.units import contacts, missing_contacts
from duban.organisation.rules.changes import Close
from duban.organisation.states import GroupPost
from duban.tree.queries import get_unit
from tests.cast import World

CHAIR = Seat(GroupPost.CHAIR, "谭镇长", "镇长", "13800000001")
DEPUTY = Seat(GroupPost.DEPUTY, "唐安", "副镇长")
FORM = GroupForm("安全生产工作领导小组", "镇应急办", "城东政发〔2026〕1号", (CHAIR, DEPUTY))


class TestGroups:
    def test_members_come_and_go_on_record(self, world: World) -> None:
        with world.as_("tom") as scope:
            group = set_up_group(scope, unit_id=world.units["T1"], form=FORM).id
        with world.as_("vera") as scope:  # what stands above is read by those below
            seats = seats_of(scope, group)
            assert [(seat.post, seat.name) for seat in seats] == [(GroupPost.CHAIR, "谭镇长"), (GroupPost.DEPUTY, "唐安")]
            assert [seat.person_id for seat in seats] == [world.people["tess"], world.people["tom"]]
        changed = GroupForm(FORM.name, "", "", (Seat(GroupPost.CHAIR, "新镇长"), DEPUTY))
        with world.as_("tom", at=world.later(days=5)) as scope:
            change_group(scope, group_id=group, form=changed)
        with world.as_("tom", at=world.later(days=6)) as scope:
            assert [seat.name for seat in seats_of(scope, group)] == ["新镇长", "唐安"]
            periods = {seat.name: (seat.active_from, seat.active_to) for seat in seats_of(scope, group, past=True)}
        assert periods == {
            "谭镇长": (date(2026, 3, 10), date(2026, 3, 15)), "唐安": (date(2026, 3, 10), None), "新镇长": (date(2026, 3, 15), None)
        }  # fmt: skip

    def test_ends_once_with_all_its_seats(self, world: World) -> None:
        with world.as_("tom") as scope:
            group = set_up_group(scope, unit_id=world.units["T1"], form=FORM).id
        with world.as_("tom") as scope:
            end_group(scope, group_id=group)
        with world.as_("tom") as scope:
            assert not seats_of(scope, group)
            assert len(seats_of(scope, group, past=True)) == 2
        for act in (lambda scope: end_group(scope, group_id=group), lambda scope: change_group(scope, group_id=group, form=FORM)):
            with pytest.raises(RuleBrokenError), world.as_("tom") as scope:
                act(scope)

    @pytest.mark.parametrize(
        "who, refusal", [("vera", NotAllowedError), ("tina", NotFoundError), ("lena", NotAllowedError), ("ewa", NotFoundError)]
    )
    def test_is_named_by_the_unit_itself_or_from_above(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            set_up_group(scope, unit_id=world.units["T1"], form=FORM)
        with world.as_("tom") as scope:
            group = set_up_group(scope, unit_id=world.units["T1"], form=FORM).id
        with pytest.raises(refusal), world.as_(who) as scope:
            end_group(scope, group_id=group)

    def test_names_everything_that_is_wrong(self, world: World) -> None:
        form = GroupForm(" ", "", "x" * 300, (Seat(GroupPost.MEMBER, "甲", phone="打电话"),))
        with pytest.raises(InvalidInputError) as caught, world.as_("tom") as scope:
            set_up_group(scope, unit_id=world.units["T1"], form=form)
        assert set(caught.value.fields) == {"name", "basis", "seat_0_phone", "seats"}

    def test_ends_with_its_unit(self, world: World) -> None:
        with world.as_("vera") as scope:
            set_up_group(scope, unit_id=world.units["V11"], form=FORM)
        with world.as_("adam") as scope:
            decide(scope, change=Close(world.units["V11"]), basis="撤并")
        with world.as_("adam") as scope:
            [group] = groups_of(scope, world.units["V11"])
            assert group.active_to == date(2026, 3, 10)


class TestContacts:
    def test_keep_the_document_of_the_appointment(self, world: World) -> None:
        with world.as_("vera") as scope:
            set_contacts(
                scope, unit_id=world.units["V11"], named={"leader_in_charge": Named("吴支书", "", "", "东一村发〔2026〕2号")}
            )
        with world.as_("vera") as scope:
            assert contacts(scope, world.units["V11"])["leader_in_charge"].basis == "东一村发〔2026〕2号"

    def test_what_is_missing_is_listed_to_those_who_may_see_it(self, world: World) -> None:
        with world.as_("cora") as scope:
            page = vacancies(scope, limit=3)
            rest = vacancies(scope, limit=10, after=page.next)
        assert [one.unit.code for one in (*page.items, *rest.items)] == ["C", "T1", "V11", "V12", "T2", "V21", "D1"]
        with world.as_("vera") as scope:
            set_contacts(scope, unit_id=world.units["V11"], named={"leader_in_charge": Named("吴支书")})
        with world.as_("cora") as scope:
            lacking = {one.unit.code: [kind.code for kind in one.kinds] for one in vacancies(scope).items}
            assert lacking["V11"] == ["designated_person"]
            assert "V11" not in {one.unit.code for one in vacancies(scope, kind="leader_in_charge").items}
        with world.as_("tina") as scope:
            assert {one.unit.code for one in vacancies(scope).items} <= {"C", "T2", "V21"}

    def test_of_a_closed_unit_are_its_heirs(self, world: World) -> None:
        with world.as_("adam") as scope:
            decide(scope, change=Close(world.units["V11"], world.units["V12"]), basis="撤并")
        with world.as_("adam") as scope:
            assert {kind.code for kind in missing_contacts(scope, get_unit(scope, world.units["V11"]))} == {
                "leader_in_charge",
                "designated_person",
            }
        with world.as_("tom") as scope:
            named = {"leader_in_charge": Named("甲"), "designated_person": Named("乙")}
            set_contacts(scope, unit_id=world.units["V12"], named=named)
        with world.as_("adam") as scope:
            assert not missing_contacts(scope, get_unit(scope, world.units["V11"]))
