"""The inbox as programs see it."""

from marshmallow import Schema, fields, validate

from duban.web.api import CleanString, InputSchema, PageArgs


class NoticeSchema(Schema):
    """A message."""

    id = fields.UUID(required=True)
    text = fields.String(required=True, metadata={"description": "In the reader's language."})
    link = fields.String(required=True, metadata={"description": "Path inside the site; may be empty."})
    created_at = fields.AwareDateTime(required=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True)


class InboxArgs(PageArgs):
    """The query of the inbox."""

    unread = fields.Boolean(load_default=False, metadata={"description": "Only what has not been read."})


class ReadAllSchema(Schema):
    """What reading everything did."""

    count = fields.Integer(required=True, metadata={"description": "How many were unread."})


HOUR = "HH:MM on the tenant's clocks; empty for none."


class ChoiceSchema(InputSchema):
    """How a person's e-mail comes. Quiet hours of one's own go before the tenant's."""

    email = fields.String(required=True, validate=validate.OneOf(["at_once", "digest"]))
    digest_at = CleanString(load_default="08:00", metadata={"description": HOUR})
    quiet_from = CleanString(load_default="", dump_default="", metadata={"description": HOUR})
    quiet_to = CleanString(load_default="", dump_default="", metadata={"description": HOUR})
    workdays_only = fields.Boolean(load_default=False, dump_default=False)


class HoursSchema(InputSchema):
    """When nobody in the tenant is mailed, from a day on."""

    quiet_from = CleanString(load_default="", metadata={"description": HOUR})
    quiet_to = CleanString(load_default="", metadata={"description": HOUR})
    workdays_only = fields.Boolean(load_default=False)
    red_exempt = fields.Boolean(load_default=True, metadata={"description": "Red sheets go at any hour."})
    active_from = fields.Date(required=True, allow_none=True)
