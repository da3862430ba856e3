"""What the clock does for units and people in every tenant."""

from datetime import timedelta

from duban.kernel.jobs import Periodic
from duban.organisation.operations.people import fill_search
from duban.organisation.operations.reorganising import carry_out_planned
from duban.tree.changes import refresh_due

PERIODIC = (
    Periodic("organisation.lines", timedelta(minutes=1), refresh_due),
    Periodic("organisation.planned", timedelta(minutes=1), carry_out_planned),
    Periodic("organisation.search", timedelta(minutes=10), fill_search),
)
