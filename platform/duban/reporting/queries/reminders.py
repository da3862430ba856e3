"""Which reminders are due, and whether one written earlier is still wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from duban.kernel.errors import NotFoundError
from duban.kernel.scope import Scope, get_owned, owned
from duban.notifications.models import Effect
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.rules import Stage, dates_with_a_stage, stage_on
from duban.reporting.states import UNIT_TO_ACT, DutyState

MOST_AT_ONCE = 20_000


@dataclass(frozen=True)
class Reminder:
    """One duty and the stage it has reached."""

    line: DutyLine
    stage: Stage


def due_stages(scope: Scope) -> Sequence[Reminder]:
    """
    List the duties that today calls for a reminder of, whether or not it was written before.

    Costs: three queries; walks only duties not handed in and due within a week of today.
    """
    first, last = dates_with_a_stage(scope.today)
    statement = (
        owned(scope, Duty)
        .where(Duty.state.in_((DutyState.OPEN, DutyState.RETURNED)), Duty.due_on >= first, Duty.due_on <= last)
        .order_by(Duty.due_on, Duty.id)
        .limit(MOST_AT_ONCE)
    )
    staged = {
        duty: stage
        for duty in scope.session.scalars(statement)
        if (stage := stage_on(due_on=duty.due_on, today=scope.today, due_since=duty.due_since)) is not None
    }
    return [Reminder(line, staged[line.duty]) for line in lines_of(scope, list(staged))]


def not_yet_told(scope: Scope, reminders: Sequence[Reminder]) -> list[Reminder]:
    """Leave out the reminders somebody has been told of, for the due date as it is. Costs: one query."""
    if not reminders:
        return []
    told = {
        (subject_id, stage, due_version)
        for subject_id, stage, due_version in scope.session.execute(
            select(Effect.subject_id, Effect.stage, Effect.due_version)
            .where(
                Effect.tenant_id == scope.tenant_id,
                Effect.subject_kind == "duty",
                Effect.subject_id.in_([one.line.duty.id for one in reminders]),
                Effect.stage.in_(list(Stage)),
            )
            .distinct()
        )
    }
    return [one for one in reminders if (one.line.duty.id, one.stage.value, one.line.duty.due_version) not in told]


def still_wanted(scope: Scope, effect: Effect) -> bool:
    """
    Say whether a message about a duty is still true when it is about to be sent.

    Reminders and urging fall away once the unit has handed in, the date has moved, or the requirement was withdrawn;
    word of something that has happened stays true.
    """
    if not is_pressing(effect.stage):
        return True
    try:
        duty = get_owned(scope, Duty, effect.subject_id)
    except NotFoundError:
        return False
    return duty.stands in UNIT_TO_ACT and duty.due_version == effect.due_version


def is_pressing(stage: str) -> bool:
    """Say whether a stage asks for something to be done, rather than telling of something done."""
    return stage in set(Stage) or stage.startswith("urge:")


def requirement_is_issued(scope: Scope, effect: Effect) -> bool:
    """Say whether word of a new requirement is still true: it may have been withdrawn before anybody was told."""
    if not effect.stage.startswith("issued"):
        return True
    return get_owned(scope, Requirement, effect.subject_id).withdrawn_at is None
