"""A matter of the county's for the township of the east, the village beside it, made the way the tests below need it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from duban.matters import operations
from duban.matters.models import Matter
from duban.matters.operations import MatterForm
from tests.cast import World

REASON = "工作需要"


def form(world: World, lead: str = "T1", **more: Any) -> MatterForm:
    """A leader's instruction for a unit, normal term: 15 days from 10 March 2026, so 25 March."""
    given: dict[str, Any] = {"title": "国道边坡隐患整治", "source": "instruction", "source_note": "李县长批示"}
    return MatterForm(lead_id=world.units[lead], **(given | more))


def register(world: World, who: str = "cora", unit: str = "C", *, at: datetime | None = None, **more: Any) -> UUID:
    """Register one. Gives: its id."""
    with world.as_(who, at=at) as scope:
        return operations.register_matter(scope, unit_id=world.units[unit], form=form(world, **more)).id


def matter_of(world: World, matter_id: UUID) -> Matter:
    """Read it as it stands."""
    with world.as_system() as scope:
        found = scope.session.get(Matter, (world.tenant.id, matter_id))
        assert found is not None
        return found


def run_clock(world: World, *, at: datetime) -> int:
    """Let the clock do what it owes."""
    with world.as_system(at=at) as scope:
        return operations.sweep(scope)
