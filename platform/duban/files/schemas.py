"""Files as programs see them."""

from marshmallow import Schema, fields

from duban.web.api import InputSchema


class FileSchema(Schema):
    """A stored file."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, attribute="original_name")
    size_bytes = fields.Integer(required=True)
    media_type = fields.String(required=True)
    digest = fields.String(required=True, metadata={"example": "sha256:9f86d081…"})
    uploaded_at = fields.AwareDateTime(required=True)


class UploadSchema(InputSchema):
    """A file sent as multipart/form-data."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})
