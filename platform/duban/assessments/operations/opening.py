"""Opening a round of assessment and moving it from stage to stage until scoring."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from duban.access.checks import require
from duban.assessments import facts, queries, telling
from duban.assessments.errors import DuplicateAssessmentError, NoUnitsError, UnknownFactError, WrongStateError
from duban.assessments.models import Assessment, Scorecard
from duban.assessments.rules.scheme import Scheme
from duban.assessments.sheets import read_scheme, scheme_of
from duban.assessments.states import NEXT_STATES, AssessmentState, CardState
from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.tree.models import Unit
from duban.tree.queries import children, get_unit

ANNUAL = "annual"


def open_assessment(
    scope: Scope,
    *,
    unit_id: UUID,
    year: int,
    levels: Collection[str],
    name: str,
    round_code: str = ANNUAL,
    group_code: str | None = None,
    scheme_data: Mapping[str, Any] | None = None,
) -> Assessment:
    """
    Open a round for the direct subordinates of these levels, under the scheme now in force (or the one given).

    Takes: `group_code` as in the scheme's weights; the levels joined when left out.
    Raises: NotFoundError, NotAllowedError, NoUnitsError, BadSchemeError, UnknownFactError, DuplicateAssessmentError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require(scope, "assessment", "manage", unit)
    scheme = queries.tenant_scheme(scope) if scheme_data is None else read_scheme(scheme_data)
    _check_countable(scheme)
    group = group_code or "+".join(sorted(levels))
    _check_new(scope, unit, year=year, round_code=round_code, group=group)
    subordinates = children(scope, unit, levels=tuple(levels)) if levels else ()
    if not subordinates:
        raise NoUnitsError
    assessment = scope.add(
        Assessment(
            id=new_id(), path=unit.path, lines=unit.lines,
            unit_id=unit.id, year=year, round=round_code, group_code=group, name=name.strip(),
            levels=sorted(levels), scheme=scheme.to_json(), scheme_digest=scheme.digest, state=AssessmentState.PREPARING,
            opened_at=scope.now, opened_by=scope.actor.person_id, frozen_version=0,
        )
    )  # fmt: skip
    scope.session.flush()  # the cards refer to the assessment; no relationship orders the two
    for position, subordinate in enumerate(subordinates):
        scope.add(
            Scorecard(
                path=subordinate.path, lines=subordinate.lines,
                assessment_id=assessment.id, unit_id=subordinate.id, unit_name=subordinate.name,
                position=position, state=CardState.OPEN,
            )
        )  # fmt: skip
    record(
        scope, "assessment.opened", "assessment", assessment.id, unit.path,
        year=year, group=group, units=len(subordinates), scheme_digest=scheme.digest,
    )  # fmt: skip
    return assessment


def collect_facts(scope: Scope, *, assessment_id: UUID) -> None:
    """
    Count anew from the records what the scheme asks for, for every unit of the assessment.

    Raises: NotFoundError, NotAllowedError, WrongStateError once it is frozen. Costs: a few queries per source, not per unit.
    """
    assessment = queries.get_assessment(scope, assessment_id, lock=True)
    require(scope, "assessment", "manage", assessment)
    if AssessmentState.CLOSED not in _reachable(assessment.state):
        raise WrongStateError(assessment.state)
    _collect(scope, assessment)


def begin_self_scoring(scope: Scope, *, assessment_id: UUID, due_on: date) -> Assessment:
    """
    Ask the units for their own scores until the end of a day. Counts the facts first, so that they see them.

    Raises: NotFoundError, NotAllowedError, WrongStateError.
    """
    assessment = queries.get_assessment(scope, assessment_id, lock=True)
    require(scope, "assessment", "manage", assessment)
    _advance(scope, assessment, AssessmentState.SELF_SCORING)
    assessment.self_due_on = due_on
    cards = _collect(scope, assessment)
    telling.self_scoring_began(scope, assessment, cards)
    return assessment


def begin_scoring(scope: Scope, *, assessment_id: UUID) -> Assessment:
    """
    End the self-scoring, handed in or not, and let the evaluators work on facts counted at this moment.

    Raises: NotFoundError, NotAllowedError, WrongStateError.
    """
    assessment = queries.get_assessment(scope, assessment_id, lock=True)
    require(scope, "assessment", "manage", assessment)
    _advance(scope, assessment, AssessmentState.SCORING)
    cards = _collect(scope, assessment)
    telling.scoring_began(scope, assessment, cards)
    return assessment


def _advance(scope: Scope, assessment: Assessment, wanted: AssessmentState) -> None:
    if wanted not in NEXT_STATES[assessment.state]:
        raise WrongStateError(assessment.state)
    record(
        scope, f"assessment.{wanted.value}", "assessment", assessment.id, assessment.path, before=assessment.state, after=wanted
    )  # fmt: skip
    assessment.state = wanted


def _collect(scope: Scope, assessment: Assessment) -> list[Scorecard]:
    cards = list(queries.cards_of(scope, [assessment.id], lock=True))
    superior = get_unit(scope, assessment.unit_id)
    counted = facts.count(
        scope, scheme_of(assessment), superior=superior, units=[card.unit_id for card in cards], year=assessment.year
    )
    digests = {}
    for card in cards:
        card.facts, card.facts_at = counted[card.unit_id].to_json(), scope.now
        digests[str(card.unit_id)] = counted[card.unit_id].digest
    record(scope, "assessment.facts_collected", "assessment", assessment.id, assessment.path, digests=digests)
    return cards


def _reachable(state: AssessmentState) -> set[AssessmentState]:
    return {after for before in (state, *NEXT_STATES[state]) for after in NEXT_STATES[before]} | set(NEXT_STATES[state])


def _check_countable(scheme: Scheme) -> None:
    unknown = [code for code in scheme.counted_facts() if code not in facts.COUNTED]
    if unknown:
        raise UnknownFactError(unknown)


def _check_new(scope: Scope, unit: Unit, *, year: int, round_code: str, group: str) -> None:
    # The unit's row is locked, so nobody opens the same round between this look and the insert.
    same = owned(scope, Assessment).where(
        Assessment.unit_id == unit.id, Assessment.year == year, Assessment.round == round_code, Assessment.group_code == group
    )
    if scope.session.scalars(same.limit(1)).first() is not None:
        raise DuplicateAssessmentError(year)
