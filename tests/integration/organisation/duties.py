"""Work given to units, for tests of what a reorganisation does to it."""

from uuid import UUID

from duban.kernel.scope import owned
from duban.reporting.models import Duty
from tests.cast import World
from tests.integration.reporting.requirements import issued


def issue_to_villages(world: World, who: str = "tom", unit: str = "T1") -> dict[str, UUID]:
    """Issue one requirement of a township to its villages; give the duty of each by the village's key."""
    requirement = issued(world, who, unit)
    keys = {unit_id: key for key, unit_id in world.units.items()}
    with world.as_system() as scope:
        duties = scope.session.scalars(owned(scope, Duty).where(Duty.requirement_id == requirement)).all()
        return {keys[duty.unit_id]: duty.id for duty in duties}
