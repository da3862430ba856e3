"""What was sent to one's unit and what it sent: lists with filters, and the same taken away as a workbook."""

from flask import render_template, request

from duban.dispatches import queries
from duban.dispatches.forms import chosen_box
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.presenting import lines_of, sent_lines
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.web.requests import current_scope

_MOST_PAGES = 50
"""A workbook holds ten thousand rows; more is asked for by a narrower filter."""


def _received(scope: Scope, *, after: str | None, limit: int = 50) -> Page[Receipt]:
    box = chosen_box(request.args.get("box", ""))
    return queries.inbox(scope, box=box, words=request.args.get("q", "").strip()[:100], after=after, limit=limit)


def _sent(scope: Scope, *, after: str | None, limit: int = 50) -> Page[Dispatch]:
    return queries.sent(scope, words=request.args.get("q", "").strip()[:100], after=after, limit=limit)


def received() -> str:
    """What was sent to one's own units, newest first; those that wait are marked."""
    scope = current_scope()
    page = _received(scope, after=request.args.get("after"))
    return render_template(
        "dispatches/received.html", page=page, lines=lines_of(scope, page.items), waiting=queries.count_waiting(scope)
    )


def sent() -> str:
    """What one's own units sent, newest first, with how many have signed and answered."""
    scope = current_scope()
    page = _sent(scope, after=request.args.get("after"))
    return render_template(
        "dispatches/sent.html", page=page, lines=sent_lines(scope, page.items), waiting=queries.count_waiting(scope)
    )
