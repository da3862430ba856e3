"""What the assigning unit decides: disputes, the review of closure with its five questions, the archive."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import telling
from duban.matters.clockwork import wind
from duban.matters.errors import FormError, missing
from duban.matters.history import note
from duban.matters.leave import require_assigner, require_second_hand
from duban.matters.models import Matter, MatterReport
from duban.matters.parties import change_parties
from duban.matters.queries.matters import get_matter, last_report
from duban.matters.rules import cycle_end, next_state
from duban.matters.settings import settings_of
from duban.matters.states import QUESTION_LABELS, Act, MatterState, Outcome, Question

LATEST_DAYS = 366


def settle_dispute(
    scope: Scope, *, matter_id: UUID, ruling: str, lead_id: UUID | None = None, co_ids: Sequence[UUID] = ()
) -> Matter:
    """
    Settle a dispute: the matter stays where it is, or goes to other units.

    Takes:  `lead_id` None to leave the units as they are.
    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    state = next_state(matter.state, Act.SETTLE)
    if not ruling.strip():
        raise missing(ruling=N_("请写明协调意见。"))
    changed = lead_id is not None and lead_id != matter.lead_id
    if lead_id is not None:
        change_parties(scope, matter, lead_id=lead_id, co_ids=co_ids)
    if changed:
        matter.signed_at = None
    matter.state = state if matter.signed_at is None else MatterState.IN_HAND
    wind(scope, matter)
    note(scope, matter, "settled", "matter.settled", ruling.strip(), ruling=ruling.strip(), lead=matter.lead_name)
    telling.of_settlement(scope, matter, ruling.strip())
    return matter


def return_report(
    scope: Scope,
    *,
    matter_id: UUID,
    unmet: Collection[Question],
    met: Collection[Question] = (),
    reason: str,
    redo_by: date | None = None,
) -> Matter:
    """
    Return a final report because one of the five questions is answered with no; the units get days to put it right.

    Takes:  `met` those answered with yes; what is in neither was not judged.
            `redo_by` the last day for it, None for the tenant's days of correction.
    Raises: NotFoundError, NotAllowedError, OwnReportError, MatterStateError, FormError.
    """
    matter, report = _locked_under_review(scope, matter_id, Act.RETURN)
    problems: dict[str, list[Text]] = {}
    if not unmet:
        problems["unmet"] = [Text(N_("请勾选未达到的要求。"))]
    elif both := [Text(QUESTION_LABELS[one]) for one in Question if one in met and one in unmet]:
        problems["unmet"] = [Text(N_("“%(question)s”既勾了达到，又勾了未达到。"), {"question": one}) for one in both]
    if not reason.strip():
        problems["reason"] = [Text(N_("请写明理由。"))]
    day = redo_by or scope.today + timedelta(days=settings_of(scope).correction_days)
    if not scope.today < day <= scope.today + timedelta(days=LATEST_DAYS):
        problems["redo_by"] = [Text(N_("补办期限须晚于今天，并在一年以内。"))]
    if problems:
        raise FormError(problems)
    _decide(scope, report, Outcome.RETURNED, dict.fromkeys(met, True) | dict.fromkeys(unmet, False), reason)
    matter.state, matter.redo_by, matter.due_since = next_state(matter.state, Act.RETURN), day, scope.today
    wind(scope, matter)
    note(scope, matter, "returned", "matter.returned", reason.strip(), report=report.number, unmet=sorted(unmet), redo_by=day)
    telling.of_return(scope, matter, reason.strip(), day)
    return matter


def close_matter(scope: Scope, *, matter_id: UUID, met: Collection[Question], conclusion: str = "") -> Matter:
    """
    Close a matter: all five questions are answered with yes.

    Raises: NotFoundError, NotAllowedError, OwnReportError, MatterStateError, FormError.
    """
    matter, report = _locked_under_review(scope, matter_id, Act.CLOSE)
    if set(met) != set(Question):
        raise FormError({"met": [Text(N_("五项要求都达到才能办结；有未达到的，请退回并说明理由。"))]})
    _decide(scope, report, Outcome.ACCEPTED, dict.fromkeys(Question, True), conclusion)
    matter.state, matter.closed_at, matter.ending = next_state(matter.state, Act.CLOSE), scope.now, conclusion.strip()
    wind(scope, matter)
    note(scope, matter, "closed", "matter.closed", matter.ending, report=report.number)
    telling.of_closure(scope, matter)
    return matter


def reopen_matter(scope: Scope, *, matter_id: UUID, reason: str, due_on: date) -> Matter:
    """
    Take a closed matter up again with a new term: the same units, the ladder from its beginning; what was reported stays.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    state = next_state(matter.state, Act.REOPEN)
    problems: dict[str, list[Text]] = {}
    if not reason.strip():
        problems["reason"] = [Text(N_("请写明理由。"))]
    if due_on <= scope.today:
        problems["due_on"] = [Text(N_("截止日期须晚于今天。"))]
    elif due_on > scope.today + timedelta(days=LATEST_DAYS):
        problems["due_on"] = [Text(N_("截止日期太远，请检查年份。"))]
    if problems:
        raise FormError(problems)
    _begin_anew(scope, matter, due_on)
    matter.state, matter.closed_at, matter.reported_at, matter.ending = state, None, None, ""
    wind(scope, matter)
    note(scope, matter, "reopened", "matter.reopened", reason.strip(), due_on=due_on, reason=reason.strip())
    telling.of_reopening(scope, matter, reason.strip())
    return matter


def _begin_anew(scope: Scope, matter: Matter, due_on: date) -> None:
    """Give the matter a term as if registered today: no colour, no extension used, no report behind."""
    matter.first_due_on = matter.due_on = due_on
    matter.due_since = scope.today
    matter.due_version += 1
    matter.extensions = 0
    matter.colour = matter.sheet_on = matter.answer_by = matter.redo_by = matter.behind_since = None
    matter.answered = False
    matter.report_due_on = cycle_end(matter.cycle, scope.today + timedelta(days=1), matter.report_day)
    matter.report_told_on = None


def file_matter(scope: Scope, *, matter_id: UUID, file_note: str = "") -> Matter:
    """
    Put a closed matter into the archive.

    Raises: NotFoundError, NotAllowedError, MatterStateError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "assign")
    matter.state, matter.filed_at, matter.file_note = next_state(matter.state, Act.FILE), scope.now, file_note.strip()
    note(scope, matter, "filed", "matter.filed", matter.file_note)
    return matter


def _locked_under_review(scope: Scope, matter_id: UUID, act: Act) -> tuple[Matter, MatterReport]:
    """Get matter and report for their reviewer. Raises: NotFoundError, NotAllowedError, OwnReportError, MatterStateError."""
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "review")
    next_state(matter.state, act)
    report = last_report(scope, matter)
    require_second_hand(scope, matter, [(report.reported_by, report.reported_at)])
    return matter, report


def _decide(scope: Scope, report: MatterReport, outcome: Outcome, answers: Mapping[Question, bool], reason: str) -> None:
    report.outcome, report.reason = outcome, reason.strip()
    report.answers = {question.value: met for question, met in answers.items()}
    report.reviewed_at, report.reviewed_by, report.reviewer_name = scope.now, scope.actor.person_id, scope.actor.name
