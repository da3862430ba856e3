"""What the engine gives back: points, grade, vetoes and every line of the way there."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from duban.assessments.rules.numbers import Json, canonical_json, digest, number_text
from duban.assessments.rules.scheme import Effect


@dataclass(frozen=True)
class Line:
    """
    One step of the trace. The `amount` of all lines of a result add up to its total exactly.

    `item` and `rule` are codes of the scheme ("" for a step on the whole); `template` with `params` says it in words;
    `refs` are the records behind it.
    """

    item: str
    rule: str
    template: str
    params: tuple[tuple[str, str], ...]
    amount: Decimal
    refs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Give plain data."""
        return {
            "item": self.item,
            "rule": self.rule,
            "template": self.template,
            "params": dict(self.params),
            "amount": number_text(self.amount),
            "refs": list(self.refs),
        }


@dataclass(frozen=True)
class Finding:
    """A veto rule that applies, or a yellow card, and why."""

    rule: str
    effect: Effect
    template: str
    params: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Json]:
        """Give plain data."""
        return {"rule": self.rule, "effect": self.effect.value, "template": self.template, "params": dict(self.params)}


@dataclass(frozen=True)
class Result:
    """
    The outcome for one unit. A veto dominates the grade and leaves points and lines as they are.

    `score_grade`: what the points alone would give. `tie_values`: smaller ranks first. `barred_by`: what bars from the quota.
    """

    unit: str
    scheme_digest: str
    facts_digest: str
    item_points: tuple[tuple[str, Decimal], ...]
    lines: tuple[Line, ...]
    total: Decimal
    score_grade: str
    grade: str
    findings: tuple[Finding, ...]
    tie_values: tuple[Decimal, ...] = ()
    barred_by: tuple[str, ...] = ()

    @property
    def is_vetoed(self) -> bool:
        """Whether any finding vetoes; a yellow card does not."""
        return any(finding.effect is Effect.VETO for finding in self.findings)

    def to_json(self) -> dict[str, Json]:
        """Give plain data; equal results give equal canonical bytes."""
        return {
            "unit": self.unit,
            "scheme_digest": self.scheme_digest,
            "facts_digest": self.facts_digest,
            "item_points": [[code, number_text(points)] for code, points in self.item_points],
            "lines": [line.to_json() for line in self.lines],
            "total": number_text(self.total),
            "score_grade": self.score_grade,
            "grade": self.grade,
            "findings": [finding.to_json() for finding in self.findings],
            "tie_values": [number_text(value) for value in self.tie_values],
            "barred_by": list(self.barred_by),
        }

    @property
    def canonical(self) -> str:
        """The bytes that are frozen, as text."""
        return canonical_json(self.to_json())

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return digest(self.to_json())


def from_json(data: Mapping[str, object]) -> Result:
    """Read a result written by `Result.to_json`. Raises: KeyError, TypeError on anything else."""
    return Result(
        unit=str(data["unit"]),
        scheme_digest=str(data["scheme_digest"]),
        facts_digest=str(data["facts_digest"]),
        item_points=tuple((str(code), Decimal(str(points))) for code, points in _list(data["item_points"])),
        lines=tuple(_line(row) for row in _list(data["lines"])),
        total=Decimal(str(data["total"])),
        score_grade=str(data["score_grade"]),
        grade=str(data["grade"]),
        findings=tuple(
            Finding(row["rule"], Effect(row["effect"]), row["template"], _params(row["params"]))
            for row in _list(data["findings"])
        ),
        tie_values=tuple(Decimal(str(value)) for value in _list(data["tie_values"])),
        barred_by=tuple(str(code) for code in _list(data["barred_by"])),
    )


def _line(row: Mapping[str, object]) -> Line:
    return Line(
        item=str(row["item"]),
        rule=str(row["rule"]),
        template=str(row["template"]),
        params=_params(row["params"]),
        amount=Decimal(str(row["amount"])),
        refs=tuple(str(ref) for ref in _list(row["refs"])),
    )


def _params(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return tuple(sorted((str(key), str(each)) for key, each in value.items()))


def _list(value: object) -> list:  # type: ignore[type-arg]  # plain JSON: the readers above name each part
    if not isinstance(value, list):
        raise TypeError(value)
    return value
