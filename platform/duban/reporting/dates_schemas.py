"""The outside shape of locks, requests for a later day and decisions about many dates."""

from marshmallow import Schema, fields, validate

from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR
from duban.reporting.locks import LockReason
from duban.reporting.review_schemas import RefusalSchema
from duban.reporting.schemas import DutySchema
from duban.reporting.states import ExtensionState
from duban.web.api import CleanString, InputSchema, paged

MOST_AT_ONCE = 100


class LockSchema(Schema):
    """Whether a duty may be filled in; where not: why, and in `key` who can open it."""

    locked = fields.Boolean()
    reason = fields.String(allow_none=True, validate=validate.OneOf([one.value for one in LockReason]))
    why = fields.String()
    key = fields.String()
    opens_on = fields.Date(allow_none=True)


class ExtensionSchema(Schema):
    """A unit's request for a later day."""

    id = fields.UUID()
    duty_id = fields.UUID()
    state = fields.String(validate=validate.OneOf([one.value for one in ExtensionState]))
    reason = fields.String()
    progress = fields.String()
    due_on = fields.Date()
    wanted_on = fields.Date()
    asked_at = fields.AwareDateTime()
    asker = fields.String(attribute="asker_name")
    granted_on = fields.Date(allow_none=True)
    answer = fields.String()
    decided_at = fields.AwareDateTime(allow_none=True)
    decider = fields.String(attribute="decider_name")


ExtensionPage = paged(ExtensionSchema)


class ExtensionInput(InputSchema):
    """A request: until when, why, and how far the work is."""

    wanted_on = fields.Date(required=True)
    reason = CleanString(required=True)
    progress = CleanString(load_default="")


class ManyExtensionsInput(InputSchema):
    """One request for several duties: one day for all, or so many days after each one's own due date."""

    duty_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_AT_ONCE))
    wanted_on = fields.Date(load_default=None, allow_none=True)
    days = fields.Integer(load_default=None, allow_none=True)
    reason = CleanString(required=True)
    progress = CleanString(load_default="")


class AskedSchema(Schema):
    """What became of each."""

    asked = fields.List(fields.Nested(ExtensionSchema))
    refused = fields.List(fields.Nested(RefusalSchema))


class AnswerInput(InputSchema):
    """A yes; another day than the one wanted with `due_on`."""

    due_on = fields.Date(load_default=None, allow_none=True)
    answer = CleanString(load_default="")


class RefusalInput(InputSchema):
    """A no, and why."""

    answer = CleanString(required=True)


class ReopenInput(InputSchema):
    """Until when it is taken again, and why."""

    until = fields.Date(required=True)
    reason = CleanString(required=True)


class DueDatesInput(InputSchema):
    """One new day, or so many days later; of one period or of all to come."""

    due_on = fields.Date(load_default=None, allow_none=True)
    by_days = fields.Integer(load_default=None, allow_none=True)
    period = CleanString(load_default="", metadata={"description": "Code of a period; empty for all."})
    reason = CleanString(required=True)


class DueDecisionSchema(Schema):
    """A decision about many dates, and how many duties it moved."""

    id = fields.UUID()
    requirement_id = fields.UUID()
    period = fields.String(attribute="period_code")
    due_on = fields.Date(attribute="after_on", allow_none=True)
    by_days = fields.Integer(allow_none=True)
    reason = fields.String()
    duties = fields.Integer()
    decided_at = fields.AwareDateTime()


class YearOnlyArgs(InputSchema):
    """Which year, this one where none is named."""

    year = fields.Integer(load_default=None, validate=validate.Range(EARLIEST_YEAR, LATEST_YEAR))


class YearArgs(YearOnlyArgs):
    """Which year, and of which unit where not of one's own."""

    unit = fields.UUID(load_default=None)


class YearOfDutiesSchema(Schema):
    """A year's duties by due date; `cut_off` where there are more than are listed."""

    year = fields.Integer()
    cut_off = fields.Boolean()
    items = fields.List(fields.Nested(DutySchema))


class DueSumSchema(Schema):
    """One requirement in one period with one due date: how many units, and how far they are."""

    requirement_id = fields.UUID()
    title = fields.String()
    period = fields.Function(lambda one: one.period.code, metadata={"type": "string"})
    due_on = fields.Date()
    total = fields.Integer()
    accepted = fields.Integer()
    to_review = fields.Integer()
    overdue = fields.Integer()
    missing = fields.Integer()


class YearOfSumsSchema(Schema):
    """A year of what is owed to one's units, by due date."""

    year = fields.Integer()
    cut_off = fields.Boolean()
    items = fields.List(fields.Nested(DueSumSchema))
