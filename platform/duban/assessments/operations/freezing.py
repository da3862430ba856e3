"""Freezing results, publishing them, and correcting them by a new version beside the old."""

from collections.abc import Sequence
from uuid import UUID

from duban.access.checks import granted, require
from duban.assessments import queries, telling, versions
from duban.assessments.errors import BadMarkError, NotReadyError, WrongStateError
from duban.assessments.models import Assessment, Scorecard
from duban.assessments.operations.marking import MarkDraft, check_draft
from duban.assessments.sheets import scheme_of
from duban.assessments.states import FROZEN, NEXT_STATES, AssessmentState
from duban.audit.operations import record
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import Scope
from duban.kernel.text import N_

FIRST = N_("封存")


def close(scope: Scope, *, assessment_id: UUID) -> Assessment:
    """
    Compute every unit's result and freeze all of it: facts, traces, ranking, roll-up.

    Raises: NotFoundError, NotAllowedError, WrongStateError, NotReadyError naming units that lack marks or data.
    """
    assessment, cards = _locked(scope, assessment_id, "decide")
    if AssessmentState.CLOSED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    scheme = scheme_of(assessment)
    sheets = queries.sheets_of(scope, scheme, cards)
    lacking = [sheet.card.unit_name for sheet in sheets if sheet.missing]
    if lacking:
        raise NotReadyError(lacking)
    versions.write(scope, assessment, scheme, {sheet.card.id: sheet.facts for sheet in sheets}, cards, why=FIRST)
    assessment.state, assessment.closed_at = AssessmentState.CLOSED, scope.now
    return assessment


def publish(scope: Scope, *, assessment_id: UUID) -> Assessment:
    """
    Make ranking and results visible to the assessed units and tell them.

    Raises: NotFoundError, NotAllowedError, WrongStateError.
    """
    assessment, cards = _locked(scope, assessment_id, "publish")
    if AssessmentState.PUBLISHED not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    assessment.state, assessment.published_at = AssessmentState.PUBLISHED, scope.now
    record(scope, "assessment.published", "assessment", assessment.id, assessment.path, version=assessment.frozen_version)
    telling.published(scope, assessment, cards)
    return assessment


def correct(scope: Scope, *, card_id: UUID, draft: MarkDraft, why: str) -> Assessment:
    """
    Put one mark of a frozen result right: a new version beside the old, which stays as it is.

    Takes: `why` the ground of the correction, e.g. the decision on an appeal.
    Raises: NotFoundError, NotAllowedError, WrongStateError while open, BadMarkError.
    """
    card = queries.get_card(scope, card_id)
    require(scope, "scorecard", "decide", card)
    assessment, cards = _locked(scope, card.assessment_id, "decide")
    if assessment.state not in FROZEN:
        raise WrongStateError(assessment.state)
    if draft.value is None:
        raise BadMarkError("value", N_("请填写更正后的分数。"))
    if not why.strip():
        raise BadMarkError("why", N_("请写明更正的依据。"))
    scheme = scheme_of(assessment)
    check_draft(scheme, draft)
    facts = versions.frozen_facts(scope, assessment)
    facts[card_id] = versions.with_mark(
        scheme,
        facts[card_id],
        item_code=draft.item_code,
        rule_code=draft.rule_code,
        value=draft.value,
        reason=draft.reason.strip(),
    )
    versions.write(scope, assessment, scheme, facts, cards, why=why.strip())
    if assessment.state is AssessmentState.PUBLISHED:
        telling.corrected(scope, assessment, [card for card in cards if card.id == card_id])
    return assessment


def _locked(scope: Scope, assessment_id: UUID, act: str) -> tuple[Assessment, Sequence[Scorecard]]:
    assessment = queries.get_assessment(scope, assessment_id, lock=True)
    require(scope, "assessment", "read", assessment)
    cards = queries.cards_of(scope, [assessment.id], lock=True)
    if not all(granted(scope, "scorecard", act, card) for card in cards):
        raise NotAllowedError
    return assessment, cards
