"""A unit's scorecard: the total, and why it is this total."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.assessments import presenting, queries, steps
from duban.assessments.cells import read_draft
from duban.assessments.doors import resolve
from duban.assessments.models import Assessment, FrozenResult, Scorecard
from duban.assessments.operations.freezing import correct
from duban.assessments.pages.proposals import banners
from duban.assessments.rules import facts as facts_format
from duban.assessments.rules import results as results_format
from duban.assessments.rules.scheme import Entry, ItemKind, Scheme
from duban.assessments.sheets import Sheet, facts_of, scheme_of, self_result
from duban.assessments.states import CARD_LABELS, FROZEN, LABELS, VETO_LABELS, AssessmentState, Side, StepKind, VetoState
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.web.requests import current_scope, work


def load(scope: Scope, card_id: UUID) -> tuple[Assessment, Scorecard, Scheme, Sheet]:
    """Get a card the reader may see, with its sheet. Raises: NotFoundError."""
    card = queries.get_card(scope, card_id)
    if not may(scope, "scorecard", "read", card):
        raise NotFoundError
    assessment = queries.get_assessment(scope, card.assessment_id)
    scheme = scheme_of(assessment)
    (sheet,) = queries.sheets_of(scope, scheme, [card])
    return assessment, card, scheme, sheet


def show_card(card_id: UUID) -> ResponseReturnValue:
    """Show the card as it stands, or the frozen version asked for."""
    return render_template("assessments/card.html", **context(current_scope(), card_id))


def context(scope: Scope, card_id: UUID) -> dict[str, object]:
    """Gather what the card page shows; marks and result only for those who may see them yet."""
    assessment, card, scheme, sheet = load(scope, card_id)
    sees = queries.may_see_scores(scope, assessment, card)
    versions = list(queries.versions_of(scope, card.id)) if sees else []
    chosen = _chosen(versions)
    result = results_format.from_json(chosen.result) if chosen else (sheet.result if sees else None)
    facts = facts_format.from_json(chosen.facts) if chosen else sheet.facts
    own = self_result(scheme, sheet, zone=scope.zone)
    own_facts = facts_of(scheme, card, sheet.marks, (), zone=scope.zone, side=Side.SELF)
    refs = {ref for shown in (result, own) if shown for line in shown.lines for ref in line.refs}
    doors = resolve(scope, refs, card=card, year=assessment.year)
    above = queries.stands_above(scope, card)
    found = queries.waiting_proposals(scope, assessment.id, card.id) if above else ()
    return {
        "assessment": assessment,
        "card": card,
        "scheme": scheme,
        "sheet": sheet,
        "sees": sees,
        "above": above,
        "result": result,
        "grade": chosen.grade if chosen else (result.grade if result else None),
        "chosen": chosen,
        "versions": versions,
        "blocks": presenting.blocks(scheme, result, facts=facts, doors=doors) if result else (),
        "causes": presenting.causes(scheme, result) if result else (),
        "own": own,
        "own_points": dict(own.item_points) if own else {},
        "own_blocks": presenting.blocks(scheme, own, facts=own_facts, doors=doors) if own and not sees else (),
        "marks": _marks(scheme, sheet) if sees else [],
        "decisions": [each for each in sheet.decisions if above or each.state in {VetoState.CONFIRMED, VetoState.LIFTED}],
        "present": presenting,
        "labels": LABELS,
        "looks": presenting.STATE_LOOKS,
        "card_labels": CARD_LABELS,
        "veto_labels": VETO_LABELS,
        "correctable": [item for item in scheme.items if item.kind is ItemKind.EVALUATOR],
        "proposals": banners(scope, assessment, found),
        "may_correct": assessment.state in FROZEN
        and not any(one.subject_id == card.id for one in found)
        and steps.may_propose(scope, StepKind.CORRECT, assessment, [card]),
        "may_self_score": assessment.state is AssessmentState.SELF_SCORING and may(scope, "scorecard", "self_score", card),
        "may_propose": assessment.state is not AssessmentState.PREPARING and may(scope, "veto", "propose", card),
        "is_frozen": assessment.state in FROZEN,
        "errors": {},
        "typed": {},
    }


def _chosen(versions: list[FrozenResult]) -> FrozenResult | None:
    wanted = request.args.get("version", type=int)
    for row in versions:
        if wanted is None or row.version == wanted:
            return row
    if wanted is not None:
        raise NotFoundError
    return None


def _marks(scheme: Scheme, sheet: Sheet) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for item in scheme.items:
        rules = [rule for rule in item.rules if rule.entry is Entry.ENTERED]
        for rule in [None] if item.kind is ItemKind.EVALUATOR else rules:
            code = rule.code if rule else ""
            mark, own = sheet.mark(item.code, code), sheet.mark(item.code, code, Side.SELF)
            if mark is not None or own is not None:
                found.append({"item": item, "rule": rule, "mark": mark, "own": own})
    return found


def correct_card(card_id: UUID) -> ResponseReturnValue:
    """Propose to put one mark of a frozen result right."""
    try:
        with work() as scope:
            correct(scope, card_id=card_id, draft=read_draft(request.form), why=request.form.get("why", ""))
    except InvalidInputError as refusal:
        page = context(current_scope(), card_id) | {"errors": refusal.fields, "typed": request.form}
        return render_template("assessments/card.html", **page), 422
    flash(_("已提出，可以确认的人已收到通知，确认后形成新版本。"), "success")
    return redirect(url_for("assessments.show_card", card_id=card_id))
