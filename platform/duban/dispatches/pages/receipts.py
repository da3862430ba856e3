"""One document one's unit was sent: read, sign for with one press, answer, forward. Made for the clerk with a phone."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.dispatches import queries
from duban.dispatches.audience import Audience, offered_lines, resolve
from duban.dispatches.leave import OF_DISPATCH, OF_REPLY, get_receipt, is_receiver, place_of_sender, way_of
from duban.dispatches.models import Receipt
from duban.dispatches.operations.answering import answer_receipt, open_receipt, reply_owner, sign_receipt
from duban.dispatches.presenting import instead_of, lines_of
from duban.dispatches.states import Timing
from duban.files.queries import list_of
from duban.files.receiving import file_items, keep, upload_limit, uploads
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.programmes.leave import may_read
from duban.programmes.operations.documents import OWNER_KIND as OF_DOCUMENT
from duban.programmes.pages import explained
from duban.web.errors import translate
from duban.web.requests import current_scope, work


def show(receipt_id: UUID) -> str:
    """Show what came, from whom, by which way. That somebody looked is told by the page itself, once it stands before them."""
    return _page(receipt_id)


def note_opened(receipt_id: UUID) -> ResponseReturnValue:
    """Note that the receiving unit has looked at it; sent by the page."""
    with work() as scope:
        open_receipt(scope, receipt_id=receipt_id)
    return "", 204, {"HX-Trigger": "duban:opened"}  # the page draws again where it stands


def _page(receipt_id: UUID, **more: Any) -> str:
    scope = current_scope()
    receipt = get_receipt(scope, receipt_id)
    (line,) = lines_of(scope, [receipt])
    way = way_of(scope, receipt.trail)
    replies = queries.replies_to(scope, [receipt.id]).get(receipt.id, ())
    of_replies = list_of(scope, OF_REPLY, [row.id for row in replies])
    reads = may_read(scope, line.document)
    along = list_of(scope, OF_DISPATCH, [row.id for row in way]) if reads else {}
    attached = list_of(scope, OF_DOCUMENT, [line.document.id]).get(line.document.id, []) if reads else []
    is_ours = is_receiver(scope, receipt)
    timing = receipt.progress.timing(scope.now)
    return render_template(
        "dispatches/receipt.html",
        line=line,
        receipt=receipt,
        way=way,
        reads=reads,
        files=file_items(attached),
        along={row.id: file_items(along.get(row.id, [])) for row in way},
        replies=[(row, file_items(of_replies.get(row.id, []))) for row in replies],
        forwarded=queries.forwarded_from(scope, [receipt]).get(receipt.id, ()),
        instead=instead_of(scope, [line.dispatch]).get(line.dispatch.id),
        is_ours=is_ours,
        is_new=is_ours and receipt.opened_at is None and receipt.ended_at is None,
        is_senders=may(scope, "dispatch", "read", place_of_sender(receipt)),
        may_sign=is_ours and receipt.ended_at is None and receipt.signed_at is None,
        may_answer=is_ours and receipt.ended_at is None,
        answer_wanted=timing in {Timing.PENDING, Timing.OVERDUE},
        may_forward=is_ours and reads and receipt.ended_at is None and _has_units_below(scope, receipt),
        accept=ACCEPT,
        limit_bytes=upload_limit(),
        **({"errors": {}, "typed": {}} | more),
    )


def _has_units_below(scope: Scope, receipt: Receipt) -> bool:
    """Say whether the receiving unit, as it is today, has anybody below to forward to in a line the actor sends in."""
    unit = queries.unit_of(scope, receipt)
    if unit is None:
        return False
    lines = [None if one.primary else one.code for one in offered_lines(scope, unit)]
    return any(resolve(scope, sender=unit, line=line, audience=Audience()) for line in lines)


def sign(receipt_id: UUID) -> ResponseReturnValue:
    """Sign for it: one press."""
    try:
        with work() as scope:
            sign_receipt(scope, receipt_id=receipt_id)
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    else:
        flash(_("已签收。签收人和时间已记录，发送单位可以看到。"), "success")
    return redirect(url_for("dispatches.show_receipt", receipt_id=receipt_id))


def reply(receipt_id: UUID) -> ResponseReturnValue:
    """Answer it, with files where there are any."""
    try:
        with work() as scope:
            items = uploads()
            made = answer_receipt(scope, receipt_id=receipt_id, text=request.form.get("text", ""), has_files=bool(items))
            for item in items:
                keep(scope, reply_owner(made), item)
    except AnticipatedError as error:
        shown, status = explained(error)
        if status in {403, 404}:
            raise
        return _page(receipt_id, typed=request.form, **shown), status
    flash(_("回复已发出。"), "success")
    return redirect(url_for("dispatches.show_receipt", receipt_id=receipt_id))
