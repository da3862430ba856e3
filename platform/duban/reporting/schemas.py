"""The outside shape of requirements and duties: a page's form as plain data, and what programs send and get."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

from duban.fields.specs import Kind
from duban.reporting.forms import MOST_FIELDS
from duban.reporting.states import DutyState, RequirementState
from duban.web.api import CleanString, InputSchema, PageArgs, paged

DUE_FIELDS: dict[str, tuple[str, ...]] = {
    "fixed": ("on", "reporting_year", "before", "shift"),
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
    "late_model",
    "late_points",
    "missing_points",
    "missing_after_days",
    "correction_days",
)
SPARE_ROWS = 2
NUMBERS = frozenset({Kind.INTEGER.value, Kind.DECIMAL.value})


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
    data["fields"] = field_rows(form)
    return data


def due_data(form: Mapping[str, str]) -> dict[str, str]:
    """Take the due rule's own fields; those of the other kinds, still in the form, are left."""
    kind = form.get("due.kind", "")
    return {"kind": kind} | {name: form.get(f"due.{name}", "") for name in DUE_FIELDS.get(kind, ())}


def field_rows(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """Take the rows of the form builder that have a name; a row left blank is none."""
    rows: list[dict[str, Any]] = []
    for position in range(MOST_FIELDS + SPARE_ROWS):
        label = form.get(f"fields.{position}.label", "").strip()
        if label:
            rows.append(_field_row(form, f"fields.{position}", label, len(rows)))
    return rows


def _field_row(form: Mapping[str, str], place: str, label: str, number: int) -> dict[str, Any]:
    kind = form.get(f"{place}.kind", Kind.TEXT.value)
    row: dict[str, Any] = {"key": form.get(f"{place}.key") or f"f{number + 1}", "label": label, "kind": kind}
    if form.get(f"{place}.label_en"):
        row["label_en"] = form[f"{place}.label_en"]
    if form.get(f"{place}.hint"):
        row["hint"] = form[f"{place}.hint"]
    row["required"] = form.get(f"{place}.required") == "1"
    if kind in NUMBERS:
        row["unit"] = form.get(f"{place}.unit", "")
        row["minimum"] = 0
    if kind == Kind.CHOICE.value:
        lines = [line.strip() for line in form.get(f"{place}.options", "").splitlines() if line.strip()]
        row["options"] = [{"code": f"o{index}", "label": line} for index, line in enumerate(lines, 1)]
    return row


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
    fields_ = fields.List(fields.Dict(), data_key="fields", attribute="fields", load_default=list)
    nil_allowed = fields.Boolean(load_default=False)
    attachments_required = fields.Boolean(load_default=False)
    preconditions = fields.List(CleanString(), load_default=list)
    late_model = fields.String(load_default="per_event")
    late_points = CleanString(load_default="0.5", metadata={"description": "Decimal as text."})
    missing_points = CleanString(load_default="1", metadata={"description": "Decimal as text."})
    missing_after_days = fields.Integer(load_default=10)
    correction_days = fields.Integer(load_default=None, allow_none=True)


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
    fields_ = fields.List(fields.Dict(), data_key="fields", attribute="fields")
    nil_allowed = fields.Boolean()
    attachments_required = fields.Boolean()
    preconditions = fields.List(fields.String())
    missing_after_days = fields.Integer()
    correction_days = fields.Integer(allow_none=True)
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


class IssuedSchema(Schema):
    """What issuing made."""

    id = fields.UUID()
    created = fields.Integer()


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


class SubmissionSchema(Schema):
    """A version handed in."""

    id = fields.UUID()
    number = fields.Integer()
    content = fields.Dict()
    is_nil = fields.Boolean()
    note = fields.String()
    submitted_at = fields.AwareDateTime()
    submitter = fields.String(attribute="submitter_name")
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


class SubmitInput(InputSchema):
    """A version to hand in: answers by key, or a nil return."""

    content = fields.Dict(keys=CleanString(), load_default=None, allow_none=True)
    nil = fields.Boolean(load_default=False)
    note = CleanString(load_default="")


class ReviewInput(InputSchema):
    """The version that was read."""

    number = fields.Integer(required=True)


class ReturnInput(ReviewInput):
    """Why it goes back."""

    reason = CleanString(required=True)


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


DutyPage = paged(DutySchema)
RequirementPage = paged(RequirementSchema)


class DutyArgs(PageArgs):
    """Which work list."""

    list = fields.String(load_default="open", validate=validate.OneOf(["open", "review", "late", "handed_in"]))


class RequirementArgs(PageArgs):
    """Filters of the list of requirements."""

    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in RequirementState]))


class StatusArgs(PageArgs):
    """Filters of a requirement's duties."""

    period = CleanString(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in DutyState]))
