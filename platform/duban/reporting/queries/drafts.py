"""A draft as a second device sees it: what it holds, who saved it, where and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duban.audit.queries import acts_on
from duban.identity.models import Person
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty
from duban.reporting.queries.duties import draft_of
from duban.reporting.queries.forms import asked_of, requirement_of, typed_of
from duban.reporting.states import DutyState
from duban.web.devices import device_words


@dataclass(frozen=True)
class Withdrawal:
    """Who took the requirement of a duty back, when and why; without a name where the record of acts has none."""

    who: str
    at: datetime
    reason: str


def withdrawal_of(scope: Scope, duty: Duty) -> Withdrawal | None:
    """Give what took a duty back; None where it stands. The caller has made sure that it may be read. Costs: two queries."""
    requirement = requirement_of(scope, duty)
    if duty.stands is not DutyState.CANCELLED or requirement.withdrawn_at is None:
        return None
    acts = acts_on(scope, "requirement", [requirement.id], "requirement.withdrawn")
    return Withdrawal(acts[0].actor_name if acts else "", requirement.withdrawn_at, requirement.withdrawn_reason or "")


def draft_seen(scope: Scope, duty: Duty) -> dict[str, Any]:
    """
    Give the draft of a duty with who saved it last and on what; version 0 where there is none.

    Asks no leave: the caller has asked for `submission.write`. Costs: two queries, those of its form besides.
    """
    draft = draft_of(scope, duty.id)
    found: dict[str, Any] = {"state": duty.state, "version": 0, "saved_at": None, "typed": {}, "saved_by_name": "", "device": ""}
    if draft is None:
        return found
    person = scope.session.scalars(owned(scope, Person).where(Person.id == draft.saved_by)).one_or_none()
    return found | {
        "version": draft.version,
        "saved_at": draft.saved_at,
        "typed": typed_of(scope, draft, asked_of(scope, duty)),
        "saved_by_name": person.name if person else "",
        "device": device_words(draft.saved_device),
    }
