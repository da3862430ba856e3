"""Documents sent and received for programs: the same operations as the pages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.dispatches import queries, schemas
from duban.dispatches.audience import Audience, chosen_line, offered_lines
from duban.dispatches.leave import OF_DISPATCH, OF_REPLY, get_dispatch, get_receipt, way_of
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.operations.answering import answer_receipt, get_for_files, open_receipt, reply_owner, sign_receipt
from duban.dispatches.operations.ending import get_for_change, move_reply_day, urge, withdraw
from duban.dispatches.operations.sending import Sending, file_owner, send
from duban.dispatches.presenting import Line, Link, SentLine, chain_of, lines_of, sent_lines
from duban.files.models import StoredFile
from duban.files.queries import list_of
from duban.files.receiving import keep, single_upload
from duban.files.schemas import FileSchema, UploadSchema
from duban.kernel.scope import Scope
from duban.programmes.queries import get_document
from duban.tree.queries import get_unit
from duban.web.api import ETAG, ApiBlueprint, compare_row, paged, tagged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-dispatches", __name__, url_prefix="/api/v1", description="Documents sent down and their receipts")

Body = dict[str, Any]
_NAMED = ("id", "number", "title", "issuer")


def _dispatch(row: Dispatch) -> Body:
    return {name: getattr(row, name) for name in schemas.DispatchSchema().fields}


def _sent(line: SentLine) -> Body:
    return _dispatch(line.dispatch) | {"title": line.document.title, "count": line.count}


def _receipt(scope: Scope, row: Receipt) -> Body:
    progress = row.progress
    plain = {name: getattr(row, name) for name in schemas.ReceiptSchema().fields if name not in {"standing", "timing"}}
    return plain | {"standing": progress.standing.value, "timing": progress.timing(scope.now).value}


def _received(scope: Scope, line: Line) -> Body:
    named = {"title": line.document.title, "number": line.document.number, "sender": line.dispatch.unit_name}
    return _receipt(scope, line.receipt) | named


def _full_dispatch(scope: Scope, row: Dispatch) -> Body:
    (line,) = sent_lines(scope, [row])
    receivers = [
        _receipt(scope, node.receipt)
        | {"unit_name": node.name, "step": node.step, "forwarded": [one.id for one in node.forwarded]}
        for node in queries.tree_under(scope, row.trail)
    ]
    attached = list_of(scope, OF_DISPATCH, [row.id]).get(row.id, [])
    return _sent(line) | {"reached": queries.count_under(scope, row.trail), "receivers": receivers, "files": attached}


def _full_receipt(scope: Scope, row: Receipt) -> Body:
    (line,) = lines_of(scope, [row])
    replies = queries.replies_to(scope, [row.id]).get(row.id, ())
    attached = list_of(scope, OF_REPLY, [one.id for one in replies])
    names = [name for name in schemas.ReplySchema().fields if name != "files"]
    return _received(scope, line) | {
        "way": [_dispatch(one) for one in way_of(scope, row.trail)],
        "replies": [{name: getattr(one, name) for name in names} | {"files": attached.get(one.id, [])} for one in replies],
    }


@blp.get("/dispatches")
@blp.arguments(schemas.SentQuery, location="query")
@blp.response(200, paged(schemas.SentSchema))
def list_sent(query: Body) -> ResponseReturnValue:
    """List what one's own units sent, newest first."""
    scope = current_scope()
    page = queries.sent(scope, **query)
    return {"items": [_sent(line) for line in sent_lines(scope, page.items)], "next": page.next}


@blp.get("/receipts")
@blp.arguments(schemas.ReceivedQuery, location="query")
@blp.response(200, paged(schemas.ReceivedSchema))
def list_received(query: Body) -> ResponseReturnValue:
    """List what was sent to one's own units, newest first."""
    scope = current_scope()
    page = queries.inbox(scope, **query)
    return {"items": [_received(scope, line) for line in lines_of(scope, page.items)], "next": page.next}


@blp.post("/dispatches")
@blp.arguments(schemas.NewDispatchInput)
@blp.response(201, schemas.FullDispatchSchema)
def forward(body: Body) -> ResponseReturnValue:
    """Forward a document to units below."""
    said = {name: body[name] for name in ("number", "note", "reply_by", "reply_days")}
    audience = Audience(body["to"], levels=body["levels"], unit_ids=body["unit_ids"])
    with work() as scope:
        sending = Sending(**said, audience=audience)
        sender = get_unit(scope, body["unit_id"])
        if body["line"] or offered_lines(scope, sender):
            sending = replace(sending, line=chosen_line(scope, sender, body["line"]))
        made = send(scope, document_id=body["document_id"], unit_id=sender.id, sending=sending, replaces_id=body["replaces_id"])
        return tagged(_full_dispatch(scope, made), made.version, 201)


@blp.get("/dispatches/<uuid:dispatch_id>")
@blp.response(200, schemas.FullDispatchSchema, headers=ETAG)
def show_sent(dispatch_id: UUID) -> ResponseReturnValue:
    """Give a dispatch as its sender sees it, with everybody it reached."""
    scope = current_scope()
    row = get_dispatch(scope, dispatch_id)
    return tagged(_full_dispatch(scope, row), row.version)


@blp.post("/dispatches/<uuid:dispatch_id>/files")
@blp.unconditional("adds a file beside the others, overwrites nothing")
@blp.arguments(UploadSchema, location="files")
@blp.response(201, FileSchema)
def add_file(_files: Body, dispatch_id: UUID) -> StoredFile:
    """Send a file along."""
    with work() as scope:
        return keep(scope, file_owner(get_for_change(scope, dispatch_id)), single_upload())


@blp.post("/dispatches/<uuid:dispatch_id>/urge")
@blp.unconditional("presses whoever has not signed or answered at that moment; the dispatch stays as it is")
@blp.arguments(schemas.UrgeInput)
@blp.response(200, schemas.PressedSchema)
def press(body: Body, dispatch_id: UUID) -> Body:
    """Press direct receivers who have not signed or answered."""
    with work() as scope:
        return {"pressed": urge(scope, dispatch_id=dispatch_id, receipt_ids=body["receipt_ids"])}


@blp.post("/dispatches/<uuid:dispatch_id>/withdraw")
@blp.arguments(schemas.WithdrawInput)
@blp.response(200, schemas.FullDispatchSchema)
def take_back(body: Body, dispatch_id: UUID) -> ResponseReturnValue:
    """Take a dispatch back with all that was forwarded from it; needs If-Match."""
    with work() as scope:
        compare_row(scope, get_dispatch(scope, dispatch_id))
        row = withdraw(scope, dispatch_id=dispatch_id, reason=body["reason"])
        scope.session.flush()
        return tagged(_full_dispatch(scope, row), row.version)


@blp.post("/dispatches/<uuid:dispatch_id>/day")
@blp.arguments(schemas.DayInput)
@blp.response(200, schemas.FullDispatchSchema)
def move_day(body: Body, dispatch_id: UUID) -> ResponseReturnValue:
    """Move the day to reply by; needs If-Match."""
    with work() as scope:
        compare_row(scope, get_dispatch(scope, dispatch_id))
        row = move_reply_day(scope, dispatch_id=dispatch_id, reply_by=body["reply_by"], reason=body["reason"])
        scope.session.flush()
        return tagged(_full_dispatch(scope, row), row.version)


@blp.get("/receipts/<uuid:receipt_id>")
@blp.response(200, schemas.FullReceiptSchema, headers=ETAG)
def show_received(receipt_id: UUID) -> ResponseReturnValue:
    """Give a copy, the way it came and the answers given. Reading it here does not count as having opened it."""
    scope = current_scope()
    row = get_receipt(scope, receipt_id)
    return tagged(_full_receipt(scope, row), row.version)


@blp.post("/receipts/<uuid:receipt_id>/open")
@blp.unconditional("notes the first look, whatever else has happened; a second one changes nothing")
@blp.response(200, schemas.FullReceiptSchema)
def open_it(receipt_id: UUID) -> ResponseReturnValue:
    """Say that a person of the receiving unit has looked at it."""
    with work() as scope:
        row = open_receipt(scope, receipt_id=receipt_id)
        return tagged(_full_receipt(scope, row), row.version)


@blp.post("/receipts/<uuid:receipt_id>/sign")
@blp.response(200, schemas.FullReceiptSchema)
def sign(receipt_id: UUID) -> ResponseReturnValue:
    """Sign for a document one's unit was sent; needs If-Match."""
    with work() as scope:
        compare_row(scope, get_receipt(scope, receipt_id))
        row = sign_receipt(scope, receipt_id=receipt_id)
        scope.session.flush()
        return tagged(_full_receipt(scope, row), row.version)


@blp.post("/receipts/<uuid:receipt_id>/replies")
@blp.unconditional("adds an answer beside the others, overwrites nothing")
@blp.arguments(schemas.ReplyInput)
@blp.response(201, schemas.FullReceiptSchema)
def reply(body: Body, receipt_id: UUID) -> ResponseReturnValue:
    """Answer, which signs for it as well; files are added to the answer afterwards."""
    with work() as scope:
        answer_receipt(scope, receipt_id=receipt_id, text=body["text"])
        scope.session.flush()
        row = get_receipt(scope, receipt_id)
        return tagged(_full_receipt(scope, row), row.version, 201)


@blp.post("/receipts/<uuid:receipt_id>/replies/<uuid:reply_id>/files")
@blp.unconditional("adds a file beside the others, overwrites nothing")
@blp.arguments(UploadSchema, location="files")
@blp.response(201, FileSchema)
def add_reply_file(_files: Body, receipt_id: UUID, reply_id: UUID) -> StoredFile:
    """Attach a file to an answer of one's own unit."""
    with work() as scope:
        return keep(scope, reply_owner(get_for_files(scope, receipt_id=receipt_id, reply_id=reply_id)), single_upload())


def _link(link: Link) -> Body:
    named = {name: getattr(link.document, name) for name in _NAMED}
    return named | {"may_read": link.may_read, "way": [_dispatch(one) for one in link.way]}


def _links(links: Sequence[Link]) -> list[Body]:
    return [_link(link) for link in links]


@blp.get("/documents/<uuid:document_id>/chain")
@blp.response(200, schemas.ChainSchema)
def chain(document_id: UUID) -> Body:
    """Give where a document comes from and where one's own units sent it."""
    scope = current_scope()
    found = chain_of(scope, get_document(scope, document_id))
    return {
        "named": found.named,
        "above": _links(found.above),
        "here": _link(found.here),
        "below": found.below,
        "sent": [_sent(line) for line, _nodes, _count in found.sent],
    }
