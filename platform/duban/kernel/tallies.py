"""
Numbers of several features, asked of the database in one statement and kept for the unit of work.

The menu asks for all of them at once; a page that shows the same numbers, or a list of what they count, finds them here.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, Select, select
from sqlalchemy.dialects.postgresql import array

from duban.kernel.scope import Scope

_KEPT = "tallies"


@dataclass(frozen=True, eq=False)
class Asked:
    """A subquery that counts, and the name its answer is kept by; `at` the place among several counted in one pass."""

    name: str
    subquery: ScalarSelect[Any]
    at: int | None = None


Tally = int | Asked
"""A number known already, or what is to be asked for it."""
Key = TypeVar("Key", bound=Hashable)


def tally(name: str, statement: Select[Any]) -> Asked:
    """Make a subquery of a statement that counts."""
    return Asked(name, statement.scalar_subquery())


def tallies(name: str, numbers: Sequence[ColumnElement[int]], *conditions: ColumnElement[bool]) -> list[Asked]:
    """Count several things in one pass over the rows that meet the conditions."""
    together = select(array(numbers)).where(*conditions).scalar_subquery()
    return [Asked(name, together, at) for at in range(len(numbers))]


def counted(scope: Scope, wanted: Mapping[Key, Tally]) -> dict[Key, int]:
    """Count several things. Costs: one query, none where all is known."""
    kept = scope.memo.setdefault(_KEPT, {})
    missing = {one.name: one.subquery for one in wanted.values() if not isinstance(one, int) and one.name not in kept}
    if missing:
        row = scope.session.execute(select(*(one.label(f"n{at}") for at, one in enumerate(missing.values())))).one()
        kept.update(zip(missing, row, strict=True))
    return {key: one if isinstance(one, int) else _number(kept[one.name], one.at) for key, one in wanted.items()}


def _number(answer: Any, at: int | None) -> int:
    return int((answer if at is None else answer[at]) or 0)


def count(scope: Scope, one: Tally) -> int:
    """Count one thing anew, for work that may have changed it. Costs: one query, none for a number."""
    if not isinstance(one, int):
        scope.memo.get(_KEPT, {}).pop(one.name, None)
    return counted(scope, {None: one})[None]


def known(scope: Scope, name: str) -> int | None:
    """Give the number kept under a name in this unit of work; None where nobody has counted."""
    found: int | None = scope.memo.get(_KEPT, {}).get(name)
    return found


def keep(scope: Scope, name: str, number: int) -> None:
    """Keep a number that reading a list has shown."""
    scope.memo.setdefault(_KEPT, {})[name] = number
