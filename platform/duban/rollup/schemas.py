"""What programs ask of totals and rates, and get."""

from marshmallow import Schema, fields, validate

from duban.reporting.adding import Counting
from duban.web.schemas import CleanString, Exact, InputSchema

ONE_OF_COUNTING = validate.OneOf([one.value for one in Counting])
PERIOD = validate.Regexp(r"^[0-9A-Za-z-]{1,10}(,[0-9A-Za-z-]{1,10}){0,59}$")


class TotalsArgs(InputSchema):
    """Which totals."""

    unit = fields.UUID(load_default=None, metadata={"description": "The node; left out, the issuer or one's own unit."})
    line = CleanString(
        load_default="", validate=validate.Regexp(r"^[a-z0-9_-]{0,50}$"), metadata={"description": "A line's code."}
    )
    period = CleanString(
        load_default="", validate=validate.And(validate.Length(max=700), lambda text: text == "" or PERIOD(text)),
        metadata={"description": "Codes of periods, separated by commas; left out, the newest one that has begun."},
    )  # fmt: skip
    count = fields.String(
        load_default=None,
        validate=ONE_OF_COUNTING,
        metadata={"description": "What counts; as the requirement says when left out."},
    )
    form_wide = fields.Boolean(load_default=False, metadata={"description": "With all requirements that ask the same form."})


class FigureSchema(Schema):
    """One figure. `number` null where nobody answered, or where it does not apply (`not_applicable_everywhere`)."""

    key = fields.String(required=True)
    number = fields.String(allow_none=True, required=True)
    qualifier = fields.String(required=True)
    not_applicable_everywhere = fields.Boolean(required=True)
    answered = fields.Integer(required=True)
    zero = fields.Integer(required=True)
    blank = fields.Integer(required=True)
    not_applicable = fields.Integer(required=True)
    numerator = fields.String(allow_none=True, required=True)
    denominator = fields.String(allow_none=True, required=True)


class CountsSchema(Schema):
    """How many duties stand how."""

    expected = fields.Integer()
    counted = fields.Integer()
    handed_in = fields.Integer()
    accepted = fields.Integer()
    waiting = fields.Integer()
    returned = fields.Integer()
    missing = fields.Integer()
    overdue = fields.Integer()
    pending = fields.Integer()
    nil = fields.Integer()
    late = fields.Integer()
    corrected = fields.Integer()
    covered = fields.Integer()


class BranchSchema(Schema):
    """One unit directly below with all below it, or the node's own part."""

    unit_id = fields.UUID(allow_none=True, required=True)
    name = fields.String(required=True)
    is_own = fields.Boolean(required=True)
    counts = fields.Nested(CountsSchema, required=True)
    figures = fields.List(fields.Nested(FigureSchema), required=True)


class MeasureSchema(Schema):
    """One column: a field and its operator."""

    key = fields.String(required=True)
    label = fields.String(required=True)
    unit = fields.String(required=True)
    operator = fields.String(required=True)
    rule = fields.String(required=True)


class TotalsSchema(Schema):
    """A node's totals and those of its branches."""

    requirement_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    periods = fields.List(fields.String(), required=True)
    count = fields.String(required=True)
    measures = fields.List(fields.Nested(MeasureSchema), required=True)
    counts = fields.Nested(CountsSchema, required=True)
    figures = fields.List(fields.Nested(FigureSchema), required=True)
    branches = fields.List(fields.Nested(BranchSchema), required=True)


class RatesArgs(InputSchema):
    """Which rates."""

    unit = fields.UUID(load_default=None, metadata={"description": "The node; left out, one's own unit."})
    line = CleanString(
        load_default="", validate=validate.Regexp(r"^[a-z0-9_-]{0,50}$"), metadata={"description": "A line's code."}
    )
    requirement = fields.UUID(load_default=None)
    due_from = fields.Date(load_default=None, metadata={"description": "A year ago where left out."})
    due_until = fields.Date(load_default=None, metadata={"description": "Today where left out."})


class RateSchema(Schema):
    """A share: percent to two places, half up; null of nothing."""

    part = fields.Integer(required=True)
    whole = fields.Integer(required=True)
    percent = Exact(required=True, allow_none=True)


class StandingSchema(Schema):
    """How many duties stand how, with the rates."""

    expected = fields.Integer()
    handed_in = fields.Integer()
    accepted = fields.Integer()
    on_time = fields.Integer()
    late = fields.Integer()
    missing = fields.Integer()
    overdue = fields.Integer()
    returned = fields.Integer()
    waiting = fields.Integer()
    completeness = fields.Nested(RateSchema)
    timeliness = fields.Nested(RateSchema)
    acceptance = fields.Nested(RateSchema)


class RateBranchSchema(Schema):
    """One unit directly below with all below it, or the node's own part."""

    unit_id = fields.UUID(allow_none=True, required=True)
    name = fields.String(required=True)
    is_own = fields.Boolean(required=True)
    standing = fields.Nested(StandingSchema, required=True)


class RatesSchema(Schema):
    """A node's rates, by branch and by the month things were due in."""

    unit_id = fields.UUID(required=True)
    whole = fields.Nested(StandingSchema, required=True)
    branches = fields.List(fields.Nested(RateBranchSchema), required=True)
    months = fields.Dict(keys=fields.String(), values=fields.Nested(StandingSchema), required=True)
