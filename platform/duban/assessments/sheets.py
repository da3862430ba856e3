"""From rows to the engine's values: a scorecard with its marks and decisions becomes facts. No queries here."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from duban.assessments.errors import BadSchemeError
from duban.assessments.models import Assessment, ItemMark, Scorecard, VetoDecision
from duban.assessments.rules.facts import Count, Decision, Facts, Mark, from_json
from duban.assessments.rules.results import Result
from duban.assessments.rules.scheme import Entry, ItemKind, Scheme
from duban.assessments.rules.scheme_loader import SchemeError, load
from duban.assessments.rules.scoring import missing_facts, score
from duban.assessments.states import Side, VetoState

ZERO = Decimal(0)


@dataclass(frozen=True)
class Sheet:
    """A scorecard with everything that belongs to it; `result` is None while `missing` is not empty."""

    card: Scorecard
    marks: tuple[ItemMark, ...]
    decisions: tuple[VetoDecision, ...]
    facts: Facts
    missing: tuple[str, ...]
    result: Result | None

    def mark(self, item: str, rule: str = "", side: Side = Side.EVALUATOR) -> ItemMark | None:
        """Find one mark."""
        return next((each for each in self.marks if (each.item_code, each.rule_code, each.side) == (item, rule, side)), None)


def scheme_of(assessment: Assessment) -> Scheme:
    """Read the assessment's own copy of the scheme."""
    return read_scheme(assessment.scheme)


def read_scheme(data: object) -> Scheme:
    """Read a scheme. Raises: BadSchemeError, naming the field."""
    try:
        return load(data)
    except SchemeError as error:
        raise BadSchemeError(field=error.field, why=error.text) from None


def facts_of(
    scheme: Scheme, card: Scorecard, marks: Iterable[ItemMark], decisions: Iterable[VetoDecision], *, zone: ZoneInfo, side: Side
) -> Facts:
    """
    Join what was counted with what people of one side marked and what was decided.

    An entered rule nobody marked is recorded as 0 times: leaving it empty is the evaluator's statement that nothing happened.
    """
    counted = from_json(card.facts) if card.facts is not None else Facts(unit=str(card.unit_id))
    given = {(mark.item_code, mark.rule_code): mark for mark in marks if mark.side is side and mark.value is not None}
    entered = [
        _entered(rule.fact, given.get((item.code, rule.code)))
        for item in scheme.items
        for rule in item.rules
        if rule.entry is Entry.ENTERED
    ]
    marked = [
        Mark(item.code, mark.value, mark.reason)
        for item in scheme.items
        if item.kind is ItemKind.EVALUATOR and (mark := given.get((item.code, ""))) is not None and mark.value is not None
    ]
    return replace(counted, counts=(*counted.counts, *entered), marks=tuple(marked), decisions=decided(decisions, zone=zone))


def decided(decisions: Iterable[VetoDecision], *, zone: ZoneInfo) -> tuple[Decision, ...]:
    """Give the decisions in force, as the engine takes them."""
    return tuple(
        Decision(each.rule_code, each.document, each.reason, each.decided_at.astimezone(zone).date().isoformat())
        for each in decisions
        if each.state is VetoState.CONFIRMED and each.decided_at is not None
    )


def sheet_of(
    scheme: Scheme, card: Scorecard, marks: Iterable[ItemMark], decisions: Iterable[VetoDecision], *, zone: ZoneInfo
) -> Sheet:
    """Score a card as it stands now, by the evaluators' marks."""
    marks, decisions = tuple(marks), tuple(decisions)
    facts = facts_of(scheme, card, marks, decisions, zone=zone, side=Side.EVALUATOR)
    missing = missing_facts(scheme, facts)
    return Sheet(card, marks, decisions, facts, missing, None if missing else score(scheme, facts))


def self_result(scheme: Scheme, sheet: Sheet, *, zone: ZoneInfo) -> Result | None:
    """Score a card by the unit's own marks; None while it has not marked everything. Vetoes play no part in it."""
    facts = facts_of(scheme, sheet.card, sheet.marks, (), zone=zone, side=Side.SELF)
    return None if missing_facts(scheme, facts) else score(scheme, facts)


def _entered(fact: str, mark: ItemMark | None) -> Count:
    if mark is None or mark.value is None:
        return Count(fact, ZERO)
    return Count(fact, mark.value, (f"mark:{mark.item_code}/{mark.rule_code}",), mark.reason)
