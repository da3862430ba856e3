"""How PostgreSQL reads the long lists: off an index in the list's own order, not by sorting all there is (docs/decisions/0036)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event, text

from duban.kernel.paging import page_of
from duban.kernel.scope import SYSTEM, Scope, owned, unit_of_work
from duban.reporting.models import Duty
from duban.reporting.operations import sweep_missing
from duban.reporting.queries import overdue_below
from duban.reporting.states import UNIT_TO_ACT
from tests.cast import World


def plan_of(scope: Scope, read: Callable[[Scope], object]) -> str:
    """Explain the first statement on duties that `read` sends, as if the table were too large to read or to sort."""
    said: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM duty" in statement:
            said.append((statement, parameters))

    connection = scope.session.connection()
    event.listen(connection, "before_cursor_execute", note)
    read(scope)
    event.remove(connection, "before_cursor_execute", note)
    for method in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
        scope.session.execute(text(f"SET LOCAL enable_{method} = off"))
    statement, parameters = said[0]
    return "\n".join(line for (line,) in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_the_most_overdue_of_a_whole_tree_are_read_in_the_order_they_are_shown(world: World) -> None:
    with world.as_("lena") as scope:
        plan = plan_of(scope, overdue_below)
    assert "ix_duty_to_act" in plan and "Sort" not in plan, plan


def test_what_went_missing_is_looked_for_among_the_overdue_only(world: World) -> None:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        plan = plan_of(scope, sweep_missing)
    # Which of the two indexes it takes depends on how many rows there are; bench/parts/national.py shows it over a million.
    assert "Index Scan using ix_duty_" in plan and "due_at <=" in plan, plan


def test_another_order_would_be_seen(world: World) -> None:
    """The control: the same rows in an order no index has."""
    with world.as_("lena") as scope:
        statement = owned(scope, Duty).where(Duty.state.in_(UNIT_TO_ACT), Duty.due_at <= scope.now)
        plan = plan_of(scope, lambda scope: page_of(scope, statement, [Duty.missing_at, Duty.id]))
    assert "Sort" in plan, plan
