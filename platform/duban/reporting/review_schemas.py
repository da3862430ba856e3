"""The outside shape of reviews: remarks, the way of a version, lists accepted at once, handovers, corrections."""

from marshmallow import Schema, fields, validate

from duban.web.api import CleanString, InputSchema
from duban.web.errors import translate

MOST_ROWS = 10_000
MOST_AT_ONCE = 100
LONGEST_REASON = 500


class RemarkSchema(InputSchema):
    """A reason pinned to a field, to a row of a table (counted from 0), or to one of its cells."""

    field = CleanString(required=True)
    row = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, MOST_ROWS))
    column = CleanString(load_default=None, allow_none=True)
    text = CleanString(required=True)


class AcceptItem(InputSchema):
    """A duty and the version of it that was read."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)


class AcceptManyInput(InputSchema):
    """What was shown and is to be accepted, each by itself."""

    items = fields.List(fields.Nested(AcceptItem), required=True, validate=validate.Length(1, MOST_AT_ONCE))


class RefusalSchema(Schema):
    """What was not accepted, and why."""

    id = fields.UUID(attribute="duty_id")
    code = fields.String()
    reason = fields.Function(lambda one: translate(one.reason))


class AcceptReportSchema(Schema):
    """What became of each."""

    accepted = fields.List(fields.UUID())
    refused = fields.List(fields.Nested(RefusalSchema))


class HandoverInput(InputSchema):
    """Who is to review it, to the end of which day."""

    receiver_id = fields.UUID(required=True)
    until = fields.Date(required=True)
    reason = CleanString(load_default="")


class CorrectionReason(InputSchema):
    """What is wrong with what was accepted."""

    reason = CleanString(required=True)


class CorrectionAnswer(InputSchema):
    """A word with the decision."""

    answer = CleanString(load_default="")


class ReviewStopSchema(Schema):
    """One stop on the way of a version."""

    name = fields.String()
    state = fields.Function(lambda stop: stop.state.value)
    people = fields.List(fields.String())
    deputies = fields.List(fields.String())
    since = fields.AwareDateTime(allow_none=True)
    days = fields.Integer()


class ReviewStepSchema(Schema):
    """What a level did with a version."""

    number = fields.Integer()
    outcome = fields.String()
    reason = fields.String()
    remarks = fields.List(fields.Dict())
    decided_at = fields.AwareDateTime()
    decider = fields.String(attribute="decider_name")


class ReviewBelowSchema(Schema):
    """How far the units below are, where a unit's own submission waits for them."""

    total = fields.Integer()
    passed = fields.Integer()
    needed = fields.Integer()
    blocks = fields.Boolean()
    what = fields.Function(lambda below: translate(below.what))
    requirement_id = fields.UUID(attribute="of.id", metadata={"description": "The requirement whose reports are waited for."})
    until = fields.Function(lambda below: below.until.value)
    missing_count = fields.Integer()
    missing = fields.Function(lambda below: [line.unit.name for line in below.missing])


class AskReturnInput(InputSchema):
    """What is wrong with what one handed in."""

    reason = CleanString(required=True, validate=validate.Length(1, LONGEST_REASON))


class ReturnAskedSchema(Schema):
    """Who asked for the return of what waits now, when and why."""

    who = fields.String()
    at = fields.AwareDateTime()
    reason = fields.String()


class TrackSchema(Schema):
    """Where a duty is, what was done so far, what it waits for."""

    stops = fields.List(fields.Nested(ReviewStopSchema))
    steps = fields.List(fields.Nested(ReviewStepSchema))
    below = fields.Nested(ReviewBelowSchema, allow_none=True)
    return_asked = fields.Nested(ReturnAskedSchema, allow_none=True)


class CorrectionSchema(Schema):
    """A correction of what was accepted."""

    state = fields.String()
    from_version = fields.Integer()
    to_version = fields.Integer(allow_none=True)
    reason = fields.String()
    asked_at = fields.AwareDateTime(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    answer = fields.String()
    settled_at = fields.AwareDateTime(allow_none=True)
