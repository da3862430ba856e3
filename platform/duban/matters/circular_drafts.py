"""Drafting the circular of a matter that went red, from what was done about it."""

from datetime import date

from duban.calendar.ladders import Colour
from duban.kernel.scope import Scope
from duban.letters.rules.clauses import chinese_date
from duban.matters import telling
from duban.matters.history import note
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterPaper
from duban.matters.paper_rows import add_paper
from duban.matters.papers import Facts, circular_text
from duban.matters.queries.matters import papers_of, reports_of
from duban.matters.settings import issuer_of
from duban.matters.states import SHEET_LABELS, PaperKind, PartyRole, ReportKind


def draft_circular(scope: Scope, matter: Matter, *, ordinal: int) -> MatterPaper:
    """Write the draft; a leader issues it. To be called with the matter locked, where the red sheet was issued."""
    body = compose(scope, matter, number="", answer_by=matter.answer_by or scope.today)
    kind, answer_by = PaperKind.CIRCULAR, matter.answer_by
    paper = add_paper(scope, matter, ordinal=ordinal, kind=kind, colour=Colour.RED, body=body, answer_by=answer_by)
    note(scope, matter, "circular-drafted", "matter.circular-drafted")
    telling.of_draft(scope, matter)
    return paper


def compose(scope: Scope, matter: Matter, *, number: str, answer_by: date, opinion: str = "") -> str:
    """Write the circular's text as things stand."""
    others = tuple(party.unit_name for party in parties_of(scope, matter) if party.role is PartyRole.CO)
    issuer = issuer_of(scope, matter.unit_name, matter.path)
    facts = Facts(today=scope.today, answer_by=answer_by, others=others, copies="本级分管领导，各有关单位", issuer=issuer)
    return circular_text(matter, number, facts, _done(scope, matter), opinion)


def _done(scope: Scope, matter: Matter) -> tuple[str, ...]:
    sheets = [one for one in papers_of(scope, matter) if one.kind is PaperKind.SHEET and one.due_version == matter.due_version]
    said = "、".join(f"{chinese_date(one.made_at.astimezone(scope.zone).date())}发出{SHEET_LABELS[one.colour]}" for one in sheets)
    reports = [one for one in reports_of(scope, matter) if one.kind is not ReportKind.SHARE]
    found = [f"期间，{said}。"] if said else []
    if reports:
        last = chinese_date(reports[-1].reported_at.astimezone(scope.zone).date())
        found.append(f"{matter.lead_name}最近一次报告在{last}，办理要求至今未落实。")
    else:
        found.append(f"{matter.lead_name}至今未报告任何进展。")
    return tuple(found)
