"""The clock climbs the ladders: it looks at what is next, writes what is called for, and notes when to look again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from duban.calendar.climbing import Look
from duban.calendar.ladders import Calls, Ladder
from duban.kernel.scope import Scope
from duban.reporting import reminding
from duban.reporting.climbing import ladder_of, look
from duban.reporting.models import Duty
from duban.reporting.queries.duties import lines_of
from duban.reporting.queries.reminders import MOST_AT_ONCE, asked_on_days, never_looked_at, to_look_at, told_before_ladders
from duban.reporting.queries.requirements import working_calendar
from duban.reporting.reminding import Called
from duban.reporting.service import require_service

FIRST_LOOKS = 500
"""How many rows from before are looked at in one go: few enough to hold up nobody."""


@dataclass(frozen=True)
class Climbed:
    """What a look at the ladders did: duties looked at, and rows written to the ledger."""

    looked_at: int
    written: int


def plan_reminders(scope: Scope) -> int:
    """Climb all ladders as far as they go by now; gives how many rows were written. See `climb_ladders`."""
    require_service(scope)
    written = 0
    while True:
        done = climb_ladders(scope)
        scope.session.flush()
        written += done.written
        if done.looked_at < MOST_AT_ONCE:
            return written


def climb_ladders(scope: Scope) -> Climbed:
    """
    Write to the ledger what the ladders call for by now, and note on each duty when its ladder is to be looked at next.

    For the clock: acts as the service itself. Safe to repeat: a step is called once in a course, and the ledger's key holds two
    clocks apart. Gives: what was done, at most a batch; call again, in a new transaction, while it gives the whole batch.
    Costs: what is due by now, whatever there is besides.
    """
    require_service(scope)
    due = to_look_at(scope)
    duties = [*due, *(() if due else never_looked_at(scope, FIRST_LOOKS))]
    return Climbed(len(duties), reminding.of_steps(scope, _climb(scope, duties)))


def _climb(scope: Scope, duties: Sequence[Duty]) -> list[Called]:
    if not duties:
        return []
    calendar, called, ladders = working_calendar(scope), list[Called](), dict[UUID, Ladder]()
    asked = asked_on_days(scope, [duty.id for duty in duties])
    before = told_before_ladders(scope, [duty.id for duty in duties if duty.climbed is None])
    for line in lines_of(scope, duties):
        duty = line.duty
        if line.requirement.id not in ladders:
            ladders[line.requirement.id] = ladder_of(line.requirement)
        ladder = ladders[line.requirement.id]
        found = look(
            duty,
            ladder,
            now=scope.now,
            zone=scope.zone,
            calendar=calendar,
            asked_on=asked.get(duty.id),
            grace_days=line.requirement.grace_days,
        )
        duty.climbed, duty.next_step_at = found.standing.to_json(), found.next_at
        new = tuple(one for one in found.calls.now if (duty.id, one.step.code, duty.due_version) not in before)
        if new:
            called.append(Called(line, ladder, Look(Calls(new, ()), found.standing, found.next_at)))
    return called
