"""Reads of assessments, scorecards, marks, decisions and frozen results."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from duban.access.checks import Grant, grants_of, may, policy, readable
from duban.access.relations import CHILD, DEEP
from duban.assessments.models import (
    Assessment,
    FrozenRanking,
    FrozenResult,
    ItemMark,
    ResultProposal,
    Scorecard,
    VetoDecision,
)
from duban.assessments.rules import results as results_format
from duban.assessments.rules.ranking import Ranked, rank
from duban.assessments.rules.results import Result
from duban.assessments.rules.roll_up import Composite, roll_up
from duban.assessments.rules.scheme import Scheme
from duban.assessments.sheets import Sheet, read_scheme, scheme_of, sheet_of
from duban.assessments.states import FROZEN, AssessmentState, ProposalState, VetoState
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned
from duban.tenancy.queries import catalogue
from duban.tree.models import Unit

SCHEME_PART = "scheme"


@dataclass(frozen=True)
class Standing:
    """A group as it stands: ranked while everybody can be scored, else only the sheets."""

    assessment: Assessment
    scheme: Scheme
    sheets: tuple[Sheet, ...]
    ranking: tuple[Ranked, ...]

    @property
    def incomplete(self) -> tuple[Sheet, ...]:
        """The sheets that cannot be scored yet."""
        return tuple(sheet for sheet in self.sheets if sheet.missing)


def tenant_scheme(scope: Scope) -> Scheme:
    """Give the scheme in force in the tenant. Raises: BadSchemeError."""
    return read_scheme(catalogue(scope, SCHEME_PART))


def get_assessment(scope: Scope, assessment_id: UUID, *, lock: bool = False) -> Assessment:
    """Get an assessment. Raises: NotFoundError. Access is the caller's business."""
    return get_owned(scope, Assessment, assessment_id, lock=lock)


def get_card(scope: Scope, card_id: UUID, *, lock: bool = False) -> Scorecard:
    """Get a scorecard. Raises: NotFoundError. Access is the caller's business."""
    return get_owned(scope, Scorecard, card_id, lock=lock)


def get_decision(scope: Scope, decision_id: UUID, *, lock: bool = False) -> VetoDecision:
    """Get a veto decision. Raises: NotFoundError. Access is the caller's business."""
    return get_owned(scope, VetoDecision, decision_id, lock=lock)


def fresh_assessment(scope: Scope, assessment_id: UUID) -> Assessment:
    """Read an assessment again: its state may have moved while a lock was waited for."""
    statement = owned(scope, Assessment).where(Assessment.id == assessment_id).execution_options(populate_existing=True)
    found = scope.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFoundError
    return found


def _is_concerned(scope: Scope) -> ColumnElement[bool]:
    """Keep to assessments the actor's unit runs, is scored in, or stands above."""
    card = select(Scorecard.id).where(
        Scorecard.tenant_id == scope.tenant_id,
        Scorecard.assessment_id == Assessment.id,
        readable(scope, Scorecard, "scorecard"),
    )
    return or_(exists(card), _runs(scope))


def _runs(scope: Scope) -> ColumnElement[bool]:
    return readable(scope, Assessment, "assessment", "manage")


_NEWEST_FIRST = (Assessment.year.desc(), Assessment.path, Assessment.opened_at.desc(), Assessment.id)


def list_assessments(scope: Scope, *, year: int | None = None) -> Sequence[Assessment]:
    """List the assessments the actor may read and has part in, newest year first. Costs: one query."""
    statement = owned(scope, Assessment).where(readable(scope, Assessment, "assessment"), _is_concerned(scope))
    if year is not None:
        statement = statement.where(Assessment.year == year)
    return scope.session.scalars(statement.order_by(*_NEWEST_FIRST)).all()


def newest_published(scope: Scope) -> tuple[Assessment, FrozenRanking] | None:
    """Find the first published of those `list_assessments` gives, with its newest ranking. Costs: one query."""
    found = scope.session.execute(
        owned(scope, Assessment)
        .add_columns(FrozenRanking)
        .join(FrozenRanking, and_(FrozenRanking.tenant_id == Assessment.tenant_id, FrozenRanking.assessment_id == Assessment.id))
        .where(Assessment.state == AssessmentState.PUBLISHED, readable(scope, Assessment, "assessment"), _is_concerned(scope))
        .order_by(*_NEWEST_FIRST, FrozenRanking.version.desc())
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def cards_of(scope: Scope, assessment_ids: Collection[UUID], *, lock: bool = False) -> Sequence[Scorecard]:
    """List the scorecards of assessments in their order. Costs: one query."""
    statement = (
        owned(scope, Scorecard)
        .where(Scorecard.assessment_id.in_(set(assessment_ids)))
        .order_by(Scorecard.position, Scorecard.path)
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return scope.session.scalars(statement).all() if assessment_ids else ()


def readable_cards(scope: Scope, assessment_ids: Collection[UUID]) -> Mapping[UUID, list[Scorecard]]:
    """Give the scorecards the actor may read, by assessment. Costs: one query."""
    statement = (
        owned(scope, Scorecard)
        .where(Scorecard.assessment_id.in_(set(assessment_ids)), readable(scope, Scorecard, "scorecard"))
        .order_by(Scorecard.position, Scorecard.path)
    )
    found: dict[UUID, list[Scorecard]] = defaultdict(list)
    for card in scope.session.scalars(statement) if assessment_ids else ():
        found[card.assessment_id].append(card)
    return found


def _marks(scope: Scope, card_ids: Collection[UUID]) -> Mapping[UUID, list[ItemMark]]:
    found: dict[UUID, list[ItemMark]] = defaultdict(list)
    statement = (
        owned(scope, ItemMark).where(ItemMark.scorecard_id.in_(set(card_ids))).order_by(ItemMark.item_code, ItemMark.rule_code)
    )
    for mark in scope.session.scalars(statement.execution_options(populate_existing=True)) if card_ids else ():
        found[mark.scorecard_id].append(mark)
    return found


def _decisions(scope: Scope, card_ids: Collection[UUID]) -> Mapping[UUID, list[VetoDecision]]:
    found: dict[UUID, list[VetoDecision]] = defaultdict(list)
    statement = owned(scope, VetoDecision).where(VetoDecision.scorecard_id.in_(set(card_ids))).order_by(VetoDecision.proposed_at)
    for decision in scope.session.scalars(statement) if card_ids else ():
        found[decision.scorecard_id].append(decision)
    return found


def sheets_of(scope: Scope, scheme: Scheme, cards: Sequence[Scorecard]) -> tuple[Sheet, ...]:
    """Score cards as they stand. Costs: two queries, however many cards."""
    ids = [card.id for card in cards]
    marks, decisions = _marks(scope, ids), _decisions(scope, ids)
    return tuple(sheet_of(scheme, card, marks.get(card.id, ()), decisions.get(card.id, ()), zone=scope.zone) for card in cards)


def shown_of(scope: Scope, card: Scorecard) -> Sequence[object]:
    """Give all rows a scorecard is shown from: while none of them changes, neither does the card. Costs: three queries."""
    marks, decisions = _marks(scope, [card.id]), _decisions(scope, [card.id])
    return [card, *marks.get(card.id, ()), *decisions.get(card.id, ()), *versions_of(scope, card.id)]


def standing(scope: Scope, assessment: Assessment) -> Standing:
    """Score and, when nothing is missing, rank a whole group as it stands now. Costs: three queries."""
    scheme = scheme_of(assessment)
    sheets = sheets_of(scope, scheme, cards_of(scope, [assessment.id]))
    results = [sheet.result for sheet in sheets if sheet.result is not None]
    ranking = rank(results, scheme) if results and len(results) == len(sheets) else ()
    return Standing(assessment, scheme, sheets, ranking)


def frozen_results(scope: Scope, assessment_id: UUID) -> Mapping[UUID, FrozenResult]:
    """Give the newest frozen result of every card of an assessment, by card. Costs: one query."""
    rows = scope.session.scalars(
        owned(scope, FrozenResult).where(FrozenResult.assessment_id == assessment_id).order_by(FrozenResult.version)
    )
    return {row.scorecard_id: row for row in rows}


def versions_of(scope: Scope, card_id: UUID) -> Sequence[FrozenResult]:
    """List all frozen versions of one card, newest first."""
    return scope.session.scalars(
        owned(scope, FrozenResult).where(FrozenResult.scorecard_id == card_id).order_by(FrozenResult.version.desc())
    ).all()


def frozen_ranking(scope: Scope, assessment: Assessment) -> FrozenRanking | None:
    """Find the newest frozen ranking; None while the assessment is open."""
    return scope.session.scalars(
        owned(scope, FrozenRanking)
        .where(FrozenRanking.assessment_id == assessment.id)
        .order_by(FrozenRanking.version.desc())
        .limit(1)
    ).one_or_none()


def composite_for(scope: Scope, assessment: Assessment, results: Collection[Result]) -> Composite | None:
    """
    Join this group with the other closed groups of the same superior, year and round.

    Gives: None when this scheme has no weight for a group that is there, or nothing counts.
    """
    rule = scheme_of(assessment).roll_up
    groups: dict[str, Sequence[Result]] = {assessment.group_code: tuple(results)}
    if rule.weights:
        groups |= _other_groups(scope, assessment)
        if not set(groups) <= {weight.group for weight in rule.weights}:
            return None
    return roll_up(groups, rule)


def _other_groups(scope: Scope, assessment: Assessment) -> dict[str, Sequence[Result]]:
    rows = scope.session.execute(
        select(Assessment.group_code, FrozenResult)
        .join(FrozenResult, and_(FrozenResult.tenant_id == Assessment.tenant_id, FrozenResult.assessment_id == Assessment.id))
        .where(
            Assessment.tenant_id == scope.tenant_id,
            FrozenResult.tenant_id == scope.tenant_id,
            Assessment.unit_id == assessment.unit_id,
            Assessment.year == assessment.year,
            Assessment.round == assessment.round,
            Assessment.id != assessment.id,
        )
        .order_by(FrozenResult.version)
    )
    newest = {(code, row.scorecard_id): row for code, row in rows}
    groups: dict[str, list[Result]] = defaultdict(list)
    for (code, _), row in newest.items():
        groups[code].append(results_format.from_json(row.result))
    return dict(groups)


def waiting_decisions(scope: Scope, assessment_id: UUID) -> Sequence[tuple[VetoDecision, Scorecard]]:
    """List the veto proposals of an assessment that wait for the second person, oldest first."""
    rows = scope.session.execute(
        select(VetoDecision, Scorecard)
        .join(Scorecard, and_(Scorecard.tenant_id == VetoDecision.tenant_id, Scorecard.id == VetoDecision.scorecard_id))
        .where(
            VetoDecision.tenant_id == scope.tenant_id,
            Scorecard.tenant_id == scope.tenant_id,
            Scorecard.assessment_id == assessment_id,
            VetoDecision.state == VetoState.PROPOSED,
        )
        .order_by(VetoDecision.proposed_at)
    )
    return [(decision, card) for decision, card in rows]


def get_proposal(scope: Scope, proposal_id: UUID, *, lock: bool = False) -> ResultProposal:
    """Get a proposal. Raises: NotFoundError. Access is the caller's business."""
    return get_owned(scope, ResultProposal, proposal_id, lock=lock)


def waiting_proposals(scope: Scope, assessment_id: UUID, card_id: UUID | None = None) -> Sequence[ResultProposal]:
    """List what waits for a second person in an assessment (about one card), oldest first. Costs: one query."""
    statement = owned(scope, ResultProposal).where(
        ResultProposal.assessment_id == assessment_id, ResultProposal.state == ProposalState.WAITING
    )
    if card_id is not None:
        statement = statement.where(ResultProposal.scorecard_id == card_id)
    return scope.session.scalars(statement.order_by(ResultProposal.proposed_at, ResultProposal.id)).all()


def waiting_on(scope: Scope, subject_id: UUID) -> ResultProposal | None:
    """Find what waits for a second person about exactly this assessment, scorecard or veto decision."""
    return scope.session.scalars(
        owned(scope, ResultProposal).where(ResultProposal.subject_id == subject_id, ResultProposal.state == ProposalState.WAITING)
    ).one_or_none()


def stands_above(scope: Scope, card: Scorecard) -> bool:
    """
    Say whether the actor looks at the card from above: then the evaluators' work in progress is shown too.

    Above is who holds, at another unit, a role that reads cards below it. A post at the right place is not enough: an
    inspector sits in the office that runs the round, and reads no card of it.
    """
    return any(card.path.startswith(grant.path) and card.path != grant.path for grant in _readers_below(scope))


def may_see_scores(scope: Scope, assessment: Assessment, card: Scorecard) -> bool:
    """A unit sees the evaluators' marks and its result from the publication on; those above see them at any time."""
    return assessment.state is AssessmentState.PUBLISHED or stands_above(scope, card)


def may_see_ranking(scope: Scope, assessment: Assessment) -> bool:
    """
    The ranking is for all who may read the assessment from its publication on, and once it is frozen for those who follow
    it: who reads, by one role, the cards below the unit that runs it.
    """
    if not may(scope, "assessment", "read", assessment):
        return False
    return assessment.state is AssessmentState.PUBLISHED or (assessment.state in FROZEN and _follows(scope, assessment))


def _follows(scope: Scope, assessment: Assessment) -> bool:
    return any(assessment.path.startswith(grant.path) for grant in _readers_below(scope))


def _readers_below(scope: Scope) -> Iterator[Grant]:
    """Give the actor's grants whose role reads the cards below it; assessments go down the primary line."""
    decided = policy(scope)
    for grant in grants_of(scope):
        if grant.line is None and not decided.allowed(grant.role, "scorecard", "read").isdisjoint((CHILD, DEEP)):
            yield grant


def own_open_cards(scope: Scope) -> Sequence[tuple[Scorecard, Assessment]]:
    """List the cards the actor has to score for the own unit now: for the workbench. Costs: one query."""
    rows = scope.session.execute(
        select(Scorecard, Assessment)
        .join(Assessment, and_(Assessment.tenant_id == Scorecard.tenant_id, Assessment.id == Scorecard.assessment_id))
        .where(
            Scorecard.tenant_id == scope.tenant_id,
            Assessment.tenant_id == scope.tenant_id,
            Assessment.state == AssessmentState.SELF_SCORING,
            Scorecard.self_scored_at.is_(None),
            readable(scope, Scorecard, "scorecard", "self_score"),
        )
        .order_by(Assessment.self_due_on, Scorecard.path)
    )
    return [(card, assessment) for card, assessment in rows]


def runnable_units(scope: Scope) -> Sequence[Unit]:
    """List the units at which the actor may open an assessment, highest first."""
    return scope.session.scalars(
        owned(scope, Unit).where(readable(scope, Unit, "assessment", "manage")).order_by(Unit.depth, Unit.path).limit(20)
    ).all()
