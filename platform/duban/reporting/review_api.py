"""Reviews for programs: where a version is, many accepted at once, handovers, corrections of what was accepted."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.kernel.scope import Scope
from duban.reporting import operations, queries
from duban.reporting.models import Correction, Duty
from duban.reporting.pages.many import Report, accept_each
from duban.reporting.queries.asking_back import return_asked
from duban.reporting.review_schemas import (
    AcceptManyInput,
    AcceptReportSchema,
    AskReturnInput,
    CorrectionAnswer,
    CorrectionReason,
    CorrectionSchema,
    HandoverInput,
    TrackSchema,
)
from duban.reporting.schemas import DutySchema, UrgedSchema
from duban.web.api import ApiBlueprint, compare_row, tag_of, tagged
from duban.web.requests import current_scope, work

reviews_blp = ApiBlueprint("api-reviews", __name__, url_prefix="/api/v1", description="Levels of review, corrections")


@reviews_blp.post("/duties/accept-many")
@reviews_blp.unconditional("every item names the version it is about and is judged by itself")
@reviews_blp.arguments(AcceptManyInput)
@reviews_blp.response(200, AcceptReportSchema)
def accept_many(body: dict[str, Any]) -> Report:
    """Accept each of these in the version named; what is refused is named with its reason and costs the others nothing."""
    return accept_each([(one["id"], one["number"]) for one in body["items"]])


@reviews_blp.get("/duties/<uuid:duty_id>/track")
@reviews_blp.response(200, TrackSchema)
def track(duty_id: UUID) -> dict[str, object]:
    """Say where a duty is, with whom and since when, and what each level did."""
    scope = current_scope()
    return _track(scope, queries.get_duty(scope, duty_id))


def _track(scope: Scope, duty: Duty) -> dict[str, object]:
    line = queries.line_of(scope, duty)
    steps = queries.steps_of(scope, duty.id)
    return {
        "stops": queries.track_of(scope, line.duty, line.requirement, line.unit, steps),
        "steps": steps,
        "below": queries.below_of(scope, line.duty, line.requirement),
        "return_asked": return_asked(scope, duty),
    }


@reviews_blp.post("/duties/<uuid:duty_id>/press-below")
@reviews_blp.unconditional("it changes no duty: whoever is pressed is looked up at that moment")
@reviews_blp.response(200, UrgedSchema)
def press_below(duty_id: UUID) -> dict[str, int]:
    """Press the units below that this duty waits for and that have not handed in yet."""
    with work() as scope:
        return {"count": operations.press_below(scope, duty_id=duty_id)}


@reviews_blp.post("/duties/<uuid:duty_id>/handover")
@reviews_blp.arguments(HandoverInput)
@reviews_blp.response(200, DutySchema)
def hand_over(body: dict[str, Any], duty_id: UUID) -> ResponseReturnValue:
    """Ask a colleague of the same level to review this, for a while."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return _duty(scope, operations.hand_over(scope, duty_id=duty_id, **body))


@reviews_blp.post("/duties/<uuid:duty_id>/handover/end")
@reviews_blp.response(200, DutySchema)
def take_back_review(duty_id: UUID) -> ResponseReturnValue:
    """End a handover."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return _duty(scope, operations.take_back_review(scope, duty_id=duty_id))


@reviews_blp.post("/duties/<uuid:duty_id>/ask-return")
@reviews_blp.arguments(AskReturnInput)
@reviews_blp.response(200, TrackSchema)
def ask_return(body: dict[str, Any], duty_id: UUID) -> dict[str, object]:
    """Ask, for the unit, the level that reviews now to return the report; once for each wait."""
    with work() as scope:
        duty = queries.get_duty(scope, duty_id)
        compare_row(scope, duty)
        operations.ask_return(scope, duty_id=duty_id, reason=body["reason"])
        scope.session.flush()
        return _track(scope, duty) | {"return_asked": {"who": scope.actor.name, "at": scope.now, "reason": body["reason"]}}


@reviews_blp.get("/duties/<uuid:duty_id>/corrections")
@reviews_blp.response(200, CorrectionSchema(many=True))
def corrections(duty_id: UUID) -> list[Correction]:
    """List the corrections of what was accepted, first to last."""
    scope = current_scope()
    return list(queries.corrections_of(scope, queries.get_duty(scope, duty_id).id))


@reviews_blp.post("/duties/<uuid:duty_id>/corrections")
@reviews_blp.arguments(CorrectionReason)
@reviews_blp.response(201, CorrectionSchema)
def ask_correction(body: dict[str, Any], duty_id: UUID) -> Correction:
    """Ask, for the unit, that something accepted may be corrected."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return operations.ask_correction(scope, duty_id=duty_id, reason=body["reason"])


@reviews_blp.post("/duties/<uuid:duty_id>/corrections/order")
@reviews_blp.arguments(CorrectionReason)
@reviews_blp.response(201, CorrectionSchema)
def reopen_accepted(body: dict[str, Any], duty_id: UUID) -> Correction:
    """Order, for the superior, the correction of something accepted."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return operations.reopen_accepted(scope, duty_id=duty_id, reason=body["reason"])


@reviews_blp.post("/duties/<uuid:duty_id>/corrections/allow")
@reviews_blp.arguments(CorrectionAnswer)
@reviews_blp.response(200, CorrectionSchema)
def allow_correction(body: dict[str, Any], duty_id: UUID) -> Correction:
    """Allow the correction asked for."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return operations.allow_correction(scope, duty_id=duty_id, answer=body["answer"])


@reviews_blp.post("/duties/<uuid:duty_id>/corrections/refuse")
@reviews_blp.arguments(CorrectionAnswer)
@reviews_blp.response(200, CorrectionSchema)
def refuse_correction(body: dict[str, Any], duty_id: UUID) -> Correction:
    """Refuse the correction asked for, saying why."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return operations.refuse_correction(scope, duty_id=duty_id, answer=body["answer"])


@reviews_blp.post("/duties/<uuid:duty_id>/corrections/drop")
@reviews_blp.response(200, CorrectionSchema)
def drop_correction(duty_id: UUID) -> Correction:
    """Give up a correction before a new version is handed in."""
    with work() as scope:
        compare_row(scope, queries.get_duty(scope, duty_id))
        return operations.drop_correction(scope, duty_id=duty_id)


def _duty(scope: Scope, duty: Duty) -> ResponseReturnValue:
    scope.session.flush()
    return tagged(queries.line_of(scope, duty), tag_of(duty))
