"""Writing versions of frozen results. Access, lock and state are the business of the operations that call it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from duban.assessments import queries
from duban.assessments.models import Assessment, FrozenRanking, FrozenResult, Scorecard
from duban.assessments.rules import facts as facts_format
from duban.assessments.rules.facts import Facts, Mark
from duban.assessments.rules.numbers import digest, number_text
from duban.assessments.rules.ranking import Ranked, rank
from duban.assessments.rules.results import Result
from duban.assessments.rules.scheme import Scheme
from duban.assessments.rules.scoring import score
from duban.assessments.sheets import decided, scheme_of
from duban.assessments.states import FROZEN
from duban.audit.operations import anchor_after_commit, record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope


def write_again(scope: Scope, assessment: Assessment, *, why: str) -> None:
    """
    Write a new version of a frozen assessment with the decisions now in force. Access and lock are the caller's business.

    A unit whose result comes out the same keeps its version.
    """
    cards = queries.cards_of(scope, [assessment.id])
    write(scope, assessment, scheme_of(assessment), frozen_facts(scope, assessment), cards, why=why)


def refreeze(scope: Scope, assessment: Assessment, why: str, card: Scorecard) -> None:
    """Write a new version where results are frozen: a decision about this card has changed."""
    if assessment.state in FROZEN:
        scope.session.flush()
        write_again(scope, assessment, why=why % {"unit": card.unit_name})


def frozen_facts(scope: Scope, assessment: Assessment) -> dict[UUID, Facts]:
    """Take the facts as last frozen, with the veto decisions as they are now."""
    sheets = queries.sheets_of(scope, scheme_of(assessment), queries.cards_of(scope, [assessment.id]))
    decisions = {sheet.card.id: decided(sheet.decisions, zone=scope.zone) for sheet in sheets}
    newest = queries.frozen_results(scope, assessment.id)
    return {card_id: replace(facts_format.from_json(row.facts), decisions=decisions[card_id]) for card_id, row in newest.items()}


def with_mark(scheme: Scheme, facts: Facts, *, item_code: str, rule_code: str, value: Decimal, reason: str) -> Facts:
    """Put one mark of the facts right: the points of an item, or how often an entered rule applies."""
    if not rule_code:
        marks = [mark for mark in facts.marks if mark.code != item_code]
        return replace(facts, marks=(*marks, Mark(item_code, value, reason)))
    fact = next(rule.fact for rule in scheme.item(item_code).rules if rule.code == rule_code)
    counts = [replace(each, value=value, reason=reason) if each.code == fact else each for each in facts.counts]
    return replace(facts, counts=tuple(counts))


def worked_out(
    scheme: Scheme, facts: Mapping[UUID, Facts], cards: Sequence[Scorecard]
) -> tuple[dict[UUID, Result], dict[str, Ranked]]:
    """Score and rank a whole group: results by card, places by unit."""
    results = {card.id: score(scheme, facts[card.id]) for card in cards}
    return results, {row.unit: row for row in rank(results.values(), scheme)}


def write(
    scope: Scope, assessment: Assessment, scheme: Scheme, facts: Mapping[UUID, Facts], cards: Sequence[Scorecard], *, why: str,
    by: str = "",
) -> None:  # fmt: skip
    """
    Score, rank and roll up the whole group and add it as the next version, with a record in the audit.

    Takes: `by` whose names stand under it, the actor's if none is given.
    """
    by = by or scope.actor.name
    results, ranked = worked_out(scheme, facts, cards)
    version = assessment.frozen_version + 1
    before = queries.frozen_results(scope, assessment.id)
    for card in cards:
        result, row = results[card.id], ranked[str(card.unit_id)]
        if not _is_same(before.get(card.id), result, row):
            scope.add(_frozen_row(scope, assessment, card, facts[card.id], result, row, version=version, why=why, by=by))
    rows = [row.to_json() | {"unit_name": _name(cards, row)} for row in ranked.values()]
    composite = queries.composite_for(scope, assessment, list(results.values()))
    joined = None if composite is None else composite.to_json()
    ranking_digest = digest({"rows": rows, "composite": joined, "results": [each.digest for each in results.values()]})
    scope.add(
        FrozenRanking(
            id=new_id(), path=assessment.path, lines=assessment.lines,
            assessment_id=assessment.id, version=version, rows=rows, composite=joined,
            digest=ranking_digest, why=why, frozen_at=scope.now, frozen_by=by,
        )
    )  # fmt: skip
    assessment.frozen_version = version
    record(
        scope, "assessment.frozen", "assessment", assessment.id, assessment.path,
        version=version, why=why, digest=ranking_digest, results={str(card.unit_id): results[card.id].digest for card in cards},
    )  # fmt: skip
    anchor_after_commit(scope)


def _is_same(before: FrozenResult | None, result: Result, row: Ranked) -> bool:
    return before is not None and (before.result_digest, before.grade, before.place) == (result.digest, row.grade, row.place)


def _frozen_row(
    scope: Scope, assessment: Assessment, card: Scorecard, facts: Facts, result: Result, row: Ranked, *, version: int, why: str,
    by: str,
) -> FrozenResult:  # fmt: skip
    return FrozenResult(
        id=new_id(), path=card.path, lines=card.lines,
        scorecard_id=card.id, assessment_id=assessment.id, version=version,
        facts=facts.to_json(), result=result.to_json(), scheme_digest=result.scheme_digest, facts_digest=result.facts_digest,
        result_digest=result.digest, total=Decimal(number_text(result.total)), grade=row.grade, is_vetoed=result.is_vetoed,
        place=row.place, why=why, frozen_at=scope.now, frozen_by=by,
    )  # fmt: skip


def _name(cards: Sequence[Scorecard], row: Ranked) -> str:
    return next(card.unit_name for card in cards if str(card.unit_id) == row.unit)
