"""Taking over the indicators that the tenant's kind comes with."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.kernel.scope import Scope, owned
from duban.targets.models import Indicator
from duban.targets.offers import catalogue_indicators
from duban.targets.operations.defining import IndicatorDraft, define_indicator
from duban.tenancy.queries import catalogue
from duban.tree.queries import get_unit


def adopt_indicators(scope: Scope, *, owner_id: UUID, year: int, limits: Mapping[str, Decimal | None]) -> Sequence[Indicator]:
    """
    Set several of the kind's indicators at once, each as `define_indicator` does and with its leave.

    Takes:  limits by indicator code, None for pending; a part is tied to its total where that is set, too.
    Raises: as `define_indicator`; the first refusal undoes all.
    """
    owner = get_unit(scope, owner_id)
    require(scope, "target", "define", owner)
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
    record(scope, "indicator.adopted", "unit", owner.id, owner.path, year=year, codes=[one.code for one in made])
    return made
