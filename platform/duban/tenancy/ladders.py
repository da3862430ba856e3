"""The ladders a tenant has: part `ladder` of its catalogue, copied from its kind and edited by its administrators."""

from collections.abc import Mapping, Sequence
from typing import Any

from duban.calendar.ladder_json import ladder_from_json
from duban.calendar.ladder_presets import DISPATCHES, MATTERS, STANDARD
from duban.calendar.ladders import Event, Ladder, without_event
from duban.kernel.scope import Scope
from duban.tenancy.queries import catalogue

PART = "ladder"


def is_of_matters(code: str) -> bool:
    """Say whether supervised matters climb the ladder of this code."""
    return code == MATTERS.code


def is_of_duties(code: str) -> bool:
    """Say whether duties may climb the ladder of this code: all but that of matters and that of documents sent down."""
    return code not in {MATTERS.code, DISPATCHES.code}


def ladders_of(body: Mapping[str, Any]) -> list[Ladder]:
    """
    Read the part. Gives: the ladders in their order, those of supervised matters and of documents always among them.

    Tenants from before ladders were data hold bare days, which were those of the standard ladder; those from before matters or
    documents had one here go by the usual one.
    """
    items = [duty_ladder(item) if is_of_duties(item["code"]) else ladder_from_json(item) for item in _written(body)]
    if not any(is_of_duties(one.code) for one in items):
        items = [STANDARD, *items]
    return [*items, *(usual for usual in (MATTERS, DISPATCHES) if all(usual.code != one.code for one in items))]


def _written(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in body.get("items", []) if "steps" in item]


def duty_ladder(item: Mapping[str, Any]) -> Ladder:
    """Read a ladder of duties as it was kept: one written before may have a step for missed progress, which duties never have."""
    return without_event(ladder_from_json(item), Event.BEHIND)


def tenant_ladders(scope: Scope) -> Sequence[Ladder]:
    """Give the tenant's ladders in force today. Costs: one query, kept while the catalogue stays."""
    if "tenancy.ladders" not in scope.memo:
        scope.memo["tenancy.ladders"] = ladders_of(catalogue(scope, PART))
    found: list[Ladder] = scope.memo["tenancy.ladders"]
    return found


def duty_ladders(scope: Scope) -> Sequence[Ladder]:
    """Give the ladders a duty may climb; new work takes the first unless another is named."""
    return [one for one in tenant_ladders(scope) if is_of_duties(one.code)]


def matters_ladder(scope: Scope) -> Ladder:
    """Give the ladder new supervised matters climb."""
    return next(one for one in tenant_ladders(scope) if is_of_matters(one.code))


def dispatches_ladder(scope: Scope) -> Ladder:
    """Give the ladder documents sent down from now on climb."""
    return next(one for one in tenant_ladders(scope) if one.code == DISPATCHES.code)
