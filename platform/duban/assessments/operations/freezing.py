"""Proposing to freeze results, to publish them, and to correct them by a new version beside the old; another person confirms."""

from collections.abc import Sequence
from uuid import UUID

from duban.access.checks import require
from duban.assessments import queries, steps, telling
from duban.assessments.errors import BadMarkError, WrongStateError
from duban.assessments.models import Assessment, ResultProposal, Scorecard
from duban.assessments.operations.marking import MarkDraft, check_draft
from duban.assessments.rules.numbers import number_text
from duban.assessments.sheets import scheme_of
from duban.assessments.states import FROZEN, NEXT_STATES, AssessmentState, StepKind
from duban.audit.operations import record
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_


def close(scope: Scope, *, assessment_id: UUID) -> ResultProposal:
    """
    Propose to compute every unit's result and freeze all of it, as it can be seen now.

    Raises: NotFoundError, NotAllowedError, WrongStateError, NotReadyError naming units that lack marks or data,
    AlreadyProposedError.
    """
    assessment, cards = _locked(scope, assessment_id, StepKind.CLOSE)
    if AssessmentState.CLOSED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    basis = steps.basis_of(steps.complete_sheets(scope, assessment, cards))
    return _proposed(scope, steps.put(scope, StepKind.CLOSE, assessment, basis=basis), assessment, cards)


def publish(scope: Scope, *, assessment_id: UUID) -> ResultProposal:
    """
    Propose to make ranking and results visible to the assessed units.

    Raises: NotFoundError, NotAllowedError, WrongStateError, AlreadyProposedError.
    """
    assessment, cards = _locked(scope, assessment_id, StepKind.PUBLISH)
    if AssessmentState.PUBLISHED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    made = steps.put(scope, StepKind.PUBLISH, assessment, basis=str(assessment.frozen_version))
    return _proposed(scope, made, assessment, cards)


def correct(scope: Scope, *, card_id: UUID, draft: MarkDraft, why: str) -> ResultProposal:
    """
    Propose to put one mark of a frozen result right: a new version beside the old, which stays as it is.

    Takes: `why` the ground of the correction, e.g. the decision on an appeal.
    Raises: NotFoundError, NotAllowedError, WrongStateError while open, BadMarkError, AlreadyProposedError.
    """
    card = queries.get_card(scope, card_id)
    require(scope, "scorecard", "read", card)
    assessment = queries.get_assessment(scope, card.assessment_id, lock=True)
    if not steps.may_propose(scope, StepKind.CORRECT, assessment, [card]):
        raise NotAllowedError
    if assessment.state not in FROZEN:
        raise WrongStateError(assessment.state)
    if draft.value is None:
        raise BadMarkError("value", N_("请填写更正后的分数。"))
    if not why.strip():
        raise BadMarkError("why", N_("请写明更正的依据。"))
    check_draft(scheme_of(assessment), draft)
    basis = str(queries.versions_of(scope, card_id)[0].version)
    mark = {"item": draft.item_code, "rule": draft.rule_code, "value": number_text(draft.value), "reason": draft.reason.strip()}
    made = steps.put(scope, StepKind.CORRECT, assessment, card=card, draft=mark | {"why": why.strip()}, basis=basis)
    return _proposed(scope, made, assessment, [card])


def _locked(scope: Scope, assessment_id: UUID, kind: StepKind) -> tuple[Assessment, Sequence[Scorecard]]:
    assessment = queries.get_assessment(scope, assessment_id, lock=True)
    require(scope, "assessment", "read", assessment)
    cards = queries.cards_of(scope, [assessment.id], lock=True)
    if not steps.may_propose(scope, kind, assessment, cards):
        raise NotAllowedError
    return assessment, cards


def _proposed(scope: Scope, made: ResultProposal, assessment: Assessment, cards: Sequence[Scorecard]) -> ResultProposal:
    path = cards[0].path if made.scorecard_id else assessment.path
    record(scope, "result.proposed", "result_proposal", made.id, path, kind=made.kind, assessment=assessment.name, **made.draft)
    telling.step_proposed(scope, assessment, made, cards)
    return made
