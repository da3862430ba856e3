"""The tenant's own tables of holidays and make-up working days, for its administrators."""

from collections.abc import Mapping
from dataclasses import dataclass

from duban.access.checks import require
from duban.calendar.working_days import YearTable, year_table_from_json, year_tables
from duban.kernel.scope import Scope, owned
from duban.tenancy.models import Catalogue
from duban.tree.queries import root

PART = "calendar"


@dataclass(frozen=True)
class Tables:
    """The tables the tenant entered itself, by year, and the version they stand in; 0: none yet."""

    version: int
    tables: Mapping[int, YearTable]


def newest_tables(scope: Scope) -> Tables:
    """Read the tenant's tables, under the leave of the caller. Costs: one query."""
    statement = owned(scope, Catalogue).where(Catalogue.part == PART).order_by(Catalogue.version.desc()).limit(1)
    row = scope.session.scalars(statement).first()
    if row is None:
        return Tables(0, {})
    return Tables(row.version, year_tables(year_table_from_json(one) for one in row.body.get("items", [])))


def tables_to_keep(scope: Scope) -> Tables:
    """Read the tenant's tables for whoever keeps them. Raises: NotFoundError, NotAllowedError."""
    require(scope, "tenant", "manage", root(scope))
    return newest_tables(scope)
