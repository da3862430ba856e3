"""What programs send and get about targets; numbers travel as strings, so that no decimal is lost."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from duban.targets.operations.defining import IndicatorDraft
from duban.targets.operations.recording import ActualInput
from duban.targets.operations.splitting import GridInput
from duban.targets.states import Direction, Kind, Level, ShareState, Spread
from duban.web.api import CleanString, Exact, InputSchema


class PlaceArgs(InputSchema):
    """Whose targets of which year."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=False, validate=validate.Range(2000, 2099))


class GridArgs(PlaceArgs):
    """Whose split of which year in which line."""

    line = CleanString(required=True, metadata={"example": "territorial"})


class TargetSchema(Schema):
    """A unit's share of an indicator and how it stands."""

    indicator_id = fields.UUID()
    share_id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.Enum(Kind, by_value=True)
    spread = fields.Enum(Spread, by_value=True)
    direction = fields.Enum(Direction, by_value=True)
    unit_of_measure = fields.String()
    total_id = fields.UUID(allow_none=True)
    limit = Exact(allow_none=True, metadata={"description": "null: pending"})
    actual = Exact(allow_none=True, metadata={"description": "null: nothing recorded"})
    percent = Exact(allow_none=True)
    level = fields.Enum(Level, by_value=True)
    state = fields.Enum(ShareState, by_value=True)
    version = fields.Integer()


class TargetListSchema(Schema):
    """A unit's targets of a year."""

    items = fields.List(fields.Nested(TargetSchema))


class DraftSchema(InputSchema):
    """A new indicator at the unit that owns it."""

    owner_id = fields.UUID(required=True)
    code = CleanString(required=True)
    name = CleanString(required=True)
    kind = fields.Enum(Kind, by_value=True, required=True)
    spread = fields.Enum(Spread, by_value=True, required=True)
    direction = fields.Enum(Direction, by_value=True, required=True)
    unit_of_measure = CleanString(required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2099))
    limit = Exact(load_default=None, allow_none=True)
    places = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 4))
    total_id = fields.UUID(load_default=None, allow_none=True)
    programme_id = fields.UUID(load_default=None, allow_none=True)
    counts_from = fields.Date(load_default=None, allow_none=True)
    counts_before = fields.Date(load_default=None, allow_none=True)
    basis = CleanString(load_default="")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"owner_id": data.pop("owner_id"), "draft": IndicatorDraft(**data)}


class LimitSchema(InputSchema):
    """A new limit of an indicator, for its owner."""

    limit = Exact(required=True, allow_none=True)


class CellSchema(InputSchema):
    """One cell of a grid."""

    indicator_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    value = Exact(required=True, allow_none=True)


class ReserveSchema(InputSchema):
    """What the superior keeps back of an indicator."""

    indicator_id = fields.UUID(required=True)
    value = Exact(required=True)


class VersionSchema(InputSchema):
    """The version of the superior's own share as it was read."""

    indicator_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True)


class GridInputSchema(InputSchema):
    """A whole split at once: it is saved as a whole or not at all."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2099))
    line = CleanString(required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True, validate=validate.Length(max=5000))
    reserves = fields.List(fields.Nested(ReserveSchema), load_default=list, validate=validate.Length(max=200))
    versions = fields.List(fields.Nested(VersionSchema), required=True, validate=validate.Length(min=1, max=200))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        typed = GridInput(
            cells={(cell["indicator_id"], cell["unit_id"]): cell["value"] for cell in data["cells"]},
            reserves={one["indicator_id"]: one["value"] for one in data["reserves"]},
            versions={one["indicator_id"]: one["version"] for one in data["versions"]},
        )
        return {"unit_id": data["unit_id"], "year": data["year"], "line": data["line"], "typed": typed}


class ColumnSchema(Schema):
    """One indicator of a grid."""

    indicator_id = fields.UUID()
    code = fields.String()
    name = fields.String()
    limit = Exact()
    reserve = Exact()
    assigned = Exact()
    remainder = Exact(allow_none=True, metadata={"description": "null where the number is copied, not split"})
    version = fields.Integer()


class GridCellSchema(Schema):
    """One unit's share in a grid."""

    indicator_id = fields.UUID()
    unit_id = fields.UUID()
    value = Exact(allow_none=True)
    issued_value = Exact(allow_none=True)
    state = fields.Enum(ShareState, by_value=True)


class GridUnitSchema(Schema):
    """One row of a grid."""

    id = fields.UUID()
    name = fields.String()


class GridSchema(Schema):
    """A superior's split of a year's indicators in one line."""

    unit_id = fields.UUID()
    year = fields.Integer()
    line = fields.String()
    columns = fields.List(fields.Nested(ColumnSchema))
    units = fields.List(fields.Nested(GridUnitSchema))
    cells = fields.List(fields.Nested(GridCellSchema))


class IssueSchema(InputSchema):
    """Whose fixed shares to tell."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True)
    line = CleanString(required=True)


class ShareVersionSchema(InputSchema):
    """A share as it was read."""

    share_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True)


class AcceptSchema(InputSchema):
    """Exactly these shares are accepted."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True)
    shares = fields.List(fields.Nested(ShareVersionSchema), required=True, validate=validate.Length(min=1, max=500))


class CountSchema(Schema):
    """How many were dealt with."""

    count = fields.Integer()


class ActualInputSchema(InputSchema):
    """A month's number; `revision` the one read, 0 where there was none; `reason` needed to correct."""

    share_id = fields.UUID(required=True)
    month = fields.Date(required=True)
    value = Exact(required=True)
    source = CleanString(required=True)
    revision = fields.Integer(load_default=0, strict=True)
    reason = CleanString(load_default="")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"allocation_id": data.pop("share_id"), "typed": ActualInput(**data)}


class ActualSchema(Schema):
    """A month's number on record."""

    id = fields.UUID()
    share_id = fields.UUID(attribute="allocation_id")
    month = fields.Date()
    value = Exact()
    revision = fields.Integer()
    source = fields.String()
    reason = fields.String()
    reporter_name = fields.String()
    recorded_at = fields.AwareDateTime()
