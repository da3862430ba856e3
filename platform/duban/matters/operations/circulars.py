"""Issuing the circular of a matter that went red: the leader's act, with number and day, frozen from then on."""

from uuid import UUID

from duban.calendar.ladders import Colour
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.letters.rules.frozen import digest_of
from duban.matters import telling
from duban.matters.circular_drafts import compose
from duban.matters.errors import CircularError
from duban.matters.history import note
from duban.matters.leave import require_assigner
from duban.matters.models import MatterPaper
from duban.matters.numbering import take_number
from duban.matters.paper_rows import issue_paper
from duban.matters.queries.matters import get_matter, get_paper
from duban.matters.states import LIVING, PaperKind, Series

LONGEST_OPINION = 2000


def issue_circular(scope: Scope, *, matter_id: UUID, paper_id: UUID, opinion: str = "") -> MatterPaper:
    """
    Issue a drafted circular: written anew as things stand today, numbered, frozen, told to the units.

    Takes:  `opinion` the leader's own words instead of the usual last paragraph.
    Raises: NotFoundError, NotAllowedError, CircularError where the matter is no longer red or the circular is out.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "decide")
    paper = get_paper(scope, matter, paper_id, lock=True)
    if paper.kind is not PaperKind.CIRCULAR or paper.issued_at is not None:
        raise CircularError(N_("这份通报已经印发，不能再改。"))
    if matter.state not in LIVING or matter.colour is not Colour.RED or paper.due_version != matter.due_version:
        raise CircularError(N_("这件督办事项已不是红单状态，通报稿作废。"))
    _, number = take_number(scope, Series.CIRCULAR, scope.today.year)
    answer_by = paper.answer_by or scope.today
    paper.body = compose(scope, matter, number=number, answer_by=answer_by, opinion=opinion[:LONGEST_OPINION])
    paper.number, paper.digest = number, digest_of(paper.body)
    issue_paper(scope, paper)
    note(scope, matter, "circular-issued", "matter.circular-issued", number, paper=number, digest=paper.digest)
    telling.of_circular(scope, matter, paper)
    return paper
