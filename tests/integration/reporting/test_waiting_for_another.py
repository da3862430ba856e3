"""A unit's own submission that waits for another requirement below: how much is missing, of whom, who is told and pressed."""

from uuid import UUID

import pytest

from duban.kernel.errors import InvalidInputError, NotAllowedError
from duban.reporting import operations, queries
from duban.reporting.errors import NobodyOwesError, WaitingForBelowError
from duban.reporting.queries import Below
from duban.reporting.states import DutyState
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.reporting import requirements as given
from tests.integration.reporting.test_review_in_a_line import in_the_sector

VILLAGES = {"scope": "subtree", "levels": ["village"]}
TOWNSHIPS = {"scope": "children", "levels": ["township"]}
STATISTICS = {"title": "月度统计", "targets": VILLAGES, "due": given.MONTHLY, "review_mode": "by_level"}


def statistics(world: World, **changes: object) -> UUID:
    """The monthly statistics of the villages, asked for by the county."""
    return given.issued(world, "cora", "C", **{**STATISTICS, **changes})


def summary(world: World, waited: UUID, **changes: object) -> UUID:
    """The monthly summary of the townships, which waits for the statistics of their villages."""
    plain: dict[str, object] = {
        "title": "月度汇总", "targets": TOWNSHIPS, "due": given.MONTHLY, "waits_below": "block", "waits_for_id": str(waited), **changes,
    }  # fmt: skip
    return given.issued(world, "cora", "C", **plain)


def march(world: World, requirement_id: UUID, unit: str) -> UUID:
    return given.duty_id(world, requirement_id, unit, "2026-03")


def below(world: World, duty_id: UUID, who: str = "tom") -> Below:
    with world.as_(who) as scope:
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
        found = queries.below_of(scope, line.duty, line.requirement)
    assert found is not None
    return found


def told_enough(world: World, duty_id: UUID) -> list[str]:
    return [who for who, _, text in given.messages(world, subject_id=duty_id) if text.startswith("可以上报了")]


class TestWaiting:
    def test_blocks_until_all_villages_of_the_same_month_have_passed(self, world: World) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited), "T1")
        first, second = (march(world, waited, unit) for unit in ("V11", "V12"))
        april = given.duty_id(world, waited, "V12", "2026-04")
        with pytest.raises(WaitingForBelowError) as caught:
            given.handed_in(world, own, "tom")
        params = caught.value.text.params
        assert (params["total"], params["needed"], params["passed"], params["names"]) == (2, 2, 0, "东一村、东二村")
        for duty_id, who in ((first, "vera"), (second, "vic")):
            given.handed_in(world, duty_id, who)
        assert [(line.unit.name, line.duty.at_path) for line in below(world, own).missing] == [
            ("东一村", world.paths["T1"]),
            ("东二村", world.paths["T1"]),
        ], "handed in is not enough: it waits at the township itself"
        given.accepted(world, first, "tom")
        assert told_enough(world, own) == []
        given.accepted(world, second, "tom")
        assert told_enough(world, own) == ["tom"]
        assert given.duty(world, april).stands is DutyState.OPEN, "the month after is not waited for"
        given.handed_in(world, own, "tom")
        assert given.duty(world, own).stands is DutyState.SUBMITTED

    def test_another_townships_villages_count_nothing(self, world: World) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited), "T2")
        assert below(world, own, "tina").total == 1
        given.handed_in(world, march(world, waited, "V11"))
        given.accepted(world, march(world, waited, "V11"), "tom")
        with pytest.raises(WaitingForBelowError):
            given.handed_in(world, own, "tina")

    def test_handing_in_may_be_enough(self, world: World) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited, waits_until="handed_in"), "T1")
        first, second = (march(world, waited, unit) for unit in ("V11", "V12"))
        given.handed_in(world, first)
        with pytest.raises(WaitingForBelowError) as caught:
            given.handed_in(world, own, "tom")
        assert caught.value.text.params["names"] == "东二村"
        assert told_enough(world, own) == []
        given.handed_in(world, second, "vic")
        assert told_enough(world, own) == ["tom"]
        given.returned(world, second, "tom")
        with pytest.raises(WaitingForBelowError):
            given.handed_in(world, own, "tom")
        given.handed_in(world, second, "vic")
        given.handed_in(world, own, "tom")

    @pytest.mark.parametrize(("percent", "needed"), [("50", 1), ("51", 2), ("100", 2)])
    def test_a_part_of_them_may_be_enough(self, world: World, percent: str, needed: int) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited, quorum_kind="percent", quorum=percent), "T1")
        given.handed_in(world, march(world, waited, "V11"))
        given.accepted(world, march(world, waited, "V11"), "tom")
        assert (below(world, own).passed, below(world, own).needed) == (1, needed)
        if needed == 1:
            given.handed_in(world, own, "tom")
        else:
            with pytest.raises(WaitingForBelowError):
                given.handed_in(world, own, "tom")

    def test_a_quarter_waits_for_all_its_months(self, world: World) -> None:
        waited = statistics(world)
        quarterly = {"kind": "from_end", "every": "quarter", "count": 2, "side": "after"}
        own = given.duty_id(world, summary(world, waited, due=quarterly, active_from="2026-03-01"), "T1", "2026-Q2")
        for month in ("2026-04", "2026-05"):
            duty_id = given.duty_id(world, waited, "V11", month)
            given.handed_in(world, duty_id)
            given.accepted(world, duty_id, "tom")
        found = below(world, own)
        assert (found.total, found.passed) == (2, 0), "a unit has passed with everything it owes in the quarter"
        assert [line.duty.period_code for line in found.missing] == ["2026-06", "2026-04"]

    def test_a_warning_holds_nobody_up(self, world: World) -> None:
        own = march(world, summary(world, statistics(world), waits_below="warn"), "T1")
        assert not below(world, own).blocks
        given.handed_in(world, own, "tom")

    def test_what_was_withdrawn_is_waited_for_no_more(self, world: World) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited), "T1")
        with world.as_("cora") as scope:
            operations.withdraw_requirement(scope, requirement_id=waited, reason="重复")
        given.handed_in(world, own, "tom")

    def test_in_one_step_only_what_the_county_accepted_counts(self, world: World) -> None:
        waited = statistics(world, review_mode="one_step")
        own = march(world, summary(world, waited), "T2")
        village = march(world, waited, "V21")
        given.handed_in(world, village, "wanda")
        with pytest.raises(WaitingForBelowError):
            given.handed_in(world, own, "tina")
        given.accepted(world, village, "cora")
        assert told_enough(world, own) == ["tina"]
        given.handed_in(world, own, "tina")

    def test_in_a_second_line_the_units_below_in_that_line_are_waited_for(self, world: World) -> None:
        in_the_sector(world)
        sector: dict[str, object] = {"line": "sector", "due": given.MONTHLY, "active_until": "2026-12-31"}
        villages = {"scope": "subtree", "levels": ["village"]}
        waited = given.issued(world, "ed", "C", title="行业统计", targets=villages, review_mode="by_level", **sector)
        offices = {"scope": "children", "levels": ["department"]}
        asked = given.issued(
            world, "ed", "C", title="行业汇总", targets=offices, waits_below="block", waits_for_id=str(waited), **sector
        )
        own, village = march(world, asked, "D1"), march(world, waited, "V11")
        with pytest.raises(WaitingForBelowError) as caught:
            given.handed_in(world, own, "dora")
        assert caught.value.text.params["names"] == "东一村"
        given.handed_in(world, village)
        given.accepted(world, village, "dora")
        assert told_enough(world, own) == ["dora"]
        given.handed_in(world, own, "dora")

    def test_what_works_in_another_line_cannot_be_waited_for(self, world: World) -> None:
        in_the_sector(world)
        villages = {"scope": "subtree", "levels": ["village"]}
        waited = given.issued(world, "ed", "C", line="sector", targets=villages, due=given.MONTHLY)
        with pytest.raises(InvalidInputError) as caught:
            summary(world, waited)
        assert set(caught.value.fields) == {"waits_for_id"}


class TestChoosing:
    def test_offers_what_is_in_force_here_and_above(self, world: World) -> None:
        waited, theirs = statistics(world), given.issued(world, "tina", "T2")
        own = given.issued(world, "tom", "T1")
        given.drafted(world, "tom", "T1")
        with world.as_("tom") as scope:
            offered = {one.id for one in queries.waitable(scope, get_unit(scope, world.units["T1"]))}
        assert offered == {waited, own}
        assert theirs not in offered

    def test_who_reads_no_requirement_is_offered_none(self, world: World) -> None:
        statistics(world)
        with world.as_("otto") as scope:
            assert list(queries.waitable(scope, get_unit(scope, world.units["T1"]))) == []

    def test_what_is_not_offered_is_refused(self, world: World) -> None:
        theirs = given.issued(world, "tina", "T2")
        for waited in (theirs, given.drafted(world, "cora", "C")):
            with pytest.raises(InvalidInputError) as caught:
                summary(world, waited)
            assert set(caught.value.fields) == {"waits_for_id"}

    def test_periods_that_never_meet_are_refused(self, world: World) -> None:
        yearly = {"kind": "from_end", "every": "year", "count": 5, "side": "before"}
        waited = statistics(world, due=yearly, active_from="2026-01-01")
        with pytest.raises(InvalidInputError) as caught:
            summary(world, waited)
        assert set(caught.value.fields) == {"waits_for_id"}


class TestPressing:
    def test_presses_those_who_have_not_handed_in_before_their_day(self, world: World) -> None:
        waited = statistics(world)
        own = march(world, summary(world, waited), "T1")
        first, second = (march(world, waited, unit) for unit in ("V11", "V12"))
        given.handed_in(world, first)
        with world.as_("tom") as scope:
            assert operations.press_below(scope, duty_id=own) == 1
        assert [who for who, stage, _ in given.messages(world, subject_id=second) if stage.startswith("urge:")] == ["vic"]
        assert not [who for who, stage, _ in given.messages(world, subject_id=first) if stage.startswith("urge:")]

    @pytest.mark.parametrize("who", ["tess", "lena"])
    def test_only_whoever_may_urge_them(self, world: World, who: str) -> None:
        own = march(world, summary(world, statistics(world)), "T1")
        with pytest.raises(NotAllowedError), world.as_(who) as scope:
            operations.press_below(scope, duty_id=own)

    def test_nobody_is_pressed_where_nobody_is_waited_for(self, world: World) -> None:
        own = given.duty_id(world, given.issued(world, "cora", "C", targets=TOWNSHIPS), "T1")
        with pytest.raises(NobodyOwesError), world.as_("tom") as scope:
            operations.press_below(scope, duty_id=own)
