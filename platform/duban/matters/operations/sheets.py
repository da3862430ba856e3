"""Sheets of the three colours, by hand with a reason or by the ladder; the clock's sweep."""

from datetime import date, timedelta
from uuid import UUID

from duban.calendar.climbing import climb
from duban.calendar.ladders import Call, Colour, Ladder, Step, sheet_step
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.letters.rules.clauses import chinese_date
from duban.matters import reminding, telling
from duban.matters.circular_drafts import draft_circular
from duban.matters.clockwork import course_of, ladder_of, standing_of, told_by_hand, wind
from duban.matters.errors import ColourError, given
from duban.matters.history import note
from duban.matters.leave import parties_of, require_assigner
from duban.matters.models import Matter, MatterPaper
from duban.matters.paper_rows import add_paper, issue_paper
from duban.matters.papers import Facts, sheet_text
from duban.matters.queries.matters import get_matter, papers_of
from duban.matters.rules import cycle_end, next_state
from duban.matters.settings import issuer_of
from duban.matters.states import OWING, Act, Origin, PaperKind, PartyRole

SWEEP_BATCH = 200
USUAL_ANSWER_DAYS = 3
"""For a sheet of a step nobody waits for an answer to."""


def issue_sheet(scope: Scope, *, matter_id: UUID, colour: Colour, reason: str) -> MatterPaper:
    """
    Send a sheet by hand, for slow progress, a major matter, or one that must be done specially; the colour only ever rises.

    Raises: NotFoundError, NotAllowedError, MatterStateError, ColourError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    next_state(matter.state, Act.SHEET)
    reason = given(reason)
    if matter.colour is not None and colour.rank <= matter.colour.rank:
        raise ColourError(N_("已发过同级或更高级别的督办单，只能发更高级别的。"))
    ladder = ladder_of(matter)
    step = sheet_step(ladder, colour)
    if step is None or step.colour is not colour:
        raise ColourError(N_("这件督办事项不用这种颜色的单。"))
    matter.climbed = told_by_hand(standing_of(scope, matter), step, scope.now).to_json()
    paper = _issue(scope, matter, step, Origin.HAND, reason)
    reminding.of_sheet_by_hand(scope, matter, colour, step)
    _draft(scope, matter, paper)
    return paper


def sweep(scope: Scope) -> int:
    """
    Do what the clock owes: sheets of the ladder, reminders of progress reports. For the clock: acts as the service itself.

    Gives: how many matters were looked at, at most a batch; call again while it gives the whole batch.
    Costs: one query by an index of what is due, one row lock each; rows somebody works on are found the next time.
    """
    _require_service(scope)
    statement = (
        owned(scope, Matter)
        .where(Matter.next_step_at.is_not(None), Matter.next_step_at <= scope.now)
        .order_by(Matter.next_step_at, Matter.id)
        .limit(SWEEP_BATCH)
        .with_for_update(skip_locked=True)
    )
    found = scope.session.scalars(statement).all()
    for matter in found:
        _look(scope, matter)
    return len(found)


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")


def _look(scope: Scope, matter: Matter) -> None:
    ladder, standing = ladder_of(matter), standing_of(scope, matter)
    found = climb(ladder, standing, course_of(scope, matter, standing), scope.now)
    matter.climbed = found.standing.to_json()
    for call in found.calls.now:
        _call(scope, matter, ladder, call)
    _look_at_reports(scope, matter)
    wind(scope, matter)


def _call(scope: Scope, matter: Matter, ladder: Ladder, call: Call) -> None:
    paper = _issue(scope, matter, call.step, Origin.LADDER, "") if reminding.gives_sheet(ladder, call.step, matter) else None
    reminding.of_step(scope, matter, call.step, reminding.stage_of(call.step, call.planned_on))
    if paper is not None:
        _draft(scope, matter, paper)


def _look_at_reports(scope: Scope, matter: Matter) -> None:
    day = matter.report_due_on
    if day is None or day > scope.today or matter.state not in OWING:
        return
    if day == scope.today:
        if matter.report_told_on != day:
            matter.report_told_on = day
            telling.of_report_due(scope, matter, day)
        return
    matter.reports_missed += 1
    matter.report_due_on = cycle_end(matter.cycle, scope.today, matter.report_day)
    matter.behind_since = matter.behind_since or scope.today
    note(scope, matter, "report-missed", "matter.report-missed", f"{chinese_date(day)}应报", due_on=day)
    telling.of_report_missed(scope, matter, day)


def _issue(scope: Scope, matter: Matter, step: Step, origin: Origin, reason: str) -> MatterPaper:
    colour = step.colour
    ordinal = len(papers_of(scope, matter)) + 1
    by = scope.today + timedelta(days=step.answer_days or USUAL_ANSWER_DAYS)
    facts = _facts(scope, matter, by, reason, step.text.zh)
    number = f"{matter.number}-{ordinal}"
    paper = add_paper(
        scope,
        matter,
        ordinal=ordinal,
        kind=PaperKind.SHEET,
        colour=colour,
        body=sheet_text(matter, colour, number, facts),
        answer_by=facts.answer_by,
        origin=origin,
        number=number,
        reason=reason,
    )
    issue_paper(scope, paper)
    matter.colour, matter.sheet_on, matter.answer_by, matter.answered = colour, scope.today, facts.answer_by, False
    scope.session.flush()
    wind(scope, matter)
    note(scope, matter, f"sheet-{colour}", "matter.sheet-issued", reason, colour=colour, digest=paper.digest, paper=number)
    return paper


def _draft(scope: Scope, matter: Matter, paper: MatterPaper) -> None:
    if paper.colour is Colour.RED:
        draft_circular(scope, matter, ordinal=paper.ordinal + 1)


def _facts(scope: Scope, matter: Matter, by: date, reason: str, words: str) -> Facts:
    others = tuple(party.unit_name for party in parties_of(scope, matter) if party.role is PartyRole.CO)
    issuer = issuer_of(scope, matter.unit_name, matter.path)
    return Facts(today=scope.today, answer_by=by, others=others, reason=reason, words=words, issuer=issuer)
