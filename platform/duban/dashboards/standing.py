"""How one unit stands: what it owed this year, its targets, its letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from duban.access import checks as access
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.letters.models import Letter
from duban.letters.queries import list_own, owed_by
from duban.letters.rules.coverage import Coverage
from duban.reporting.queries import MatrixCell, MatrixColumn, UnitTimeliness, matrix, timeliness
from duban.targets.queries import Tally, unit_tallies
from duban.tree.models import Unit


@dataclass(frozen=True)
class UnitStanding:
    """All the supervision tab shows. What the person may not read is empty and said so by `sees_work`."""

    year: int
    sees_work: bool
    duties: Sequence[tuple[MatrixColumn, MatrixCell]]
    punctual: UnitTimeliness
    tallies: Sequence[Tally]
    letters: Sequence[Letter]
    handed_down: Coverage | None
    """The letters between it and those directly below, in all its lines; None where there are none, or not to be seen."""


def build(scope: Scope, unit: Unit) -> UnitStanding:
    """
    Gather the page. Takes: access to the unit itself is the caller's business.

    Costs: seven queries, eight for another unit than the actor's own; one more where the unit has second lines below it.
    """
    year = scope.today.year
    if not access.may(scope, "duty", "read", unit):
        return UnitStanding(year, False, (), UnitTimeliness(), (), (), None)
    first, last = scope.today.replace(month=1, day=1), scope.today.replace(month=12, day=31)
    table = matrix(scope, units=[unit], due_from=first, due_until=last)
    unit_id = UnitId(unit.id)
    return UnitStanding(
        year=year,
        sees_work=True,
        duties=[(column, table.cells[unit.id, column.key]) for column in table.columns],
        punctual=timeliness(scope, unit_ids=[unit_id], year=year)[unit_id],
        tallies=unit_tallies(scope, unit=unit, year=year),
        letters=list_own(scope, unit=unit, year=year),
        handed_down=owed_by(scope, upper=unit, year=year) if access.may(scope, "letter", "read", unit) else None,
    )
