"""What programs send and get about letters."""

from marshmallow import Schema, fields, validate

from duban.letters.states import LetterState, Side
from duban.web.api import CleanString, Exact, InputSchema


class LettersArgs(InputSchema):
    """Whose letters of which year."""

    unit_id = fields.UUID(required=True, metadata={"description": "The superior."})
    year = fields.Integer(required=True, validate=validate.Range(2000, 2099))


class SignatureSchema(Schema):
    """One signature."""

    side = fields.Enum(Side, by_value=True)
    name = fields.String()
    post = fields.String()
    signed_at = fields.AwareDateTime()
    seal = fields.String()


class LetterSchema(Schema):
    """A letter; `digest` is the SHA-256 of `body` in UTF-8."""

    id = fields.UUID()
    upper_id = fields.UUID()
    lower_id = fields.UUID()
    upper_name = fields.String()
    lower_name = fields.String()
    year = fields.Integer()
    number = fields.String()
    state = fields.Enum(LetterState, by_value=True)
    algorithm = fields.String()
    digest = fields.String()
    version = fields.Integer()
    issued_at = fields.AwareDateTime(allow_none=True)
    in_force_at = fields.AwareDateTime(allow_none=True)


class LetterDetailSchema(LetterSchema):
    """A letter with its text, its signatures and whether they still hold."""

    body = fields.String()
    signatures = fields.List(fields.Nested(SignatureSchema))
    is_intact = fields.Boolean()


class LetterListSchema(Schema):
    """A superior's letters of a year."""

    items = fields.List(fields.Nested(LetterSchema))


class GenerateSchema(InputSchema):
    """Whose letters to write; `prefix` only counts for the year's first."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2099))
    prefix = CleanString(load_default=None, allow_none=True)


class IssueLettersSchema(InputSchema):
    """Which drafts to issue."""

    unit_id = fields.UUID(required=True)
    letter_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=1000))


class SignSchema(InputSchema):
    """The signer's own password, and the digest of the text that was read."""

    digest = CleanString(required=True)
    password = CleanString(required=True, load_only=True)


class WithdrawSchema(InputSchema):
    """Why a letter is taken back."""

    reason = CleanString(required=True)


class UpperCoverageSchema(Schema):
    """Signed of owed, of one superior."""

    unit_id = fields.UUID()
    name = fields.String()
    owed = fields.Integer()
    signed = fields.Integer()
    percent = Exact(allow_none=True)


class LevelCoverageSchema(Schema):
    """Signed of owed, of one level."""

    level = fields.String()
    owed = fields.Integer()
    signed = fields.Integer()
    percent = Exact(allow_none=True)
    by_upper = fields.List(fields.Nested(UpperCoverageSchema))


class CoverageSchema(Schema):
    """How far signing has come at and below a unit."""

    levels = fields.List(fields.Nested(LevelCoverageSchema))
