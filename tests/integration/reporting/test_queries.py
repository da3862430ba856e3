"""Work lists, matrix, timeliness: what they show, to whom, in how many statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event

from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.reporting import operations, queries
from duban.reporting.states import DutyState
from duban.tree.queries import get_unit, subtree
from tests.cast import World
from tests.integration.reporting import requirements as given


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


class TestWorkLists:
    def test_the_clerk_sees_what_the_own_unit_owes_most_urgent_first(self, world: World) -> None:
        later = given.issued(world, title="晚", due={"kind": "fixed", "on": "2026-04-20"})
        sooner = given.issued(world, title="早")
        with world.as_("vera") as scope:
            lines = queries.open_duties(scope).items
        assert [line.requirement.id for line in lines] == [sooner, later]
        assert {line.unit.name for line in lines} == {"东一村"}

    @pytest.mark.parametrize(("who", "count"), [("vera", 1), ("vic", 1), ("wanda", 0), ("tom", 0), ("cora", 0), ("vlad", 0)])
    def test_open_duties_are_those_of_the_own_unit(self, world: World, who: str, count: int) -> None:
        given.issued(world)
        with world.as_(who) as scope:
            assert len(queries.open_duties(scope).items) == count
            assert queries.counts(scope)["open"] == count

    @pytest.mark.parametrize(("who", "count"), [("tom", 2), ("cora", 0), ("tina", 0), ("vera", 0), ("tess", 0)])
    def test_review_queue(self, world: World, who: str, count: int) -> None:
        requirement_id = given.issued(world)
        given.handed_in(world, given.duty_id(world, requirement_id, "V11"))
        given.handed_in(world, given.duty_id(world, requirement_id, "V12"), "vic")
        with world.as_(who) as scope:
            assert len(queries.awaiting_review(scope).items) == count
            assert queries.counts(scope)["review"] == count

    @pytest.mark.parametrize(("who", "count"), [("tom", 2), ("tina", 0), ("vera", 0)])
    def test_late_below(self, world: World, who: str, count: int) -> None:
        given.issued(world)
        with world.as_(who, at=given.at("03-22")) as scope:
            assert len(queries.late_below(scope).items) == count
            assert queries.counts(scope)["late"] == count

    def test_pages_follow_each_other_without_gap_or_double(self, world: World) -> None:
        given.issued(world, due=given.MONTHLY)
        seen, after = [], None
        for _ in range(20):
            with world.as_("vera") as scope:
                page = queries.open_duties(scope, after=after, limit=3)
            seen += [line.duty.due_on for line in page.items]
            after = page.next
            if after is None:
                break
        assert seen == sorted(seen)
        assert len(seen) == 10

    def test_a_broken_cursor_is_said(self, world: World) -> None:
        with world.as_("vera") as scope:
            for call in (queries.open_duties, queries.awaiting_review, queries.late_below, queries.handed_in):
                with pytest.raises(InvalidInputError):
                    call(scope, after="nonsense")

    def test_next_in_the_queue(self, world: World) -> None:
        requirement_id = given.issued(world)
        first, second = given.duty_id(world, requirement_id, "V11"), given.duty_id(world, requirement_id, "V12")
        given.handed_in(world, first)
        given.handed_in(world, second, "vic")
        with world.as_("tom") as scope:
            assert queries.next_to_review(scope, queries.get_duty(scope, first)) == second
        given.accepted(world, second)
        with world.as_("tom") as scope:
            assert queries.next_to_review(scope, queries.get_duty(scope, first)) is None

    def test_statements_do_not_grow_with_the_list(self, world: World, engine: Engine) -> None:
        given.issued(world, due=given.MONTHLY)
        costs = []
        for limit in (2, 10):
            with world.as_("vera") as scope, counted(engine) as statements:
                queries.open_duties(scope, limit=limit)
            costs.append(len(statements))
        assert costs[0] == costs[1] <= 6


class TestDutyAccess:
    @pytest.mark.parametrize(
        ("who", "sees"),
        [
            ("vera", True),
            ("vlad", True),
            ("tom", True),
            ("cora", True),
            ("lena", True),
            ("vic", False),
            ("tina", False),
            ("wanda", False),
            ("adam", False),
            ("ewa", False),
            ("erik", False),
        ],
    )
    def test_one_duty(self, world: World, who: str, sees: bool) -> None:
        duty_id = given.duty_id(world, given.issued(world))
        with world.as_(who) as scope:
            if sees:
                assert queries.get_duty(scope, duty_id).id == duty_id
            else:
                with pytest.raises(NotFoundError):
                    queries.get_duty(scope, duty_id)


class TestProgressAndStatus:
    def test_counts_by_state(self, world: World) -> None:
        requirement_id = given.issued(world)
        given.handed_in(world, given.duty_id(world, requirement_id))
        with world.as_("tom", at=given.at("03-22")) as scope:
            progress = queries.progress_of(scope, [requirement_id])[requirement_id]
            lines = queries.status_by_unit(scope, requirement_id=requirement_id).items
            late = queries.status_by_unit(scope, requirement_id=requirement_id, state=DutyState.OPEN).items
        assert (progress.total, progress.to_review, progress.overdue, progress.accepted, progress.missing) == (2, 1, 1, 0, 0)
        assert [line.unit.name for line in lines] == ["东一村", "东二村"]
        assert [line.unit.name for line in late] == ["东二村"]

    def test_a_clerk_sees_only_the_own_line(self, world: World) -> None:
        requirement_id = given.issued(world)
        with world.as_("vera") as scope:
            lines = queries.status_by_unit(scope, requirement_id=requirement_id).items
            progress = queries.progress_of(scope, [requirement_id])[requirement_id]
        assert [line.unit.name for line in lines] == ["东一村"]
        assert progress.total == 1


class TestTimeliness:
    def test_of_a_year(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY, active_until="2026-06-30", late_model="per_day")
        for period, when in (("2026-03", "03-20"), ("2026-04", "04-28")):
            given.handed_in(world, given.duty_id(world, requirement_id, period=period), when=given.at(when))
        with world.as_system(at=given.at("06-10")) as scope:
            operations.sweep_missing(scope)
            found = queries.timeliness(scope, unit_ids=[world.units["V11"], world.units["V21"]], year=2026)

        mine = found[world.units["V11"]]
        assert (mine.owed, mine.on_time, mine.late, mine.missing, mine.pending, mine.late_days) == (3, 1, 1, 1, 1, 19)
        assert mine.points_lost == Decimal("2.5")
        assert [duty.period_code for duty in mine.duties] == ["2026-03", "2026-04", "2026-05", "2026-06"]
        assert found[world.units["V21"]].owed == 0

    def test_overdue_is_neither_late_nor_pending(self, world: World) -> None:
        given.issued(world)
        with world.as_("tom", at=given.at("03-22")) as scope:
            found = queries.timeliness(scope, unit_ids=[world.units["V11"]], year=2026)[world.units["V11"]]
        assert (found.owed, found.overdue, found.pending, found.points_lost) == (1, 1, 0, 0)

    def test_other_years_and_cancelled_duties_count_nowhere(self, world: World) -> None:
        requirement_id = given.issued(world)
        with world.as_("tom") as scope:
            assert queries.timeliness(scope, unit_ids=[world.units["V11"]], year=2025)[world.units["V11"]].duties == []
            operations.withdraw_requirement(scope, requirement_id=requirement_id, reason="作废")
        with world.as_("tom") as scope:
            assert queries.timeliness(scope, unit_ids=[world.units["V11"]], year=2026)[world.units["V11"]].duties == []


class TestMatrix:
    def matrix(self, world: World, who: str, unit: str, *, when=None):
        with world.as_(who, at=when) as scope:
            parent = get_unit(scope, world.units[unit])
            units = [one for one in subtree(scope, parent.path) if one.id != parent.id]
            return queries.matrix(scope, units=units, due_from=date(2026, 1, 1), due_until=date(2026, 12, 31))

    def test_units_by_requirements(self, world: World) -> None:
        requirement_id = given.issued(world, due=given.MONTHLY, active_until="2026-04-30")
        given.handed_in(world, given.duty_id(world, requirement_id, period="2026-03"))
        found = self.matrix(world, "tom", "T1", when=given.at("03-27"))

        assert [(column.title, column.period.code, column.late) for column in found.columns] == [
            ("安全检查情况", "2026-03", 1),
            ("安全检查情况", "2026-04", 0),
        ]
        key = found.columns[0].key
        first, second = found.cells[world.units["V11"], key], found.cells[world.units["V12"], key]
        assert (first.state, first.is_overdue) == (DutyState.SUBMITTED, False)
        assert (second.state, second.is_overdue, second.late_days) == (DutyState.OPEN, True, 2)

    def test_a_column_is_due_when_most_are(self, world: World) -> None:
        requirement_id = given.issued(world, "cora", "C", targets={"scope": "children"})
        with world.as_("cora") as scope:
            operations.change_due_date(
                scope, duty_id=given.duty_id(world, requirement_id, "T2"), due_on=date(2026, 3, 16), reason="提前"
            )
        assert [column.due_on for column in self.matrix(world, "cora", "C").columns] == [date(2026, 3, 20)]

    def test_shows_only_what_may_be_read(self, world: World) -> None:
        given.issued(world)
        assert self.matrix(world, "tina", "T2").cells == {}
        assert len(self.matrix(world, "vera", "V11").cells) == 0  # no units below
        assert len(self.matrix(world, "cora", "C").cells) == 2

    def test_costs_one_statement_however_many_units(self, world: World, engine: Engine) -> None:
        given.issued(world, due=given.MONTHLY)
        with world.as_("cora") as scope:
            units = subtree(scope, world.paths["C"])
            queries.matrix(scope, units=units[:1], due_from=date(2026, 1, 1), due_until=date(2026, 12, 31))
            with counted(engine) as statements:
                queries.matrix(scope, units=units, due_from=date(2026, 1, 1), due_until=date(2026, 12, 31))
        assert len(statements) == 1
