"""Review level by level in a second line: by the levels of that line, not of the tree."""

from datetime import date

import pytest

from duban.access.models import RoleGrant
from duban.kernel.errors import NotAllowedError
from duban.kernel.ids import new_id
from duban.reporting import operations
from duban.tree.lines import refresh_lines
from duban.tree.models import Placement
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_by_level import queue


def in_the_sector(world: World) -> None:
    """Enterprise-like chain C → D1 → V11 in the sector line, with dora at the department and ed at the county."""
    with world.as_system() as scope:
        for unit, parent in (("D1", "C"), ("V11", "D1")):
            scope.add(
                Placement(
                    id=new_id(), unit_id=world.units[unit], line="sector", parent_id=world.units[parent],
                    path=f"{world.paths[unit]}z.", is_primary=False, active_from=date(2000, 1, 1),
                )
            )  # fmt: skip
        refresh_lines(scope, [world.units["D1"], world.units["V11"]])
        for who, role, place in (("dora", "department.officer", "D1"), ("ed", "department.officer", "C")):
            scope.add(
                RoleGrant(
                    person_id=world.people[who],
                    role=role,
                    unit_id=world.units[place],
                    line="sector",
                    active_from=date(2000, 1, 1),
                )
            )


def test_the_second_line_goes_by_its_own_levels(world: World) -> None:
    """The department reviews, the township has no part in it."""
    in_the_sector(world)
    requirement_id = given.issued(
        world, "ed", "C", line="sector", targets={"scope": "subtree", "levels": ["village"]}, review_mode="by_level"
    )
    duty_id = given.duty_id(world, requirement_id)
    found = given.duty(world, duty_id)
    assert found.review_chain == [world.paths["D1"], world.paths["C"]]
    given.handed_in(world, duty_id)
    assert given.duty(world, duty_id).at_path == world.paths["D1"]
    assert (queue(world, "dora"), queue(world, "tom"), queue(world, "ed")) == (1, 0, 0)
    with pytest.raises(NotAllowedError), world.as_("tom") as scope:
        operations.accept(scope, duty_id=duty_id)
    given.accepted(world, duty_id, "dora")
    assert (queue(world, "dora"), queue(world, "ed")) == (0, 1)
    given.accepted(world, duty_id, "ed")
    assert given.duty(world, duty_id).accepted_version == 1
