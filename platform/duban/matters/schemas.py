"""What programs send and get about matters and meetings."""

from marshmallow import Schema, fields, validate

from duban.calendar.ladders import Colour
from duban.files.schemas import FileSchema
from duban.matters.operations.meetings import MOST_RESOLUTIONS, MOST_UNITS
from duban.matters.operations.registering import LONGEST_TITLE, MOST_CO_UNITS
from duban.matters.queries import LISTS
from duban.matters.states import (
    SHEETS,
    Cycle,
    ExtensionState,
    MatterState,
    Origin,
    Outcome,
    PaperKind,
    PartyRole,
    Question,
    ReportKind,
)
from duban.web.api import CleanString, InputSchema, PageArgs, paged

_TITLE = validate.Length(min=1, max=LONGEST_TITLE)


class MattersArgs(PageArgs):
    """Which matters; `colour` may be "none"."""

    list = fields.String(load_default="all", validate=validate.OneOf(sorted(LISTS)))
    state = fields.String(load_default="living", validate=validate.OneOf(["living", "owing", "over", "any"]))
    colour = fields.String(load_default="", validate=validate.OneOf(["", *Colour]))
    source = CleanString(load_default="")
    q = CleanString(load_default="")


class MatterSchema(Schema):
    """A matter as it stands."""

    id = fields.UUID()
    number = fields.String()
    title = fields.String()
    body = fields.String()
    source = fields.String()
    source_note = fields.String()
    term = fields.String()
    unit_id = fields.UUID(metadata={"description": "Who assigned it."})
    unit_name = fields.String()
    lead_id = fields.UUID()
    lead_name = fields.String()
    duty_id = fields.UUID(allow_none=True)
    meeting_id = fields.UUID(allow_none=True)
    is_major = fields.Boolean()
    cycle = fields.Enum(Cycle, by_value=True)
    report_day = fields.Integer(allow_none=True)
    state = fields.Enum(MatterState, by_value=True)
    colour = fields.Enum(Colour, by_value=True, allow_none=True)
    assigned_on = fields.Date()
    first_due_on = fields.Date()
    due_on = fields.Date()
    redo_by = fields.Date(allow_none=True)
    counts_from = fields.Date(
        metadata={"description": "The day everything counts to: `redo_by` where there is one, else `due_on`."}
    )
    report_due_on = fields.Date(allow_none=True)
    reports_missed = fields.Integer()
    has_pending = fields.Boolean(metadata={"description": "Whether an extension waits for its decision."})
    closed_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class PartySchema(Schema):
    """A unit that answers for a matter."""

    unit_id = fields.UUID()
    unit_name = fields.String()
    role = fields.Enum(PartyRole, by_value=True)
    signed_at = fields.AwareDateTime(allow_none=True)
    signer_name = fields.String()


class ExtensionSchema(Schema):
    """A request for more time."""

    id = fields.UUID()
    state = fields.Enum(ExtensionState, by_value=True)
    before_on = fields.Date()
    wanted_on = fields.Date()
    granted_on = fields.Date(allow_none=True)
    reason = fields.String()
    progress = fields.String()
    asked_at = fields.AwareDateTime()
    first_words = fields.String()
    decided_words = fields.String()


class ReportSchema(Schema):
    """What a unit reported; a final report carries what its review decided."""

    id = fields.UUID()
    number = fields.Integer()
    kind = fields.Enum(ReportKind, by_value=True)
    unit_id = fields.UUID()
    unit_name = fields.String()
    text = fields.String()
    late_reason = fields.String()
    reported_at = fields.AwareDateTime()
    reporter_name = fields.String()
    outcome = fields.Enum(Outcome, by_value=True, allow_none=True)
    answers = fields.Dict(
        keys=fields.String(), values=fields.Boolean(), metadata={"description": "Of the five questions, those that were judged."}
    )
    reason = fields.String()
    files = fields.List(fields.Nested(FileSchema))


class PaperSchema(Schema):
    """A sheet or a circular; `digest` is the SHA-256 of `body` in UTF-8. A circular without `issued_at` is a draft."""

    id = fields.UUID()
    ordinal = fields.Integer()
    kind = fields.Enum(PaperKind, by_value=True)
    colour = fields.Enum(Colour, by_value=True)
    origin = fields.Enum(Origin, by_value=True)
    number = fields.String()
    reason = fields.String()
    body = fields.String()
    digest = fields.String()
    answer_by = fields.Date(allow_none=True)
    issued_at = fields.AwareDateTime(allow_none=True)


class StepSchema(Schema):
    """A line of the numbered history."""

    number = fields.Integer()
    at = fields.AwareDateTime()
    name = fields.String()
    what = fields.String()
    words = fields.String()


class MatterDetailSchema(MatterSchema):
    """A matter with all that hangs on it."""

    parties = fields.List(fields.Nested(PartySchema))
    reports = fields.List(fields.Nested(ReportSchema))
    extensions = fields.List(fields.Nested(ExtensionSchema))
    papers = fields.List(fields.Nested(PaperSchema))
    history = fields.List(fields.Nested(StepSchema))


class UnitsInput(InputSchema):
    """The units that answer for a matter."""

    lead_id = fields.UUID(required=True)
    co_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_CO_UNITS))


class ResolutionInput(UnitsInput):
    """A resolution to be made a matter; without `due_on` the term of minutes counts."""

    title = CleanString(required=True, validate=_TITLE)
    body = CleanString(load_default="")
    due_on = fields.Date(load_default=None, allow_none=True)
    is_major = fields.Boolean(load_default=False)
    cycle = fields.Enum(Cycle, by_value=True, load_default=Cycle.NONE)
    report_day = fields.Integer(
        load_default=None, allow_none=True, strict=True,
        metadata={"description": "Of the week from Monday, or of the month; null: Friday, the last day."},
    )  # fmt: skip


class MatterInput(ResolutionInput):
    """A matter to be registered; `term` a code of the source's terms, "" the usual one."""

    unit_id = fields.UUID(required=True, metadata={"description": "Who assigns it."})
    source = CleanString(required=True)
    source_note = CleanString(load_default="")
    term = CleanString(load_default="")
    duty_id = fields.UUID(load_default=None, allow_none=True)


class WordsInput(InputSchema):
    """A few words."""

    words = CleanString(load_default="")


class ReasonInput(InputSchema):
    """Why."""

    reason = CleanString(required=True)


class ReportInput(InputSchema):
    """A report; a late final one needs `late_reason`."""

    kind = fields.Enum(ReportKind, by_value=True, required=True)
    text = CleanString(required=True)
    late_reason = CleanString(load_default="")


class SettlementInput(InputSchema):
    """How a dispute is settled; without `lead_id` the units stay."""

    ruling = CleanString(required=True)
    lead_id = fields.UUID(load_default=None, allow_none=True)
    co_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_CO_UNITS))


class ReassignInput(UnitsInput):
    """Other units, and why."""

    reason = CleanString(required=True)


class ReviewInput(InputSchema):
    """The review of closure: all five met closes, else it returns and needs a reason; without `unmet`, all that is not met is."""

    met = fields.List(fields.Enum(Question, by_value=True), required=True)
    unmet = fields.List(fields.Enum(Question, by_value=True), load_default=None, allow_none=True)
    reason = CleanString(load_default="")
    redo_by = fields.Date(load_default=None, allow_none=True)


class ReopenInput(InputSchema):
    """Why a closed matter is taken up again, and until when."""

    reason = CleanString(required=True)
    due_on = fields.Date(required=True)


class ExtensionInput(InputSchema):
    """More time."""

    wanted_on = fields.Date(required=True)
    reason = CleanString(required=True)
    progress = CleanString(required=True)


class VerdictInput(InputSchema):
    """Agreed or not; no needs words."""

    agree = fields.Boolean(required=True)
    words = CleanString(load_default="")


class DecisionInput(VerdictInput):
    """The leader's decision; `granted_on` another day than the one asked for."""

    granted_on = fields.Date(load_default=None, allow_none=True)


class SheetInput(InputSchema):
    """A sheet by hand."""

    colour = fields.Enum(Colour, by_value=True, required=True, validate=validate.OneOf(SHEETS))
    reason = CleanString(required=True)


class UrgedSchema(Schema):
    """How many messages were written; 0 where the units were pressed in the same hour."""

    count = fields.Integer()


class OpinionInput(InputSchema):
    """The leader's own words in a circular, instead of the usual last paragraph."""

    opinion = CleanString(load_default="")


class MeetingArgs(PageArgs):
    """Which meetings."""

    kind = CleanString(load_default="")


class MeetingSchema(Schema):
    """A meeting as noted."""

    id = fields.UUID()
    unit_id = fields.UUID()
    rhythm_id = fields.UUID(allow_none=True)
    period_code = fields.String()
    kind = fields.String()
    title = fields.String()
    held_on = fields.Date()
    place = fields.String()
    chair = fields.String()
    present = fields.String()
    absent = fields.String()
    minutes = fields.String()
    number = fields.String()
    state = fields.String()
    version = fields.Integer()


class MeetingUnitSchema(Schema):
    """A unit called to a meeting."""

    unit_id = fields.UUID()
    unit_name = fields.String()
    came = fields.Boolean()


class ResolutionSchema(Schema):
    """A resolution and where its matter stands."""

    number = fields.Integer(attribute="resolution.number")
    text = fields.String(attribute="resolution.text")
    matter_id = fields.UUID(attribute="resolution.matter_id", allow_none=True)
    state = fields.Enum(MatterState, by_value=True, attribute="matter.state")


class MeetingDetailSchema(MeetingSchema):
    """A meeting with its units and resolutions."""

    units = fields.List(fields.Nested(MeetingUnitSchema))
    resolutions = fields.List(fields.Nested(ResolutionSchema))


class MeetingWordsInput(InputSchema):
    """What is noted about a meeting."""

    kind = CleanString(required=True)
    title = CleanString(required=True)
    held_on = fields.Date(required=True)
    chair = CleanString(required=True)
    place = CleanString(load_default="")
    present = CleanString(load_default="")
    absent = CleanString(load_default="")
    minutes = CleanString(load_default="")
    number = CleanString(load_default="")


class MeetingInput(MeetingWordsInput):
    """A meeting that was held."""

    unit_id = fields.UUID(required=True)
    rhythm_id = fields.UUID(load_default=None, allow_none=True)
    period_code = CleanString(load_default="")
    came_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_UNITS))
    absent_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_UNITS))


class ResolutionsInput(InputSchema):
    """The resolutions of a meeting, made matters in one act."""

    resolutions = fields.List(
        fields.Nested(ResolutionInput), required=True, validate=validate.Length(min=1, max=MOST_RESOLUTIONS)
    )


class RhythmInput(InputSchema):
    """How often a unit meets: `due` a recurring due rule as requirements have it."""

    unit_id = fields.UUID(required=True)
    kind = CleanString(required=True)
    title = CleanString(required=True)
    due = fields.Dict(keys=CleanString(), required=True)
    active_from = fields.Date(required=True)
    active_until = fields.Date(required=True)


class RhythmSchema(Schema):
    """A rule of meetings."""

    id = fields.UUID()
    unit_id = fields.UUID()
    kind = fields.String()
    title = fields.String()
    due = fields.Dict(attribute="due_rule")
    active_from = fields.Date()
    active_until = fields.Date()
    ended_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class RhythmStandingSchema(Schema):
    """A rule of meetings with the periods that went by without one."""

    rhythm = fields.Nested(RhythmSchema, attribute="row")
    unmet = fields.Function(lambda one: [period.period.code for period in one.unmet])
    next_due_on = fields.Function(lambda one: one.coming.due_on.isoformat() if one.coming else None)


class RhythmListSchema(Schema):
    """The rules of meetings one may read that were not ended."""

    items = fields.List(fields.Nested(RhythmStandingSchema))


class MatterListSchema(Schema):
    """Matters that were made."""

    items = fields.List(fields.Nested(MatterSchema))


MatterPage = paged(MatterSchema)
MeetingPage = paged(MeetingSchema)
