"""A county of three thousand units: issuing and reminding stay a handful of statements, or one for each person told."""

import time
from datetime import date

import pytest
from sqlalchemy import Engine, insert

from duban.access.models import RoleGrant
from duban.identity.models import Person
from duban.kernel.ids import new_id
from duban.reporting import operations
from duban.tree.models import Placement, Unit
from duban.tree.paths import label
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_queries import counted


def settle(world: World, units: int) -> None:
    """Put many villages under the township, each with a clerk."""
    with world.as_system() as scope:
        tenant = scope.tenant_id
        ids = [(new_id(), new_id(), number) for number in range(units)]
        units = [
            {
                "tenant_id": tenant,
                "id": unit_id,
                "code": f"N{number}",
                "name": f"第{number}村",
                "short_name": f"第{number}村",
                "level": "village",
                "search": "",
                "sector": "",
                "path": f"{world.paths['T1']}{label(number + 100)}.",
                "parent_id": world.units["T1"],
                "children_made": 0,
                "position": number,
                "active_from": date(2000, 1, 1),
            }
            for unit_id, _, number in ids
        ]
        people = [
            {
                "tenant_id": tenant,
                "id": person_id,
                "login": f"n{number}",
                "name": f"文书{number}",
                "post": "",
                "phone": "",
                "email": "",
                "locale": "zh",
                "active": True,
            }
            for _, person_id, number in ids
        ]
        grants = [
            {
                "tenant_id": tenant,
                "id": new_id(),
                "person_id": person_id,
                "unit_id": unit_id,
                "role": "village.clerk",
                "line": "territorial",
                "active_from": date(2000, 1, 1),
            }
            for unit_id, person_id, _ in ids
        ]
        places = [
            {
                "tenant_id": tenant,
                "id": new_id(),
                "unit_id": unit["id"],
                "line": "territorial",
                "parent_id": unit["parent_id"],
                "path": unit["path"],
                "is_primary": True,
                "active_from": unit["active_from"],
            }
            for unit in units
        ]
        for model, rows in ((Unit, units), (Placement, places), (Person, people), (RoleGrant, grants)):
            scope.session.execute(insert(model), rows)


@pytest.mark.parametrize("units", [300, pytest.param(3000, marks=pytest.mark.nightly)])
def test_issuing_and_reminding_many_units(world: World, engine: Engine, units: int) -> None:
    settle(world, units)
    requirement_id = given.drafted(world, due=given.MONTHLY)

    began = time.monotonic()
    with world.as_("tom") as scope, counted(engine) as statements:
        created = operations.issue(scope, requirement_id=requirement_id).created
    issuing = time.monotonic() - began
    assert created == (units + 2) * 10
    assert len(statements) <= 25

    began = time.monotonic()
    with world.as_system(at=given.at("03-18")) as scope:
        assert operations.plan_reminders(scope) == 2 * (units + 2)
    planning = time.monotonic() - began
    with world.as_system(at=given.at("03-18", "10:05")) as scope, counted(engine) as statements:
        assert operations.plan_reminders(scope) == 0
    assert len(statements) <= 8
    print(f"{created} duties issued in {issuing:.1f} s; {units + 2} reminders planned in {planning:.1f} s")
