"""What the clock does for units and people in every tenant."""

from datetime import timedelta

from duban.kernel.jobs import Periodic
from duban.organisation.operations.people import fill_search
from duban.organisation.operations.reorganising import carry_out_planned

PERIODIC = (
    Periodic("organisation.planned", timedelta(minutes=1), carry_out_planned),
    Periodic("organisation.search", timedelta(minutes=10), fill_search),
)
