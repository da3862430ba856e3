"""After a move: a unit keeps and finishes what it had, its old superior keeps what was made there, the new one sees none of it."""

from datetime import date

import pytest

from duban.access import checks as access
from duban.kernel.errors import NotFoundError
from duban.reporting.models import Duty
from duban.tree.models import Placement, Unit
from duban.tree.queries import standings, units_of_paths
from tests.cast import World

MOVED = date(2026, 3, 10)


def move_to_t2(world: World) -> str:
    """Put V11 under T2 as a reorganisation does: the place before ends, the unit has a new path. Gives: the new path."""
    new = f"{world.paths['T2']}1zz."
    with world.as_system() as scope:
        unit = scope.session.get(Unit, (scope.tenant_id, world.units["V11"]))
        before = scope.session.query(Placement).filter_by(tenant_id=scope.tenant_id, unit_id=unit.id).one()
        before.active_to = MOVED
        unit.path, unit.parent_id = new, world.units["T2"]
        scope.add(
            Placement(unit_id=unit.id, line="territorial", parent_id=unit.parent_id, path=new, is_primary=True, active_from=MOVED)
        )
    return new


def test_standings_tell_present_and_former_places(world: World) -> None:
    new = move_to_t2(world)
    with world.as_system() as scope:
        found = standings(scope, [world.units["V11"], world.units["V12"]])
        owners = units_of_paths(scope, [new, world.paths["V11"], "9zz."])
    assert [(one.path, one.current) for one in found[world.units["V11"]]] == [(new, True), (world.paths["V11"], False)]
    assert [(one.path, one.current) for one in found[world.units["V12"]]] == [(world.paths["V12"], True)]
    assert owners == {new: world.units["V11"], world.paths["V11"]: world.units["V11"]}


@pytest.mark.parametrize(
    "who, old, new",
    [
        ("vera", {"read", "write"}, {"read", "write"}),  # the unit's own work, wherever it was made
        ("tom", {"read", "review"}, set()),  # the old superior keeps what was made under them
        ("cora", {"read", "review"}, {"read", "review"}),
        ("tina", set(), {"read", "review"}),  # the new superior begins on the day of the move
        ("vic", set(), set()),
        ("wanda", set(), set()),
    ],
)
def test_who_sees_and_does_what_after_a_move(world: World, who: str, old: set[str], new: set[str]) -> None:
    moved_to = move_to_t2(world)
    acts = {"read": ("duty", "read"), "write": ("submission", "write"), "review": ("submission", "review")}
    with world.as_(who) as scope:
        for path, expected in ((world.paths["V11"], old), (moved_to, new)):
            place = access.Place(path)
            assert {word for word, (obj, act) in acts.items() if access.may(scope, obj, act, place)} == expected


def test_the_old_superiors_new_papers_are_not_for_the_unit_that_left(world: World) -> None:
    before = {}
    for moved in (False, True):
        if moved:
            move_to_t2(world)
        with world.as_("vera") as scope:
            before[moved] = {
                key: access.may(scope, "document", "read", access.Place(world.paths[key])) for key in ("C", "T1", "T2", "V21")
            }
    assert before[False] == {"C": True, "T1": True, "T2": False, "V21": False}
    assert before[True] == {"C": True, "T1": False, "T2": True, "V21": False}


def test_people_behind_an_old_path_are_found(world: World) -> None:
    move_to_t2(world)
    with world.as_system() as scope:
        assert access.holders(scope, "submission", "write", world.paths["V11"]) == [world.people["vera"]]
        assert access.superiors(scope, "submission", "review", world.paths["V11"]) == [world.people["tom"]]
        assert access.holders_at(scope, "submission", "write", ["9zz."]) == {}


def test_lists_hold_the_same(world: World) -> None:
    move_to_t2(world)
    with world.as_("vera") as scope:
        condition = str(access.readable(scope, Duty, "submission", "write").compile(compile_kwargs={"literal_binds": True}))
        assert world.paths["V11"] in condition
        with pytest.raises(NotFoundError):
            access.require(scope, "duty", "read", access.Place(world.paths["V12"]))
