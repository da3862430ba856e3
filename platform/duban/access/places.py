"""Where a unit's work lies: at the place it stands, at those it has left, and at those of the units it took over from."""

from uuid import UUID

from duban.access.checks import Place, grants_of, may
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.tree.models import Unit
from duban.tree.queries import standings


def places_of(scope: Scope, unit: Unit, obj: str, *, inherited: bool = False) -> list[str]:
    """
    List the unit's places in the primary line at which the actor may read `obj`, its present one first.

    Takes: `inherited` to count the places of the units it is the main successor of with its own.
    Costs: nothing where the unit is the actor's own, else one query.
    """
    found = _held(scope, unit)
    if found is None:
        answered = standings(scope, [unit.id])[UnitId(unit.id)]
        found = [(place.unit_id, place.path) for place in answered if place.primary]
    paths = dict.fromkeys([unit.path, *(path for unit_id, path in found if inherited or unit_id == unit.id)])
    # The unit itself says where it stands today, in second lines too; of a place it has left only the path is known.
    return [path for path in paths if may(scope, obj, "read", unit if path == unit.path else Place(path))]


def _held(scope: Scope, unit: Unit) -> list[tuple[UUID, str]] | None:
    """What the actor's own grants say of a unit they hold one at; None where they hold none in the primary line."""
    at_home = {grant.origin for grant in grants_of(scope) if grant.path == unit.path and not grant.former}
    if not at_home:
        return None
    return sorted({(UUID(grant.unit), grant.path) for grant in grants_of(scope) if grant.origin in at_home})


def answered_by(scope: Scope, unit: Unit) -> frozenset[UUID]:
    """Give a unit's id with those of the units it is the main successor of. Costs: as `places_of`."""
    found = _held(scope, unit)
    if found is None:
        found = [(place.unit_id, place.path) for place in standings(scope, [unit.id])[UnitId(unit.id)]]
    return frozenset({unit.id, *(unit_id for unit_id, _ in found)})
