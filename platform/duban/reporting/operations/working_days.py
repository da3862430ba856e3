"""A year's holidays and make-up working days, entered by administrators once the State Council has announced them."""

from sqlalchemy import func, select

from duban.access.checks import require
from duban.audit.operations import record
from duban.calendar.working_days import YearTable
from duban.kernel.errors import StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.reporting.queries.working_days import PART, newest_tables
from duban.tenancy.models import Catalogue, Tenant
from duban.tenancy.queries import CHANGING
from duban.tree.queries import root


def set_working_year(scope: Scope, *, table: YearTable, version: int) -> Catalogue:
    """
    Enter or replace a year's table. Dates already issued stay; periods that waited for the year follow by the clock.

    Takes: `version` of the newest tables the editor had read, 0 where there were none.
    Raises: NotFoundError, NotAllowedError, StaleError.
    """
    top = root(scope)
    require(scope, "tenant", "manage", top)
    scope.session.scalars(select(Tenant).where(Tenant.id == scope.tenant_id).with_for_update()).one()
    scope.session.info[CHANGING] = True
    newest = newest_tables(scope)
    if version != newest.version:
        raise StaleError
    tables = {**newest.tables, table.year: table}
    body = {"items": [one.to_json() for _, one in sorted(tables.items())]}
    highest = select(func.max(Catalogue.version)).where(Catalogue.tenant_id == scope.tenant_id, Catalogue.part == PART)
    number = (scope.session.scalar(highest) or 0) + 1
    made = scope.add(Catalogue(id=new_id(), part=PART, version=number, active_from=scope.today, body=body))
    scope.session.flush()
    record(
        scope,
        "requirement.working-days-set",
        "tenant",
        scope.tenant_id,
        top.path,
        year=table.year,
        days_off=sorted(table.days_off),
        make_up_days=sorted(table.make_up_days),
    )
    return made
