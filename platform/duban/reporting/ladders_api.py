"""Ladders for programs: a requirement's own, and the tenant's."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from duban.calendar.ladder_json import ladder_from_json, ladder_to_json
from duban.kernel.scope import Scope
from duban.reporting import operations, queries
from duban.reporting.climbing import ladder_of
from duban.reporting.lines import require_issuing
from duban.reporting.queries.ladders import ladder_versions
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.ladders import is_of_duties
from duban.web.api import ETAG, ApiBlueprint, CleanString, InputSchema, expected_version, tagged
from duban.web.requests import current_scope, work

ladders_blp = ApiBlueprint("api-ladders", __name__, url_prefix="/api/v1", description="Reminder ladders")

SHAPE = "Steps as docs/tenant-kinds.md and the files ladder.yaml write them."


class WordsSchema(InputSchema):
    """A text in both languages."""

    zh = CleanString(load_default="")
    en = CleanString(load_default="")


class TriggerSchema(InputSchema):
    """When a step is called."""

    kind = CleanString(required=True)
    days = fields.Integer(required=True, strict=True)
    unit = CleanString(load_default="day")
    hour = CleanString(load_default="08:00")
    event = CleanString(load_default=None, allow_none=True)


class RecipientSchema(InputSchema):
    """Who is told, relative to the unit."""

    party = CleanString(required=True)
    who = CleanString(load_default="responsible")
    levels = fields.Integer(load_default=1, strict=True)


class StepSchema(InputSchema):
    """One step."""

    code = CleanString(required=True)
    name = fields.Nested(WordsSchema, required=True)
    text = fields.Nested(WordsSchema)
    colour = CleanString(load_default="none")
    trigger = fields.Nested(TriggerSchema, required=True)
    to = fields.List(fields.Nested(RecipientSchema), required=True)
    copies = fields.List(fields.Nested(RecipientSchema))
    answer_days = fields.Integer(
        load_default=None, allow_none=True, strict=True, metadata={"description": "Days for an answer; then the next step comes."}
    )


class LadderSchema(InputSchema):
    """Steps in the order of their weight."""

    code = CleanString(required=True)
    name = fields.Nested(WordsSchema, required=True)
    steps = fields.List(fields.Nested(StepSchema), required=True, metadata={"description": SHAPE})
    major_from = CleanString(load_default="none", metadata={"description": "Colour a major supervised matter begins with."})


class LaddersSchema(InputSchema):
    """All ladders of the tenant; new work takes the first unless another is chosen."""

    items = fields.List(fields.Nested(LadderSchema), required=True, validate=validate.Length(max=20))
    active_from = fields.Date(required=True)


@ladders_blp.get("/requirements/<uuid:requirement_id>/ladder")
@ladders_blp.response(200, LadderSchema, headers=ETAG)
def of_requirement(requirement_id: UUID) -> ResponseReturnValue:
    """Show who is reminded when of a requirement; the ETag is the requirement's."""
    scope = current_scope()
    found = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, found)
    return tagged(ladder_to_json(ladder_of(found)), found.version)


@ladders_blp.put("/requirements/<uuid:requirement_id>/ladder")
@ladders_blp.arguments(LadderSchema)
@ladders_blp.response(200, LadderSchema, headers=ETAG)
def set_of_requirement(body: dict[str, Any], requirement_id: UUID) -> ResponseReturnValue:
    """Give a requirement a ladder of its own; duties under way go on from today."""
    version = expected_version()
    with work() as scope:
        ladder = ladder_from_json(body, roles=_roles(scope), for_duties=True)
        made = operations.set_requirement_ladder(scope, requirement_id=requirement_id, ladder=ladder, version=version)
        return tagged(ladder_to_json(ladder), made.version)


@ladders_blp.get("/ladders")
@ladders_blp.response(200, LaddersSchema, headers=ETAG)
def of_tenant() -> ResponseReturnValue:
    """Show the tenant's ladders, as last set."""
    newest = ladder_versions(current_scope())[0]
    body = {"items": [ladder_to_json(ladder) for ladder in newest.ladders], "active_from": newest.active_from}
    return tagged(body, newest.version)


@ladders_blp.put("/ladders")
@ladders_blp.arguments(LaddersSchema)
@ladders_blp.response(200, LaddersSchema, headers=ETAG)
def set_of_tenant(body: dict[str, Any]) -> ResponseReturnValue:
    """Replace the tenant's ladders from a day on; what was asked for keeps the ladder it has."""
    version = expected_version()
    with work() as scope:
        roles = _roles(scope)
        ladders = [ladder_from_json(item, roles=roles, for_duties=is_of_duties(item["code"])) for item in body["items"]]
        made = operations.set_tenant_ladders(scope, ladders=ladders, active_from=body["active_from"], version=version)
        return tagged({"items": made.body["items"], "active_from": made.active_from}, made.version)


def _roles(scope: Scope) -> list[str]:
    return [role.code for role in structure(scope).roles if role.is_grantable]
