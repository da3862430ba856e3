"""What operators did, and the certificates of deletion."""

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from duban.audit.anchors import shelf
from duban.console.anchoring import judge_acts
from duban.console.desk import verify_acts
from duban.console.door import reading
from duban.console.queries import PAGE, get_certificate, list_acts
from duban.web.requests import runtime


def acts() -> ResponseReturnValue:
    """List operators' acts, newest first, with the state of their chain."""
    raw = request.args.get("after", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 18 else None  # noqa: PLR2004 - fits the column
    file = shelf.afresh()
    with reading() as session:
        rows = list_acts(session, before=before, limit=PAGE + 1)
        return render_template(
            "console/record.html",
            acts=rows[:PAGE],
            following=rows[PAGE - 1].seq if len(rows) > PAGE else None,
            verdict=judge_acts(runtime().engine, file) if file else verify_acts(session),
        )


def certificate(certificate_id: UUID) -> ResponseReturnValue:
    """Show what remains of a deleted tenant."""
    with reading() as session:
        return render_template("console/certificate.html", certificate=get_certificate(session, certificate_id))
