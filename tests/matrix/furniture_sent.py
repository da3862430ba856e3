"""Furniture that is sent down and answered: documents for some alone, supervised matters, meetings."""

from datetime import date, timedelta

from duban.calendar.ladders import Colour
from duban.dispatches.operations import answering, sending
from duban.dispatches.queries import receipts_of
from duban.matters import operations as matters
from duban.matters import queries as matter_queries
from duban.matters.leave import parties_of
from duban.matters.operations import MatterForm
from duban.matters.operations.handling import owner_of as report_owner
from duban.matters.operations.meetings import MeetingForm
from duban.matters.operations.meetings import owner_of as meeting_owner
from duban.matters.states import Question
from duban.programmes.forms import DocumentForm
from duban.programmes.operations import documents
from tests.matrix.furniture_parts import MONTHLY, keep, superiors
from tests.matrix.stage import House


def dispatches(house: House) -> None:
    """Every superior has sent a document of its own, for those it is sent to alone, to all directly below; all have opened it."""
    keys = {unit_id: key for key, unit_id in house.units.items()}
    for place in superiors(house):
        with house.as_(house.writers[place]) as scope:
            form = DocumentForm(title=house.title("sentdoc", place), issuer="办公室")
            document = documents.register_document(
                scope, unit_id=house.units[place], form=form, original_text="原文", addressed_only=True
            )
            scope.session.flush()
            file_id = keep(house, scope, documents.file_owner(document), f"{house.title('sentfile', place)}txt")
            by = date(2026, 3, 25)
            made = sending.send(
                scope, document_id=document.id, unit_id=house.units[place], sending=sending.Sending(note="意见", reply_by=by)
            )
            scope.session.flush()
            house.put("sentdoc", place, document.id, version=1)
            house.put("sentfile", place, file_id)
            house.put("dispatch", place, made.id, version=made.version)
            along = keep(house, scope, sending.file_owner(made), f"{house.title('alongfile', place)}txt")
            house.put("alongfile", place, along)
            receipts = {keys[row.unit_id]: row.id for row in receipts_of(scope, made.id)}
        for below, receipt_id in receipts.items():
            with house.as_(house.writers[below]) as scope:
                answering.open_receipt(scope, receipt_id=receipt_id)
                reply = answering.answer_receipt(scope, receipt_id=receipt_id, text="已收到")
                house.put("receipt", below, receipt_id, at=place, to=below, reply=reply.id)
                kept = keep(house, scope, answering.reply_owner(reply), f"{house.title('replyfile', below)}txt")
                house.put("replyfile", below, kept, at=place, to=below)
        with house.as_(house.writers[place]) as scope:
            plain = DocumentForm(title=house.title("unsigneddoc", place), issuer="办公室")
            more = documents.register_document(
                scope, unit_id=house.units[place], form=plain, original_text="", addressed_only=True
            )
            scope.session.flush()
            made = sending.send(scope, document_id=more.id, unit_id=house.units[place], sending=sending.Sending())
            house.put("unsignedof", place, made.id)
            receipts = {keys[row.unit_id]: row.id for row in receipts_of(scope, made.id)}
        for below, receipt_id in receipts.items():
            with house.as_(house.writers[below]) as scope:
                version = answering.open_receipt(scope, receipt_id=receipt_id).version
                house.put("unsigned", below, receipt_id, at=place, to=below, version=version)


def supervised_matters(house: House) -> None:
    for place in superiors(house):
        for below in house.below(place):
            for kind in ("matter", "mreported", "mdisputed", "mclosed", "masked", "mpassed", "mred"):
                _matter(house, kind, place, below)
    for place, writer in house.writers.items():
        with house.as_(writer) as scope:
            form = MeetingForm("regular", house.title("meeting", place), scope.today, "张三")
            meeting = matters.note_meeting(scope, unit_id=house.units[place], form=form)
            house.put("meetingfile", place, keep(house, scope, meeting_owner(meeting), f"{house.title('meetingfile', place)}txt"))
            house.put("meeting", place, meeting.id, version=1)
            made = matters.set_rhythm(
                scope, unit_id=house.units[place], kind="regular", title=house.title("rhythm", place), due=MONTHLY,
                active_from=date(2026, 1, 1), active_until=date(2026, 12, 31),
            )  # fmt: skip
            house.put("rhythm", place, made.id)


def _matter(house: House, kind: str, place: str, below: str) -> None:
    with house.as_(house.writers[place]) as scope:
        form = MatterForm(house.title(kind, below), "document", house.units[below])
        made = matters.register_matter(scope, unit_id=house.units[place], form=form)
        matter_id = made.id
        if kind == "mred":
            matters.issue_sheet(scope, matter_id=matter_id, colour=Colour.RED, reason="特办")
            paper = matter_queries.papers_of(scope, made)[-1]
            house.put("mpaper", below, paper.id, at=place, to=below)
    more: dict[str, object] = {}
    with house.as_(house.writers[below]) as scope:
        if kind in {"mreported", "mclosed"}:
            report = matters.finish(scope, matter_id=matter_id, text="办结")
            party = parties_of(scope, matter_queries.get_matter(scope, matter_id))[0]
            if kind == "mreported":
                more = {"report": report.id}
                name = f"{house.title('mfile', below)}txt"
                house.put("mfile", below, keep(house, scope, report_owner(report, party), name), at=place, to=below)
        elif kind == "mdisputed":
            matters.raise_dispute(scope, matter_id=matter_id, reason="分工不清")
        elif kind in {"masked", "mpassed"}:
            day = made.due_on + timedelta(days=5)
            matters.ask_extension(scope, matter_id=matter_id, wanted_on=day, reason="雨季", progress="六成")
    with house.as_(house.writers[place]) as scope:
        if kind == "mclosed":
            matters.close_matter(scope, matter_id=matter_id, met=list(Question))
        elif kind == "mpassed":
            matters.review_extension(scope, matter_id=matter_id, agree=True)
    house.put(kind, below, matter_id, at=place, to=below, **more)
