"""Windows of a campaign, reporting years, and agreement with a calculator that only counts days one by one."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from duban.calendar.due_dates import MOST_PERIODS, Campaign, days_after, due_on, occurrences
from duban.calendar.due_rules import Before, DayUnit, DueRule, FixedDate, FromPeriodEnd, NthDay, Shift, Side, WhichPeriod
from duban.calendar.errors import InvalidDueRuleError, OpenEndedWindowError, TooManyPeriodsError, UnknownYearError
from duban.calendar.periods import RECURRING, Period, PeriodKind, period_of, periods_ending_within
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.working_days import WorkingCalendar

CHINA = WorkingCalendar()
DAY = timedelta(days=1)


class TestDeadlinesOfTheSources:
    """D1–D13 of the rule book that are due rules; the first three are Example B."""

    @pytest.mark.parametrize(
        ("data", "campaign", "first", "count"),
        [
            pytest.param(
                {"kind": "fixed", "on": "2011-06-25"}, (date(2011, 4, 1), date(2011, 12, 31)), date(2011, 6, 25), 1, id="D4"
            ),
            pytest.param(
                {"kind": "from_end", "every": "month", "count": 0, "side": "before"},
                (date(2011, 5, 10), date(2011, 12, 31)),
                date(2011, 5, 31),
                8,
                id="D5-D7-D9 monthly",
            ),
            pytest.param(
                {"kind": "from_end", "every": "quarter", "count": 0, "side": "before"},
                (date(2011, 5, 10), date(2011, 12, 31)),
                date(2011, 6, 30),
                3,
                id="D6 quarterly",
            ),
            pytest.param(
                {"kind": "nth_day", "every": "week", "nth": 5, "which": "same"},
                (date(2011, 1, 1), date(2011, 12, 31)),
                date(2011, 1, 7),
                51,
                id="D8 weekly",
            ),
            pytest.param(
                {"kind": "nth_day", "every": "half_year", "nth": 10, "which": "next"},
                (date(2011, 1, 1), date(2011, 12, 31)),
                date(2011, 7, 10),
                2,
                id="D10 half-yearly",
            ),
        ],
    )
    def test_deadline(self, data: dict[str, object], campaign: tuple[date, date], first: date, count: int) -> None:
        found = occurrences(due_rule_from_json(data), Campaign(*campaign), CHINA)

        assert found[0].due_on == first
        assert len(found) == count

    def test_d11_rectification_within_three_days_does_not_count_the_first(self) -> None:
        assert days_after(date(2011, 9, 28), 3, DayUnit.DAY, CHINA) == date(2011, 10, 1)
        assert days_after(date(2011, 9, 28), 3, DayUnit.WORKING_DAY, CHINA) == date(2011, 10, 8)


class TestCampaign:
    MONTHLY = FromPeriodEnd(every=PeriodKind.MONTH, count=5, side=Side.BEFORE)

    def test_a_recurring_due_date_before_the_notice_is_not_asked_for(self) -> None:
        found = occurrences(self.MONTHLY, Campaign(date(2011, 5, 27), date(2011, 6, 30)), CHINA)
        assert [occurrence.due_on for occurrence in found] == [date(2011, 6, 25)]

    def test_a_recurring_rule_needs_an_end(self) -> None:
        with pytest.raises(OpenEndedWindowError):
            occurrences(self.MONTHLY, Campaign(date(2011, 5, 1)), CHINA)

    def test_a_fixed_date_needs_none(self) -> None:
        (found,) = occurrences(FixedDate(on=date(2011, 5, 20)), Campaign(date(2011, 5, 1)), CHINA)
        assert found.period.code == "once"

    def test_refuses_centuries_of_weeks(self) -> None:
        weekly = NthDay(every=PeriodKind.WEEK, nth=5, which=WhichPeriod.SAME)
        with pytest.raises(TooManyPeriodsError):
            occurrences(weekly, Campaign(date(1911, 1, 1), date(2011, 12, 31)), CHINA)
        assert MOST_PERIODS == 400

    def test_an_empty_window_asks_for_nothing(self) -> None:
        assert occurrences(self.MONTHLY, Campaign(date(2011, 5, 1), date(2011, 5, 20)), CHINA) == ()

    def test_days_count_without_any_table_but_working_days_do_not(self) -> None:
        campaign = Campaign(date(2049, 1, 1), date(2049, 1, 31))
        assert occurrences(self.MONTHLY, campaign, CHINA)[0].due_on == date(2049, 1, 26)
        with pytest.raises(UnknownYearError) as caught:
            occurrences(
                FromPeriodEnd(every=PeriodKind.MONTH, count=5, side=Side.BEFORE, unit=DayUnit.WORKING_DAY), campaign, CHINA
            )
        assert caught.value.year == 2049
        assert "2049" in str(caught.value)


class TestReportingYear:
    @pytest.mark.parametrize(
        ("on", "start", "stated", "year"),
        [
            ("2012-01-06", date(2011, 4, 30), None, 2011),
            ("2012-01-06", date(2011, 4, 30), 2012, 2012),
            ("2012-01-06", date(2012, 1, 1), None, 2012),
            ("2012-02-06", date(2011, 4, 30), None, 2012),
            ("2022-01-10", date(2020, 4, 1), None, 2021),
            ("2021-05-20", date(2020, 4, 1), None, 2021),
        ],
    )
    def test_of_a_fixed_date(self, on: str, start: date, stated: int | None, year: int) -> None:
        rule = FixedDate(on=date.fromisoformat(on), reporting_year=stated)
        (found,) = occurrences(rule, Campaign(start), CHINA)
        assert found.reporting_year == year

    def test_of_a_week_across_new_year_is_that_of_its_thursday(self) -> None:
        assert period_of(PeriodKind.WEEK, date(2011, 1, 1)).reporting_year == 2010
        assert period_of(PeriodKind.WEEK, date(2012, 1, 1)).code == "2011-W52"


class TestPeriods:
    @pytest.mark.parametrize(
        ("kind", "start", "end", "code", "label"),
        [
            (PeriodKind.WEEK, date(2011, 6, 13), date(2011, 6, 19), "2011-W24", "2011年第24周"),
            (PeriodKind.MONTH, date(2011, 6, 1), date(2011, 6, 30), "2011-06", "2011年6月"),
            (PeriodKind.QUARTER, date(2011, 4, 1), date(2011, 6, 30), "2011-Q2", "2011年第二季度"),
            (PeriodKind.HALF_YEAR, date(2011, 1, 1), date(2011, 6, 30), "2011-H1", "2011年上半年"),
            (PeriodKind.YEAR, date(2011, 1, 1), date(2011, 12, 31), "2011", "2011年度"),
            (PeriodKind.ONCE, date(2011, 6, 15), date(2011, 6, 15), "once", "一次性"),
        ],
    )
    def test_of_15_june(self, kind: PeriodKind, start: date, end: date, code: str, label: str) -> None:
        period = period_of(kind, date(2011, 6, 15))
        assert (period.start, period.end, period.code, str(period.label)) == (start, end, code, label)

    @given(st.sampled_from(RECURRING), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
    def test_follow_each_other_without_gap(self, kind: PeriodKind, day: date) -> None:
        period = period_of(kind, day)
        assert period.start <= day <= period.end
        assert period.next().start == period.end + DAY
        assert period_of(kind, period.start) == period
        assert kind is PeriodKind.TWO_YEARS or period_of(kind, period.end) == period  # two years begin where a campaign does

    def test_two_years_begin_with_the_campaigns_first(self) -> None:
        found = periods_ending_within(PeriodKind.TWO_YEARS, date(2021, 3, 1), date(2026, 12, 31))
        assert [period.code for period in found] == ["2021-2022", "2023-2024", "2025-2026"]

    @given(
        st.sampled_from([kind for kind in RECURRING if kind is not PeriodKind.TWO_YEARS]),
        st.dates(date(2000, 1, 1), date(2020, 1, 1)),
        st.integers(0, 900),
    )
    def test_those_ending_within_a_window_are_all_found(self, kind: PeriodKind, start: date, length: int) -> None:
        end = start + timedelta(days=length)
        naive = sorted({period_of(kind, start + timedelta(days=n)) for n in range(length + 1)})
        assert list(periods_ending_within(kind, start, end)) == [period for period in naive if start <= period.end <= end]


ALL_DAYS = [date(2005, 1, 1) + DAY * n for n in range(365 * 20)]
ALL_WORKED = [day for day in ALL_DAYS if CHINA.is_working_day(day)]


def naive_due_on(rule: DueRule, period: Period) -> date:
    """Write every day down and point at the right one."""
    days, worked = ALL_DAYS, ALL_WORKED
    match rule:
        case FixedDate():
            day = rule.on
        case FromPeriodEnd(side=Side.AFTER):
            row = worked if rule.unit is DayUnit.WORKING_DAY else days
            day = period.end if rule.count == 0 else [day for day in row if day > period.end][rule.count - 1]
        case FromPeriodEnd():
            row = worked if rule.unit is DayUnit.WORKING_DAY else days
            back = rule.count if rule.counts_last_day else rule.count + 1
            day = [day for day in row if day <= period.end][-back]
        case NthDay():
            wanted = period if rule.which is WhichPeriod.SAME else period_of(period.kind, period.end + DAY)
            row = [day for day in days if wanted.start <= day <= wanted.end]
            if rule.month is not None:
                months = sorted({(day.year, day.month) for day in row})
                row = [day for day in row if (day.year, day.month) == months[rule.month - 1]]
            if rule.unit is DayUnit.WORKING_DAY:
                row = [day for day in row if CHINA.is_working_day(day)]
            assume(row)
            day = row[: rule.nth][-1]
    if rule.before is Before.EXCLUSIVE:
        day -= DAY
    if rule.shift is Shift.NEXT_WORKING_DAY:
        return min(candidate for candidate in worked if candidate >= day)
    if rule.shift is Shift.PREVIOUS_WORKING_DAY:
        return max(candidate for candidate in worked if candidate <= day)
    return day


@st.composite
def rules(draw: st.DrawFn) -> DueRule:
    data: dict[str, object] = {"before": draw(st.sampled_from(Before)).value, "shift": draw(st.sampled_from(Shift)).value}
    unit = draw(st.sampled_from(DayUnit)).value
    every = draw(st.sampled_from(RECURRING)).value
    match draw(st.sampled_from(["fixed", "from_end", "nth_day"])):
        case "fixed":
            data |= {"kind": "fixed", "on": draw(st.dates(date(2011, 1, 1), date(2013, 12, 31))).isoformat()}
        case "from_end":
            data |= {"kind": "from_end", "every": every, "unit": unit, "count": draw(st.integers(0, 40))}
            data |= {"side": draw(st.sampled_from(Side)).value, "counts_last_day": draw(st.booleans())}
        case _:
            data |= {"kind": "nth_day", "every": every, "unit": unit, "nth": draw(st.integers(1, 40))}
            data |= {"which": draw(st.sampled_from(WhichPeriod)).value, "month": draw(st.none() | st.integers(1, 12))}
    try:
        return due_rule_from_json(data)
    except InvalidDueRuleError:
        return draw(st.nothing())


@settings(max_examples=400, deadline=None)
@given(rules(), st.dates(date(2008, 1, 1), date(2020, 12, 31)))
def test_agrees_with_the_naive_calculator(rule: DueRule, day: date) -> None:
    period = period_of(rule.every, day)
    if isinstance(rule, FixedDate):
        period = Period(start=rule.on, end=rule.on, kind=PeriodKind.ONCE)

    assert due_on(rule, period, CHINA) == naive_due_on(rule, period)


@settings(max_examples=200, deadline=None)
@given(rules())
def test_json_round_trip(rule: DueRule) -> None:
    assert due_rule_from_json(rule.to_json()) == rule
