"""What the clock does for reporting in every tenant, and what the courier asks before it sends."""

from collections.abc import Mapping
from datetime import timedelta

from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.notifications.digests import GroupOf
from duban.notifications.operations import Freshen, StillWanted
from duban.reporting import operations
from duban.reporting.queries import reminders
from duban.reporting.queries.reminders import MOST_AT_ONCE
from duban.reporting.reminding import COLLECTIVE


def sweep(scope: Scope) -> int:
    """Mark what is missing by now."""
    return operations.sweep_missing(scope)


def remind(scope: Scope) -> int:
    """Write what the ladders call for by now; each step names its hour. Gives how many duties were looked at."""
    return operations.climb_ladders(scope).looked_at


def follow(scope: Scope) -> int:
    """Issue the periods that waited for a year's working days."""
    return operations.issue_waiting_periods(scope)


PERIODIC = (
    Periodic("reporting.later", timedelta(hours=1), follow),
    Periodic("reporting.missing", timedelta(minutes=1), sweep, batch=operations.SWEEP_BATCH),
    Periodic("reporting.reminders", timedelta(seconds=10), remind, batch=MOST_AT_ONCE),
)
STILL_WANTED: Mapping[str, StillWanted] = {
    "duty": reminders.still_wanted,
    "requirement": reminders.requirement_is_issued,
    COLLECTIVE: reminders.collective_wanted,
}
FRESHEN: Mapping[str, Freshen] = {"duty": reminders.freshen, COLLECTIVE: reminders.freshen_collective}
GROUP_OF: Mapping[str, GroupOf] = {"duty": reminders.group_of, COLLECTIVE: reminders.group_of_collective}
