"""How the units stand with a requirement, on its page: who sees which of them, and what that costs."""

import pytest
from sqlalchemy import Engine, event

from duban.reporting import queries
from tests.cast import World
from tests.integration.reporting import requirements as given


class TestStatusByUnit:
    def test_filters_by_period_and_state(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY)
        given.handed_in(world, given.duty_id(world, requirement_id, period="2026-03"))
        tom = world.client("tom")
        page = tom.get(f"/requirements/{requirement_id}?period=2026-03").text
        assert "东一村" in page
        assert "东二村" in page
        waiting = tom.get(f"/requirements/{requirement_id}?period=&state=submitted").text
        assert "东一村" in waiting
        assert ">东二村</a>" not in waiting
        assert tom.get(f"/requirements/{requirement_id}?state=nonsense").status_code == 200

    def test_a_clerk_sees_the_requirement_and_only_the_own_line(self, world: World) -> None:
        requirement_id = given.issued(world)
        page = world.client("vera").get(f"/requirements/{requirement_id}").text
        assert "东一村" in page
        assert "东二村" not in page

    def test_a_neighbour_and_a_stranger_see_nothing(self, world: World) -> None:
        requirement_id = given.issued(world)
        for who in ("tina", "wanda", "ewa"):
            assert world.client(who).get(f"/requirements/{requirement_id}").status_code == 404
            assert "安全检查情况" not in world.client(who).get("/requirements").text

    def test_statements_do_not_grow_with_the_units(self, world: World, engine: Engine) -> None:
        app_engine = engine
        counts = []
        statements: list[str] = []

        def note(_connection, _cursor, statement: str, *_: object) -> None:
            statements.append(statement)

        for targets in ({"scope": "listed", "unit_ids": [str(world.units["V11"])]}, {"scope": "subtree"}):
            requirement_id = given.issued(world, "cora", "C", targets=targets)
            with world.as_("cora") as scope:
                event.listen(app_engine, "before_cursor_execute", note)
                queries.status_by_unit(scope, requirement_id=requirement_id)
                queries.progress_of(scope, [requirement_id])
                event.remove(app_engine, "before_cursor_execute", note)
            counts.append(len(statements))
            statements.clear()
        assert counts[0] == counts[1]


@pytest.mark.parametrize("address", ["/duties", "/duties/done", "/reviews", "/overdue", "/requirements"])
def test_a_broken_cursor_is_refused_politely(world: World, address: str) -> None:
    assert world.client("tom").get(f"{address}?after=nonsense").status_code == 422
