"""What all pages of targets share: which unit and year they are about, and what the reader may do there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import request, url_for

from duban.access.checks import home_paths, may, require
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope
from duban.targets import queries
from duban.targets.lines import lines_of
from duban.targets.marks import LEVEL_MARKS, STATE_MARKS
from duban.targets.models import Allocation
from duban.targets.operations.splitting import cell_key, column_key
from duban.targets.rules import plain
from duban.tree.models import Unit
from duban.tree.queries import chain, get_unit, get_unit_by_path
from duban.web.i18n import current_language

_YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Place:
    """Which unit's targets of which year a page shows."""

    unit: Unit
    year: int

    def url(self, endpoint: str, **more: object) -> str:
        """Give the address of another page about the same unit and year."""
        values: dict[str, Any] = {"unit": self.unit.id, "year": self.year} | more
        return url_for(f"targets.{endpoint}", **values)


def plain_number(value: Decimal | None) -> str:
    """Write a number as people do; a dash for none."""
    return "—" if value is None else plain(value)


def find_place(scope: Scope, *, act: str = "read") -> Place:
    """Find out the page's unit (the actor's own without one) and year. Raises: NotFoundError, NotAllowedError."""
    wanted = request.values.get("unit", "")
    if wanted:
        try:
            unit = get_unit(scope, UUID(wanted))
        except ValueError as error:
            raise NotFoundError from error
    else:
        homes = home_paths(scope)
        if not homes:
            raise NotFoundError
        unit = get_unit_by_path(scope, homes[0])
    require(scope, "target", act, unit)
    year = request.values.get("year", "")
    number = int(year) if year.isascii() and year.isdigit() else scope.today.year
    return Place(unit, number if number in _YEARS else scope.today.year)


def typed_strings() -> Mapping[str, str]:
    """Give what was typed, one string per field."""
    return request.form.to_dict()


def recordable(scope: Scope, shares: Iterable[Allocation]) -> frozenset[UUID]:
    """Say for which of these shares the actor may record numbers: as the unit itself, or as who handed them down."""
    return frozenset(
        share.id for share in shares if may(scope, "target", "assign", share) or may(scope, "target", "report", share)
    )


def frame(scope: Scope, place: Place, shares: Iterable[Allocation] = ()) -> dict[str, Any]:
    """What every page of the feature needs to draw itself. Takes: the unit's shares shown, where there are any."""
    taken = recordable(scope, shares)
    years = sorted({place.year, scope.today.year, *queries.years_with_targets(scope, unit_id=place.unit.id)}, reverse=True)
    above = [unit for unit in chain(scope, place.unit) if may(scope, "target", "read", unit)]
    return {
        "place": place,
        "years": years,
        "above": above,
        "may_define": may(scope, "target", "define", place.unit),
        "may_assign": may(scope, "target", "assign", place.unit),
        "may_accept": may(scope, "target", "accept", place.unit),
        "may_report": bool(taken),
        "recordable": taken,
        "line_names": {line.code: line.name(current_language()) for line in lines_of(scope)},
        "level_marks": LEVEL_MARKS,
        "state_marks": STATE_MARKS,
        "cell_key": cell_key,
        "column_key": column_key,
    }
