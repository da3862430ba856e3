"""The indicators a tenant's kind comes with."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from duban.kernel.scope import Scope, owned
from duban.targets.models import Indicator
from duban.targets.states import Direction, Kind, Spread
from duban.tenancy.queries import catalogue


@dataclass(frozen=True)
class CatalogueIndicator:
    """An indicator of the kind's catalogue; `total` is the code of the indicator it is a part of, "" where of none."""

    code: str
    name: str
    kind: Kind
    spread: Spread
    direction: Direction
    unit_of_measure: str
    places: int
    total: str


def catalogue_indicators(scope: Scope, *, owner_id: UUID, year: int) -> Sequence[CatalogueIndicator]:
    """List the kind's indicators that the owner has not set for the year, totals before their parts. Costs: two queries."""
    items = catalogue(scope, "indicators").get("items", [])
    total_of = {part: item["code"] for item in items for part in item.get("parts", ())}
    statement = owned(scope, Indicator).where(Indicator.owner_id == owner_id, Indicator.year == year)
    taken = {indicator.code for indicator in scope.session.scalars(statement)}
    return [
        CatalogueIndicator(
            code=item["code"],
            name=item["name"]["zh"],
            kind=Kind(item["kind"]),
            spread=Spread(item["spread"]),
            direction=Direction(item["direction"]),
            unit_of_measure=item["unit"]["zh"],
            places=int(item.get("places", 0)),
            total=total_of.get(item["code"], ""),
        )
        for item in items
        if item["code"] not in taken
    ]
