"""Taking over the indicators that the tenant's kind comes with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from duban.kernel.scope import Scope, owned
from duban.targets.models import Indicator
from duban.targets.operations.defining import IndicatorDraft, define_indicator
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


def adopt_indicators(scope: Scope, *, owner_id: UUID, year: int, limits: Mapping[str, Decimal | None]) -> Sequence[Indicator]:
    """
    Set several of the kind's indicators at once, each as `define_indicator` does and with its leave.

    Takes:  limits by indicator code, None for pending; a part is tied to its total where that is set, too.
    Raises: as `define_indicator`; the first refusal undoes all.
    """
    statement = owned(scope, Indicator).where(Indicator.owner_id == owner_id, Indicator.year == year)
    known = {indicator.code: indicator.id for indicator in scope.session.scalars(statement)}
    made = []
    wanted = [item for item in catalogue_indicators(scope, owner_id=owner_id, year=year) if item.code in limits]
    order = {item["code"]: place for place, item in enumerate(catalogue(scope, "indicators").get("items", []))}
    for item in sorted(wanted, key=lambda item: (item.total != "", order[item.code])):
        draft = IndicatorDraft(
            code=item.code,
            name=item.name,
            kind=item.kind,
            spread=item.spread,
            direction=item.direction,
            unit_of_measure=item.unit_of_measure,
            year=year,
            limit=limits[item.code],
            places=item.places,
            total_id=known.get(item.total),
            position=order[item.code],
        )
        indicator = define_indicator(scope, owner_id=owner_id, draft=draft)
        known[indicator.code] = indicator.id
        made.append(indicator)
    return made
