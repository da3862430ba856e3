"""Outside shapes of assessments for the JSON API."""

from marshmallow import Schema, fields, validate

from duban.web.api import CleanString, InputSchema


class AssessmentSchema(Schema):
    """One round of assessment."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True)
    round = fields.String(required=True)
    group = fields.String(required=True, attribute="group_code")
    state = fields.String(required=True)
    scheme_digest = fields.String(required=True)
    self_due_on = fields.Date(allow_none=True)
    version = fields.Integer(
        required=True, attribute="frozen_version", metadata={"description": "Newest frozen version, 0 while open."}
    )


class OpenArgs(InputSchema):
    """What it takes to open one."""

    unit_id = fields.UUID(required=True)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(2000, 2100))
    levels = fields.List(CleanString(), required=True, validate=validate.Length(1))
    name = CleanString(required=True, validate=validate.Length(1, 200))


class SelfScoringArgs(InputSchema):
    """Until when the units score themselves."""

    due_on = fields.Date(required=True)


class MarkArgs(InputSchema):
    """One cell. Points and counts are texts, so that no digit is lost; the version seen goes into If-Match (0: none yet)."""

    item = CleanString(required=True)
    rule = CleanString(load_default="")
    value = CleanString(required=True, allow_none=True)
    reason = CleanString(load_default="", validate=validate.Length(max=2000))
    evidence = CleanString(load_default="", validate=validate.Length(max=2000))


class CorrectionArgs(MarkArgs):
    """A mark put right after freezing."""

    why = CleanString(required=True, validate=validate.Length(1, 2000))


class MarkSchema(Schema):
    """A mark as it now is."""

    item = fields.String(required=True, attribute="item_code")
    rule = fields.String(required=True, attribute="rule_code")
    value = fields.String(allow_none=True)
    reason = fields.String(required=True)
    evidence = fields.String(required=True)
    version = fields.Integer(required=True)


class CardSchema(Schema):
    """A unit's scorecard; `result` with its lines once the reader may see it."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    unit_name = fields.String(required=True)
    state = fields.String(required=True)
    self_total = fields.String(allow_none=True)
    missing = fields.List(fields.String(), required=True)
    facts = fields.Dict(allow_none=True)
    result = fields.Dict(allow_none=True)
    version = fields.Integer(allow_none=True)


class RankingSchema(Schema):
    """The newest frozen ranking and roll-up."""

    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    rows = fields.List(fields.Dict(), required=True)
    composite = fields.Dict(allow_none=True)


class VetoArgs(InputSchema):
    """A proposal."""

    rule = CleanString(required=True)
    document = CleanString(required=True)
    reason = CleanString(required=True)


class LiftArgs(InputSchema):
    """The grounds of lifting."""

    document = CleanString(required=True)
    reason = CleanString(required=True)


class VetoSchema(Schema):
    """A veto decision."""

    id = fields.UUID(required=True)
    scorecard_id = fields.UUID(required=True)
    rule = fields.String(required=True, attribute="rule_code")
    state = fields.String(required=True)
    document = fields.String(required=True)
    reason = fields.String(required=True)
    proposed_by = fields.String(required=True, attribute="proposed_name")
    confirmed_by = fields.String(required=True, attribute="confirmed_name")
    decided_at = fields.DateTime(allow_none=True)


class ProposalSchema(Schema):
    """A step about results that waits for a second person, or how it was answered."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    assessment_id = fields.UUID(required=True)
    scorecard_id = fields.UUID(allow_none=True)
    draft = fields.Dict(required=True, metadata={"description": "A mark and its ground, or a document and reason."})
    proposed_by = fields.String(required=True, attribute="proposed_name")
    proposed_at = fields.DateTime(required=True)
    decided_by = fields.String(required=True, attribute="decided_name")
    decided_at = fields.DateTime(allow_none=True)
