"""Making the row of a sheet or circular, and issuing it. To be called with the matter locked."""

from datetime import date

from duban.calendar.ladders import Colour
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.letters.rules.frozen import ALGORITHM, digest_of
from duban.matters.models import Matter, MatterPaper
from duban.matters.states import Origin, PaperKind


def add_paper(
    scope: Scope,
    matter: Matter,
    *,
    ordinal: int,
    kind: PaperKind,
    colour: Colour,
    body: str,
    answer_by: date | None,
    origin: Origin = Origin.LADDER,
    number: str = "",
    reason: str = "",
) -> MatterPaper:
    """Add a paper that is not issued yet, about the term that holds now."""
    return scope.add(
        MatterPaper(
            id=new_id(),
            matter_id=matter.id,
            ordinal=ordinal,
            kind=kind,
            colour=colour,
            origin=origin,
            number=number,
            reason=reason,
            body=body,
            algorithm=ALGORITHM,
            digest=digest_of(body),
            due_version=matter.due_version,
            answer_by=answer_by,
            made_at=scope.now,
            made_by=scope.actor.person_id,
            maker_name=scope.actor.name,
            issuer_name="",
        )
    )


def issue_paper(scope: Scope, paper: MatterPaper) -> None:
    """Issue it: from the end of the work on its text is frozen."""
    paper.issued_at, paper.issued_by, paper.issuer_name = scope.now, scope.actor.person_id, scope.actor.name
