"""Files as programs see them."""

from marshmallow import Schema, fields, validate

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


_LARGEST = 2**53 - 1


def _limit(words: str) -> fields.Integer:
    of_range = validate.Range(1, _LARGEST)
    return fields.Integer(required=True, allow_none=True, strict=True, validate=of_range, metadata={"description": words})


class UploadLimitsSchema(InputSchema):
    """How much may be uploaded in a calendar year; null for no limit."""

    person_bytes = _limit("Bytes of one person.")
    person_files = _limit("Files of one person.")
    unit_bytes = _limit("Bytes for one unit.")
    unit_files = _limit("Files for one unit.")
