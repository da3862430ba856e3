"""What the clock does here."""

from datetime import timedelta

from duban.identity.operations import disable_unused, forget_old_counters
from duban.kernel.jobs import Periodic

PERIODIC = (
    Periodic("disable-unused", timedelta(hours=1), disable_unused),
    Periodic("forget-attempts", timedelta(hours=1), forget_old_counters),
)
