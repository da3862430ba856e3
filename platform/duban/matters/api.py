"""Matters and meetings for programs: the same operations as the pages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.files.models import StoredFile
from duban.files.receiving import keep, sent, single_upload
from duban.files.schemas import FileSchema, UploadSchema
from duban.kernel.scope import Scope
from duban.matters import operations, queries
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterPaper, MatterReport, Meeting, MeetingRhythm
from duban.matters.operations import MatterForm
from duban.matters.operations.handling import for_files
from duban.matters.operations.meetings import MeetingForm, for_minutes
from duban.matters.queries import Filter
from duban.matters.schemas import (
    DecisionInput,
    ExtensionInput,
    MatterDetailSchema,
    MatterInput,
    MatterListSchema,
    MatterPage,
    MattersArgs,
    MatterSchema,
    MeetingArgs,
    MeetingDetailSchema,
    MeetingInput,
    MeetingPage,
    MeetingSchema,
    MeetingWordsInput,
    OpinionInput,
    PaperSchema,
    ReasonInput,
    ReassignInput,
    ReopenInput,
    ReportInput,
    ReportSchema,
    ResolutionsInput,
    ReviewInput,
    RhythmInput,
    RhythmListSchema,
    RhythmSchema,
    SettlementInput,
    SheetInput,
    UrgedSchema,
    VerdictInput,
    WordsInput,
)
from duban.matters.states import MINUTES, Question, ReportKind
from duban.web.api import ETAG, ApiBlueprint, compare_row, expected_version, page_body, tagged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-matters", __name__, url_prefix="/api/v1", description="Supervised matters, sheets, circulars, meetings")


@blp.get("/matters")
@blp.arguments(MattersArgs, location="query")
@blp.response(200, MatterPage)
def list_matters(args: dict[str, Any]) -> dict[str, object]:
    """List matters, those due first on top: one's unit's, assigned, to review, to decide, or all one may read."""
    wanted = Filter(args["list"], "" if args["state"] == "any" else args["state"], args["colour"], args["source"], args["q"])
    return page_body(queries.list_matters(current_scope(), wanted, after=args["after"], limit=args["limit"]))


@blp.post("/matters")
@blp.arguments(MatterInput)
@blp.response(201, MatterSchema)
def register_matter(body: dict[str, Any]) -> ResponseReturnValue:
    """Register a matter under the year's next number and assign it."""
    unit_id = body.pop("unit_id")
    with work() as scope:
        made = operations.register_matter(scope, unit_id=unit_id, form=MatterForm(**body))
        return tagged(made, made.version, 201)


@blp.get("/matters/<uuid:matter_id>")
@blp.response(200, MatterDetailSchema, headers=ETAG)
def get_matter(matter_id: UUID) -> ResponseReturnValue:
    """Get a matter with its units, reports, extensions, papers and history."""
    scope = current_scope()
    matter = queries.get_readable_matter(scope, matter_id)
    plain: dict[str, Any] = {name: getattr(matter, name) for name in MatterSchema().fields}
    more = {
        "parties": parties_of(scope, matter),
        "reports": _with_files(scope, queries.reports_of(scope, matter)),
        "extensions": queries.extensions_of(scope, matter),
        "papers": queries.papers_of(scope, matter),
        "history": queries.steps_of(scope, matter),
    }
    return tagged(plain | more, matter.version)


@blp.post("/matters/<uuid:matter_id>/sign")
@blp.response(200, MatterSchema)
def sign(matter_id: UUID) -> ResponseReturnValue:
    """Sign for a matter."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.sign_for(scope, matter_id=matter_id))


@blp.post("/matters/<uuid:matter_id>/reports")
@blp.arguments(ReportInput)
@blp.response(201, ReportSchema)
def report(body: dict[str, Any], matter_id: UUID) -> MatterReport:
    """Report: progress and the final report for the lead unit, a share for the others."""
    with work() as scope:
        _compare(scope, matter_id)
        if body["kind"] is ReportKind.FINAL:
            return operations.finish(scope, matter_id=matter_id, text=body["text"], late_reason=body["late_reason"])
        report_it = operations.report_progress if body["kind"] is ReportKind.PROGRESS else operations.report_share
        return report_it(scope, matter_id=matter_id, text=body["text"])


@blp.post("/matters/<uuid:matter_id>/reports/<uuid:report_id>/files")
@blp.unconditional("adds a file beside the others, overwrites nothing")
@blp.arguments(UploadSchema, location="files")
@blp.response(201, FileSchema)
def add_report_file(_files: dict[str, Any], matter_id: UUID, report_id: UUID) -> StoredFile:
    """Attach a file to a report of one's own unit, until its review."""
    with work() as scope:
        return keep(scope, for_files(scope, matter_id=matter_id, report_id=report_id), single_upload())


@blp.get("/matters/<uuid:matter_id>/files/<uuid:file_id>/content")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="*/*", description="The kind the file was found to be.")
def report_file(matter_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Send a file of a report to whoever may read the matter."""
    scope = current_scope()
    return sent(queries.file_of(scope, queries.get_readable_matter(scope, matter_id), file_id), shown=False)


@blp.post("/matters/<uuid:matter_id>/dispute")
@blp.arguments(ReasonInput)
@blp.response(200, MatterSchema)
def dispute(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Hand a matter back to its assigner as disputed."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.raise_dispute(scope, matter_id=matter_id, reason=body["reason"]))


@blp.post("/matters/<uuid:matter_id>/settle")
@blp.arguments(SettlementInput)
@blp.response(200, MatterSchema)
def settle(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Settle a dispute."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.settle_dispute(scope, matter_id=matter_id, **body))


@blp.post("/matters/<uuid:matter_id>/reassign")
@blp.arguments(ReassignInput)
@blp.response(200, MatterSchema)
def reassign(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Give a matter to other units."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.reassign(scope, matter_id=matter_id, **body))


@blp.post("/matters/<uuid:matter_id>/urge")
@blp.unconditional("sends messages beside the others, overwrites nothing")
@blp.arguments(WordsInput)
@blp.response(200, UrgedSchema)
def urge(body: dict[str, Any], matter_id: UUID) -> dict[str, int]:
    """Press the units, once an hour at most."""
    with work() as scope:
        return {"count": operations.urge(scope, matter_id=matter_id, words=body["words"])}


@blp.post("/matters/<uuid:matter_id>/withdraw")
@blp.arguments(ReasonInput)
@blp.response(200, MatterSchema)
def withdraw(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Take a matter back; its number is not given again."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.withdraw_matter(scope, matter_id=matter_id, reason=body["reason"]))


@blp.post("/matters/<uuid:matter_id>/review")
@blp.arguments(ReviewInput)
@blp.response(200, MatterSchema)
def review(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Review the closure: closed where all five questions are met, else returned."""
    met = set(body["met"])
    with work() as scope:
        _compare(scope, matter_id)
        if met == set(Question):
            return _matter(operations.close_matter(scope, matter_id=matter_id, met=met, conclusion=body["reason"]))
        told = body["unmet"]
        unmet = [one for one in Question if one not in met] if told is None else told
        return _matter(
            operations.return_report(
                scope, matter_id=matter_id, unmet=unmet, met=met, reason=body["reason"], redo_by=body["redo_by"]
            )
        )


@blp.post("/matters/<uuid:matter_id>/reopen")
@blp.arguments(ReopenInput)
@blp.response(200, MatterSchema)
def reopen(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Take a closed matter up again, with a new term."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.reopen_matter(scope, matter_id=matter_id, reason=body["reason"], due_on=body["due_on"]))


@blp.post("/matters/<uuid:matter_id>/archive")
@blp.arguments(WordsInput)
@blp.response(200, MatterSchema)
def archive(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Put a closed matter into the archive."""
    with work() as scope:
        _compare(scope, matter_id)
        return _matter(operations.file_matter(scope, matter_id=matter_id, file_note=body["words"]))


@blp.post("/matters/<uuid:matter_id>/extension")
@blp.arguments(ExtensionInput)
@blp.response(201, MatterSchema)
def ask_extension(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Ask for more time before the term ends."""
    with work() as scope:
        _compare(scope, matter_id)
        operations.ask_extension(scope, matter_id=matter_id, **body)
        return _matter(queries.get_matter(scope, matter_id), 201)


@blp.post("/matters/<uuid:matter_id>/extension/review")
@blp.arguments(VerdictInput)
@blp.response(200, MatterSchema)
def review_extension(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Look at an extension first, for the office."""
    with work() as scope:
        _compare(scope, matter_id)
        operations.review_extension(scope, matter_id=matter_id, **body)
        return _matter(queries.get_matter(scope, matter_id))


@blp.post("/matters/<uuid:matter_id>/extension/decide")
@blp.arguments(DecisionInput)
@blp.response(200, MatterSchema)
def decide_extension(body: dict[str, Any], matter_id: UUID) -> ResponseReturnValue:
    """Decide about an extension, as the leader."""
    with work() as scope:
        _compare(scope, matter_id)
        operations.decide_extension(
            scope, matter_id=matter_id, grant=body["agree"], words=body["words"], granted_on=body["granted_on"]
        )
        return _matter(queries.get_matter(scope, matter_id))


@blp.post("/matters/<uuid:matter_id>/sheets")
@blp.arguments(SheetInput)
@blp.response(201, PaperSchema)
def issue_sheet(body: dict[str, Any], matter_id: UUID) -> MatterPaper:
    """Send a sheet by hand."""
    with work() as scope:
        _compare(scope, matter_id)
        return operations.issue_sheet(scope, matter_id=matter_id, colour=body["colour"], reason=body["reason"])


@blp.post("/matters/<uuid:matter_id>/papers/<uuid:paper_id>/issue")
@blp.arguments(OpinionInput)
@blp.response(200, PaperSchema)
def issue_circular(body: dict[str, Any], matter_id: UUID, paper_id: UUID) -> MatterPaper:
    """Issue the drafted circular of a matter that went red."""
    with work() as scope:
        _compare(scope, matter_id)
        return operations.issue_circular(scope, matter_id=matter_id, paper_id=paper_id, opinion=body["opinion"])


@blp.get("/meetings")
@blp.arguments(MeetingArgs, location="query")
@blp.response(200, MeetingPage)
def list_meetings(args: dict[str, Any]) -> dict[str, object]:
    """List the meetings one may read, newest first."""
    return page_body(queries.list_meetings(current_scope(), kind=args["kind"], after=args["after"], limit=args["limit"]))


@blp.post("/meetings")
@blp.arguments(MeetingInput)
@blp.response(201, MeetingSchema)
def note_meeting(body: dict[str, Any]) -> ResponseReturnValue:
    """Note a meeting that was held."""
    unit_id = body.pop("unit_id")
    with work() as scope:
        made = operations.note_meeting(scope, unit_id=unit_id, form=MeetingForm(**body))
        return tagged(made, made.version, 201)


@blp.get("/meetings/rhythms")
@blp.response(200, RhythmListSchema)
def list_rhythms() -> dict[str, object]:
    """List the rules of meetings with the periods that went by without one."""
    return {"items": queries.list_rhythms(current_scope())}


@blp.post("/meetings/rhythms")
@blp.arguments(RhythmInput)
@blp.response(201, RhythmSchema)
def set_rhythm(body: dict[str, Any]) -> MeetingRhythm:
    """Set how often a unit meets."""
    with work() as scope:
        return operations.set_rhythm(scope, **body)


@blp.post("/meetings/rhythms/<uuid:rhythm_id>/end")
@blp.unconditional("ends it once; a second time changes nothing")
@blp.response(200, RhythmSchema)
def end_rhythm(rhythm_id: UUID) -> MeetingRhythm:
    """End a rule of meetings."""
    with work() as scope:
        return operations.end_rhythm(scope, rhythm_id=rhythm_id)


@blp.get("/meetings/<uuid:meeting_id>")
@blp.response(200, MeetingDetailSchema, headers=ETAG)
def get_meeting(meeting_id: UUID) -> ResponseReturnValue:
    """Get a meeting with its units and where its resolutions stand."""
    scope = current_scope()
    meeting = queries.get_readable_meeting(scope, meeting_id)
    plain: dict[str, Any] = {name: getattr(meeting, name) for name in MeetingSchema().fields}
    more = {"units": queries.units_called(scope, meeting), "resolutions": queries.resolutions_of(scope, meeting)}
    return tagged(plain | more, meeting.version)


@blp.put("/meetings/<uuid:meeting_id>")
@blp.arguments(MeetingWordsInput)
@blp.response(200, MeetingSchema)
def change_meeting(body: dict[str, Any], meeting_id: UUID) -> ResponseReturnValue:
    """Correct what was noted."""
    version = expected_version()
    with work() as scope:
        done: Meeting = operations.change_meeting(scope, meeting_id=meeting_id, form=MeetingForm(**body), version=version)
        return tagged(done, done.version)


@blp.post("/meetings/<uuid:meeting_id>/files")
@blp.unconditional("adds a file beside the others, overwrites nothing")
@blp.arguments(UploadSchema, location="files")
@blp.response(201, FileSchema)
def add_meeting_file(_files: dict[str, Any], meeting_id: UUID) -> StoredFile:
    """Attach the file of the minutes."""
    with work() as scope:
        return keep(scope, for_minutes(scope, meeting_id=meeting_id), single_upload())


@blp.post("/meetings/<uuid:meeting_id>/strike")
@blp.arguments(ReasonInput)
@blp.response(200, MeetingSchema)
def strike_meeting(body: dict[str, Any], meeting_id: UUID) -> ResponseReturnValue:
    """Strike what was noted by mistake."""
    with work() as scope:
        compare_row(scope, queries.get_readable_meeting(scope, meeting_id))
        done: Meeting = operations.strike_meeting(scope, meeting_id=meeting_id, reason=body["reason"])
        return tagged(done, done.version)


@blp.post("/meetings/<uuid:meeting_id>/resolutions")
@blp.arguments(ResolutionsInput)
@blp.response(201, MatterListSchema)
def resolve(body: dict[str, Any], meeting_id: UUID) -> dict[str, object]:
    """Make matters of a meeting's resolutions, all in one act."""
    forms = [MatterForm(source=MINUTES, **one) for one in body["resolutions"]]
    with work() as scope:
        compare_row(scope, queries.get_readable_meeting(scope, meeting_id))
        return {"items": operations.resolve(scope, meeting_id=meeting_id, forms=forms)}


def _with_files(scope: Scope, reports: Sequence[MatterReport]) -> list[dict[str, Any]]:
    files = queries.files_of(scope, reports)
    names = [name for name in ReportSchema().fields if name != "files"]
    return [{name: getattr(one, name) for name in names} | {"files": files.get(one.id, ())} for one in reports]


def _compare(scope: Scope, matter_id: UUID) -> None:
    compare_row(scope, queries.get_readable_matter(scope, matter_id))


def _matter(matter: Matter, status: int = 200) -> ResponseReturnValue:
    return tagged(matter, matter.version, status)
