from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.targets.rules import (
    Decomposition,
    Mismatch,
    Node,
    accumulate,
    find_limit_mismatch,
    find_mismatches,
    is_countable,
    is_weaker,
    measure,
    months_of,
    percent_of,
    plain,
    roll_up,
)
from duban.targets.states import (
    DIRECTION_LABELS,
    KIND_LABELS,
    LEVEL_LABELS,
    NEXT_STATES,
    SPREAD_LABELS,
    STATE_LABELS,
    Direction,
    Kind,
    Level,
    ShareState,
    Spread,
)

D = Decimal

# Example A.2: the block decomposition of 12 deaths over eight sub-districts.
INDUSTRY = dict(zip(range(1, 9), map(D, (1, 1, 1, 0, 0, 1, 0, 0)), strict=True))
ROAD = dict(zip(range(1, 9), map(D, (1, 1, 1, 1, 1, 0, 1, 0)), strict=True))
FIRE = dict(zip(range(1, 9), map(D, (0, 0, 0, 0, 0, 1, 0, 0)), strict=True))
FARM = dict(zip(range(1, 9), map(D, (0, 0, 0, 0, 0, 0, 0, 1)), strict=True))
TOTAL = dict(zip(range(1, 9), map(D, (2, 2, 2, 1, 1, 2, 1, 1)), strict=True))


class TestPercent:
    @pytest.mark.parametrize(
        ("part", "whole", "percent"),
        [
            (208, 213, "97.65"),
            (7, 12, "58.33"),
            (8, 12, "66.67"),
            (2, 4, "50.00"),
            (30, 30, "100.00"),
            (119, 131, "90.84"),
            (1, 800, "0.13"),
            (9, 8, "112.50"),
        ],
    )
    def test_is_half_up_with_two_decimals(self, part: int, whole: int, percent: str) -> None:
        assert percent_of(part, whole) == D(percent)

    def test_of_nought_is_nothing(self) -> None:
        assert percent_of(3, 0) is None


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "text"), [("12.0000", "12"), ("0.2700", "0.27"), ("0", "0"), ("-0.00", "0"), ("100", "100"), ("1E+2", "100")]
    )
    def test_writes_numbers_as_people_do(self, value: str, text: str) -> None:
        assert plain(D(value)) == text


class TestCountable:
    @pytest.mark.parametrize(
        ("value", "places", "fits"),
        [
            ("0", 0, True),
            ("3", 0, True),
            ("2.5", 0, False),
            ("0.27", 2, True),
            ("0.275", 2, False),
            ("-1", 0, False),
            ("NaN", 0, False),
            ("Infinity", 0, False),
            ("1E+40", 0, False),
        ],
    )
    def test_shares_are_finite_not_negative_and_fit_the_decimals(self, value: str, places: int, fits: bool) -> None:
        assert is_countable(D(value), places=places) is fits


class TestDecomposition:
    def test_limit_is_shares_plus_reserve_plus_remainder(self) -> None:
        split = Decomposition(D(12), {"a": D(5), "b": D(4), "c": D(0)}, D(1))

        assert (split.assigned, split.reserve, split.remainder, split.excess) == (D(9), D(1), D(2), D(0))

    def test_names_the_exact_excess_of_an_over_allocation(self) -> None:
        split = Decomposition(D(12), {"a": D(8), "b": D(4)}, D("1.5"))

        assert split.excess == D("1.5")
        assert split.remainder == D("-1.5")

    def test_a_pending_share_takes_nothing(self) -> None:
        assert Decomposition(D(2), {"a": D(2), "b": None}).remainder == 0

    @given(st.lists(st.decimals(0, 1000, places=2), max_size=12), st.decimals(0, 1000, places=2), st.decimals(0, 9000, places=2))
    def test_nothing_is_lost_or_made_by_splitting(self, shares: list[Decimal], reserve: Decimal, limit: Decimal) -> None:
        split = Decomposition(limit, dict(enumerate(shares)), reserve)

        assert split.assigned + split.reserve + split.remainder == limit
        assert (split.excess > 0) == (split.assigned + reserve > limit)

    @pytest.mark.parametrize(("parts", "sums"), [((178, 4, 30, 1), 213), ((25, 40, 0, 1), 66), ((2, 1, 7, 1, 14), 25)])
    def test_published_sums_come_out(self, parts: tuple[int, ...], sums: int) -> None:
        assert find_limit_mismatch(total=D(sums), parts=map(D, parts)) is None


class TestExampleA2:
    def test_block_decomposition_of_every_category_fits_its_limit_exactly(self) -> None:
        limits = [(INDUSTRY, 4), (ROAD, 6), (FIRE, 1), (FARM, 1), (TOTAL, 12)]

        assert [Decomposition(D(limit), shares).remainder for shares, limit in limits] == [0, 0, 0, 0, 0]

    def test_rows_add_up_to_the_unit_and_limits_to_the_total(self) -> None:
        assert find_mismatches(total=TOTAL, parts=[INDUSTRY, ROAD, FIRE, FARM]) == ()
        assert find_limit_mismatch(total=D(12), parts=[D(4), D(6), D(1), D(1)]) is None

    def test_a_changed_cell_is_found_with_its_unit_and_both_sums(self) -> None:
        wrong = ROAD | {3: D(0), 4: D(2)}

        assert find_mismatches(total=TOTAL, parts=[INDUSTRY, wrong, FIRE, FARM]) == (
            Mismatch(3, D(2), D(1)),
            Mismatch(4, D(1), D(2)),
        )

    def test_a_changed_limit_is_found(self) -> None:
        assert find_limit_mismatch(total=D(12), parts=[D(4), D(7), D(1), D(1)]) == Mismatch(None, D(12), D(13))

    def test_units_without_any_number_are_left_out(self) -> None:
        assert find_mismatches(total={1: None}, parts=[{1: None}, {}]) == ()

    def test_line_decomposition_is_another_split_of_the_same_twelve(self) -> None:
        block = Decomposition(D(12), TOTAL)
        line = Decomposition(D(12), {"D03": D(6), "D04": D(1), "D05": D(2), "D06": D(2), "D07": D(1)})

        assert (block.limit, block.remainder) == (line.limit, line.remainder) == (12, 0)
        assert Decomposition(D(12), {**TOTAL, **line.shares}).excess == 12, "adding both lines would be an over-allocation"


class TestWeaker:
    @pytest.mark.parametrize(
        ("share", "direction", "weaker"),
        [
            ("100", Direction.AT_LEAST, False),
            ("99", Direction.AT_LEAST, True),
            ("0.26", Direction.AT_MOST, False),
            ("0.28", Direction.AT_MOST, True),
        ],
    )
    def test_a_copied_target_may_be_stricter_never_weaker(self, share: str, direction: Direction, weaker: bool) -> None:
        than = D(100) if direction is Direction.AT_LEAST else D("0.27")

        assert is_weaker(D(share), than=than, direction=direction) is weaker


class TestMeasure:
    @pytest.mark.parametrize(
        ("limit", "actual", "percent", "level"),
        [
            (213, 208, "97.65", Level.WARNED),
            (12, 7, "58.33", Level.KEPT),
            (12, 8, "66.67", Level.KEPT),
            (4, 2, "50.00", Level.KEPT),
            (30, 30, "100.00", Level.WARNED),
            (2, 3, "150.00", Level.EXCEEDED),
            (178, 175, "98.31", Level.WARNED),
            (178, 179, "100.56", Level.EXCEEDED),
            (5, 4, "80.00", Level.WARNED),
            # 79.996 shows as 80.00 but has not reached the warning level: the raw numbers decide.
            (25000, 19999, "80.00", Level.KEPT),
            (0, 0, None, Level.KEPT),
            (0, 1, None, Level.EXCEEDED),
            (0, None, None, Level.KEPT),
            (None, 3, None, Level.PENDING),
        ],
    )
    def test_upper_limits(self, limit: int | None, actual: int | None, percent: str | None, level: Level) -> None:
        progress = measure(
            limit=None if limit is None else D(limit), actual=None if actual is None else D(actual), direction=Direction.AT_MOST
        )

        assert (progress.percent, progress.level) == (None if percent is None else D(percent), level)

    def test_says_by_how_much_a_limit_is_exceeded(self) -> None:
        assert measure(limit=D(2), actual=D(3), direction=Direction.AT_MOST).over == 1
        assert measure(limit=D(2), actual=D(2), direction=Direction.AT_MOST).over == 0

    @pytest.mark.parametrize(
        ("actual", "level"), [(None, Level.UNREPORTED), (99, Level.BEHIND), (100, Level.REACHED), (101, Level.REACHED)]
    )
    def test_results_to_reach(self, actual: int | None, level: Level) -> None:
        assert measure(limit=D(100), actual=None if actual is None else D(actual), direction=Direction.AT_LEAST).level is level

    def test_warning_level_is_the_tenants(self) -> None:
        assert measure(limit=D(10), actual=D(5), direction=Direction.AT_MOST, warn_from=D(50)).level is Level.WARNED


def month(number: int, year: int = 2011) -> date:
    return date(year, number, 1)


class TestRollUp:
    def test_counts_once_where_two_lines_saw_the_same_deaths(self) -> None:
        # Example A.3: seven deaths until November, seen by sub-districts (block) and by departments (line).
        block = {"SD1": {5: 1}, "SD2": {8: 1}, "SD3": {7: 3}, "SD4": {9: 1}, "SD5": {11: 1}}
        line = {"D03": {5: 1, 8: 1, 9: 1, 11: 1}, "D05": {7: 3}}
        nodes = [Node("district", None, "", {})]
        nodes += [Node(name, "district", "territorial", {month(m): D(v) for m, v in own.items()}) for name, own in block.items()]
        nodes += [Node(name, "district", "sector", {month(m): D(v) for m, v in own.items()}) for name, own in line.items()]

        counted = roll_up(nodes, spread=Spread.SPLIT, direction=Direction.AT_MOST, first_line="territorial")

        assert sum(counted["district"].months.values()) == 7
        assert counted["district"].line == "territorial"

    def test_own_record_of_a_month_speaks_before_the_subordinates(self) -> None:
        nodes = [
            Node("county", None, "", {}),
            Node("town", "county", "territorial", {month(1): D(2)}),
            Node("v1", "town", "territorial", {month(1): D(1), month(2): D(1)}),
            Node("v2", "town", "territorial", {month(2): D(1)}),
        ]

        counted = roll_up(nodes, spread=Spread.SPLIT, direction=Direction.AT_MOST, first_line="territorial")

        assert counted["town"].months == {month(1): 2, month(2): 2}
        assert counted["town"].below == {month(1): 1, month(2): 2}
        assert counted["county"].months == {month(1): 2, month(2): 2}

    def test_a_rate_is_as_good_as_the_worst_subordinate(self) -> None:
        nodes = [
            Node("county", None, "", {}),
            Node("a", "county", "t", {month(3): D(100)}),
            Node("b", "county", "t", {month(3): D(96)}),
        ]

        reach = roll_up(nodes, spread=Spread.COPY, direction=Direction.AT_LEAST, first_line="t")
        keep = roll_up(nodes, spread=Spread.COPY, direction=Direction.AT_MOST, first_line="t")

        assert reach["county"].months == {month(3): 96}
        assert keep["county"].months == {month(3): 100}

    @given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12), st.integers(0, 9)), max_size=20), st.randoms())
    def test_order_of_nodes_does_not_matter_and_nothing_is_lost(self, leaves: list[tuple[int, int, int]], random) -> None:
        nodes = [Node("root", None, "", {}), *(Node(f"t{n}", "root", "t", {}) for n in range(21))]
        nodes += [Node(f"v{i}", f"t{town}", "t", {month(m): D(value)}) for i, (town, m, value) in enumerate(leaves)]
        shuffled = random.sample(nodes, len(nodes))

        one = roll_up(nodes, spread=Spread.SPLIT, direction=Direction.AT_MOST, first_line="t")
        two = roll_up(shuffled, spread=Spread.SPLIT, direction=Direction.AT_MOST, first_line="t")

        assert one == two
        assert sum(one["root"].months.values()) == sum(value for _, _, value in leaves)


DEATHS = {month(5): D(1), month(7): D(3), month(8): D(1), month(9): D(1), month(11): D(1), month(12): D(1)}


class TestAccumulate:
    def test_adds_counts_inside_the_indicators_year(self) -> None:
        window = accumulate(DEATHS, spread=Spread.SPLIT, counts_from=date(2010, 12, 1), counts_before=date(2011, 12, 1))
        calendar = accumulate(DEATHS, spread=Spread.SPLIT, counts_from=date(2011, 1, 1), counts_before=date(2012, 1, 1))

        assert (window, calendar) == (7, 8)

    def test_takes_the_latest_month_of_a_rate(self) -> None:
        assert (
            accumulate(
                {month(2): D(90), month(4): D(98)},
                spread=Spread.COPY,
                counts_from=date(2011, 1, 1),
                counts_before=date(2012, 1, 1),
            )
            == 98
        )

    def test_nothing_recorded_is_not_nought(self) -> None:
        assert accumulate({}, spread=Spread.SPLIT, counts_from=date(2011, 1, 1), counts_before=date(2012, 1, 1)) is None


def test_months_follow_the_indicators_year() -> None:
    months = months_of(counts_from=date(2010, 12, 1), counts_before=date(2011, 12, 1))

    assert (len(months), months[0], months[1], months[-1]) == (12, date(2010, 12, 1), date(2011, 1, 1), date(2011, 11, 1))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (NEXT_STATES, ShareState),
        (STATE_LABELS, ShareState),
        (KIND_LABELS, Kind),
        (DIRECTION_LABELS, Direction),
        (SPREAD_LABELS, Spread),
        (LEVEL_LABELS, Level),
    ],
)
def test_tables_cover_every_word(table: dict, words: type) -> None:
    assert table.keys() == set(words)
