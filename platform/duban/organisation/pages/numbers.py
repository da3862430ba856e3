"""Showing one number, and recording what numbers a request shows before its answer leaves."""

from uuid import UUID

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from duban.audit.reads import record_reads
from duban.kernel.logs import get_logger
from duban.organisation.operations.numbers import kind_of_number, reveal_number
from duban.web.addresses import page_behind
from duban.web.errors import answer_unavailable
from duban.web.requests import reads_to_record, work

log = get_logger(__name__)


def reveal(kind: str, row_id: UUID) -> ResponseReturnValue:
    """Show one number: in its place where the page asks, on a page of its own without JavaScript."""
    with work() as scope:
        shown = reveal_number(scope, kind=kind_of_number(kind), row_id=row_id)
    template = "organisation/number_shown.html" if request.headers.get("HX-Request") else "organisation/number.html"
    return render_template(template, shown=shown, back=page_behind())


def record_what_is_shown(response: Response) -> Response:
    """Record the personal data an answer holds; an answer that cannot be recorded is not given."""
    reads = reads_to_record()
    if not reads:
        return response
    try:
        with work() as scope:
            record_reads(scope, reads, where=request.path)
    except Exception as error:  # noqa: BLE001 - whatever the reason: what is not on record is not shown
        log.error("personal data withheld", path=request.path, error=type(error).__name__)  # noqa: TRY400 - no rows in logs
        return current_app.make_response(answer_unavailable(error))
    return response
