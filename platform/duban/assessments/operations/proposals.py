"""Answering what somebody proposed about results: another person confirms or declines it, the proposer withdraws it."""

from collections.abc import Sequence
from uuid import UUID

from duban.assessments import queries, steps, telling, versions
from duban.assessments.errors import ProposalOutdatedError, ProposalOverError, SamePersonError, WrongStateError
from duban.assessments.models import Assessment, ResultProposal, Scorecard
from duban.assessments.operations.vetoes import WrongVetoStateError
from duban.assessments.sheets import scheme_of
from duban.assessments.states import FROZEN, NEXT_STATES, NEXT_VETO_STATES, AssessmentState, ProposalState, StepKind, VetoState
from duban.audit.operations import record
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_

FIRST = N_("封存")
_SAID = {
    ProposalState.CONFIRMED: "result.confirmed",
    ProposalState.DECLINED: "result.declined",
    ProposalState.WITHDRAWN: "result.withdrawn",
}


def confirm_proposal(scope: Scope, *, proposal_id: UUID) -> ResultProposal:
    """
    Be the second person: what was proposed is done at once, by both.

    Raises: NotFoundError, NotAllowedError, SamePersonError for the proposer and who acts for them or they for,
    ProposalOverError, ProposalOutdatedError where it is no longer what was proposed, WrongStateError, NotReadyError.
    """
    proposal, assessment, cards = _locked_proposal(scope, proposal_id)
    if not steps.may_confirm(scope, proposal.kind, cards):
        raise NotAllowedError
    if scope.person_id in steps.not_second(scope, proposal):
        raise SamePersonError
    if steps.is_outdated(scope, proposal, assessment, queries.cards_of(scope, [assessment.id])):
        raise ProposalOutdatedError
    _DONE[proposal.kind](scope, proposal, assessment)
    _answer(scope, proposal, assessment, cards, ProposalState.CONFIRMED)
    return proposal


def drop_proposal(scope: Scope, *, proposal_id: UUID) -> ResultProposal:
    """
    Let a proposal come to nothing: withdrawn by its proposer or who acts for them, declined by who may confirm it.

    Raises: NotFoundError, NotAllowedError, ProposalOverError.
    """
    proposal, assessment, cards = _locked_proposal(scope, proposal_id)
    answer = steps.drops_as(scope, proposal, assessment, cards)
    if answer is None:
        raise NotAllowedError
    _answer(scope, proposal, assessment, cards, answer)
    return proposal


def _locked_proposal(scope: Scope, proposal_id: UUID) -> tuple[ResultProposal, Assessment, Sequence[Scorecard]]:
    found = steps.get_for_reader(scope, proposal_id)
    # The assessment first, as everywhere; then its cards: no mark comes in between.
    assessment = queries.get_assessment(scope, found.assessment_id, lock=True)
    queries.cards_of(scope, [assessment.id], lock=True)
    proposal = queries.get_proposal(scope, proposal_id, lock=True)
    if proposal.state is not ProposalState.WAITING:
        raise ProposalOverError
    return proposal, assessment, steps.cards_of(scope, proposal)


def _answer(
    scope: Scope, proposal: ResultProposal, assessment: Assessment, cards: Sequence[Scorecard], answer: ProposalState
) -> None:
    proposal.state, proposal.decided_by = answer, scope.person_id
    proposal.decided_name, proposal.decided_at = scope.actor.name, scope.now
    path = cards[0].path if proposal.scorecard_id else assessment.path
    details = {"kind": proposal.kind, "assessment": assessment.name, "proposed_by": proposal.proposed_name}
    record(scope, _SAID[answer], "result_proposal", proposal.id, path, **details)
    telling.step_answered(scope, assessment, proposal)


def _both(scope: Scope, proposal: ResultProposal) -> str:
    """Give the names that stand under what two have done."""
    return f"{proposal.proposed_name}、{scope.actor.name}"


def _close(scope: Scope, proposal: ResultProposal, assessment: Assessment) -> None:
    if AssessmentState.CLOSED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    cards = queries.cards_of(scope, [assessment.id])
    sheets = steps.complete_sheets(scope, assessment, cards)
    facts = {sheet.card.id: sheet.facts for sheet in sheets}
    versions.write(scope, assessment, scheme_of(assessment), facts, cards, why=FIRST, by=_both(scope, proposal))
    assessment.state, assessment.closed_at = AssessmentState.CLOSED, scope.now


def _publish(scope: Scope, _proposal: ResultProposal, assessment: Assessment) -> None:
    if AssessmentState.PUBLISHED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    assessment.state, assessment.published_at = AssessmentState.PUBLISHED, scope.now
    record(scope, "assessment.published", "assessment", assessment.id, assessment.path, version=assessment.frozen_version)
    telling.published(scope, assessment, queries.cards_of(scope, [assessment.id]))


def _correct(scope: Scope, proposal: ResultProposal, assessment: Assessment) -> None:
    if assessment.state not in FROZEN or proposal.scorecard_id is None:
        raise WrongStateError(assessment.state)
    cards = queries.cards_of(scope, [assessment.id])
    facts = steps.corrected_facts(scope, assessment, proposal.scorecard_id, proposal.draft)
    versions.write(scope, assessment, scheme_of(assessment), facts, cards, why=proposal.draft["why"], by=_both(scope, proposal))
    if assessment.state is AssessmentState.PUBLISHED:
        telling.corrected(scope, assessment, [card for card in cards if card.id == proposal.scorecard_id])


def _lift(scope: Scope, proposal: ResultProposal, assessment: Assessment) -> None:
    decision = queries.get_decision(scope, proposal.subject_id, lock=True)
    if VetoState.LIFTED not in NEXT_VETO_STATES[decision.state]:
        raise WrongVetoStateError
    card = queries.get_card(scope, decision.scorecard_id)
    decision.state, decision.lifted_by = VetoState.LIFTED, scope.person_id
    decision.lifted_name = _both(scope, proposal)
    decision.lifted_at = scope.now
    decision.lift_document, decision.lift_reason = proposal.draft["document"], proposal.draft["reason"]
    details = {"document": decision.lift_document, "reason": decision.lift_reason, "proposed_by": proposal.proposed_name}
    record(scope, "veto.lifted", "veto_decision", decision.id, card.path, **details)
    versions.refreeze(scope, assessment, N_("撤销一票否决：%(unit)s"), card)
    telling.veto_lifted(scope, assessment, card, decision)


_DONE = {StepKind.CLOSE: _close, StepKind.PUBLISH: _publish, StepKind.CORRECT: _correct, StepKind.LIFT: _lift}
