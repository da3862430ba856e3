"""Contacts: named by the unit itself or from above, kept as history, missing ones listed."""

from datetime import date

import pytest

from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.organisation.models import UnitContact
from duban.organisation.operations.contacts import Named, set_contacts
from duban.organisation.operations.reorganising import decide
from duban.organisation.queries.units import contacts, count_incomplete, incomplete_among, missing_contacts
from duban.organisation.rules.changes import Move
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.organisation.duties import issue_to_villages


def name(world: World, who: str, unit: str = "V11", **named: Named) -> None:
    with world.as_(who) as scope:
        set_contacts(scope, unit_id=world.units[unit], named=named)


def missing(world: World, unit: str = "V11") -> list[str]:
    with world.as_("cora") as scope:
        return [kind.code for kind in missing_contacts(scope, get_unit(scope, world.units[unit]))]


class TestSetContacts:
    def test_fills_the_checklist(self, world: World) -> None:
        assert missing(world) == ["leader_in_charge", "designated_person"]

        name(world, "vera", leader_in_charge=Named("吴支书", "支书", "13800001234"))
        assert missing(world) == ["designated_person"]

        name(world, "tom", designated_person=Named("魏文书"))
        assert missing(world) == []
        with world.as_("vera") as scope:
            assert contacts(scope, world.units["V11"])["leader_in_charge"].phone == "13800001234"
            assert incomplete_among(scope, [get_unit(scope, world.units["V11"])]) == {}
            assert count_incomplete(scope) == 2  # its township and the county, which the clerk sees above
        with world.as_("cora") as scope:
            assert count_incomplete(scope) == 6
            assert incomplete_among(scope, [get_unit(scope, world.units["V12"])]) == {world.units["V12"]: 2}

    def test_keeps_who_it_was_before(self, world: World) -> None:
        name(world, "vera", leader_in_charge=Named("吴支书"))
        with world.as_("vera", at=world.later(days=3)) as scope:
            set_contacts(scope, unit_id=world.units["V11"], named={"leader_in_charge": Named("新支书")})

        with world.as_("vera", at=world.later(days=3)) as scope:
            assert contacts(scope, world.units["V11"])["leader_in_charge"].name == "新支书"
            rows = scope.session.scalars(owned(scope, UnitContact).order_by(UnitContact.active_from)).all()
        assert [(row.name, row.active_from, row.active_to) for row in rows] == [
            ("吴支书", date(2026, 3, 10), date(2026, 3, 13)),
            ("新支书", date(2026, 3, 13), None),
        ]

    def test_an_empty_name_takes_it_away(self, world: World) -> None:
        name(world, "vera", leader_in_charge=Named("吴支书"), designated_person=Named("魏文书"))
        name(world, "vera", leader_in_charge=Named(""))
        assert missing(world) == ["leader_in_charge"]

    def test_a_second_name_on_the_same_day_replaces_the_first(self, world: World) -> None:
        name(world, "vera", leader_in_charge=Named("甲"))
        name(world, "vera", leader_in_charge=Named("乙"))
        with world.as_("vera") as scope:
            assert [row.name for row in scope.session.scalars(owned(scope, UnitContact))] == ["乙"]

    @pytest.mark.parametrize(
        "who, refusal",
        [
            ("vic", NotFoundError),
            ("wanda", NotFoundError),
            ("tina", NotFoundError),
            ("vlad", NotAllowedError),
            ("cora", NotAllowedError),
            ("ewa", NotFoundError),
        ],
    )
    def test_is_refused_to_others(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            name(world, who, leader_in_charge=Named("甲"))

    def test_names_the_field_that_is_wrong(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught:
            name(world, "vera", leader_in_charge=Named("", "支书"), designated_person=Named("甲", phone="?"), cook=Named("乙"))
        assert set(caught.value.fields) == {"leader_in_charge_name", "designated_person_phone", "cook"}


def test_who_answers_for_a_unit_stands_beside_its_duty(world: World) -> None:
    """For whoever may see the unit: after a move its former superior still reads the duty, and not who answers there now."""
    duty = issue_to_villages(world)["V11"]
    with world.as_("vera") as scope:
        set_contacts(scope, unit_id=world.units["V11"], named={"leader_in_charge": Named("吴支书", "支书")})
    for who, page in (("tom", "/review"), ("vera", ""), ("cora", "")):
        shown = world.client(who).get(f"/duties/{duty}{page}").get_data(as_text=True)
        assert "吴支书（支书）" in shown, who
        assert f"/units/{world.units['V11']}#contacts" in shown
    with world.as_("adam") as scope:
        decide(scope, change=Move(world.units["V11"], world.units["T2"]), basis="依据", effective_on=scope.today)
    moved = world.client("tom").get(f"/duties/{duty}/review")
    assert (moved.status_code, "吴支书" in moved.get_data(as_text=True)) == (200, False)
