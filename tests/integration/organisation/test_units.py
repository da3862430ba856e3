"""Units are set up, renamed, closed and placed in lines by those who may, and by nobody else."""

from datetime import date

import pytest

from duban.access.checks import grants_of
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.organisation import errors
from duban.organisation.operations import units as operations
from duban.organisation.operations.reorganising import carry_out_planned, preview
from duban.organisation.queries import units as queries
from duban.organisation.rules.changes import Close
from duban.tree.queries import get_unit
from tests.cast import World

STRANGERS = [
    ("vera", NotFoundError),
    ("ewa", NotFoundError),
    ("tom", NotFoundError),
    ("cora", NotAllowedError),
    ("otto", NotAllowedError),
]


class TestCreateUnit:
    def test_makes_a_unit_that_can_be_found(self, world: World) -> None:
        with world.as_("adam") as scope:
            made = operations.create_unit(
                scope, parent_id=world.units["T1"], level="village", code="430112003", name="东三村", short_name="东三"
            )

        with world.as_("tom") as scope:
            [found] = queries.search_units(scope, "dsc")
            placed = queries.placement_in_line(scope, made.id, "territorial")
        assert found.id == made.id
        assert found.path.startswith(world.paths["T1"])
        assert placed is not None
        assert placed.path == found.path
        assert placed.active_from == date(2026, 3, 10)

    @pytest.mark.parametrize("who, refusal", STRANGERS)
    def test_is_refused_to_all_but_the_administrator(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.create_unit(scope, parent_id=world.units["T2"], level="village", code="x", name="x")

    @pytest.mark.parametrize("level", ["county", "township", "nonsense", ""])
    def test_refuses_a_level_that_may_not_stand_there(self, world: World, level: str) -> None:
        with pytest.raises(errors.LevelNotAllowedError), world.as_("adam") as scope:
            operations.create_unit(scope, parent_id=world.units["T1"], level=level, code="x", name="x")

    def test_refuses_a_code_used_before(self, world: World) -> None:
        with pytest.raises(errors.UnitCodeTakenError), world.as_("adam") as scope:
            operations.create_unit(scope, parent_id=world.units["T1"], level="village", code="V21", name="x")

    def test_refuses_unsound_names_field_by_field(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("adam") as scope:
            operations.create_unit(scope, parent_id=world.units["T1"], level="village", code="村 1", name=" \u200b ")
        assert set(caught.value.fields) == {"code", "name"}

    def test_never_gives_a_label_twice(self, world: World) -> None:
        with world.as_("adam") as scope:
            first = operations.create_unit(
                scope, parent_id=world.units["T1"], level="village", code="a1", name="甲村", active_from=date(2020, 1, 1)
            )
            operations.close_unit(scope, unit_id=first.id, reason="撤并")
        with world.as_("adam") as scope:
            second = operations.create_unit(scope, parent_id=world.units["T1"], level="village", code="a2", name="乙村")
        assert first.path != second.path


class TestRenameUnit:
    def test_is_found_by_its_new_name_only(self, world: World) -> None:
        with world.as_("adam") as scope:
            operations.rename_unit(scope, unit_id=world.units["V11"], name="朝阳村")

        with world.as_("tom") as scope:
            assert [unit.name for unit in queries.search_units(scope, "zyc")] == ["朝阳村"]
            assert not queries.search_units(scope, "东一")

    @pytest.mark.parametrize("who, refusal", [("tom", NotAllowedError), ("wanda", NotFoundError)])
    def test_is_the_administrators(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            operations.rename_unit(scope, unit_id=world.units["V11"], name="x")


class TestCloseUnit:
    def test_ends_the_unit_its_places_and_its_roles(self, world: World) -> None:
        with world.as_("adam") as scope:
            assert preview(scope, change=Close(world.units["V11"])).figures == {"roles_ending": 2}
            operations.close_unit(scope, unit_id=world.units["V11"], reason="撤并入东二村")

        with world.as_("adam") as scope:
            assert queries.placement_in_line(scope, world.units["V11"], "territorial") is None
            assert not queries.search_units(scope, "东一村")
            assert get_unit(scope, world.units["V11"]).active_to == date(2026, 3, 10)
        with world.as_("vera") as scope:
            assert grants_of(scope) == ()

    def test_may_lie_ahead(self, world: World) -> None:
        with world.as_("adam") as scope:
            operations.close_unit(scope, unit_id=world.units["V11"], active_to=date(2026, 4, 1), reason="撤并")
        with world.as_system() as scope:
            assert carry_out_planned(scope) == 0
        with world.as_("vera") as scope:
            assert grants_of(scope)
        with world.as_system(at=world.later(days=30)) as scope:
            assert carry_out_planned(scope) == 1
        with world.as_("vera", at=world.later(days=30)) as scope:
            assert grants_of(scope) == ()

    def test_refuses_a_unit_with_units_under_it(self, world: World) -> None:
        with pytest.raises(errors.ChangeRefusedError), world.as_("adam") as scope:
            operations.close_unit(scope, unit_id=world.units["T1"], reason="x")

    def test_refuses_the_root_the_past_and_no_reason(self, world: World) -> None:
        with pytest.raises(errors.ChangeRefusedError, match="最上级"), world.as_("adam") as scope:
            operations.close_unit(scope, unit_id=world.units["C"], reason="x")
        with pytest.raises(InvalidInputError) as caught, world.as_("adam") as scope:
            operations.close_unit(scope, unit_id=world.units["V11"], active_to=date(2026, 3, 9), reason=" ")
        assert set(caught.value.fields) == {"reason", "active_to"}

    def test_a_closed_unit_takes_nothing_more(self, world: World) -> None:
        with world.as_("adam") as scope:
            operations.close_unit(scope, unit_id=world.units["V21"], reason="撤并")
            operations.close_unit(scope, unit_id=world.units["T2"], reason="撤并")
        with pytest.raises(errors.UnitClosedError), world.as_("adam") as scope:
            operations.create_unit(scope, parent_id=world.units["T2"], level="village", code="n", name="新村")
        with pytest.raises(errors.UnitClosedError), world.as_("adam") as scope:
            operations.rename_unit(scope, unit_id=world.units["T2"], name="新镇")


class TestPlaceInLine:
    def enterprise(self, world: World, code: str = "E1") -> object:
        with world.as_("adam") as scope:
            return operations.create_unit(
                scope, parent_id=world.units["T1"], level="enterprise", code=code, name=f"企业{code}"
            ).id

    def test_gives_a_second_superior(self, world: World) -> None:
        first, second = self.enterprise(world), self.enterprise(world, "E2")
        with world.as_("adam") as scope:
            for unit in (first, second):
                operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=world.units["D1"])

        with world.as_("adam") as scope:
            department = get_unit(scope, world.units["D1"])
            assert {unit.id for unit in queries.units_below_in_line(scope, department, "sector")} == {first, second}
            places = {queries.placement_in_line(scope, unit, "sector").path for unit in (first, second)}
        assert len(places) == 2
        assert all(place.startswith(world.paths["D1"]) for place in places)

    def test_moving_on_ends_the_place_before(self, world: World) -> None:
        unit = self.enterprise(world)
        with world.as_("adam") as scope:
            other = operations.create_unit(scope, parent_id=world.units["C"], level="department", code="D2", name="住建局")
            operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=world.units["D1"])
        with world.as_("adam", at=world.later(days=5)) as scope:
            operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=other.id)

        with world.as_("adam", at=world.later(days=6)) as scope:
            history = [(placement.line, parent.name if parent else None) for placement, parent in queries.placements(scope, unit)]
            now = queries.placement_in_line(scope, unit, "sector")
        assert history == [("territorial", "城东镇"), ("sector", "住建局"), ("sector", "交通局")]
        assert now is not None
        assert now.parent_id == other.id

    def test_refuses_the_primary_line_an_unknown_one_and_wrong_levels(self, world: World) -> None:
        unit = self.enterprise(world)
        for line in ("territorial", "diagonal"):
            with pytest.raises(errors.LineNotAllowedError), world.as_("adam") as scope:
                operations.place_in_line(scope, unit_id=unit, line=line, parent_id=world.units["D1"])
        with pytest.raises(errors.LevelNotAllowedError), world.as_("adam") as scope:
            operations.place_in_line(scope, unit_id=world.units["V11"], line="sector", parent_id=world.units["D1"])

    def test_twice_on_one_day_is_refused(self, world: World) -> None:
        unit = self.enterprise(world)
        with pytest.raises(RuleBrokenError), world.as_("adam") as scope:
            operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=world.units["D1"])
            operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=world.units["D1"])

    def test_can_be_left_again(self, world: World) -> None:
        unit = self.enterprise(world)
        with world.as_("adam") as scope:
            operations.place_in_line(scope, unit_id=unit, line="sector", parent_id=world.units["D1"])
        with world.as_("adam", at=world.later(days=1)) as scope:
            operations.leave_line(scope, unit_id=unit, line="sector")
        with world.as_("adam", at=world.later(days=1)) as scope:
            assert queries.placement_in_line(scope, unit, "sector") is None


class TestSearch:
    @pytest.mark.parametrize("who, names", [("cora", 2), ("tom", 2), ("vera", 1), ("tina", 0), ("dora", 0), ("ewa", 2)])
    def test_finds_only_what_the_person_may_see(self, world: World, who: str, names: int) -> None:
        with world.as_(who) as scope:
            assert len([unit for unit in queries.search_units(scope, "东") if unit.level == "village"]) == names

    def test_wildcards_find_nothing(self, world: World) -> None:
        with world.as_("cora") as scope:
            assert not queries.search_units(scope, "%")
            assert not queries.search_units(scope, "_" * 3)

    def test_narrows_by_level_and_place(self, world: World) -> None:
        with world.as_("cora") as scope:
            assert {unit.code for unit in queries.search_units(scope, "", levels=["village"], below=world.paths["T1"])} == {
                "V11",
                "V12",
            }

    def test_a_tree_opens_level_by_level(self, world: World) -> None:
        with world.as_("cora") as scope:
            [top] = queries.topmost(scope)
            below = queries.readable_children(scope, top)
            assert [unit.code for unit in below] == ["T1", "T2", "D1"]
            assert queries.child_counts(scope, below) == {world.units["T1"]: 2, world.units["T2"]: 1}
