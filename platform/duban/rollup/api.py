"""Totals and rates for programs: the same reads as the pages."""

from datetime import date
from typing import Any
from uuid import UUID

from duban.fields.quantities import NotApplicable, Quantity
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned
from duban.reporting.adding import Counting, Measure, Total
from duban.reporting.queries import get_requirement
from duban.reporting.queries.rates import Asked, rates
from duban.reporting.queries.totals import Branch, NodeTotals, node_of, totals
from duban.rollup.asking import Wish, head_of, line_of, lines_of, view_of
from duban.rollup.pages.rates import WINDOW
from duban.rollup.schemas import RatesArgs, RatesSchema, TotalsArgs, TotalsSchema
from duban.tree.models import Unit
from duban.web.api import ApiBlueprint
from duban.web.requests import current_scope

blp = ApiBlueprint("api-totals", __name__, url_prefix="/api/v1", description="Totals and rates of what was handed in")


@blp.get("/requirements/<uuid:requirement_id>/totals")
@blp.arguments(TotalsArgs, location="query")
@blp.response(200, TotalsSchema)
def get_totals(args: dict[str, Any], requirement_id: UUID) -> dict[str, object]:
    """Add up a requirement below a unit one may read, by unit directly below, computed now."""
    scope = current_scope()
    wish = Wish(
        requirement_id=requirement_id,
        unit_id=args["unit"],
        line=args["line"],
        periods=tuple(dict.fromkeys(code for code in args["period"].split(",") if code)),
        counting=Counting(args["count"]) if args["count"] else None,
        with_form=args["form_wide"],
    )
    view = view_of(scope, wish)
    found = totals(scope, source=view.source, node=view.node, measures=view.measures)
    return {
        "requirement_id": view.requirement.id,
        "unit_id": view.node.unit.id,
        "periods": [one.code for one in view.chosen],
        "count": view.counting.value,
        "measures": [_measure(one) for one in view.measures],
        "counts": found.counts,
        "figures": _figures(view.measures, found),
        "branches": [_branch(view.measures, one) for one in found.branches],
    }


def _measure(measure: Measure) -> dict[str, object]:
    return {
        "key": measure.key,
        "label": measure.spec.label,
        "unit": measure.unit,
        "operator": measure.operator.value,
        "rule": measure.rule.value,
    }


def _branch(measures: tuple[Measure, ...], branch: Branch) -> dict[str, object]:
    return {
        "unit_id": branch.unit.id if branch.unit else None,
        "name": branch.name,
        "is_own": branch.is_own,
        "counts": branch.counts,
        "figures": _figures(measures, branch),
    }


def _figures(measures: tuple[Measure, ...], of: NodeTotals | Branch) -> list[dict[str, object]]:
    return [_figure(one.key, of.totals[one.key]) for one in measures]


def _figure(key: str, total: Total) -> dict[str, object]:
    figure, part = total.figure, total.part
    return {
        "key": key,
        "number": f"{figure.number:f}" if isinstance(figure, Quantity) else None,
        "qualifier": figure.qualifier.value if isinstance(figure, Quantity) else "",
        "not_applicable_everywhere": isinstance(figure, NotApplicable),
        "answered": part.answered,
        "zero": part.zero,
        "blank": part.blank,
        "not_applicable": part.not_applicable,
        "numerator": str(total.numerator) if total.numerator is not None else None,
        "denominator": str(total.denominator) if total.denominator is not None else None,
    }


@blp.get("/rates")
@blp.arguments(RatesArgs, location="query")
@blp.response(200, RatesSchema)
def get_rates(args: dict[str, Any]) -> dict[str, object]:
    """Say how complete and how punctual the units below one are."""
    scope = current_scope()
    unit = get_owned(scope, Unit, args["unit"]) if args["unit"] else head_of(scope)
    if unit is None:
        raise NotFoundError
    node = node_of(scope, unit, line_of(scope, args["line"], lines_of(scope, unit)))
    requirement = get_requirement(scope, args["requirement"]) if args["requirement"] else None
    due_from, due_until = _window(scope, args)
    asked = Asked(due_from, due_until, requirement_id=requirement.id if requirement else None)
    found = rates(scope, node=node, asked=asked)
    branches = [
        {"unit_id": one.unit.id if one.unit else None, "name": one.name, "is_own": one.is_own, "standing": one.standing}
        for one in found.branches
    ]
    return {"unit_id": unit.id, "whole": found.whole, "branches": branches, "months": dict(found.months)}


def _window(scope: Scope, args: dict[str, Any]) -> tuple[date, date]:
    return args["due_from"] or scope.today - WINDOW, args["due_until"] or scope.today
