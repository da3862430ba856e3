"""The review queue narrowed: to a task, to units by name, to a step of the way, to what came late."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from duban.calendar.lateness import Timeliness
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_
from duban.organisation.rules.naming import as_query, like
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.duties import for_my_review
from duban.tree.models import Unit


class WayStep(StrEnum):
    """Whether accepting makes a version count, or sends it on to the level above."""

    LAST = "last"
    BETWEEN = "between"


class Punctual(StrEnum):
    """Whether what waits came in time."""

    IN_TIME = "in_time"
    LATE = "late"


WAY_STEP_LABELS: dict[WayStep, str] = {
    WayStep.LAST: N_("最后一步，通过即定稿"),
    WayStep.BETWEEN: N_("中间一步，通过后上转"),
}
PUNCTUAL_LABELS: dict[Punctual, str] = {Punctual.IN_TIME: N_("按时报的"), Punctual.LATE: N_("迟报、补报的")}


@dataclass(frozen=True)
class QueueFilter:
    """What of the queue is asked for; nothing set: all of it. `unit`: part of a unit's name, pinyin or code, as typed."""

    requirement_id: UUID | None = None
    unit: str = ""
    step: WayStep | None = None
    punctual: Punctual | None = None


def narrowed(scope: Scope, wanted: QueueFilter) -> ColumnElement[bool] | None:
    """Say in SQL what of the queue is asked for; None where it is all."""
    found: list[ColumnElement[bool]] = []
    if wanted.requirement_id is not None:
        found.append(Duty.requirement_id == wanted.requirement_id)
    query = as_query(wanted.unit)
    if query:
        named = select(Unit.id).where(Unit.tenant_id == scope.tenant_id, Unit.search.like(like(query)))
        found.append(Duty.unit_id.in_(named))
    if wanted.step is not None:
        last = Duty.at_path == Duty.to_path
        found.append(last if wanted.step is WayStep.LAST else Duty.at_path != Duty.to_path)
    if wanted.punctual is not None:
        late = (Timeliness.LATE, Timeliness.MISSING)
        found.append(Duty.timeliness.in_(late) if wanted.punctual is Punctual.LATE else Duty.timeliness.not_in(late))
    return and_(*found) if found else None


def tasks_in_queue(scope: Scope) -> Sequence[tuple[Requirement, int]]:
    """List the requirements of which something waits for the actor, with how much of each. Costs: two queries."""
    counted = select(Duty.requirement_id, func.count()).where(Duty.tenant_id == scope.tenant_id, for_my_review(scope))
    counts: dict[UUID, int] = dict(scope.session.execute(counted.group_by(Duty.requirement_id)).all())
    if not counts:
        return []
    rows = scope.session.scalars(owned(scope, Requirement).where(Requirement.id.in_(counts)).order_by(Requirement.title))
    return [(row, counts[row.id]) for row in rows]
