"""
Steps about results that take two persons: what each asks for, whom it waits for, what is seen before, and carrying it out.

The operations check leave and state and write records; here is what they and the pages have in common. See docs/decisions/0043.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from duban.access.checks import granted, note_as, superiors
from duban.access.holding import hands_of, standing_apart, standing_in
from duban.assessments import queries, versions
from duban.assessments.errors import AlreadyProposedError, NotReadyError
from duban.assessments.models import Assessment, FrozenResult, ResultProposal, Scorecard, VetoDecision
from duban.assessments.rules.facts import Facts
from duban.assessments.rules.numbers import digest
from duban.assessments.rules.ranking import Ranked
from duban.assessments.rules.results import Result
from duban.assessments.sheets import Sheet, scheme_of
from duban.assessments.states import ProposalState, StepKind
from duban.identity.models import Person
from duban.identity.queries import accounts_of, people_by_id
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope

RIGHTS: dict[StepKind, tuple[str, str]] = {
    StepKind.CLOSE: ("scorecard", "decide"),
    StepKind.PUBLISH: ("scorecard", "publish"),
    StepKind.CORRECT: ("scorecard", "decide"),
    StepKind.LIFT: ("veto", "confirm"),
}
"""What whoever confirms a step must be allowed to do, to every scorecard it is about."""


@dataclass(frozen=True)
class Change:
    """What a correction does: to the unit's own result, and to how many others' places."""

    before: FrozenResult
    after: Result
    ranked: Ranked
    others: int


def may_confirm(scope: Scope, kind: StepKind, cards: Iterable[Scorecard]) -> bool:
    """Say whether the actor holds the right a step needs; whether they are another person is `is_same_hand`'s business."""
    return all(granted(scope, *RIGHTS[kind], card) for card in cards)


def may_propose(scope: Scope, kind: StepKind, assessment: Assessment, cards: Sequence[Scorecard]) -> bool:
    """Say whether the actor may propose a step: who may confirm it, or who does the paperwork for it."""
    if may_confirm(scope, kind, cards):
        return True
    if kind is StepKind.LIFT:
        return all(granted(scope, "veto", "propose", card) for card in cards)
    return granted(scope, "assessment", "manage", assessment)


def is_proposers(scope: Scope, proposal: ResultProposal) -> bool:
    """Say whether the actor is the proposer, by whichever of their accounts that were merged."""
    return scope.person_id in accounts_of(scope, {proposal.proposed_by})


def drops_as(scope: Scope, proposal: ResultProposal, assessment: Assessment, cards: Sequence[Scorecard]) -> ProposalState | None:
    """
    Say what it is when the actor lets a proposal come to nothing: withdrawn by the proposer, declined by who may confirm,
    withdrawn by who may propose such a step by what the proposer lent them; None for others. Whose lent role that takes is noted.
    """
    if is_proposers(scope, proposal):
        return ProposalState.WITHDRAWN
    apart, lent = standing_apart(scope, proposal.proposed_by), standing_in(scope, proposal.proposed_by)
    if may_confirm(apart, proposal.kind, cards):
        found, used = ProposalState.DECLINED, apart
    elif may_propose(lent, proposal.kind, assessment, cards):
        found, used = ProposalState.WITHDRAWN, lent
    else:
        return None
    note_as(scope, used)
    return found


def put(
    scope: Scope, kind: StepKind, assessment: Assessment, *, card: Scorecard | None = None, decision: VetoDecision | None = None,
    draft: Mapping[str, str] | None = None, basis: str,
) -> ResultProposal:  # fmt: skip
    """Add a proposal. The caller holds the assessment's lock. Raises: AlreadyProposedError."""
    subject: UUID = (decision or card or assessment).id
    if queries.waiting_on(scope, subject) is not None:
        raise AlreadyProposedError
    return scope.add(
        ResultProposal(
            id=new_id(), assessment_id=assessment.id, scorecard_id=card.id if card else None, subject_id=subject, kind=kind,
            draft=dict(draft or {}), basis=basis, state=ProposalState.WAITING, proposed_by=scope.person_id,
            proposed_name=scope.actor.name, proposed_at=scope.now,
        )
    )  # fmt: skip


def complete_sheets(scope: Scope, assessment: Assessment, cards: Sequence[Scorecard]) -> Sequence[Sheet]:
    """Give the sheets of a group that can be frozen. Raises: NotReadyError naming units that lack marks or data."""
    sheets = queries.sheets_of(scope, scheme_of(assessment), cards)
    lacking = [sheet.card.unit_name for sheet in sheets if sheet.missing]
    if lacking:
        raise NotReadyError(lacking)
    return sheets


def basis_of(sheets: Iterable[Sheet]) -> str:
    """Name what would be frozen: the same marks, facts and decisions give the same name."""
    return digest([sheet.result.digest if sheet.result else "" for sheet in sheets])


def corrected_facts(scope: Scope, assessment: Assessment, card_id: UUID, draft: Mapping[str, Any]) -> dict[UUID, Facts]:
    """Give the facts as last frozen with one card's mark put right."""
    facts = versions.frozen_facts(scope, assessment)
    facts[card_id] = versions.with_mark(
        scheme_of(assessment), facts[card_id], item_code=draft["item"], rule_code=draft["rule"], value=Decimal(draft["value"]),
        reason=draft["reason"],
    )  # fmt: skip
    return facts


def change_of(scope: Scope, proposal: ResultProposal, assessment: Assessment, cards: Sequence[Scorecard]) -> Change:
    """Work out what a proposed correction would do, without writing anything."""
    card = next(each for each in cards if each.id == proposal.scorecard_id)
    facts = corrected_facts(scope, assessment, card.id, proposal.draft)
    results, ranked = versions.worked_out(scheme_of(assessment), facts, cards)
    before = queries.frozen_results(scope, assessment.id)
    others = [each for each in cards if each.id != card.id and before[each.id].place != ranked[str(each.unit_id)].place]
    return Change(before[card.id], results[card.id], ranked[str(card.unit_id)], len(others))


def is_outdated(scope: Scope, proposal: ResultProposal, assessment: Assessment, cards: Sequence[Scorecard]) -> bool:
    """Say whether what the proposer saw is no longer what would be done."""
    if proposal.kind is StepKind.CLOSE:
        return proposal.basis != basis_of(queries.sheets_of(scope, scheme_of(assessment), cards))
    if proposal.kind is StepKind.PUBLISH:
        return proposal.basis != str(assessment.frozen_version)
    if proposal.kind is StepKind.CORRECT and proposal.scorecard_id is not None:
        return proposal.basis != str(queries.versions_of(scope, proposal.scorecard_id)[0].version)
    return False


def cards_of(scope: Scope, proposal: ResultProposal) -> Sequence[Scorecard]:
    """List the scorecards whose rights decide: the one it is about, or all of the group."""
    if proposal.scorecard_id is not None:
        return (queries.get_card(scope, proposal.scorecard_id),)
    return queries.cards_of(scope, [proposal.assessment_id])


def not_second(scope: Scope, proposal: ResultProposal) -> set[PersonId]:
    """List who is no second person beside the proposer, then or today."""
    return hands_of(scope, proposal.proposed_by, {proposal.proposed_at.astimezone(scope.zone).date(), scope.today})


def second_persons(scope: Scope, proposal: ResultProposal, cards: Sequence[Scorecard]) -> list[Person]:
    """List who may confirm a waiting proposal, by name."""
    if not cards:
        return []
    able = set(superiors(scope, *RIGHTS[proposal.kind], cards[0].path)) - not_second(scope, proposal)
    return sorted(people_by_id(scope, able).values(), key=lambda person: person.name)


def get_for_reader(scope: Scope, proposal_id: UUID) -> ResultProposal:
    """Get a proposal for who may propose or confirm such a thing. Raises: NotFoundError."""
    proposal = queries.get_proposal(scope, proposal_id)
    assessment = queries.get_assessment(scope, proposal.assessment_id)
    if not may_propose(scope, proposal.kind, assessment, cards_of(scope, proposal)):
        raise NotFoundError
    return proposal
