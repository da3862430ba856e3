"""Assessments for programs: the same operations as the pages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.access.checks import may, require
from duban.assessments import queries, schemas, steps
from duban.assessments.cells import read_draft
from duban.assessments.models import Assessment, ResultProposal, VetoDecision
from duban.assessments.operations import freezing, marking, opening, proposals, vetoes
from duban.assessments.rules.numbers import number_text
from duban.assessments.sheets import scheme_of
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope
from duban.web.api import ETAG, ApiBlueprint, compare, compare_row, expected_version, tag_of, tagged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("assessments-api", __name__, url_prefix="/api/v1", description="Scoring, vetoes, frozen results, ranking")


@blp.get("/assessments")
@blp.response(200, schemas.AssessmentSchema(many=True))
def list_assessments() -> object:
    """List the assessments the caller runs or is assessed in."""
    return queries.list_assessments(current_scope())


@blp.post("/assessments")
@blp.arguments(schemas.OpenArgs)
@blp.response(201, schemas.AssessmentSchema)
def open_assessment(given: Mapping[str, Any]) -> object:
    """Open an assessment over the direct subordinates of these levels, under the scheme now in force."""
    with work() as scope:
        return opening.open_assessment(
            scope, unit_id=given["unit_id"], year=given["year"], levels=given["levels"], name=given["name"],
            group_code=given["levels"][0] if len(given["levels"]) == 1 else None,
        )  # fmt: skip


@blp.get("/assessments/<uuid:assessment_id>")
@blp.response(200, schemas.AssessmentSchema, headers=ETAG)
def get_assessment(assessment_id: UUID) -> ResponseReturnValue:
    """Get one assessment."""
    return _round(_readable_round(current_scope(), assessment_id))


def _readable_round(scope: Scope, assessment_id: UUID) -> Assessment:
    assessment = queries.get_assessment(scope, assessment_id)
    if not may(scope, "assessment", "read", assessment):
        raise NotFoundError
    return assessment


def _round(assessment: Assessment) -> ResponseReturnValue:
    return tagged(assessment, tag_of(assessment))


@blp.post("/assessments/<uuid:assessment_id>/self-scoring")
@blp.arguments(schemas.SelfScoringArgs)
@blp.response(200, schemas.AssessmentSchema)
def begin_self_scoring(given: Mapping[str, Any], assessment_id: UUID) -> ResponseReturnValue:
    """Ask the units for their own scores."""
    with work() as scope:
        compare_row(scope, _readable_round(scope, assessment_id))
        return _round(opening.begin_self_scoring(scope, assessment_id=assessment_id, due_on=given["due_on"]))


@blp.post("/assessments/<uuid:assessment_id>/scoring")
@blp.response(200, schemas.AssessmentSchema)
def begin_scoring(assessment_id: UUID) -> ResponseReturnValue:
    """End the self-scoring and let the evaluators work."""
    with work() as scope:
        compare_row(scope, _readable_round(scope, assessment_id))
        return _round(opening.begin_scoring(scope, assessment_id=assessment_id))


@blp.post("/assessments/<uuid:assessment_id>/facts")
@blp.response(200, schemas.AssessmentSchema)
def collect_facts(assessment_id: UUID) -> ResponseReturnValue:
    """Count the facts anew."""
    with work() as scope:
        compare_row(scope, _readable_round(scope, assessment_id))
        opening.collect_facts(scope, assessment_id=assessment_id)
        return _round(queries.get_assessment(scope, assessment_id))


@blp.post("/assessments/<uuid:assessment_id>/close")
@blp.response(201, schemas.ProposalSchema)
def close(assessment_id: UUID) -> object:
    """Propose to freeze every result as it stands; another person confirms, and nothing can be written afterwards."""
    with work() as scope:
        compare_row(scope, _readable_round(scope, assessment_id))
        return freezing.close(scope, assessment_id=assessment_id)


@blp.post("/assessments/<uuid:assessment_id>/publish")
@blp.response(201, schemas.ProposalSchema)
def publish(assessment_id: UUID) -> object:
    """Propose to show ranking and results to the units; another person confirms."""
    with work() as scope:
        compare_row(scope, _readable_round(scope, assessment_id))
        return freezing.publish(scope, assessment_id=assessment_id)


@blp.get("/assessments/<uuid:assessment_id>/proposals")
@blp.response(200, schemas.ProposalSchema(many=True))
def list_proposals(assessment_id: UUID) -> object:
    """List what waits for a second person in an assessment, as far as the caller may propose or confirm such a thing."""
    scope = current_scope()
    assessment = _readable_round(scope, assessment_id)
    waiting = queries.waiting_proposals(scope, assessment.id)
    return [one for one in waiting if steps.may_propose(scope, one.kind, assessment, steps.cards_of(scope, one))]


@blp.get("/proposals/<uuid:proposal_id>")
@blp.response(200, schemas.ProposalSchema, headers=ETAG)
def get_proposal(proposal_id: UUID) -> ResponseReturnValue:
    """Get a proposal about results."""
    return _proposal(steps.get_for_reader(current_scope(), proposal_id))


def _proposal(proposal: ResultProposal) -> ResponseReturnValue:
    return tagged(proposal, tag_of(proposal))


@blp.post("/proposals/<uuid:proposal_id>/confirm")
@blp.response(200, schemas.ProposalSchema)
def confirm_proposal(proposal_id: UUID) -> ResponseReturnValue:
    """Be the second person: what was proposed is done."""
    with work() as scope:
        _compare_proposal(scope, proposal_id)
        return _proposal(proposals.confirm_proposal(scope, proposal_id=proposal_id))


@blp.post("/proposals/<uuid:proposal_id>/drop")
@blp.response(200, schemas.ProposalSchema)
def drop_proposal(proposal_id: UUID) -> ResponseReturnValue:
    """Withdraw one's own proposal, or decline another's."""
    with work() as scope:
        _compare_proposal(scope, proposal_id)
        return _proposal(proposals.drop_proposal(scope, proposal_id=proposal_id))


def _compare_proposal(scope: Scope, proposal_id: UUID) -> None:
    """Lock a proposal, after its assessment as everywhere, and refuse one that is no longer as the sender read it."""
    proposal = steps.get_for_reader(scope, proposal_id)
    queries.get_assessment(scope, proposal.assessment_id, lock=True)
    compare_row(scope, proposal)


@blp.get("/assessments/<uuid:assessment_id>/ranking")
@blp.response(200, schemas.RankingSchema)
def ranking(assessment_id: UUID) -> object:
    """Get the newest frozen ranking; for assessed units once it is published."""
    scope = current_scope()
    assessment = queries.get_assessment(scope, assessment_id)
    frozen = queries.frozen_ranking(scope, assessment) if queries.may_see_ranking(scope, assessment) else None
    if frozen is None:
        raise NotFoundError
    return frozen


@blp.get("/assessments/<uuid:assessment_id>/scorecards")
@blp.response(200, schemas.CardSchema(many=True))
def list_cards(assessment_id: UUID) -> object:
    """List the scorecards the caller may read."""
    scope = current_scope()
    cards = queries.readable_cards(scope, [assessment_id]).get(assessment_id, [])
    if not cards:
        raise NotFoundError
    return [_card(card.id) for card in cards]


@blp.get("/scorecards/<uuid:card_id>")
@blp.response(200, schemas.CardSchema, headers=ETAG)
def get_card(card_id: UUID) -> ResponseReturnValue:
    """Get a scorecard with facts, result and trace: the frozen one, or as it stands now."""
    return _answer_card(card_id)


def _answer_card(card_id: UUID) -> ResponseReturnValue:
    scope = current_scope()
    shown = _card(card_id)
    return tagged(shown, tag_of(*queries.shown_of(scope, queries.get_card(scope, card_id))))


def _compare_card(scope: Scope, card_id: UUID) -> None:
    """Lock a card and refuse a change of one that is no longer as the sender read it."""
    card = queries.get_card(scope, card_id)
    if not may(scope, "scorecard", "read", card):
        raise NotFoundError
    compare(*queries.shown_of(scope, queries.get_card(scope, card_id, lock=True)))


def _card(card_id: UUID) -> dict[str, object]:
    scope = current_scope()
    card = queries.get_card(scope, card_id)
    if not may(scope, "scorecard", "read", card):
        raise NotFoundError
    assessment = queries.get_assessment(scope, card.assessment_id)
    (sheet,) = queries.sheets_of(scope, scheme_of(assessment), [card])
    sees = queries.may_see_scores(scope, assessment, card)
    frozen = next(iter(queries.versions_of(scope, card_id)), None) if sees else None
    live = sheet.result.to_json() if sees and sheet.result else None
    return {
        "id": card.id, "unit_id": card.unit_id, "unit_name": card.unit_name, "state": card.state,
        "self_total": None if card.self_total is None else number_text(card.self_total),
        "missing": list(sheet.missing) if sees else [],
        "facts": frozen.facts if frozen else (sheet.facts.to_json() if sees else None),
        "result": frozen.result if frozen else live,
        "version": frozen.version if frozen else None,
    }  # fmt: skip


@blp.put("/scorecards/<uuid:card_id>/marks")
@blp.arguments(schemas.MarkArgs)
@blp.response(200, schemas.MarkSchema)
def enter_mark(given: Mapping[str, Any], card_id: UUID) -> object:
    """Set the evaluator's mark of one item; If-Match carries the version seen, "0" when there was none."""
    with work() as scope:
        mark = marking.enter_mark(scope, card_id=card_id, draft=read_draft({**given, "version": expected_version()}))
        return tagged(mark, mark.version)


@blp.put("/scorecards/<uuid:card_id>/self-marks")
@blp.arguments(schemas.MarkArgs)
@blp.response(200, schemas.MarkSchema)
def enter_self_mark(given: Mapping[str, Any], card_id: UUID) -> object:
    """Set the unit's own mark of one item; If-Match carries the version seen, "0" when there was none."""
    with work() as scope:
        mark = marking.enter_self_mark(scope, card_id=card_id, draft=read_draft({**given, "version": expected_version()}))
        return tagged(mark, mark.version)


@blp.post("/scorecards/<uuid:card_id>/self-score")
@blp.response(200, schemas.CardSchema)
def submit_self_score(card_id: UUID) -> ResponseReturnValue:
    """Hand the unit's own score in."""
    with work() as scope:
        _compare_card(scope, card_id)
        marking.submit_self_score(scope, card_id=card_id)
    return _answer_card(card_id)


@blp.post("/scorecards/<uuid:card_id>/corrections")
@blp.arguments(schemas.CorrectionArgs)
@blp.response(201, schemas.ProposalSchema)
def correct(given: Mapping[str, Any], card_id: UUID) -> object:
    """Propose to put one mark of a frozen result right; confirmed, it is a new version beside the old."""
    with work() as scope:
        queries.get_assessment(scope, queries.get_card(scope, card_id).assessment_id, lock=True)  # before the card, as everywhere
        _compare_card(scope, card_id)
        return freezing.correct(scope, card_id=card_id, draft=read_draft(given), why=given["why"])


@blp.post("/scorecards/<uuid:card_id>/vetoes")
@blp.arguments(schemas.VetoArgs)
@blp.response(201, schemas.VetoSchema)
def propose_veto(given: Mapping[str, Any], card_id: UUID) -> object:
    """Propose a veto with its document; another person has to confirm it."""
    with work() as scope:
        _compare_card(scope, card_id)
        return vetoes.propose_veto(
            scope, card_id=card_id, rule_code=given["rule"], document=given["document"], reason=given["reason"]
        )  # fmt: skip


@blp.get("/vetoes/<uuid:decision_id>")
@blp.response(200, schemas.VetoSchema, headers=ETAG)
def get_veto(decision_id: UUID) -> ResponseReturnValue:
    """Get a veto decision."""
    scope = current_scope()
    decision = queries.get_decision(scope, decision_id)
    require(scope, "veto", "read", decision)
    return _veto(decision)


def _veto(decision: VetoDecision) -> ResponseReturnValue:
    return tagged(decision, tag_of(decision))


def _compare_veto(scope: Scope, decision_id: UUID) -> None:
    """Lock a decision, after assessment and card as everywhere, and refuse one that is no longer as the sender read it."""
    decision = queries.get_decision(scope, decision_id)
    require(scope, "veto", "read", decision)
    card = queries.get_card(scope, decision.scorecard_id)
    queries.get_assessment(scope, card.assessment_id, lock=True)
    queries.get_card(scope, card.id, lock=True)
    compare_row(scope, decision)


@blp.post("/vetoes/<uuid:decision_id>/confirm")
@blp.response(200, schemas.VetoSchema)
def confirm_veto(decision_id: UUID) -> ResponseReturnValue:
    """Confirm a veto somebody else proposed."""
    with work() as scope:
        _compare_veto(scope, decision_id)
        return _veto(vetoes.confirm_veto(scope, decision_id=decision_id))


@blp.post("/vetoes/<uuid:decision_id>/reject")
@blp.response(200, schemas.VetoSchema)
def reject_veto(decision_id: UUID) -> ResponseReturnValue:
    """Answer a proposal with no."""
    with work() as scope:
        _compare_veto(scope, decision_id)
        return _veto(vetoes.reject_veto(scope, decision_id=decision_id))


@blp.post("/vetoes/<uuid:decision_id>/lift")
@blp.arguments(schemas.LiftArgs)
@blp.response(201, schemas.ProposalSchema)
def lift_veto(given: Mapping[str, Any], decision_id: UUID) -> object:
    """Propose to lift a confirmed veto; confirmed by another person, the former points and grade come back exactly."""
    with work() as scope:
        _compare_veto(scope, decision_id)
        return vetoes.lift_veto(scope, decision_id=decision_id, document=given["document"], reason=given["reason"])
