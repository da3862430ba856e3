"""Sheets and circulars: on the page as on paper, as a Word file, and the leader's issuing of a circular."""

import io
from uuid import UUID

from flask import render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from duban.calendar.ladders import Colour
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.letters.rules.frozen import is_intact
from duban.letters.word import write_docx
from duban.matters import operations, queries
from duban.matters.leave import is_assigner
from duban.matters.pages.reading import do
from duban.matters.papers import draft_note, lay_out
from duban.matters.states import LIVING, PaperKind
from duban.web.errors import status_of
from duban.web.requests import current_scope

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def show(matter_id: UUID, paper_id: UUID) -> ResponseReturnValue:
    """Show a paper as it prints."""
    return _page(current_scope(), matter_id, paper_id)


def docx(matter_id: UUID, paper_id: UUID) -> ResponseReturnValue:
    """Give a paper as a Word file."""
    scope = current_scope()
    matter = queries.get_readable_matter(scope, matter_id)
    paper = queries.get_paper(scope, matter, paper_id)
    content = write_docx(lay_out(paper), zone=scope.zone, note=draft_note(paper))
    name = f"{paper.number or matter.number} {matter.lead_name}.docx"
    return send_file(io.BytesIO(content), mimetype=WORD, as_attachment=True, download_name=name)


def issue(matter_id: UUID, paper_id: UUID) -> ResponseReturnValue:
    """Issue a circular."""
    opinion = request.form.get("opinion", "")
    return do(
        lambda scope: operations.issue_circular(scope, matter_id=matter_id, paper_id=paper_id, opinion=opinion),
        said=N_("通报已印发，相关单位会收到通知。"),
        to=url_for("matters.show_paper", matter_id=matter_id, paper_id=paper_id),
        again=lambda error: (_page(current_scope(), matter_id, paper_id, error), status_of(error)),
    )


def _page(scope: Scope, matter_id: UUID, paper_id: UUID, error: AnticipatedError | None = None) -> str:
    matter = queries.get_readable_matter(scope, matter_id)
    paper = queries.get_paper(scope, matter, paper_id)
    is_draft = paper.kind is PaperKind.CIRCULAR and paper.issued_at is None
    stands = matter.state in LIVING and matter.colour is Colour.RED and paper.due_version == matter.due_version
    return render_template(
        "matters/paper.html",
        matter=matter,
        paper=paper,
        layout=lay_out(paper),
        is_draft=is_draft,
        is_void=is_draft and not stands,
        is_intact=is_intact(paper.body, digest=paper.digest, algorithm=paper.algorithm),
        may_issue=is_draft and stands and is_assigner(scope, matter, "decide"),
        general=error.text if error else None,
    )
