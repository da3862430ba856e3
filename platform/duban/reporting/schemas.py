"""The outside shape of requirements and duties: a page's form as plain data, and what programs send and get."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from werkzeug.datastructures import MultiDict

from duban.forms.designs import posted_design, settled, without_blanks
from duban.kernel.text import N_
from duban.reporting.adding import Counting, Rule
from duban.reporting.queries.queue import Punctual, WayStep
from duban.reporting.review_schemas import RemarkSchema
from duban.reporting.states import DutyState, QuorumKind, RequirementState, ReviewMode, WaitsBelow, WaitsUntil
from duban.reporting.windows import Opens
from duban.web.api import CleanString, InputSchema, PageArgs, paged

DUE_FIELDS: dict[str, tuple[str, ...]] = {
    "fixed": ("on", "reporting_year", "before", "shift"),
    "dates": ("days", "before", "shift"),
    "after": ("count", "unit", "since", "event", "event_on", "before", "shift"),
    "from_end": ("every", "count", "side", "unit", "counts_last_day", "before", "shift"),
    "nth_day": ("every", "nth", "which", "unit", "month", "before", "shift"),
}
PLAIN_FIELDS = (
    "title",
    "title_en",
    "instruction",
    "instruction_en",
    "recipient",
    "line",
    "programme_id",
    "task_id",
    "active_from",
    "active_until",
    "nil_allowed",
    "attachments_required",
    "superiors_may_enter",
    "late_model",
    "late_points",
    "missing_points",
    "missing_after_days",
    "correction_days",
    "review_mode",
    "waits_below",
    "quorum_kind",
    "quorum",
    "counting",
    "counting_rule",
    "waits_until",
    "waits_for_id",
    "opens",
    "opens_days",
    "late_until_days",
    "grace_days",
    "receiver_id",
    "ladder",
)


def requirement_data(form: MultiDict[str, str]) -> dict[str, Any]:
    """Turn a posted form into the plain data `duban.reporting.forms.requirement_form` reads; nothing is judged here."""
    data: dict[str, Any] = {name: form.get(name, "") for name in PLAIN_FIELDS}
    data["preconditions"] = form.getlist("preconditions")
    data["targets"] = {
        "scope": form.get("targets.scope", ""),
        "levels": form.getlist("targets.levels"),
        "unit_ids": form.getlist("targets.unit_ids"),
    }
    data["due"] = due_data(form)
    data["form_id"] = form.get("form_id", "")
    data["design"] = settled(without_blanks(posted_design(form)))
    return data


def due_data(form: Mapping[str, str]) -> dict[str, str]:
    """Take the due rule's own fields; those of the other kinds, still in the form, are left."""
    kind = form.get("due.kind", "")
    return {"kind": kind} | {name: form.get(f"due.{name}", "") for name in DUE_FIELDS.get(kind, ())}


class DueSchema(InputSchema):
    """A due rule; which further names it has depends on `kind` (docs/rules/due-dates.md)."""

    class Meta:
        unknown = "include"

    kind = fields.String(required=True, validate=validate.OneOf(sorted(DUE_FIELDS)))


class TargetsSchema(InputSchema):
    """Who owes."""

    scope = fields.String(required=True)
    levels = fields.List(CleanString(), load_default=list)
    unit_ids = fields.List(fields.UUID(), load_default=list)


class RequirementInput(InputSchema):
    """A requirement as its author writes it."""

    title = CleanString(required=True)
    title_en = CleanString(load_default="")
    instruction = CleanString(load_default="")
    instruction_en = CleanString(load_default="")
    recipient = CleanString(load_default="")
    line = CleanString(load_default="", metadata={"description": "Code of the line it works in; the primary one when left out."})
    programme_id = fields.UUID(load_default=None, allow_none=True)
    task_id = fields.UUID(load_default=None, allow_none=True)
    targets = fields.Nested(TargetsSchema, required=True)
    due = fields.Nested(DueSchema, required=True)
    active_from = fields.Date(required=True)
    active_until = fields.Date(load_default=None, allow_none=True)
    form_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "A published form instead of fields."})
    fields_ = fields.List(fields.Dict(), data_key="fields", attribute="fields", load_default=list)
    checks = fields.List(fields.Dict(), load_default=list)
    nil_allowed = fields.Boolean(load_default=False)
    attachments_required = fields.Boolean(load_default=False)
    superiors_may_enter = fields.Boolean(
        load_default=False, metadata={"description": "Whether the issuer and offices between may hand in for the units below."}
    )
    preconditions = fields.List(CleanString(), load_default=list)
    late_model = fields.String(load_default="per_event")
    late_points = CleanString(load_default="0.5", metadata={"description": "Decimal as text."})
    missing_points = CleanString(load_default="1", metadata={"description": "Decimal as text."})
    missing_after_days = fields.Integer(load_default=10)
    correction_days = fields.Integer(load_default=None, allow_none=True)
    review_mode = fields.String(load_default="one_step", validate=validate.OneOf([mode.value for mode in ReviewMode]))
    waits_below = fields.String(load_default="no", validate=validate.OneOf([one.value for one in WaitsBelow]))
    quorum_kind = fields.String(load_default="all", validate=validate.OneOf([kind.value for kind in QuorumKind]))
    quorum = fields.Integer(load_default=None, allow_none=True, metadata={"description": "Per cent or units, by quorum_kind."})
    counting = fields.String(
        load_default=Counting.ACCEPTED.value,
        validate=validate.OneOf([one.value for one in Counting]),
        metadata={"description": "What its totals count."},
    )
    counting_rule = fields.String(
        load_default=Rule.AUTO.value,
        validate=validate.OneOf([one.value for one in Rule]),
        metadata={"description": "What its totals count where a unit and units below it both hand in."},
    )
    waits_until = fields.String(load_default="passed", validate=validate.OneOf([one.value for one in WaitsUntil]))
    waits_for_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "The requirement units below must have answered; null: this one."},
    )
    opens = fields.String(load_default=Opens.ALWAYS.value, validate=validate.OneOf([one.value for one in Opens]))
    opens_days = fields.Integer(load_default=0, metadata={"description": "Days before the due date or the period's end."})
    late_until_days = fields.Integer(
        load_default=None, allow_none=True, metadata={"description": "Days after the due date late work is taken; null: always."}
    )
    grace_days = fields.Integer(load_default=0, metadata={"description": "Days after the due date that do not count as late."})
    receiver_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "The office that receives and reviews; null: the issuer."}
    )
    ladder = CleanString(load_default="", metadata={"description": "Code of the tenant's reminder ladder; empty: the usual one."})


class NewRequirementInput(RequirementInput):
    """A requirement and who issues it."""

    unit_id = fields.UUID(required=True, metadata={"description": "The issuing unit."})


class RequirementSchema(Schema):
    """A requirement."""

    id = fields.UUID()
    unit_id = fields.UUID()
    title = fields.String()
    title_en = fields.String()
    instruction = fields.String()
    instruction_en = fields.String()
    recipient = fields.String()
    line = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in RequirementState]))
    version = fields.Integer()
    targets = fields.Dict()
    due = fields.Dict(attribute="due_rule")
    active_from = fields.Date()
    active_until = fields.Date(allow_none=True)
    form_id = fields.UUID(allow_none=True)
    fields_ = fields.List(fields.Dict(), data_key="fields", attribute="fields")
    checks = fields.List(fields.Dict())
    nil_allowed = fields.Boolean()
    attachments_required = fields.Boolean()
    superiors_may_enter = fields.Boolean()
    preconditions = fields.List(fields.String())
    missing_after_days = fields.Integer()
    correction_days = fields.Integer(allow_none=True)
    review_mode = fields.String()
    waits_below = fields.String()
    quorum_kind = fields.String()
    quorum = fields.Integer()
    counting = fields.String()
    counting_rule = fields.String()
    waits_until = fields.String()
    waits_for_id = fields.UUID(allow_none=True)
    opens = fields.String()
    opens_days = fields.Integer()
    late_until_days = fields.Integer(allow_none=True)
    grace_days = fields.Integer()
    receiver_id = fields.UUID(allow_none=True)
    issued_at = fields.AwareDateTime(allow_none=True)


class OccurrenceSchema(Schema):
    """One period and its due date."""

    period = fields.String(attribute="period.code")
    period_start = fields.Date(attribute="period.start")
    period_end = fields.Date(attribute="period.end")
    reporting_year = fields.Integer()
    due_on = fields.Date()


class PreviewSchema(Schema):
    """What issuing would make."""

    duty_count = fields.Integer()
    unit_count = fields.Integer()
    occurrences = fields.List(fields.Nested(OccurrenceSchema))
    later_year = fields.Integer(allow_none=True, metadata={"description": "periods wait for this year's working days"})


class IssuedSchema(Schema):
    """What issuing made."""

    id = fields.UUID()
    created = fields.Integer()
    later_year = fields.Integer(allow_none=True, metadata={"description": "periods wait for this year's working days"})


class DutySchema(Schema):
    """A duty: what one unit owes for one period. `due_at` is the first instant too late."""

    id = fields.UUID(attribute="duty.id")
    requirement_id = fields.UUID(attribute="duty.requirement_id")
    title = fields.String(attribute="requirement.title")
    unit_id = fields.UUID(attribute="duty.unit_id")
    unit = fields.String(attribute="unit.name")
    period = fields.String(attribute="duty.period_code")
    reporting_year = fields.Integer(attribute="duty.reporting_year")
    due_on = fields.Date(attribute="duty.due_on")
    due_at = fields.AwareDateTime(attribute="duty.due_at")
    state = fields.String(attribute="duty.state", validate=validate.OneOf([state.value for state in DutyState]))
    timeliness = fields.String(attribute="duty.timeliness")
    late_days = fields.Integer(attribute="duty.late_days")
    versions = fields.Integer(attribute="duty.versions")
    correct_by = fields.Date(attribute="duty.correct_by", allow_none=True)
    waiting_since = fields.AwareDateTime(
        attribute="duty.waiting_since",
        allow_none=True,
        metadata={"description": "Since when it waits for its review."},
    )
    accepted_version = fields.Integer(
        attribute="duty.accepted_version", allow_none=True, metadata={"description": "The version that counts."}
    )
    correction = fields.String(attribute="duty.correction", allow_none=True)
    corrected_at = fields.AwareDateTime(attribute="duty.corrected_at", allow_none=True)


class SubmissionSchema(Schema):
    """A version handed in."""

    id = fields.UUID()
    number = fields.Integer()
    content = fields.Dict()
    explanations = fields.Dict()
    from_below = fields.Dict(allow_none=True)
    form_version_id = fields.UUID(allow_none=True)
    is_nil = fields.Boolean()
    note = fields.String()
    submitted_at = fields.AwareDateTime()
    submitter = fields.String(attribute="submitter_name")
    for_unit_by = fields.String(
        attribute="office_name", metadata={"description": "The office that handed it in for the unit; empty: the unit itself."}
    )
    outcome = fields.String(allow_none=True)
    reason = fields.String()
    reviewed_at = fields.AwareDateTime(allow_none=True)


class DutyDraftInput(InputSchema):
    """What was typed, as typed."""

    typed = fields.Dict(keys=CleanString(), values=CleanString(), required=True)


class DutyDraftSchema(Schema):
    """A kept draft."""

    version = fields.Integer()
    saved_at = fields.AwareDateTime(allow_none=True)
    typed = fields.Dict()
    saved_by_name = fields.String()
    device = fields.String(metadata={"description": "the system and browser it was saved from, where known"})
    state = fields.String(metadata={"description": "of the duty: what is handed in already takes no draft"})
    withdrawn = fields.String(metadata={"description": "by whom, when and why the duty was withdrawn; empty while it stands"})


class SubmitInput(InputSchema):
    """A version to hand in: answers by key, or a nil return."""

    content = fields.Dict(keys=CleanString(), load_default=None, allow_none=True)
    explanations = fields.Dict(
        keys=CleanString(),
        values=CleanString(),
        load_default=dict,
        metadata={"description": "A word for each flag or check that asks for one, by field key or check code."},
    )
    nil = fields.Boolean(load_default=False)
    note = CleanString(load_default="")


class ReviewInput(InputSchema):
    """The version that was read."""

    number = fields.Integer(required=True)


class ReturnInput(ReviewInput):
    """Why it goes back, in words or pinned to fields, and to whom."""

    reason = CleanString(load_default="")
    remarks = fields.List(fields.Nested(RemarkSchema), load_default=list)
    to = fields.String(load_default="unit", validate=validate.OneOf(["unit", "below"]))


class DueChangeInput(InputSchema):
    """A new due date and why."""

    due_on = fields.Date(required=True)
    reason = CleanString(required=True)


class ReasonInput(InputSchema):
    """Why."""

    reason = CleanString(required=True)


class UrgeInput(InputSchema):
    """Which period to urge; all when left out."""

    period = CleanString(load_default=None, allow_none=True)


class UrgedSchema(Schema):
    """How many units were urged."""

    count = fields.Integer()


_ONLY_OF_REVIEWS = N_("只有 list=review 才能按这一项筛选。")

DutyPage = paged(DutySchema)
RequirementPage = paged(RequirementSchema)


class DutyArgs(PageArgs):
    """Which work list; the list of reviews narrowed as its page does."""

    list = fields.String(load_default="open", validate=validate.OneOf(["open", "review", "late", "handed_in"]))
    task = fields.UUID(load_default=None, metadata={"description": "Of list=review: of one requirement."})
    unit = CleanString(load_default="", metadata={"description": "Of list=review: part of the unit's name, pinyin or code."})
    step = fields.String(
        load_default=None,
        validate=validate.OneOf([one.value for one in WayStep]),
        metadata={"description": "Of list=review: whether accepting makes it count."},
    )
    late = fields.String(
        load_default=None,
        validate=validate.OneOf([one.value for one in Punctual]),
        metadata={"description": "Of list=review: whether it came in time."},
    )

    @validates_schema
    def _only_of_reviews(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a filter where nothing would be narrowed by it."""
        if data["list"] != "review":
            wrong = [name for name in ("task", "unit", "step", "late") if data[name]]
            if wrong:
                raise ValidationError({name: [_ONLY_OF_REVIEWS] for name in wrong})


class RequirementArgs(PageArgs):
    """Filters of the list of requirements."""

    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in RequirementState]))


class StatusArgs(PageArgs):
    """Filters of a requirement's duties."""

    period = CleanString(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in DutyState]))
