"""The tenant's working days for programs: which years it has entered, and a year's holidays and make-up working days."""

from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from duban.calendar.working_days import YEARS_OF_THE_PACKAGE, YearTable
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR
from duban.kernel.errors import NotFoundError
from duban.reporting import operations
from duban.reporting.queries.working_days import Tables, tables_to_keep
from duban.web.api import ETAG, ApiBlueprint, InputSchema, expected_version, tagged
from duban.web.requests import current_scope, work

working_days_blp = ApiBlueprint("api-working-days", __name__, url_prefix="/api/v1", description="Working days")

MOST_DAYS = 366


class YearTableInput(InputSchema):
    """A whole year's exceptions from "Monday to Friday are worked"; weekends need not be listed."""

    days_off = fields.List(fields.Date(), required=True, validate=validate.Length(1, MOST_DAYS))
    make_up_days = fields.List(fields.Date(), load_default=list, validate=validate.Length(max=MOST_DAYS))


class YearTableSchema(Schema):
    """A year as the tenant entered it."""

    year = fields.Integer()
    days_off = fields.List(fields.Date())
    make_up_days = fields.List(fields.Date())


class WorkingDaysSchema(Schema):
    """The years the tenant entered, which go before the national holidays known without being entered."""

    items = fields.List(fields.Nested(YearTableSchema))
    known_from = fields.Integer(metadata={"description": "First year whose national holidays are known."})
    known_until = fields.Integer(metadata={"description": "Last of them; later years have to be entered."})


@working_days_blp.get("/calendar/working-days")
@working_days_blp.response(200, WorkingDaysSchema, headers=ETAG)
def working_days() -> ResponseReturnValue:
    """Show the years entered."""
    return _answer(tables_to_keep(current_scope()))


@working_days_blp.put("/calendar/working-days/<int:year>")
@working_days_blp.arguments(YearTableInput)
@working_days_blp.response(200, WorkingDaysSchema, headers=ETAG)
def set_working_year(body: dict[str, Any], year: int) -> ResponseReturnValue:
    """Enter or replace a year. Dates already issued stay; periods that waited for the year follow within the hour."""
    version = expected_version()
    if not EARLIEST_YEAR <= year < LATEST_YEAR:
        raise NotFoundError
    with work() as scope:
        table = YearTable(year, days_off=frozenset(body["days_off"]), make_up_days=frozenset(body["make_up_days"]))
        operations.set_working_year(scope, table=table, version=version)
        return _answer(tables_to_keep(scope))


def _answer(found: Tables) -> ResponseReturnValue:
    body = {
        "items": [table for _, table in sorted(found.tables.items())],
        "known_from": min(YEARS_OF_THE_PACKAGE),
        "known_until": max(YEARS_OF_THE_PACKAGE),
    }
    return tagged(body, found.version)
