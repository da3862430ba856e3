"""What the doors of identity and of the security administrator have in common."""

from marshmallow import Schema, fields


class SessionSchema(Schema):
    """One signed-in device."""

    id = fields.UUID(required=True)
    started_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True)
    address = fields.String(required=True)
    device = fields.String(required=True)
