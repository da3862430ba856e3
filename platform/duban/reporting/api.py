"""Requirements and duties for programs: the same operations as the pages."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from duban.access.checks import require
from duban.kernel.ids import UnitId
from duban.kernel.paging import Page
from duban.kernel.scope import Scope
from duban.reporting import operations, queries
from duban.reporting.dates_api import dates_blp
from duban.reporting.forms import requirement_form
from duban.reporting.ladders_api import ladders_blp
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.pages.drafts import said_withdrawal
from duban.reporting.queries.queue import Punctual, QueueFilter, WayStep, narrowed
from duban.reporting.remarks import Remark
from duban.reporting.review_api import reviews_blp
from duban.reporting.schemas import (
    DueChangeInput,
    DutyArgs,
    DutyDraftInput,
    DutyDraftSchema,
    DutyPage,
    DutySchema,
    IssuedSchema,
    NewRequirementInput,
    PreviewSchema,
    ReasonInput,
    RequirementArgs,
    RequirementInput,
    RequirementPage,
    RequirementSchema,
    ReturnInput,
    ReviewInput,
    StatusArgs,
    SubmissionSchema,
    SubmitInput,
    UrgedSchema,
    UrgeInput,
)
from duban.reporting.states import DutyState, RequirementState
from duban.reporting.workbooks_api import workbooks_blp
from duban.reporting.working_days_api import working_days_blp
from duban.web.api import ETAG, ApiBlueprint, compare_row, expected_version, page_body, tag_of, tagged
from duban.web.requests import current_scope, work

__all__ = ["blp", "dates_blp", "ladders_blp", "reviews_blp", "workbooks_blp", "working_days_blp"]

blp = ApiBlueprint("api-requirements", __name__, url_prefix="/api/v1", description="Requirements, duties, submissions, review")

LISTS: dict[str, Callable[..., Page[queries.DutyLine]]] = {
    "open": queries.open_duties,
    "late": queries.late_below,
    "handed_in": queries.handed_in,
}


@blp.get("/requirements")
@blp.arguments(RequirementArgs, location="query")
@blp.response(200, RequirementPage)
def list_requirements(args: dict[str, Any]) -> dict[str, object]:
    """List the requirements one may see, newest first."""
    state = RequirementState(args["state"]) if args["state"] else None
    return page_body(queries.list_requirements(current_scope(), after=args["after"], state=state, limit=args["limit"]))


@blp.post("/requirements")
@blp.arguments(NewRequirementInput)
@blp.response(201, RequirementSchema)
def create_requirement(body: dict[str, Any]) -> ResponseReturnValue:
    """Draft a requirement."""
    with work() as scope:
        made = operations.create_requirement(scope, unit_id=UnitId(body["unit_id"]), form=requirement_form(_plain(body)))
        scope.session.flush()
        return tagged(made, made.version, 201)


@blp.get("/requirements/<uuid:requirement_id>")
@blp.response(200, RequirementSchema, headers=ETAG)
def get_requirement(requirement_id: UUID) -> ResponseReturnValue:
    """Get a requirement; its ETag is the version to send back with a change."""
    found = queries.get_requirement(current_scope(), requirement_id)
    return tagged(found, found.version)


@blp.put("/requirements/<uuid:requirement_id>")
@blp.arguments(RequirementInput)
@blp.response(200, RequirementSchema)
def edit_requirement(body: dict[str, Any], requirement_id: UUID) -> ResponseReturnValue:
    """Rewrite a drafted requirement."""
    version = expected_version()
    with work() as scope:
        made = operations.edit_requirement(
            scope, requirement_id=requirement_id, form=requirement_form(_plain(body)), version=version
        )
        return tagged(made, made.version)


@blp.get("/requirements/<uuid:requirement_id>/preview")
@blp.response(200, PreviewSchema)
def preview(requirement_id: UUID) -> queries.Preview:
    """Say who would owe what by when, making nothing."""
    scope = current_scope()
    return queries.preview_of(scope, queries.get_requirement(scope, requirement_id))


@blp.post("/requirements/<uuid:requirement_id>/issue")
@blp.response(200, IssuedSchema)
def issue(requirement_id: UUID) -> dict[str, object]:
    """Issue a requirement; repeating it makes nothing twice."""
    with work() as scope:
        compare_row(scope, queries.get_requirement(scope, requirement_id))
        done = operations.issue(scope, requirement_id=requirement_id)
        return {"id": done.requirement.id, "created": done.created, "later_year": done.later_year}


@blp.post("/requirements/<uuid:requirement_id>/withdraw")
@blp.arguments(ReasonInput)
@blp.response(200, RequirementSchema)
def withdraw(body: dict[str, Any], requirement_id: UUID) -> ResponseReturnValue:
    """Take an issued requirement back."""
    with work() as scope:
        compare_row(scope, queries.get_requirement(scope, requirement_id))
        taken: Requirement = operations.withdraw_requirement(scope, requirement_id=requirement_id, reason=body["reason"])
        return tagged(taken, taken.version)


@blp.post("/requirements/<uuid:requirement_id>/urge")
@blp.unconditional("sends messages beside the others, overwrites nothing")
@blp.arguments(UrgeInput)
@blp.response(200, UrgedSchema)
def urge(body: dict[str, Any], requirement_id: UUID) -> dict[str, int]:
    """Press every unit that is late."""
    with work() as scope:
        return {"count": operations.urge(scope, requirement_id=requirement_id, period_code=body["period"])}


@blp.get("/requirements/<uuid:requirement_id>/duties")
@blp.arguments(StatusArgs, location="query")
@blp.response(200, DutyPage)
def status(args: dict[str, Any], requirement_id: UUID) -> dict[str, object]:
    """List a requirement's duties one may read, in the order of the tree."""
    scope = current_scope()
    found = queries.get_requirement(scope, requirement_id)
    state = DutyState(args["state"]) if args["state"] else None
    return page_body(
        queries.status_by_unit(
            scope, requirement_id=found.id, period_code=args["period"], state=state, after=args["after"], limit=args["limit"]
        )
    )


@blp.get("/duties")
@blp.arguments(DutyArgs, location="query")
@blp.response(200, DutyPage)
def list_duties(args: dict[str, Any]) -> dict[str, object]:
    """List one's work: what one's unit has to hand in, what waits for review, what is late, what was handed in."""
    scope = current_scope()
    if args["list"] == "review":
        wanted = QueueFilter(
            requirement_id=args["task"],
            unit=args["unit"],
            step=WayStep(args["step"]) if args["step"] else None,
            punctual=Punctual(args["late"]) if args["late"] else None,
        )
        return page_body(queries.awaiting_review(scope, after=args["after"], limit=args["limit"], only=narrowed(scope, wanted)))
    return page_body(LISTS[args["list"]](scope, after=args["after"], limit=args["limit"]))


@blp.get("/duties/<uuid:duty_id>")
@blp.response(200, DutySchema, headers=ETAG)
def get_duty(duty_id: UUID) -> ResponseReturnValue:
    """Get a duty."""
    scope = current_scope()
    return _line(scope, queries.get_duty(scope, duty_id))


@blp.get("/duties/<uuid:duty_id>/versions")
@blp.response(200, SubmissionSchema(many=True))
def versions(duty_id: UUID) -> list[Submission]:
    """List the versions of a duty, first to last."""
    scope = current_scope()
    return list(queries.versions_of(scope, queries.get_duty(scope, duty_id).id))


@blp.get("/duties/<uuid:duty_id>/draft")
@blp.response(200, DutyDraftSchema, headers=ETAG)
def get_draft(duty_id: UUID) -> ResponseReturnValue:
    """Get what was typed so far; version 0 where nothing was."""
    scope = current_scope()
    duty = queries.get_duty(scope, duty_id)
    require(scope, "submission", "write", duty)
    found = queries.draft_seen(scope, duty) | {"withdrawn": said_withdrawal(scope, duty)}
    return tagged(found, found["version"])


@blp.put("/duties/<uuid:duty_id>/draft")
@blp.arguments(DutyDraftInput)
@blp.response(200, DutyDraftSchema)
def save_draft(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Keep what was typed, as typed. If-Match: the draft's version, 0 for the first."""
    version = expected_version()
    with work() as scope:
        draft = operations.save_draft(
            scope, duty_id=duty_id, typed=body["typed"], version=version, device=request.user_agent.string
        )
        duty = queries.get_duty(scope, duty_id)
        return tagged(queries.draft_seen(scope, duty) | {"withdrawn": said_withdrawal(scope, duty)}, draft.version)


@blp.post("/duties/<uuid:duty_id>/submissions")
@blp.arguments(SubmitInput)
@blp.response(201, SubmissionSchema)
def submit(body: dict[str, Any], duty_id: UUID) -> Submission:
    """Hand in a version; without content, what the draft holds; with `nil`, that there is nothing to report."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        if body["nil"]:
            return operations.submit_nil(scope, duty_id=duty_id, note=body["note"])
        return operations.submit(
            scope, duty_id=duty_id, typed=body["content"], note=body["note"], explanations=body["explanations"]
        )


@blp.post("/duties/<uuid:duty_id>/accept")
@blp.arguments(ReviewInput)
@blp.response(200, DutySchema)
def accept(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Accept the version that was read."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return _line(scope, operations.accept(scope, duty_id=duty_id, number=body["number"]))


@blp.post("/duties/<uuid:duty_id>/return")
@blp.arguments(ReturnInput)
@blp.response(200, DutySchema)
def return_for_correction(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Return the version that was read, saying what to correct."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        duty: Duty = operations.return_for_correction(
            scope,
            duty_id=duty_id,
            reason=body["reason"],
            number=body["number"],
            remarks=[Remark(one["field"], one["text"], one["row"], one["column"]) for one in body["remarks"]],
            to=operations.ReturnTo(body["to"]),
        )
        return _line(scope, duty)


@blp.post("/duties/<uuid:duty_id>/due-date")
@blp.arguments(DueChangeInput)
@blp.response(200, DutySchema)
def change_due_date(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Move a duty's due date by a recorded decision."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        duty = operations.change_due_date(scope, duty_id=duty_id, due_on=body["due_on"], reason=body["reason"])
        return _line(scope, duty)


def _line(scope: Scope, duty: Duty) -> ResponseReturnValue:
    """Answer with a duty as it now is."""
    scope.session.flush()
    return tagged(queries.line_of(scope, duty), tag_of(duty))


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Give dates as text again: one reader serves pages and programs."""
    dates = {name: body[name].isoformat() if body[name] else "" for name in ("active_from", "active_until")}
    return body | dates
