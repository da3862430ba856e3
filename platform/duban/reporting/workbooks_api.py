"""The workbooks of a requirement for programs: the template, judging and taking in a filled-in one, the marked file."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from duban.files.receiving import single_upload
from duban.files.schemas import UploadSchema
from duban.reporting.operations.workbooks import check_workbook
from duban.reporting.pages.workbooks import no_file, read_file, refuse_untakeable, send_marked, send_template, take_in
from duban.reporting.workbooks.judging import Judgement
from duban.reporting.workbooks.knowing import Sheet
from duban.reporting.workbooks.writing import mistakes
from duban.web.api import ApiBlueprint, CleanString, InputSchema
from duban.web.requests import current_scope
from duban.web.tables import XLSX_TYPE

workbooks_blp = ApiBlueprint("api-workbooks", __name__, url_prefix="/api/v1", description="Filling in with Excel")

MOST_MISTAKES = 1000
CHECK, DRAFTS, SUBMIT = "check", "drafts", "submit"
_PARTS = ("sheet", "row", "unit", "column", "value", "text")
_FILE = {"type": "string", "format": "binary"}


class PeriodArgs(InputSchema):
    """Which period's workbook."""

    period = CleanString(load_default="", validate=validate.Length(max=20))


class TakeArgs(InputSchema):
    """
    What is to become of the rows: only judged, all kept as drafts, or the sound ones handed in.

    For units below （代报） there are no drafts; `anyway` goes on although units have begun themselves.
    """

    take = fields.String(load_default=CHECK, validate=validate.OneOf([CHECK, DRAFTS, SUBMIT]))
    anyway = fields.Boolean(
        load_default=False, metadata={"description": "For units below: go on where a unit has begun itself or asked for longer."}
    )


class MarkedArgs(InputSchema):
    """For units below: what is no mistake although a unit has begun itself."""

    anyway = fields.Boolean(load_default=False)


class WorkbookRowSchema(Schema):
    """What became of one row of the sheet with the units."""

    row = fields.Integer(attribute="number")
    duty_id = fields.Function(lambda one: str(one.known.duty_id) if one.known else None, metadata={"type": ["string", "null"]})
    unit = fields.Function(lambda one: one.known.unit if one.known else None, metadata={"type": ["string", "null"]})
    verdict = fields.Function(lambda one: one.verdict.value, metadata={"type": "string"})


class MistakeSchema(Schema):
    """What has to be put right, at its place in the marked file."""

    sheet = fields.String()
    row = fields.Integer()
    unit = fields.String()
    column = fields.String()
    value = fields.String()
    text = fields.String()


class WorkbookSchema(Schema):
    """What became of a workbook. `waiting` rows are still to be taken: the same file sent again goes on with them."""

    requirement_id = fields.UUID()
    period = fields.String()
    is_outdated = fields.Boolean(metadata={"description": "made for another version of the form; only the marked file is given"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    waiting = fields.Integer()
    for_units_by = fields.String(
        metadata={"description": "the office that hands the rows in in the units' stead; empty: the units themselves"}
    )
    begun = fields.Integer(metadata={"description": "rows of units below that have begun themselves, or asked for longer"})
    rows = fields.List(fields.Nested(WorkbookRowSchema))
    wrong_rows = fields.Integer(metadata={"description": "rows with anything to put right, a unit's with those of its tables"})
    mistake_count = fields.Integer(metadata={"description": "cells to put right; a row as a whole counts as one"})
    mistakes = fields.List(fields.Nested(MistakeSchema), metadata={"description": f"the first {MOST_MISTAKES}"})


@workbooks_blp.get("/duties/<uuid:duty_id>/workbook")
@workbooks_blp.arguments(PeriodArgs, location="query")
@workbooks_blp.response(200, _FILE, content_type=XLSX_TYPE)
def template(args: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Give the workbook to fill in for all units of the person that owe the same."""
    return send_template(current_scope(), duty_id, args["period"])


@workbooks_blp.post("/duties/<uuid:duty_id>/workbook")
@workbooks_blp.unconditional("each row says which version and draft of its duty it was made from")
@workbooks_blp.arguments(UploadSchema, location="files")
@workbooks_blp.arguments(TakeArgs, location="query")
@workbooks_blp.response(200, WorkbookSchema)
def take(_files: dict[str, Any], args: dict[str, Any], duty_id: UUID) -> dict[str, object]:
    """Judge a filled-in workbook and take its rows in, each on its own."""
    sheet, judgement = _judged(duty_id, anyway=args["anyway"])
    if args["take"] != CHECK:
        refuse_untakeable(sheet, judgement, hand_in=args["take"] == SUBMIT)
        take_in(duty_id, sheet, judgement, hand_in=args["take"] == SUBMIT)
    found = [
        dict(zip(("sheet", "row", "unit", "column", "value", "text"), one, strict=True)) for one in mistakes(sheet, judgement)
    ]
    return {
        "requirement_id": sheet.mark.requirement_id,
        "period": sheet.period.code,
        "is_outdated": judgement.is_outdated,
        "counts": {verdict.value: count for verdict, count in judgement.counted().items()},
        "waiting": sum(row.is_waiting for row in judgement.rows),
        "for_units_by": sheet.office.name if sheet.office else "",
        "begun": judgement.begun,
        "rows": judgement.rows,
        "wrong_rows": judgement.wrong_rows,
        "mistake_count": len(found),
        "mistakes": found[:MOST_MISTAKES],
    }


@workbooks_blp.post("/duties/<uuid:duty_id>/workbook/marked")
@workbooks_blp.unconditional("changes nothing")
@workbooks_blp.arguments(UploadSchema, location="files")
@workbooks_blp.arguments(MarkedArgs, location="query")
@workbooks_blp.response(200, _FILE, content_type=XLSX_TYPE)
def marked(_files: dict[str, Any], args: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Give a filled-in workbook back with its mistakes coloured and commented; an outdated one with its answers moved over."""
    return send_marked(*_judged(duty_id, anyway=args["anyway"]))


def _judged(duty_id: UUID, *, anyway: bool) -> tuple[Sheet, Judgement]:
    data = read_file(single_upload())
    if data is None:
        raise no_file()
    return check_workbook(current_scope(), duty_id=duty_id, data=data, anyway=anyway)
