"""Numbers without gaps: the row of a year is locked until the work that takes a number is committed or undone."""

from sqlalchemy.dialects.postgresql import insert

from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.matters.models import MatterNumbering
from duban.matters.rules import number_of
from duban.matters.settings import settings_of
from duban.matters.states import Series


def take_number(scope: Scope, series: Series, year: int) -> tuple[int, str]:
    """
    Take the next number of a series in a year: serial and text. To be called after leave was asked.

    Costs: two statements and a lock that others who number in this tenant wait for, so take it late in the work.
    """
    scope.session.execute(
        insert(MatterNumbering)
        .values(tenant_id=scope.tenant_id, id=new_id(), series=series, year=year, given=0)
        .on_conflict_do_nothing(constraint="uq_matter_numbering_tenant_id_series_year")
    )
    statement = owned(scope, MatterNumbering).where(MatterNumbering.series == series, MatterNumbering.year == year)
    row = scope.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()
    row.given += 1
    return row.given, number_of(settings_of(scope).prefixes[series], year, row.given)
