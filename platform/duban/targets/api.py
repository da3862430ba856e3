"""Targets for programs: the same operations as the pages."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.access.checks import require
from duban.targets import queries
from duban.targets.counting import Tally, unit_tallies
from duban.targets.models import Actual
from duban.targets.operations.defining import define_indicator, set_limit
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.recording import record_actual
from duban.targets.operations.splitting import save_grid
from duban.targets.queries import Grid
from duban.targets.schemas import (
    AcceptSchema,
    ActualInputSchema,
    ActualSchema,
    CountSchema,
    DraftSchema,
    GridArgs,
    GridInputSchema,
    GridSchema,
    IssueSchema,
    LimitSchema,
    PlaceArgs,
    TargetListSchema,
    TargetSchema,
)
from duban.tree.queries import get_unit
from duban.web.api import ApiBlueprint, expected_version, tagged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("targets-api", __name__, url_prefix="/api/v1/targets", description="Indicators, their split, actuals")


def _target(tally: Tally) -> dict[str, Any]:
    indicator, share, progress = tally.indicator, tally.share, tally.progress
    return {
        "indicator_id": indicator.id,
        "share_id": share.id,
        "code": indicator.code,
        "name": indicator.name,
        "kind": indicator.kind,
        "spread": indicator.spread,
        "direction": indicator.direction,
        "unit_of_measure": indicator.unit_of_measure,
        "total_id": indicator.total_id,
        "limit": progress.limit,
        "actual": progress.actual,
        "percent": progress.percent,
        "level": progress.level,
        "state": share.state,
        "version": share.version,
    }


def _grid(grid: Grid) -> dict[str, Any]:
    return {
        "unit_id": grid.unit.id,
        "year": grid.year,
        "line": grid.line,
        "columns": [
            {
                "indicator_id": column.indicator.id,
                "code": column.indicator.code,
                "name": column.indicator.name,
                "limit": column.split.limit,
                "reserve": column.split.reserve,
                "assigned": column.split.assigned,
                "remainder": column.split.remainder if column.is_split else None,
                "version": column.share.version,
            }
            for column in grid.columns
        ],
        "units": [{"id": unit.id, "name": unit.name} for unit in grid.units],
        "cells": list(grid.cells.values()),
    }


@blp.get("")
@blp.arguments(PlaceArgs, location="query")
@blp.response(200, TargetListSchema)
def list_targets(args: dict[str, Any]) -> ResponseReturnValue:
    """List a unit's targets of a year and how it stands against them."""
    scope = current_scope()
    unit = get_unit(scope, args["unit_id"])
    require(scope, "target", "read", unit)
    return {"items": [_target(tally) for tally in unit_tallies(scope, unit=unit, year=args["year"])]}


@blp.post("")
@blp.arguments(DraftSchema)
@blp.response(201, TargetSchema)
def define(body: dict[str, Any]) -> ResponseReturnValue:
    """Set an indicator at the unit that owns it."""
    with work() as scope:
        indicator = define_indicator(scope, **body)
        unit = get_unit(scope, indicator.owner_id)
        scope.session.flush()
        found = unit_tallies(scope, unit=unit, year=indicator.year)
        return tagged(_target(next(tally for tally in found if tally.indicator.id == indicator.id)), 1, 201)


@blp.put("/<uuid:indicator_id>/limit")
@blp.arguments(LimitSchema)
@blp.response(200, LimitSchema)
def change_limit(body: dict[str, Any], indicator_id: UUID) -> ResponseReturnValue:
    """Change the owner's limit; needs the version of the owner's share as If-Match."""
    with work() as scope:
        share = set_limit(scope, indicator_id=indicator_id, limit=body["limit"], version=expected_version())
        return tagged({"limit": share.value}, share.version)


@blp.get("/grid")
@blp.arguments(GridArgs, location="query")
@blp.response(200, GridSchema)
def show_grid(args: dict[str, Any]) -> ResponseReturnValue:
    """Give a superior's split in one line."""
    scope = current_scope()
    unit = get_unit(scope, args["unit_id"])
    require(scope, "target", "read", unit)
    return _grid(queries.grid(scope, unit=unit, year=args["year"], line=args["line"]))


@blp.put("/grid")
@blp.unconditional("the versions of all shares of the split travel in the body")
@blp.arguments(GridInputSchema)
@blp.response(200, GridSchema)
def put_grid(body: dict[str, Any]) -> ResponseReturnValue:
    """Save a split; refused as a whole, with every cell that does not come out. The versions travel in the body."""
    with work() as scope:
        return _grid(save_grid(scope, **body))


@blp.post("/issue")
@blp.arguments(IssueSchema)
@blp.response(200, CountSchema)
def issue(body: dict[str, Any]) -> ResponseReturnValue:
    """Tell the units below every share fixed but not yet told."""
    with work() as scope:
        return {"count": len(issue_allocations(scope, **body))}


@blp.post("/accept")
@blp.arguments(AcceptSchema)
@blp.response(200, CountSchema)
def accept(body: dict[str, Any]) -> ResponseReturnValue:
    """Accept shares exactly as they were read."""
    versions = {share["share_id"]: share["version"] for share in body["shares"]}
    with work() as scope:
        return {"count": len(accept_allocations(scope, unit_id=body["unit_id"], year=body["year"], versions=versions))}


@blp.post("/actuals")
@blp.arguments(ActualInputSchema)
@blp.response(201, ActualSchema)
def post_actual(body: dict[str, Any]) -> Actual:
    """Record a month's number, or correct it with a reason."""
    with work() as scope:
        return record_actual(scope, **body)
