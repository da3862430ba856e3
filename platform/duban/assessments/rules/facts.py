"""What was found about one unit, frozen: the only thing a score may depend on besides the scheme."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from duban.assessments.rules.numbers import Json, digest, number_text

Coded = TypeVar("Coded", "Count", "Measure", "Mark", "Decision")


@dataclass(frozen=True)
class Count:
    """
    How often something happened. `refs` name the records counted ("duty:<id>"), for the door from the number to its list.

    `reason` is what the evaluator wrote when the count was entered by hand.
    """

    code: str
    value: Decimal
    refs: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        """Order the refs: the order in which a query gave them means nothing."""
        object.__setattr__(self, "refs", tuple(sorted(self.refs)))


@dataclass(frozen=True)
class Measure:
    """An actual figure against the unit's own limit."""

    code: str
    actual: Decimal
    limit: Decimal
    refs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Order the refs: the order in which a query gave them means nothing."""
        object.__setattr__(self, "refs", tuple(sorted(self.refs)))


@dataclass(frozen=True)
class Mark:
    """Points an evaluator gave for an item, 0 to the item's points."""

    code: str
    points: Decimal
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """A veto decided by two people with a document. `code` is the veto rule; `decided_on` an ISO date."""

    code: str
    document: str
    reason: str
    decided_on: str


@dataclass(frozen=True)
class Facts:
    """
    Everything counted about one unit. The same content is equal and digests alike, however it was gathered.

    `absent` names measures that were looked for and that the unit does not have (no limit was ever set for it).
    """

    unit: str
    counts: tuple[Count, ...] = ()
    measures: tuple[Measure, ...] = ()
    marks: tuple[Mark, ...] = ()
    decisions: tuple[Decision, ...] = ()
    absent: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Put everything into one order: that of gathering means nothing. Raises: ValueError for a code given twice."""
        object.__setattr__(self, "counts", _ordered(self.counts))
        object.__setattr__(self, "measures", _ordered(self.measures))
        object.__setattr__(self, "marks", _ordered(self.marks))
        object.__setattr__(self, "decisions", _ordered(self.decisions))
        object.__setattr__(self, "absent", tuple(sorted(set(self.absent))))

    def count(self, code: str) -> Count | None:
        """Find a count by its code; None when it was not counted, which is not the same as 0."""
        return {count.code: count for count in self.counts}.get(code)

    def measure(self, code: str) -> Measure | None:
        """Find a measure by its code."""
        return {measure.code: measure for measure in self.measures}.get(code)

    def mark(self, code: str) -> Mark | None:
        """Find the evaluator's mark of an item."""
        return {mark.code: mark for mark in self.marks}.get(code)

    def decision(self, code: str) -> Decision | None:
        """Find the decision under a veto rule."""
        return {decision.code: decision for decision in self.decisions}.get(code)

    def to_json(self) -> dict[str, Json]:
        """Give plain data that `from_json` turns back into equal facts; numbers are texts."""
        return {
            "unit": self.unit,
            "counts": [
                {"code": each.code, "value": number_text(each.value), "refs": list(each.refs), "reason": each.reason}
                for each in self.counts
            ],
            "measures": [
                {"code": each.code, "actual": number_text(each.actual), "limit": number_text(each.limit), "refs": list(each.refs)}
                for each in self.measures
            ],
            "marks": [{"code": each.code, "points": number_text(each.points), "reason": each.reason} for each in self.marks],
            "decisions": [
                {"code": each.code, "document": each.document, "reason": each.reason, "decided_on": each.decided_on}
                for each in self.decisions
            ],
            "absent": list(self.absent),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return digest(self.to_json())


def from_json(data: Mapping[str, object]) -> Facts:
    """Read facts written by `Facts.to_json`. Raises: KeyError, TypeError on anything else."""
    return Facts(
        unit=str(data["unit"]),
        counts=tuple(
            Count(_word(row, "code"), _number(row, "value"), _refs(row), _word(row, "reason")) for row in _rows(data, "counts")
        ),
        measures=tuple(
            Measure(_word(row, "code"), _number(row, "actual"), _number(row, "limit"), _refs(row))
            for row in _rows(data, "measures")
        ),
        marks=tuple(Mark(_word(row, "code"), _number(row, "points"), _word(row, "reason")) for row in _rows(data, "marks")),
        decisions=tuple(
            Decision(_word(row, "code"), _word(row, "document"), _word(row, "reason"), _word(row, "decided_on"))
            for row in _rows(data, "decisions")
        ),
        absent=tuple(str(code) for code in _listed(data, "absent")),
    )


def _ordered(rows: Iterable[Coded]) -> tuple[Coded, ...]:
    ordered = tuple(sorted(rows, key=lambda row: row.code))
    codes = [row.code for row in ordered]
    if len(set(codes)) != len(codes):
        raise ValueError(f"a fact is given twice: {codes}")
    return ordered


def _rows(data: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    rows = data[key]
    if not isinstance(rows, list):
        raise TypeError(key)
    return rows


def _word(row: Mapping[str, object], key: str) -> str:
    return str(row[key])


def _number(row: Mapping[str, object], key: str) -> Decimal:
    return Decimal(str(row[key]))


def _refs(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(ref) for ref in _listed(row, "refs"))


def _listed(row: Mapping[str, object], key: str) -> list[object]:
    listed = row[key]
    if not isinstance(listed, list):
        raise TypeError(key)
    return listed
