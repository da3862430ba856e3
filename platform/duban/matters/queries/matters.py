"""Reads of matters: one with all that hangs on it, lists with filters, counts by colour."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from duban.access.checks import may_somewhere, readable
from duban.calendar.ladders import Colour
from duban.files.models import StoredFile
from duban.files.queries import list_of
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.tallies import Tally, counted, keep, known, tally
from duban.matters.leave import require_readable
from duban.matters.models import Matter, MatterExtension, MatterPaper, MatterParty, MatterReport, MatterStep
from duban.matters.states import LIVING, OWING, PENDING, ExtensionState, MatterState, PaperKind, ReportKind

REPORT_FILES = "matter_report"
OVER = (MatterState.CLOSED, MatterState.FILED, MatterState.WITHDRAWN)


def get_matter(scope: Scope, matter_id: UUID, *, lock: bool = False) -> Matter:
    """Get a matter. Raises: NotFoundError."""
    return get_owned(scope, Matter, matter_id, lock=lock)


def get_readable_matter(scope: Scope, matter_id: UUID) -> Matter:
    """Get a matter for reading: whoever may read it at its assigner or at one of its parties. Raises: NotFoundError."""
    matter = get_matter(scope, matter_id)
    require_readable(scope, matter)
    return matter


def readable_matters(scope: Scope, act: str = "read") -> ColumnElement[bool]:
    """Give the SQL condition that keeps a list of matters to those the actor may read."""
    return or_(readable(scope, Matter, "matter", act), Matter.id.in_(_of_parties(scope, act)))


def _of_parties(scope: Scope, act: str) -> Any:
    return select(MatterParty.matter_id).where(
        MatterParty.tenant_id == scope.tenant_id,
        MatterParty.left_at.is_(None),
        readable(scope, MatterParty, "matter", act),
    )


def owed_by_me(scope: Scope) -> ColumnElement[bool]:
    """Matters a unit of the actor's answers for."""
    return Matter.id.in_(_of_parties(scope, "answer"))


def assigned_by_me(scope: Scope) -> ColumnElement[bool]:
    """Matters a unit of the actor's has assigned and looks after."""
    return readable(scope, Matter, "matter", "assign")


def for_my_review(scope: Scope) -> ColumnElement[bool]:
    """What waits for the office: final reports, extensions to look at first, disputes to settle."""
    asked = select(MatterExtension.matter_id).where(
        MatterExtension.tenant_id == scope.tenant_id, MatterExtension.state == ExtensionState.ASKED
    )
    return or_(
        and_(readable(scope, Matter, "matter", "review"), Matter.state == MatterState.REPORTED),
        and_(readable(scope, Matter, "matter", "review"), Matter.has_pending, Matter.id.in_(asked)),
        and_(readable(scope, Matter, "matter", "assign"), Matter.state == MatterState.DISPUTED),
    )


def for_my_decision(scope: Scope) -> ColumnElement[bool]:
    """What waits for the leader: extensions the office passed on, circulars to issue."""
    passed_on = select(MatterExtension.matter_id).where(
        MatterExtension.tenant_id == scope.tenant_id, MatterExtension.state == ExtensionState.PASSED_ON
    )
    drafted = select(MatterPaper.matter_id).where(
        MatterPaper.tenant_id == scope.tenant_id, MatterPaper.kind == PaperKind.CIRCULAR, MatterPaper.issued_at.is_(None)
    )
    return and_(
        readable(scope, Matter, "matter", "decide"),
        Matter.state.in_(LIVING),
        or_(and_(Matter.has_pending, Matter.id.in_(passed_on)), and_(Matter.colour == Colour.RED, Matter.id.in_(drafted))),
    )


def waits_for_me(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL what waits for the actor's hand: owed, to review, to decide."""
    return or_(and_(owed_by_me(scope), Matter.state.in_(OWING)), for_my_review(scope), for_my_decision(scope))


LISTS = {
    "waiting": waits_for_me,
    "mine": owed_by_me,
    "assigned": assigned_by_me,
    "review": for_my_review,
    "decide": for_my_decision,
    "all": readable_matters,
}
"""Whose matters a list shows."""
_STATES: dict[str, Collection[MatterState]] = {"living": LIVING, "owing": OWING, "over": OVER}


@dataclass(frozen=True)
class Filter:
    """What a list is kept to; "" or None: everything. `state`: living, owing or over. `colour`: a colour, or "none"."""

    which: str = "all"
    state: str = "living"
    colour: str = ""
    source: str = ""
    search: str = ""
    meeting_id: UUID | None = None

    def terms(self, scope: Scope, *, coloured: bool = True) -> list[ColumnElement[bool]]:
        """Give the conditions."""
        found: list[ColumnElement[bool]] = [LISTS[self.which](scope)]
        if self.state:
            found.append(Matter.state.in_(_STATES[self.state]))
        if coloured and self.colour:
            found.append(Matter.colour.is_(None) if self.colour == "none" else Matter.colour == Colour(self.colour))
        if self.source:
            found.append(Matter.source == self.source)
        if self.meeting_id is not None:
            found.append(Matter.meeting_id == self.meeting_id)
        if self.search.strip():
            wanted = self.search.strip()
            places = (Matter.title, Matter.number, Matter.lead_name)
            found.append(or_(*[place.contains(wanted, autoescape=True) for place in places]))
        return found


def list_matters(scope: Scope, wanted: Filter, *, after: str | None = None, limit: int = PAGE) -> Page[Matter]:
    """List matters, those due first on top; those that are over newest first. Costs: one query."""
    statement = owned(scope, Matter).where(*wanted.terms(scope))
    if wanted.state == "over":
        return page_of(scope, statement, [Matter.registered_at, Matter.id], after=after, limit=limit, newest_first=True)
    return page_of(scope, statement, [Matter.counts_from, Matter.id], after=after, limit=limit)


def counts_by_colour(scope: Scope, wanted: Filter) -> dict[Colour | None, int]:
    """Count what the list would show by colour, whatever colour it is kept to; None: no sheet yet. Costs: one query."""
    statement = (
        select(Matter.colour, func.count().label("found"))
        .where(Matter.tenant_id == scope.tenant_id, *wanted.terms(scope, coloured=False))
        .group_by(Matter.colour)
    )
    return {row.colour: row.found for row in scope.session.execute(statement)}


TO_DO = "matters.to_do"


def to_do(scope: Scope, *, limit: int) -> Sequence[Matter]:
    """
    List what waits for the actor's hand, most urgent first: owed, to review, to decide.

    Costs: one query, none where nothing is known to wait.
    """
    if not _has_hands(scope) or known(scope, TO_DO) == 0:
        return []
    total = func.count().over()
    statement = select(Matter, total).where(Matter.tenant_id == scope.tenant_id, waits_for_me(scope))
    found = scope.session.execute(statement.order_by(Matter.counts_from, Matter.id).limit(limit)).all()
    keep(scope, TO_DO, found[0][1] if found else 0)  # the menu asks for the same number
    return [row[0] for row in found]


def to_do_tally(scope: Scope) -> Tally:
    """Give the number of what waits for the actor's hand, for the menu; known for who never has any."""
    if not _has_hands(scope):
        return 0
    return tally(TO_DO, select(func.count()).select_from(Matter).where(Matter.tenant_id == scope.tenant_id, waits_for_me(scope)))


def _has_hands(scope: Scope) -> bool:
    return any(may_somewhere(scope, "matter", act) for act in ("answer", "review", "decide"))


def count_to_do(scope: Scope) -> int:
    """Count what waits for the actor's hand. Costs: one query, none after `to_do` or the menu."""
    return counted(scope, {TO_DO: to_do_tally(scope)})[TO_DO]


def reports_of(scope: Scope, matter: Matter) -> Sequence[MatterReport]:
    """List what was reported about a matter, first to last."""
    statement = owned(scope, MatterReport).where(MatterReport.matter_id == matter.id)
    return scope.session.scalars(statement.order_by(MatterReport.number)).all()


def last_report(scope: Scope, matter: Matter) -> MatterReport:
    """Get the final report that waits for its review, locked. Raises: NotFoundError."""
    statement = (
        owned(scope, MatterReport)
        .where(MatterReport.matter_id == matter.id, MatterReport.kind == ReportKind.FINAL)
        .order_by(MatterReport.number.desc())
        .limit(1)
    )
    found = scope.session.scalars(statement.with_for_update()).one_or_none()
    if found is None:
        raise NotFoundError
    return found


def files_of(scope: Scope, reports: Sequence[MatterReport]) -> Mapping[UUID, Sequence[StoredFile]]:
    """Give the attachments of reports, by report. Takes: reports of a matter the actor may read. Costs: one query."""
    return list_of(scope, REPORT_FILES, [one.id for one in reports])


def file_of(scope: Scope, matter: Matter, file_id: UUID) -> StoredFile:
    """Find an attachment of one of a matter's reports. Takes: a matter the actor may read. Raises: NotFoundError."""
    files = (row for rows in files_of(scope, reports_of(scope, matter)).values() for row in rows)
    found = next((row for row in files if row.id == file_id), None)
    if found is None:
        raise NotFoundError
    return found


def extensions_of(scope: Scope, matter: Matter) -> Sequence[MatterExtension]:
    """List the extensions asked for, first to last."""
    statement = owned(scope, MatterExtension).where(MatterExtension.matter_id == matter.id)
    return scope.session.scalars(statement.order_by(MatterExtension.asked_at, MatterExtension.id)).all()


def pending_extension(scope: Scope, matter: Matter, *, lock: bool = False) -> MatterExtension | None:
    """Find the extension that waits for its first review or its decision."""
    statement = owned(scope, MatterExtension).where(MatterExtension.matter_id == matter.id, MatterExtension.state.in_(PENDING))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return scope.session.scalars(statement).one_or_none()


def papers_of(scope: Scope, matter: Matter) -> Sequence[MatterPaper]:
    """List a matter's sheets and circulars, first to last."""
    statement = owned(scope, MatterPaper).where(MatterPaper.matter_id == matter.id)
    return scope.session.scalars(statement.order_by(MatterPaper.ordinal)).all()


def get_paper(scope: Scope, matter: Matter, paper_id: UUID, *, lock: bool = False) -> MatterPaper:
    """Get a paper of this matter. Raises: NotFoundError."""
    paper = get_owned(scope, MatterPaper, paper_id, lock=lock)
    if paper.matter_id != matter.id:
        raise NotFoundError
    return paper


def steps_of(scope: Scope, matter: Matter) -> Sequence[MatterStep]:
    """List a matter's history by number."""
    statement = owned(scope, MatterStep).where(MatterStep.matter_id == matter.id)
    return scope.session.scalars(statement.order_by(MatterStep.number)).all()


def find_of_duties(scope: Scope, duty_ids: Collection[UUID]) -> dict[UUID, Matter]:
    """Find the matters overdue duties were turned into, as far as the actor may read them, by duty. Costs: one query."""
    statement = owned(scope, Matter).where(
        Matter.duty_id.in_(set(duty_ids)), Matter.state != MatterState.WITHDRAWN, readable_matters(scope)
    )
    return {matter.duty_id: matter for matter in scope.session.scalars(statement) if matter.duty_id is not None}
