"""
Asking the lower features what happened: the only place that knows where a fact of a scheme comes from.

Every count names the records behind it, so that a number on a scorecard opens the list it comes from.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from duban.assessments.rules.facts import Facts, Measure
from duban.assessments.rules.scheme import Scheme
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.targets.queries import Standing, standing

COUNTED: frozenset[str] = frozenset()
"""Codes of facts that can be counted from the records; a scheme that counts another is refused when opened."""


def count(scope: Scope, scheme: Scheme, *, units: Mapping[UUID, str], year: int) -> dict[UUID, Facts]:
    """
    Count for many units what a scheme asks for.

    Takes: paths by unit id, as of the opening. Gives: facts for every unit, without marks and decisions.
    Costs: a few queries per source, whatever the number of units.
    """
    measures = _measures(scope, scheme.measures(), units=units, year=year)
    return {
        unit_id: Facts(
            unit=str(unit_id),
            measures=measures[unit_id],
            absent=tuple(set(scheme.measures()) - {measure.code for measure in measures[unit_id]}),
        )
        for unit_id in units
    }


def _measures(scope: Scope, codes: tuple[str, ...], *, units: Mapping[UUID, str], year: int) -> dict[UUID, tuple[Measure, ...]]:
    if not codes:
        return dict.fromkeys(units, ())
    found = standing(scope, unit_ids=[UnitId(unit_id) for unit_id in units], year=year)
    return {
        unit_id: tuple(
            measure
            for each in found.get(UnitId(unit_id), ())
            if each.indicator_code in codes and (measure := _measure(each)) is not None
        )
        for unit_id in units
    }


def _measure(each: Standing) -> Measure | None:
    if each.limit is None:
        return None
    # Nothing recorded against an upper limit keeps it: docs/rules/decomposition.md, section 5.
    actual = Decimal(0) if each.actual is None else each.actual
    return Measure(each.indicator_code, actual, each.limit, (f"indicator:{each.indicator_code}",))
