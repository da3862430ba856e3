"""
Reading at national scale: the first page of 50 and the count by state, for readers at a township, a county and the whole tree,
over 1,000,000 duties on 661,925 townships and villages, against the same SQL without the access predicate.

    PYTHONPATH=platform python bench/national_reading.py [duties]
"""

import random
import statistics
import sys
import time
from collections.abc import Callable

from parts.national import Country, country
from parts.table import Row, show
from sqlalchemy import Select, func, select, true

from duban.access.checks import readable
from duban.kernel.paging import page_of
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Duty
from duban.reporting.states import UNIT_TO_ACT
from duban.tree.paths import upper_bound

ROUNDS = 40
READERS = (
    ("township 东华门街道", "110101001", "township.officer"),
    ("county 望城区", "430112", "county.officer"),
    ("whole tree", "0", "county.officer"),
)


def page(scope: Scope, may_read: object) -> Select[Duty]:
    """The overdue ones, most urgent first: what duban.reporting.queries.duties.overdue_below asks."""
    return owned(scope, Duty).where(may_read, Duty.state.in_(UNIT_TO_ACT), Duty.due_at <= scope.now)


def count(scope: Scope, may_read: object) -> Select[tuple[str, int]]:
    return select(Duty.state, func.count()).where(Duty.tenant_id == scope.tenant_id, may_read).group_by(Duty.state)


def median_ms(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """
    Time ways in turn, so that all meet the same moments of the machine; the first round warms up.

    Each round in an order of its own: what follows a count of a million rows finds the processor's caches cold.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    order, dice = list(ways.items()), random.Random(20261122)
    for number in range(ROUNDS + 1):
        dice.shuffle(order)
        for name, way in order:
            begun = time.perf_counter()
            way()
            if number:
                taken[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def measure(made: Country, what: str, code: str, role: str) -> list[Row]:
    actor = made.reader(code, role)
    path = next(row.path for row in made.units if row.code == code)
    inside = (Duty.path >= path) & (Duty.path < upper_bound(path)) if code != "0" else true()
    with made.scope(actor) as scope:
        ours = readable(scope, Duty, "duty")
        listed = page_of(scope, page(scope, ours), [Duty.due_at, Duty.id])
        counted = dict(scope.session.execute(count(scope, ours)).all())
        times = median_ms(
            {
                "page": lambda: page_of(scope, page(scope, ours), [Duty.due_at, Duty.id]),
                "page floor": lambda: page_of(scope, page(scope, inside), [Duty.due_at, Duty.id]),
                "page all": lambda: page_of(scope, page(scope, true()), [Duty.due_at, Duty.id]),
                "count": lambda: scope.session.execute(count(scope, ours)).all(),
                "count floor": lambda: scope.session.execute(count(scope, inside)).all(),
                "count all": lambda: scope.session.execute(count(scope, true())).all(),
            }
        )
    total = sum(counted.values())
    return [
        Row(
            f"first page, {what}",
            times["page"],
            times["page all"],
            2,
            f"{len(listed.items)} rows; same range by hand {times['page floor']:.2f} ms",
        ),
        Row(
            f"count by state, {what}",
            times["count"],
            times["count all"],
            2,
            f"of {total:,} duties; same range by hand {times['count floor']:.2f} ms",
        ),
    ]


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with country(duties=wanted) as made:
        rows = [row for what, code, role in READERS for row in measure(made, what, code, role)]
    show(f"Reading {wanted:,} duties", "no predicate", rows)


if __name__ == "__main__":
    main()
