"""Changes of the tree as programs see them."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from duban.organisation.rules.changes import NewUnit, Part
from duban.organisation.rules.naming import LONGEST_NAME
from duban.organisation.schemas import LONGEST_CODE, text_field
from duban.organisation.states import ChangeState
from duban.web.api import CleanString, InputSchema, PageArgs

MOST_NAMED = 500
MOST_PARTS = 20


class NewPartSchema(InputSchema):
    """A unit that a merge or a split sets up."""

    code = text_field(LONGEST_CODE, required=True)
    name = text_field(LONGEST_NAME, required=True)
    level = CleanString(required=True)
    short_name = text_field(LONGEST_NAME)

    @post_load
    def _new(self, data: dict[str, str], **_more: object) -> NewUnit:
        return NewUnit(**data)


class PartSchema(InputSchema):
    """One unit that comes out of a split: an existing one or a new one, with the children it takes."""

    unit_id = fields.UUID(load_default=None)
    new = fields.Nested(NewPartSchema, load_default=None)
    children = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_NAMED))

    @post_load
    def _part(self, data: dict[str, Any], **_more: object) -> Part:
        return Part(tuple(data["children"]), data["unit_id"], data["new"])


class ChangeSchema(InputSchema):
    """What is asked about every change of the tree; without `confirmed` nothing is changed and the answer is a preview."""

    basis = text_field(500, required=True)
    effective_on = fields.Date(load_default=None, metadata={"description": "Today where none is given; a later day is planned."})
    confirmed = fields.Boolean(load_default=False)


class MoveSchema(ChangeSchema):
    """Another parent for a unit and all below it."""

    parent_id = fields.UUID(required=True)


class MergeSchema(ChangeSchema):
    """Several units become one: `into` an existing one, or a new one."""

    unit_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_NAMED))
    into = fields.UUID(load_default=None)
    new = fields.Nested(NewPartSchema, load_default=None)


class SplitSchema(ChangeSchema):
    """One unit becomes several; `main` is the place in `parts` of the one that inherits what the unit had begun."""

    parts = fields.List(fields.Nested(PartSchema), required=True, validate=validate.Length(2, MOST_PARTS))
    main = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, MOST_PARTS - 1))


class OutlookSchema(Schema):
    """What a change would do, or did."""

    effects = fields.List(fields.String(), required=True)
    obstacles = fields.List(fields.String(), required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    reorganisation_id = fields.UUID(required=True, allow_none=True, metadata={"description": "Of the decision, once confirmed."})


class ReorganisationSchema(Schema):
    """A decided change of the tree."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    effective_on = fields.Date(required=True)
    basis = fields.String(required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    decider_name = fields.String(required=True)
    decided_at = fields.DateTime(required=True)
    note = fields.String(required=True)


class ReorganisationsArgs(PageArgs):
    """The query of the list of changes."""

    state = CleanString(load_default=None, validate=validate.OneOf([state.value for state in ChangeState]))


class StoodSchema(Schema):
    """A unit as it stood on a day."""

    unit_id = fields.UUID(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)


class StoodListSchema(Schema):
    """The tree of a day, parents before children."""

    items = fields.List(fields.Nested(StoodSchema), required=True)


class ThenArgs(InputSchema):
    """The day of the tree."""

    on = fields.Date(required=True)
    line = CleanString(load_default=None)
