"""Documents sent and received as programs see them."""

from marshmallow import Schema, fields, validate

from duban.dispatches.states import Box, Standing, Timing, To
from duban.files.schemas import FileSchema
from duban.programmes.schemas import NamedDocumentSchema
from duban.web.api import CleanString, InputSchema, PageArgs


class ReceivedQuery(PageArgs):
    """Which received documents to list."""

    box = fields.Enum(Box, by_value=True, load_default=None)
    words = CleanString(load_default="", metadata={"description": "In title, issuer, number or the sender's name."})


class SentQuery(PageArgs):
    """Which sent documents to list."""

    words = CleanString(load_default="", metadata={"description": "In title, issuer or number."})


class NewDispatchInput(InputSchema):
    """A document to forward to units below. Neither day nor working days: a signature is asked for, no answer."""

    unit_id = fields.UUID(required=True, metadata={"description": "The sending unit."})
    document_id = fields.UUID(required=True)
    to = fields.Enum(To, by_value=True, load_default=To.CHILDREN)
    levels = fields.List(CleanString(), load_default=list, validate=validate.Length(max=20))
    unit_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=1000))
    line = CleanString(load_default="", metadata={"description": "The line it goes down in; empty for the first there is."})
    number = CleanString(load_default="")
    note = CleanString(load_default="")
    reply_by = fields.Date(load_default=None, allow_none=True)
    reply_days = fields.Integer(load_default=None, allow_none=True, strict=True)
    replaces_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "The dispatch this one ends."})


class UrgeInput(InputSchema):
    """Whom to press; nobody named: everybody who has not signed or answered."""

    receipt_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=1000))


class WithdrawInput(InputSchema):
    """Why it is taken back."""

    reason = CleanString(required=True, validate=validate.Length(1, 2000))


class DayInput(InputSchema):
    """A new day to reply by, and why."""

    reply_by = fields.Date(required=True)
    reason = CleanString(required=True, validate=validate.Length(1, 2000))


class ReplyInput(InputSchema):
    """An answer."""

    text = CleanString(required=True, validate=validate.Length(1, 20_000))


class DispatchSchema(Schema):
    """A dispatch: who sent what with which note; `above_id` the one the sender itself was reached by."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    unit_name = fields.String(required=True)
    document_id = fields.UUID(required=True)
    above_id = fields.UUID(required=True, allow_none=True)
    number = fields.String(required=True)
    note = fields.String(required=True)
    reply_by = fields.Date(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True)
    sender_name = fields.String(required=True)
    replaces_id = fields.UUID(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_reason = fields.String(required=True)
    version = fields.Integer(required=True)


class CountSchema(Schema):
    """How far receivers are."""

    sent = fields.Integer(required=True)
    opened = fields.Integer(required=True)
    signed = fields.Integer(required=True)
    replied = fields.Integer(required=True)
    overdue = fields.Integer(required=True)


class SentSchema(DispatchSchema):
    """A dispatch in a list, with how far its direct receivers are."""

    title = fields.String(required=True)
    count = fields.Nested(CountSchema, required=True)


class ReceiptSchema(Schema):
    """A unit's copy."""

    id = fields.UUID(required=True)
    dispatch_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    sent_on = fields.Date(required=True)
    reply_by = fields.Date(required=True, allow_none=True)
    opened_at = fields.AwareDateTime(required=True, allow_none=True)
    opened_name = fields.String(required=True)
    signed_at = fields.AwareDateTime(required=True, allow_none=True)
    signed_name = fields.String(required=True)
    replied_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    standing = fields.String(required=True, validate=validate.OneOf([word.value for word in Standing]))
    timing = fields.String(required=True, validate=validate.OneOf([word.value for word in Timing]))
    version = fields.Integer(required=True)


class ReceivedSchema(ReceiptSchema):
    """A copy in a list, with what it is of and whom it came from."""

    title = fields.String(required=True)
    number = fields.String(required=True)
    sender = fields.String(required=True)


class ReceiverSchema(ReceiptSchema):
    """A receiver in the tree below a dispatch; `step` 1 for who got it directly."""

    unit_name = fields.String(required=True)
    step = fields.Integer(required=True)
    forwarded = fields.List(fields.UUID(), required=True)


class FullDispatchSchema(SentSchema):
    """A dispatch with everybody it reached, each receiver before those it forwarded to."""

    reached = fields.Nested(CountSchema, required=True)
    receivers = fields.List(fields.Nested(ReceiverSchema), required=True)
    files = fields.List(fields.Nested(FileSchema), required=True)


class ReplySchema(Schema):
    """An answer with its files."""

    id = fields.UUID(required=True)
    text = fields.String(required=True)
    replied_at = fields.AwareDateTime(required=True)
    replier_name = fields.String(required=True)
    files = fields.List(fields.Nested(FileSchema), required=True)


class FullReceiptSchema(ReceivedSchema):
    """A copy with the dispatches it came by, the first sender's first, and the answers given."""

    way = fields.List(fields.Nested(DispatchSchema), required=True)
    replies = fields.List(fields.Nested(ReplySchema), required=True)


class PressedSchema(Schema):
    """How many were pressed."""

    pressed = fields.Integer(required=True)


class LinkSchema(NamedDocumentSchema):
    """A document in a chain, whether the reader may open it, and the dispatches by which it reached the reader's unit."""

    may_read = fields.Boolean(required=True)
    way = fields.List(fields.Nested(DispatchSchema), required=True)


class ChainSchema(Schema):
    """Where a document comes from, topmost first, and where the reader's own units sent it."""

    named = fields.String(required=True, metadata={"description": "The topmost superior document, where it is in no register."})
    above = fields.List(fields.Nested(LinkSchema), required=True)
    here = fields.Nested(LinkSchema, required=True)
    below = fields.List(fields.Nested(NamedDocumentSchema), required=True)
    sent = fields.List(fields.Nested(SentSchema), required=True)
