"""The outside shape of audit records."""

from marshmallow import Schema, fields

from duban.web.api import CleanString, PageArgs


class RecordArgs(PageArgs):
    """Filters of the list; dates are the tenant's days, both included."""

    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None)
    who = CleanString(load_default="", metadata={"description": "Part of the actor's name."})
    group = CleanString(load_default="", metadata={"description": "The part of the act before the dot, e.g. submission."})
    unit_id = fields.UUID(load_default=None, metadata={"description": "The unit and all below it."})
    person_id = fields.UUID(load_default=None, metadata={"description": "Who acted."})
    subject_id = fields.UUID(load_default=None, metadata={"description": "What was acted on."})


class RecordSchema(Schema):
    """One act. `hash` is SHA-256 over the row and `previous_hash`."""

    seq = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    actor_id = fields.UUID(allow_none=True, required=True, metadata={"description": "null: the service itself."})
    actor_name = fields.String(required=True)
    act = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.UUID(required=True)
    unit_path = fields.String(allow_none=True, required=True)
    details = fields.Dict(keys=fields.String(), required=True)
    previous_hash = fields.String(required=True)
    hash = fields.String(required=True)


class CheckSchema(Schema):
    """What walking the chain found."""

    rows = fields.Integer(required=True)
    bad_seq = fields.Integer(allow_none=True, required=True, metadata={"description": "null: the chain is whole."})
    reason = fields.String(required=True)
