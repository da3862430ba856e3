"""
Which years' results are closed, so that what was counted in them is not changed any more.

Results are made by features above this one; each registers in its own `closed_years.py` how it looks that up.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TypeAlias

from duban.kernel.scope import Scope

ClosedAt: TypeAlias = Callable[[Scope, Collection[str], int], Mapping[str, datetime]]
"""Of units' paths and a year: when the results each has part in were closed, the latest; left out while they are open."""
_lookups: list[ClosedAt] = []


def register(lookup: ClosedAt) -> None:
    """Say how closed results are looked up."""
    if lookup not in _lookups:
        _lookups.append(lookup)


def closed_at(scope: Scope, path: str, year: int) -> datetime | None:
    """Say when a unit's results of a year were closed. Costs: one query for each feature that registered, once a unit of work."""
    know_closed(scope, {(path, year)})
    return _known(scope)[path, year]


def know_closed(scope: Scope, wanted: Collection[tuple[str, int]]) -> None:
    """Look up many at once, for `closed_at`. Costs: one query for each year and each feature that registered."""
    known = _known(scope)
    for year in {year for _path, year in wanted}:
        paths = {path for path, of in wanted if of == year and (path, of) not in known}
        found = [lookup(scope, paths, year) for lookup in _lookups] if paths else []
        for path in paths:
            known[path, year] = max((one[path] for one in found if path in one), default=None)


def _known(scope: Scope) -> dict[tuple[str, int], datetime | None]:
    known: dict[tuple[str, int], datetime | None] = scope.memo.setdefault("reporting.closed", {})
    return known
