from datetime import date
from decimal import Decimal

import pytest

from duban.audit.queries import verify
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.targets import queries
from duban.targets.errors import (
    DuplicateIndicatorError,
    GridRefusedError,
    NothingToIssueError,
    NotYetInForceError,
    ShareStateError,
)
from duban.targets.operations.defining import define_indicator, set_limit
from duban.targets.operations.handing_down import accept_allocations, issue_allocations
from duban.targets.operations.recording import ActualInput, record_actual
from duban.targets.operations.splitting import GridInput, cell_key, column_key, save_grid
from duban.targets.states import ShareState
from tests.cast import World
from tests.integration.targets.cast_targets import RATE, YEAR, D, accept, define, draft, hand_down, issue, shares, split


class TestDefine:
    def test_sets_the_indicator_and_the_owners_limit_in_force(self, world: World) -> None:
        define(world)

        indicator, share = shares(world, "cora", "C")["deaths"]
        assert (indicator.year, indicator.counts_from, indicator.counts_before) == (YEAR, date(2026, 1, 1), date(2027, 1, 1))
        assert (share.value, share.issued_value, share.state, share.line) == (12, 12, ShareState.ACCEPTED, "")

    def test_a_new_one_stands_last(self, world: World) -> None:
        for code in ("deaths", "road", "a-later-one"):
            define(world, code)

        with world.as_("cora") as scope:
            found = queries.list_shares(scope, unit_id=world.units["C"], year=YEAR)
        assert [indicator.code for indicator, _ in found] == ["deaths", "road", "a-later-one"]

    @pytest.mark.parametrize(
        ("who", "refusal"),
        [
            ("lena", NotAllowedError),
            ("tom", NotFoundError),
            ("vera", NotFoundError),
            ("ewa", NotFoundError),
            ("adam", NotFoundError),
        ],
    )
    def test_is_the_officers_business(self, world: World, who: str, refusal: type[Exception]) -> None:
        with pytest.raises(refusal), world.as_(who) as scope:
            define_indicator(scope, owner_id=world.units["C"], draft=draft())

    def test_names_every_field_that_is_wrong(self, world: World) -> None:
        with pytest.raises(InvalidInputError) as caught, world.as_("cora") as scope:
            define_indicator(scope, owner_id=world.units["C"], draft=draft("", "2.5", name=" "))

        assert set(caught.value.fields) == {"code", "name", "limit"}

    def test_refuses_a_code_twice_in_a_year(self, world: World) -> None:
        define(world)
        with pytest.raises(DuplicateIndicatorError):
            define(world)

    def test_a_part_needs_a_split_total_of_the_same_owner_and_year(self, world: World) -> None:
        rate = define(world, "rate", "100", **RATE)
        with pytest.raises(InvalidInputError) as caught:
            define(world, "road", "6", total_id=rate)
        assert list(caught.value.fields) == ["total_id"]


class TestSetLimit:
    def test_changes_the_limit_and_keeps_a_trace(self, world: World) -> None:
        indicator = define(world)
        with world.as_("cora") as scope:
            set_limit(scope, indicator_id=indicator, limit=D(10), version=1)

        assert shares(world, "cora", "C")["deaths"][1].issued_value == 10
        with world.as_("otto") as scope:
            assert verify(scope).bad_seq is None

    def test_refuses_less_than_was_given_out_naming_the_excess(self, world: World) -> None:
        indicator = define(world)
        split(world, {"deaths": {"T1": "5", "T2": "4"}}, reserves={"deaths": "1"})
        version = shares(world, "cora", "C")["deaths"][1].version

        with pytest.raises(GridRefusedError) as caught, world.as_("cora") as scope:
            set_limit(scope, indicator_id=indicator, limit=D(8), version=version)
        assert caught.value.excess == {"deaths": D(2)}

    def test_refuses_a_stale_page(self, world: World) -> None:
        indicator = define(world)
        with pytest.raises(StaleError), world.as_("cora") as scope:
            set_limit(scope, indicator_id=indicator, limit=D(8), version=7)


class TestSaveGrid:
    def test_splits_with_reserve_and_remainder(self, world: World) -> None:
        define(world)

        grid = split(world, {"deaths": {"T1": "5", "T2": "0"}}, reserves={"deaths": "1"})

        (column,) = grid.columns
        assert (column.split.assigned, column.split.reserve, column.split.remainder) == (5, 1, 6)

    def test_refuses_over_allocation_with_the_exact_excess_and_saves_nothing(self, world: World) -> None:
        indicator = define(world)
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T1": "9", "T2": "4"}}, reserves={"deaths": "1"})

        assert caught.value.excess == {"deaths": D(2)}
        assert "超出 2人" in str(caught.value.fields[column_key(indicator)][0])
        assert shares(world, "cora", "T1") == {}

    def test_counts_cells_saved_before_that_are_not_typed_now(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "9"}})
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T2": "4"}})
        assert caught.value.excess == {"deaths": D(1)}

    def test_parts_must_add_up_to_the_total_unit_by_unit(self, world: World) -> None:
        total = define(world)
        define(world, "road", "8", total_id=total)
        define(world, "industry", "4", total_id=total)

        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T1": "5", "T2": "4"}, "road": {"T1": "4", "T2": "3"}, "industry": {"T1": "1", "T2": "2"}})

        assert list(caught.value.fields) == [cell_key(total, world.units["T2"])]
        split(world, {"deaths": {"T1": "5", "T2": "4"}, "road": {"T1": "4", "T2": "3"}, "industry": {"T1": "1", "T2": "1"}})

    def test_limits_of_parts_must_add_up_to_the_total(self, world: World) -> None:
        total = define(world)
        define(world, "road", "7", total_id=total)
        define(world, "industry", "4", total_id=total)
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T1": "1"}, "road": {"T1": "1"}, "industry": {"T1": "0"}})
        assert list(caught.value.fields) == [column_key(total)]

    def test_a_copied_target_is_not_divided_and_never_weakened(self, world: World) -> None:
        rate = define(world, "rate", "100", **RATE)
        split(world, {"rate": {"T1": "100", "T2": "100"}})

        with pytest.raises(GridRefusedError) as caught:
            split(world, {"rate": {"T1": "95"}})
        assert list(caught.value.fields) == [cell_key(rate, world.units["T1"])]

    def test_block_and_line_split_the_same_total_each_for_itself(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "7", "T2": "5"}})

        grid = split(world, {"deaths": {"D1": "12"}}, line="sector")

        (column,) = grid.columns
        assert (column.split.limit, column.split.assigned, column.split.remainder) == (12, 12, 0)

    def test_a_reserve_raised_in_one_line_must_leave_room_in_the_other(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"D1": "11"}}, line="sector")
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T1": "1"}}, reserves={"deaths": "3"})
        assert caught.value.excess == {"deaths": D(2)}

    def test_refuses_whole_numbers_with_decimals_and_negative_ones(self, world: World) -> None:
        define(world)
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"T1": "1.5", "T2": "-1"}})
        assert len(caught.value.fields) == 2

    def test_refuses_a_page_somebody_else_saved_meanwhile(self, world: World) -> None:
        indicator = define(world)
        typed = GridInput(cells={(indicator, world.units["T1"]): D(3)}, reserves={}, versions={indicator: 1})
        with world.as_("cora") as scope:
            save_grid(scope, unit_id=world.units["C"], year=YEAR, line="territorial", typed=typed)
        with pytest.raises(StaleError), world.as_("cora") as scope:
            save_grid(scope, unit_id=world.units["C"], year=YEAR, line="territorial", typed=typed)

    @pytest.mark.parametrize("unit", ["V11", "D1", "other-T1"])
    def test_refuses_units_that_are_not_in_the_grid(self, world: World, unit: str) -> None:
        define(world)
        with pytest.raises(NotFoundError):
            split(world, {"deaths": {unit: "1"}})

    @pytest.mark.parametrize(("who", "refusal"), [("lena", NotAllowedError), ("tom", NotFoundError), ("ewa", NotFoundError)])
    def test_is_the_officers_business(self, world: World, who: str, refusal: type[Exception]) -> None:
        indicator = define(world)
        with pytest.raises(refusal), world.as_(who) as scope:
            save_grid(scope, unit_id=world.units["C"], year=YEAR, line="territorial", typed=GridInput({}, {}, {indicator: 1}))

    def test_a_changed_share_must_be_told_anew_and_the_unit_keeps_the_old_number_until_then(self, world: World) -> None:
        hand_down(world)
        split(world, {"deaths": {"T1": "4"}})

        share = shares(world, "tom", "T1")["deaths"][1]
        assert (share.state, share.value, share.issued_value) == (ShareState.PROPOSED, 4, 5)

        split(world, {"deaths": {"T1": "5"}})
        assert shares(world, "tom", "T1")["deaths"][1].state is ShareState.ACCEPTED


class TestIssueAndAccept:
    def test_a_township_accepts_and_splits_over_its_villages(self, world: World) -> None:
        hand_down(world)

        split(world, {"deaths": {"V11": "2", "V12": "3"}}, who="tom", at="T1")
        issue(world, who="tom", at="T1")

        assert shares(world, "vera", "V11")["deaths"][1].issued_value == 2

    def test_nothing_can_be_split_before_it_is_accepted(self, world: World) -> None:
        hand_down(world)
        with pytest.raises(NotYetInForceError):
            split(world, {"deaths": {"V21": "1"}}, who="tina", at="T2")

    def test_a_township_cannot_give_more_than_it_has(self, world: World) -> None:
        hand_down(world)
        with pytest.raises(GridRefusedError) as caught:
            split(world, {"deaths": {"V11": "3", "V12": "3"}}, who="tom", at="T1")
        assert caught.value.excess == {"deaths": D(1)}

    def test_nothing_to_issue_is_said(self, world: World) -> None:
        hand_down(world)
        with pytest.raises(NothingToIssueError):
            issue(world)

    def test_a_superior_whose_number_shrank_cannot_issue(self, world: World) -> None:
        hand_down(world)
        split(world, {"deaths": {"V11": "2", "V12": "3"}}, who="tom", at="T1")
        split(world, {"deaths": {"T1": "4"}})
        issue(world)
        with pytest.raises(GridRefusedError) as caught:
            issue(world, who="tom", at="T1")
        assert caught.value.excess == {"deaths": D(1)}

    @pytest.mark.parametrize(
        ("who", "refusal"), [("tina", NotFoundError), ("cora", NotAllowedError), ("vera", NotFoundError), ("ewa", NotFoundError)]
    )
    def test_only_the_unit_accepts(self, world: World, who: str, refusal: type[Exception]) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        issue(world)
        share = shares(world, "tom", "T1")["deaths"][1]
        with pytest.raises(refusal), world.as_(who) as scope:
            accept_allocations(scope, unit_id=world.units["T1"], year=YEAR, versions={share.id: share.version})

    def test_what_changed_since_it_was_shown_is_not_accepted(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        issue(world)
        shown = shares(world, "tom", "T1")["deaths"][1]
        split(world, {"deaths": {"T1": "6"}})
        issue(world)
        with pytest.raises(StaleError), world.as_("tess") as scope:
            accept_allocations(scope, unit_id=world.units["T1"], year=YEAR, versions={shown.id: shown.version})

    def test_nobody_accepts_twice_and_the_acceptor_is_kept(self, world: World) -> None:
        hand_down(world)
        share = shares(world, "tom", "T1")["deaths"][1]
        assert share.accepted_by == "township.leader 谭镇长"
        with pytest.raises(ShareStateError):
            accept(world, "tess", "T1")

    @pytest.mark.parametrize(("who", "refusal"), [("lena", NotAllowedError), ("tina", NotFoundError)])
    def test_issuing_is_the_officers_business(self, world: World, who: str, refusal: type[Exception]) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        with pytest.raises(refusal), world.as_(who) as scope:
            issue_allocations(scope, unit_id=world.units["C"], year=YEAR, line="territorial")


def report(
    world: World, who: str, unit: str, month: int, value: str, *, code: str = "deaths", revision: int = 0, reason: str = ""
) -> None:
    share = shares(world, "cora", unit)[code][1]
    typed = ActualInput(month=date(YEAR, month, 1), value=D(value), source="事故快报", revision=revision, reason=reason)
    with world.as_(who) as scope:
        record_actual(scope, allocation_id=share.id, typed=typed)


def standing(world: World, unit: str, code: str = "deaths"):
    with world.as_("cora") as scope:
        found = queries.standing(scope, unit_ids=[world.units[unit]], year=YEAR)
    return next(one for one in found[world.units[unit]] if one.indicator_code == code)


class TestRecordActual:
    def test_the_unit_or_the_officer_who_supervises_it_records(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 1, "1")
        report(world, "cora", "T1", 2, "1")
        assert standing(world, "T1").actual == 2

    @pytest.mark.parametrize(
        ("who", "refusal"), [("tina", NotFoundError), ("vera", NotFoundError), ("lena", NotAllowedError), ("ewa", NotFoundError)]
    )
    def test_nobody_else_does(self, world: World, who: str, refusal: type[Exception]) -> None:
        hand_down(world)
        with pytest.raises(refusal):
            report(world, who, "T1", 1, "1")

    def test_a_correction_needs_a_reason_and_keeps_the_old_number(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 1, "1")
        with pytest.raises(InvalidInputError) as caught:
            report(world, "tom", "T1", 1, "2", revision=1)
        assert list(caught.value.fields) == ["reason"]
        report(world, "tom", "T1", 1, "2", revision=1, reason="医院确认续亡 1 人")

        share = shares(world, "cora", "T1")["deaths"][1]
        with world.as_("cora") as scope:
            history = queries.list_actuals(scope, allocation_ids=[share.id])[share.id][date(YEAR, 1, 1)]
        assert [(one.revision, one.value, one.is_current, one.reason) for one in history] == [
            (2, 2, True, "医院确认续亡 1 人"),
            (1, 1, False, ""),
        ]
        assert standing(world, "T1").actual == 2

    def test_two_people_cannot_correct_the_same_number(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 1, "1")
        with pytest.raises(StaleError):
            report(world, "cora", "T1", 1, "3")

    @pytest.mark.parametrize(("month", "value", "field"), [(4, "1", "month"), (1, "1.5", "value"), (1, "-1", "value")])
    def test_refuses_the_future_and_what_is_no_count(self, world: World, month: int, value: str, field: str) -> None:
        hand_down(world)
        with pytest.raises(InvalidInputError) as caught:
            report(world, "tom", "T1", month, value)
        assert list(caught.value.fields) == [field]

    def test_a_share_never_issued_has_no_actual(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        with pytest.raises(ShareStateError):
            report(world, "cora", "T1", 1, "1")


class TestStanding:
    def test_counts_every_node_once(self, world: World) -> None:
        hand_down(world)
        split(world, {"deaths": {"V11": "2", "V12": "3"}}, who="tom", at="T1")
        issue(world, who="tom", at="T1")
        split(world, {"deaths": {"D1": "11"}}, line="sector")
        issue(world, line="sector")
        report(world, "vera", "V11", 1, "1")
        report(world, "vic", "V12", 1, "2")
        report(world, "tina", "T2", 2, "1")
        report(world, "dora", "D1", 1, "3")  # the department sees the same deaths

        assert standing(world, "T1").actual == 3
        assert standing(world, "C").actual == 4
        assert (standing(world, "C").limit, standing(world, "C").percent, standing(world, "C").state) == (
            12,
            Decimal("33.33"),
            "kept",
        )

    def test_a_unit_above_its_limit_is_exceeded_while_the_county_is_not(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 1, "6")
        assert (standing(world, "T1").state, standing(world, "C").state) == ("exceeded", "kept")

    def test_near_the_limit_is_warned(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 1, "4")
        assert (standing(world, "T1").percent, standing(world, "T1").state) == (Decimal("80.00"), "warned")

    def test_a_rate_is_behind_until_everybody_reaches_it(self, world: World) -> None:
        hand_down(world)
        report(world, "tom", "T1", 2, "100", code="rate")
        assert (standing(world, "T1", "rate").state, standing(world, "T2", "rate").state) == ("reached", "unreported")
        report(world, "tina", "T2", 2, "98.5", code="rate")
        assert (standing(world, "C", "rate").actual, standing(world, "C", "rate").state) == (Decimal("98.5"), "behind")

    def test_units_without_targets_have_an_empty_entry(self, world: World) -> None:
        with world.as_("cora") as scope:
            assert queries.standing(scope, unit_ids=[world.units["V21"]], year=YEAR) == {world.units["V21"]: ()}

    def test_shows_nothing_of_another_tenant(self, world: World) -> None:
        hand_down(world)
        with world.as_("ewa") as scope:
            assert queries.standing(scope, unit_ids=[world.units["T1"]], year=YEAR) == {world.units["T1"]: ()}
