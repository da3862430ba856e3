"""Places inside one group, equal totals, and how many may be excellent."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from duban.assessments.rules.numbers import ZERO, Json, number_text, product, rounded, total_of
from duban.assessments.rules.results import Result
from duban.assessments.rules.scheme import Basis, Quota, Scheme

PERCENT = Decimal("0.01")


@dataclass(frozen=True)
class Ranked:
    """
    One row of the ranking. `place` is None for a vetoed unit: it is listed after the others and takes no place.

    `grade` is final; `score_grade` is what the points alone reached, so a row where they differ needs its reason shown.
    """

    unit: str
    place: int | None
    is_tied: bool
    total: Decimal
    score_grade: str
    grade: str
    is_vetoed: bool

    def to_json(self) -> dict[str, Json]:
        """Give plain data."""
        return {**vars(self), "total": number_text(self.total)}


def rank(results: Iterable[Result], scheme: Scheme, *, uplifted: bool = False) -> tuple[Ranked, ...]:
    """
    Rank one group, best first; the order of `results` does not matter.

    Equal totals share a place and the next place is skipped (1, 1, 3), unless the scheme tells them apart by further facts.
    Takes: `uplifted` when the superior itself was awarded and the quota grows. Source: docs/rules/scoring.md.
    """
    group = sorted(results, key=lambda result: (-result.total, result.tie_values, result.unit))
    placed = [result for result in group if not result.is_vetoed]
    places = _places(placed)
    excellent = _seated(placed, len(group), scheme.quota, uplifted=uplifted) if scheme.quota else None
    standing = [places[result.unit] for result in placed]
    rows = [
        Ranked(
            unit=result.unit,
            place=places[result.unit],
            is_tied=standing.count(places[result.unit]) > 1,
            total=result.total,
            score_grade=result.score_grade,
            grade=_final_grade(result, scheme.quota, excellent),
            is_vetoed=False,
        )
        for result in placed
    ]
    vetoed = [
        Ranked(
            result.unit,
            None,
            is_tied=False,
            total=result.total,
            score_grade=result.score_grade,
            grade=result.grade,
            is_vetoed=True,
        )
        for result in group
        if result.is_vetoed
    ]
    return (*rows, *vetoed)


def seats(quota: Quota, *, group_size: int, uplifted: bool = False) -> int:
    """Give how many units of a group may have the quota's grade. 11 units × 40 % is 4.4: the scheme says which way."""
    if quota.basis is Basis.TOP:
        return int(quota.number)
    percent = total_of([quota.number, quota.uplift if uplifted else ZERO])
    share = product(product(percent, PERCENT), Decimal(group_size))
    return int(rounded(share, decimals=0, mode=quota.mode))


def _places(ordered: list[Result]) -> dict[str, int]:
    places: dict[str, int] = {}
    previous: Result | None = None
    for position, result in enumerate(ordered, start=1):
        same = previous is not None and (previous.total, previous.tie_values) == (result.total, result.tie_values)
        places[result.unit] = places[previous.unit] if same and previous is not None else position
        previous = result
    return places


def _seated(placed: list[Result], group_size: int, quota: Quota, *, uplifted: bool) -> set[str]:
    eligible = [result for result in placed if not result.barred_by]
    places = _places(eligible if quota.move_up else placed)
    number = seats(quota, group_size=group_size, uplifted=uplifted)
    return {result.unit for result in eligible if places[result.unit] <= number}


def _final_grade(result: Result, quota: Quota | None, excellent: set[str] | None) -> str:
    if quota is None or excellent is None or result.grade != quota.grade or result.unit in excellent:
        return result.grade
    return quota.otherwise
