"""Due dates for programs: why a duty is shut, requests for a later day, opening again, moving many at once."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.reporting import operations, queries
from duban.reporting.dates_schemas import (
    AnswerInput,
    AskedSchema,
    DueDatesInput,
    DueDecisionSchema,
    ExtensionInput,
    ExtensionPage,
    ExtensionSchema,
    LockSchema,
    ManyExtensionsInput,
    RefusalInput,
    ReopenInput,
    YearArgs,
    YearOfDutiesSchema,
    YearOfSumsSchema,
    YearOnlyArgs,
)
from duban.reporting.models import Extension
from duban.reporting.pages.asking import Asked, Wish, ask_each
from duban.reporting.schemas import DutySchema
from duban.tree.queries import get_unit
from duban.web.api import ETAG, ApiBlueprint, PageArgs, compare_row, page_body, tag_of, tagged
from duban.web.errors import translate
from duban.web.requests import current_scope, work

dates_blp = ApiBlueprint("api-dates", __name__, url_prefix="/api/v1", description="Extensions, locks, moved due dates")


@dates_blp.get("/duties/<uuid:duty_id>/lock")
@dates_blp.response(200, LockSchema)
def get_lock(duty_id: UUID) -> dict[str, object]:
    """Say whether a duty may be handed in now, and if not why and who can open it."""
    scope = current_scope()
    lock = queries.handing_in_lock(scope, queries.get_duty(scope, duty_id))
    if lock is None:
        return {"locked": False, "reason": None, "why": "", "key": "", "opens_on": None}
    return {
        "locked": True,
        "reason": lock.reason.value,
        "why": translate(lock.why),
        "key": translate(lock.key),
        "opens_on": lock.opens_on,
    }


@dates_blp.get("/duties/<uuid:duty_id>/extensions")
@dates_blp.response(200, ExtensionSchema(many=True))
def list_of_duty(duty_id: UUID) -> list[Extension]:
    """List the requests made for a duty, first to last."""
    scope = current_scope()
    return list(queries.extensions_of(scope, queries.get_duty(scope, duty_id).id))


@dates_blp.post("/duties/<uuid:duty_id>/extensions")
@dates_blp.arguments(ExtensionInput)
@dates_blp.response(201, ExtensionSchema)
def ask(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Ask for a later day, before the due date is over."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        made = operations.ask_extension(
            scope, duty_id=duty_id, wanted_on=body["wanted_on"], reason=body["reason"], progress=body["progress"]
        )
        return _answer(scope, made, 201)


@dates_blp.post("/extensions")
@dates_blp.unconditional("a request overwrites nothing, and each is judged by how its duty stands")
@dates_blp.arguments(ManyExtensionsInput)
@dates_blp.response(200, AskedSchema)
def ask_many(body: dict[str, Any]) -> Asked:
    """Ask for a later day for several duties at once; what is refused is named with its reason and costs the others nothing."""
    duty_ids = body.pop("duty_ids")
    return ask_each(duty_ids, Wish(**body))


@dates_blp.get("/calendar/duties")
@dates_blp.arguments(YearArgs, location="query")
@dates_blp.response(200, YearOfDutiesSchema)
def year_of_duties(args: dict[str, Any]) -> dict[str, object]:
    """Lay out a year of what one's own units have to hand in, or one unit that one may see, by due date."""
    scope = current_scope()
    year = args["year"] or scope.today.year
    if args["unit"] is None:
        found = queries.own_year(scope, year)
    else:
        unit = get_unit(scope, UnitId(args["unit"]))
        access.require(scope, "unit", "read", unit)
        found = queries.year_of_unit(scope, unit.id, year)
    return {"year": year, "cut_off": found.cut_off, "items": [line for month in found.months for line in month]}


@dates_blp.get("/calendar/requirements")
@dates_blp.arguments(YearOnlyArgs, location="query")
@dates_blp.response(200, YearOfSumsSchema)
def year_of_requirements(args: dict[str, Any]) -> dict[str, object]:
    """Lay out a year of what is owed to one's units: each requirement, period and date with how far it has come."""
    scope = current_scope()
    year = args["year"] or scope.today.year
    found = queries.year_below(scope, year)
    return {"year": year, "cut_off": found.cut_off, "items": [one for month in found.months for one in month]}


@dates_blp.get("/extensions")
@dates_blp.arguments(PageArgs, location="query")
@dates_blp.response(200, ExtensionPage)
def list_extensions(args: dict[str, Any]) -> dict[str, object]:
    """List the requests that wait for one's unit, those due first at the head."""
    page = queries.waiting_extensions(current_scope(), after=args["after"], limit=args["limit"])
    return page_body(page, lambda one: one.extension)


@dates_blp.get("/extensions/<uuid:extension_id>")
@dates_blp.response(200, ExtensionSchema, headers=ETAG)
def get_extension(extension_id: UUID) -> ResponseReturnValue:
    """Get a request for a later day."""
    scope = current_scope()
    return _answer(scope, queries.get_extension(scope, extension_id), 200)


@dates_blp.post("/extensions/<uuid:extension_id>/grant")
@dates_blp.arguments(AnswerInput)
@dates_blp.response(200, ExtensionSchema)
def grant(body: dict[str, Any], extension_id: UUID) -> ResponseReturnValue:
    """Grant the day wanted, or another one."""
    with work() as scope:
        compare_row(scope, queries.get_extension(scope, extension_id))
        done = operations.grant_extension(scope, extension_id=extension_id, due_on=body["due_on"], answer=body["answer"])
        return _answer(scope, done, 200)


@dates_blp.post("/extensions/<uuid:extension_id>/refuse")
@dates_blp.arguments(RefusalInput)
@dates_blp.response(200, ExtensionSchema)
def refuse(body: dict[str, Any], extension_id: UUID) -> ResponseReturnValue:
    """Leave the date as it is, with a reason."""
    with work() as scope:
        compare_row(scope, queries.get_extension(scope, extension_id))
        return _answer(scope, operations.refuse_extension(scope, extension_id=extension_id, answer=body["answer"]), 200)


@dates_blp.post("/extensions/<uuid:extension_id>/withdraw")
@dates_blp.response(200, ExtensionSchema)
def withdraw(extension_id: UUID) -> ResponseReturnValue:
    """Take one's own request back while it waits."""
    with work() as scope:
        compare_row(scope, queries.get_extension(scope, extension_id))
        return _answer(scope, operations.withdraw_extension(scope, extension_id=extension_id), 200)


@dates_blp.post("/duties/<uuid:duty_id>/reopen")
@dates_blp.arguments(ReopenInput)
@dates_blp.response(200, DutySchema)
def reopen(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Let a unit hand in what is closed or not open yet; the due date stays."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        duty = operations.reopen_duty(scope, duty_id=duty_id, until=body["until"], reason=body["reason"])
        scope.session.flush()
        return tagged(queries.line_of(scope, duty), tag_of(duty))


@dates_blp.post("/requirements/<uuid:requirement_id>/due-dates")
@dates_blp.arguments(DueDatesInput)
@dates_blp.response(200, DueDecisionSchema)
def change_due_dates(body: dict[str, Any], requirement_id: UUID) -> Any:
    """Move the dates of a whole requirement or period by one recorded decision."""
    with work() as scope:
        compare_row(scope, queries.get_requirement(scope, requirement_id))
        return operations.change_due_dates(
            scope,
            requirement_id=requirement_id,
            due_on=body["due_on"],
            by_days=body["by_days"],
            period_code=body["period"],
            reason=body["reason"],
        )


def _answer(scope: Scope, extension: Extension, status: int) -> ResponseReturnValue:
    scope.session.flush()
    return tagged(extension, tag_of(extension), status)
