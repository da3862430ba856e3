"""The inbox as programs see it."""

from marshmallow import Schema, fields

from duban.web.api import PageArgs


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
