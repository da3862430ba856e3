"""The year at a glance: twelve months of what my units have to hand in, of one unit, or of what is owed to mine."""

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.reporting import queries
from duban.tree.queries import get_unit
from duban.web.requests import current_scope


def show() -> ResponseReturnValue:
    """
    Show a year: mine; with ?below=1, or where I owe nothing and do not ask for ?below=0, what is owed to me; with ?unit= that of
    a unit I may see; ?year= another year.
    """
    scope = current_scope()
    year = _year(scope)
    unit = get_unit(scope, _unit_id()) if request.args.get("unit") else None
    if unit is not None:
        access.require(scope, "unit", "read", unit)
    writes = access.may_somewhere(scope, "submission", "write")
    superior = access.may_somewhere(scope, "duty", "urge") or access.may_somewhere(scope, "requirement", "issue")
    asked = request.args.get("below", "")
    own = queries.own_year(scope, year) if unit is None and writes and asked != "1" else None
    is_mine = own is not None and (any(own.months) or bool(asked) or not superior)
    below = unit is None and not is_mine
    page = {
        "year": year,
        "unit": unit,
        "below": below,
        "writes": writes,
        "superior": superior,
        "several_units": len(access.home_paths(scope)) > 1,
    }
    if below:
        return render_template("reporting/year.html", sums=queries.year_below(scope, year), duties=None, **page)
    duties = queries.year_of_unit(scope, unit.id, year) if unit is not None else own
    return render_template("reporting/year.html", sums=None, duties=duties, **page)


def _year(scope: Scope) -> int:
    written = request.args.get("year", "")
    if written.isascii() and written.isdigit() and len(written) == 4:  # noqa: PLR2004 - a year as people write it
        return min(max(int(written), EARLIEST_YEAR), LATEST_YEAR)
    return scope.today.year


def _unit_id() -> UnitId:
    try:
        return UnitId(UUID(request.args["unit"]))
    except ValueError:
        raise NotFoundError from None
