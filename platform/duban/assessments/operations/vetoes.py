"""One-vote vetoes by decision: one person proposes with a document, another answers; lifting one takes two persons again."""

from uuid import UUID

from sqlalchemy import select

from duban.access.checks import is_same_hand, require
from duban.assessments import queries, steps, telling, versions
from duban.assessments.errors import AlreadyDecidedError, BadMarkError, SamePersonError, WrongStateError
from duban.assessments.models import Assessment, ResultProposal, Scorecard, VetoDecision
from duban.assessments.rules.scheme import VetoKind, VetoRule
from duban.assessments.sheets import scheme_of
from duban.assessments.states import NEXT_VETO_STATES, AssessmentState, StepKind, VetoState
from duban.audit.operations import record
from duban.kernel.errors import NotAllowedError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_

LONGEST_TEXT = 2000


class WrongVetoStateError(RuleBrokenError):
    """The decision is not at the step this belongs to."""

    code = "assessments.wrong-veto-state"

    def __init__(self) -> None:
        super().__init__(N_("这项否决已经办理过这一步，请刷新页面查看。"))


def propose_veto(scope: Scope, *, card_id: UUID, rule_code: str, document: str, reason: str) -> VetoDecision:
    """
    Propose a veto under a rule of the scheme that asks for a decision.

    Raises: NotFoundError, NotAllowedError, WrongStateError before scoring, BadMarkError, AlreadyDecidedError.
    """
    card = queries.get_card(scope, card_id, lock=True)
    require(scope, "veto", "propose", card)
    assessment = queries.fresh_assessment(scope, card.assessment_id)
    if assessment.state is AssessmentState.PREPARING:
        raise WrongStateError(assessment.state)
    _rule_of(assessment, rule_code)
    _check_text("document", document, N_("请写明依据的文件名称和文号。"))
    _check_text("reason", reason, N_("请写明否决理由。"))
    _check_free(scope, card, rule_code)
    decision = scope.add(
        VetoDecision(
            id=new_id(), path=card.path, lines=card.lines, scorecard_id=card.id, rule_code=rule_code, document=document.strip(),
            reason=reason.strip(), state=VetoState.PROPOSED, proposed_by=scope.person_id, proposed_name=scope.actor.name,
            proposed_at=scope.now,
        )
    )  # fmt: skip
    record(
        scope,
        "veto.proposed",
        "veto_decision",
        decision.id,
        card.path,
        rule=rule_code,
        document=decision.document,
        reason=decision.reason,
    )
    telling.veto_proposed(scope, assessment, card, decision)
    return decision


def confirm_veto(scope: Scope, *, decision_id: UUID) -> VetoDecision:
    """
    Confirm a veto somebody else proposed; it applies from this moment, with a new version where results are frozen.

    Raises: NotFoundError, NotAllowedError, SamePersonError, WrongVetoStateError.
    """
    assessment, card, decision = _locked(scope, decision_id)
    if is_same_hand(scope, decision.proposed_by, {decision.proposed_at.astimezone(scope.zone).date(), scope.today}):
        raise SamePersonError
    _answer(scope, decision, VetoState.CONFIRMED)
    record(
        scope,
        "veto.confirmed",
        "veto_decision",
        decision.id,
        card.path,
        rule=decision.rule_code,
        proposed_by=decision.proposed_name,
    )
    versions.refreeze(scope, assessment, N_("一票否决：%(unit)s"), card)
    telling.veto_confirmed(scope, assessment, card, decision)
    return decision


def reject_veto(scope: Scope, *, decision_id: UUID) -> VetoDecision:
    """
    Answer a proposal with no.

    Raises: NotFoundError, NotAllowedError, SamePersonError, WrongVetoStateError.
    """
    _, card, decision = _locked(scope, decision_id)
    if is_same_hand(scope, decision.proposed_by, {decision.proposed_at.astimezone(scope.zone).date(), scope.today}):
        raise SamePersonError
    _answer(scope, decision, VetoState.REJECTED)
    record(scope, "veto.rejected", "veto_decision", decision.id, card.path, rule=decision.rule_code)
    return decision


def lift_veto(scope: Scope, *, decision_id: UUID, document: str, reason: str) -> ResultProposal:
    """
    Propose to lift a confirmed veto, with a document; confirmed, the unit's former points and grade come back exactly.

    Raises: NotFoundError, NotAllowedError, WrongVetoStateError, BadMarkError, AlreadyProposedError.
    """
    found = queries.get_decision(scope, decision_id)
    require(scope, "veto", "read", found)
    assessment = queries.get_assessment(scope, queries.get_card(scope, found.scorecard_id).assessment_id, lock=True)
    card = queries.get_card(scope, found.scorecard_id, lock=True)
    if not steps.may_propose(scope, StepKind.LIFT, assessment, [card]):
        raise NotAllowedError
    decision = queries.get_decision(scope, decision_id, lock=True)
    if VetoState.LIFTED not in NEXT_VETO_STATES[decision.state]:
        raise WrongVetoStateError
    _check_text("document", document, N_("请写明依据的文件名称和文号。"))
    _check_text("reason", reason, N_("请写明撤销理由。"))
    draft = {"document": document.strip(), "reason": reason.strip()}
    made = steps.put(scope, StepKind.LIFT, assessment, card=card, decision=decision, draft=draft, basis="")
    details = {"kind": made.kind, "assessment": assessment.name, **draft}
    record(scope, "result.proposed", "result_proposal", made.id, card.path, **details)
    telling.step_proposed(scope, assessment, made, [card])
    return made


def _locked(scope: Scope, decision_id: UUID) -> tuple[Assessment, Scorecard, VetoDecision]:
    decision = queries.get_decision(scope, decision_id)
    require(scope, "veto", "confirm", decision)
    # Assessment first, then card, then decision: the same order as freezing, so the two cannot lock each other out.
    card = queries.get_card(scope, decision.scorecard_id)
    assessment = queries.get_assessment(scope, card.assessment_id, lock=True)
    return assessment, queries.get_card(scope, card.id, lock=True), queries.get_decision(scope, decision_id, lock=True)


def _answer(scope: Scope, decision: VetoDecision, answer: VetoState) -> None:
    if answer not in NEXT_VETO_STATES[decision.state]:
        raise WrongVetoStateError
    decision.state = answer
    decision.confirmed_by, decision.confirmed_name, decision.decided_at = scope.person_id, scope.actor.name, scope.now


def _rule_of(assessment: Assessment, rule_code: str) -> VetoRule:
    for rule in scheme_of(assessment).vetoes:
        if rule.code == rule_code and rule.kind is VetoKind.DECISION:
            return rule
    raise BadMarkError("rule", N_("请选择一条由集体决定的否决规则。"))


def _check_text(field: str, text: str, empty: str) -> None:
    if not text.strip():
        raise BadMarkError(field, empty)
    if len(text) > LONGEST_TEXT:
        raise BadMarkError(field, N_("文字不能超过 %(limit)s 字。"), limit=LONGEST_TEXT)


def _check_free(scope: Scope, card: Scorecard, rule_code: str) -> None:
    # The card's row is locked: nobody proposes the same between this look and the insert.
    standing = select(VetoDecision.id).where(
        VetoDecision.tenant_id == scope.tenant_id,
        VetoDecision.scorecard_id == card.id,
        VetoDecision.rule_code == rule_code,
        VetoDecision.state.in_([VetoState.PROPOSED, VetoState.CONFIRMED]),
    )
    if scope.session.scalars(standing).first() is not None:
        raise AlreadyDecidedError
