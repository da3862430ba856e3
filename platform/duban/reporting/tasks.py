"""What the clock does for reporting in every tenant, and what the courier asks before it sends."""

from collections.abc import Mapping
from datetime import time, timedelta

from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.notifications.operations import StillWanted
from duban.reporting import operations
from duban.reporting.queries.reminders import requirement_is_issued, still_wanted

REMIND_FROM = time(8)
"""Nobody is woken at midnight: reminders of a day are written from this hour on, in the tenant's zone."""


def sweep(scope: Scope) -> int:
    """Mark what is missing by now."""
    return operations.sweep_missing(scope)


def remind(scope: Scope) -> int:
    """Write the reminders of today, once the working day has begun."""
    if scope.now.astimezone(scope.zone).time() < REMIND_FROM:
        return 0
    return operations.plan_reminders(scope)


PERIODIC = (
    Periodic("reporting.missing", timedelta(minutes=1), sweep),
    Periodic("reporting.reminders", timedelta(minutes=5), remind),
)
STILL_WANTED: Mapping[str, StillWanted] = {"duty": still_wanted, "requirement": requirement_is_issued}
