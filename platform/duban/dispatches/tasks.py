"""What the clock does for documents sent down in every tenant, and what the courier asks before it sends."""

from collections.abc import Mapping
from datetime import timedelta

from duban.dispatches.operations.reminding import BATCH, remind
from duban.dispatches.telling import KIND, OF_DISPATCH, dispatch_still_lags, receipt_still_waits
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.notifications.operations import StillWanted

MOST_BATCHES = 20


def remind_all(scope: Scope) -> int:
    """Remind of what is due by now; what is more than a round takes is the next round's."""
    done = 0
    for _ in range(MOST_BATCHES):
        done += (looked := remind(scope))
        if looked < BATCH:
            break
        scope.session.flush()
    return done


PERIODIC = (Periodic("dispatches.reminders", timedelta(minutes=5), remind_all),)
STILL_WANTED: Mapping[str, StillWanted] = {KIND: receipt_still_waits, OF_DISPATCH: dispatch_still_lags}
