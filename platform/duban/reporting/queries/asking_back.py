"""Whether the level that reviews now was asked to return a report: read from the record of acts, where alone it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from duban.audit.models import AuditRecord
from duban.audit.queries import acts_on
from duban.kernel.scope import Scope
from duban.reporting.models import Duty

RETURN_ASKED = "submission.return-asked"


@dataclass(frozen=True)
class AskedBack:
    """Who asked for the return, when and why."""

    who: str
    at: datetime
    reason: str


def is_asked_back(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL whether a duty's unit asked for its return during the present wait, as `returns_asked` does."""
    return and_(
        Duty.at_path.is_not(None),
        select(AuditRecord.seq)
        .where(
            AuditRecord.tenant_id == scope.tenant_id,
            AuditRecord.subject_kind == "duty",
            AuditRecord.subject_id == Duty.id,
            AuditRecord.act == RETURN_ASKED,
            AuditRecord.at >= func.coalesce(Duty.waiting_since, Duty.changed_at),
            AuditRecord.details["number"].as_integer() == Duty.versions,
        )
        .exists(),
    )


def return_asked(scope: Scope, duty: Duty) -> AskedBack | None:
    """Give what was asked during the present wait; None where nothing was, or nothing waits. Costs: one query."""
    return returns_asked(scope, [duty]).get(duty.id)


def returns_asked(scope: Scope, duties: Iterable[Duty]) -> dict[UUID, AskedBack]:
    """Give what was asked during their present wait, by duty. Costs: one query, none where nothing waits."""
    waiting = {duty.id: duty for duty in duties if duty.at_path is not None}
    if not waiting:
        return {}
    found: dict[UUID, AskedBack] = {}
    for one in acts_on(scope, "duty", waiting.keys(), RETURN_ASKED):
        duty = waiting[one.subject_id]
        if one.at >= (duty.waiting_since or duty.changed_at) and one.details.get("number") == duty.versions:
            found.setdefault(duty.id, AskedBack(one.actor_name, one.at, str(one.details.get("reason", ""))))
    return found
