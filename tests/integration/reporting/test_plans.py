"""How PostgreSQL reads the long lists: off an index in the list's own order, not by sorting all there is (docs/decisions/0036)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event, text

from duban.kernel.paging import page_of
from duban.kernel.scope import SYSTEM, Scope, owned, unit_of_work
from duban.reporting.models import Duty
from duban.reporting.operations import sweep_missing
from duban.reporting.queries import awaiting_review, overdue_below
from duban.reporting.queries.reminders import to_look_at
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


def test_the_clock_walks_what_is_next_and_nothing_else(world: World) -> None:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        missing, reminders = plan_of(scope, sweep_missing), plan_of(scope, to_look_at)
    assert "Index Scan using ix_duty_to_miss" in missing and "Sort" not in missing, missing
    assert "Index Scan using ix_duty_next_step" in reminders and "Sort" not in reminders, reminders


def test_a_review_queue_is_read_off_what_waits_at_the_level(world: World) -> None:
    """However many levels there are and however much was ever handed in: only what waits there now (docs/decisions/0048)."""
    with world.as_("tom") as scope:
        plan = plan_of(scope, awaiting_review)
    assert "Index Scan using ix_duty_waiting" in plan and "Sort" not in plan, plan


def test_another_order_would_be_seen(world: World) -> None:
    """The control: the same rows in an order no index has."""
    with world.as_("lena") as scope:
        statement = owned(scope, Duty).where(Duty.state.in_(UNIT_TO_ACT), Duty.due_at <= scope.now)
        plan = plan_of(scope, lambda scope: page_of(scope, statement, [Duty.missing_at, Duty.id]))
    assert "Sort" in plan, plan
