"""Example B of the rule book: the street office's year 2011, every row and every variant."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from duban.calendar.due_dates import Campaign, due_at, due_on_of, occurrences
from duban.calendar.due_rules import DueRule
from duban.calendar.lateness import LateModel, LatePenalty, Timeliness, Verdict, judge, missing_from, points_lost
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.windows import window_from_text, windows_in
from duban.calendar.working_days import WorkingCalendar, YearTable, year_tables

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = WorkingCalendar()
CAMPAIGN = Campaign(start=date(2011, 4, 30), end=date(2012, 1, 20))
UNITS = 16

PLAN = {"kind": "fixed", "on": "2011-05-20"}
QUARTERLY = {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"}
ANNUAL = {"kind": "fixed", "on": "2012-01-06"}


def rule(data: Mapping[str, object], **changes: object) -> DueRule:
    return due_rule_from_json({**data, **changes})


def due_dates(data: Mapping[str, object], calendar: WorkingCalendar = CHINA, **changes: object) -> list[str]:
    return [found.due_on.isoformat() for found in occurrences(rule(data, **changes), CAMPAIGN, calendar)]


class TestTheFiveObligations:
    def test_plan_is_due_on_20_may_a_working_friday(self) -> None:
        assert due_dates(PLAN) == ["2011-05-20"]
        assert date(2011, 5, 20).isoweekday() == 5
        assert CHINA.is_working_day(date(2011, 5, 20))

    def test_plan_read_exclusively(self) -> None:
        assert due_dates(PLAN, before="exclusive") == ["2011-05-19"]

    def test_quarterly_summaries_are_due_two_days_before_the_quarter_ends(self) -> None:
        assert due_dates(QUARTERLY) == ["2011-06-28", "2011-09-28", "2011-12-29"]
        assert [date.fromisoformat(day).isoweekday() for day in due_dates(QUARTERLY)] == [2, 3, 4]

    def test_within_the_last_two_days(self) -> None:
        assert due_dates(QUARTERLY, counts_last_day=True) == ["2011-06-29", "2011-09-29", "2011-12-30"]

    def test_two_working_days_with_the_make_up_saturday(self) -> None:
        assert due_dates(QUARTERLY, unit="working_day") == ["2011-06-28", "2011-09-28", "2011-12-29"]

    def test_two_working_days_without_the_make_up_saturday(self) -> None:
        without = YearTable(2011, days_off=frozenset({date(2011, 6, 6), date(2011, 9, 12)}))
        calendar = WorkingCalendar(year_tables([without]))

        assert due_dates(QUARTERLY, calendar, unit="working_day")[-1] == "2011-12-28"

    def test_annual_summary(self) -> None:
        assert due_dates(ANNUAL) == ["2012-01-06"]
        assert due_dates(ANNUAL, before="exclusive") == ["2012-01-05"]
        assert date(2012, 1, 6).isoweekday() == 5

    def test_annual_summary_belongs_to_2011(self) -> None:
        (found,) = occurrences(rule(ANNUAL), CAMPAIGN, CHINA)
        assert found.reporting_year == 2011

    def test_annual_summary_as_a_yearly_rule_gives_the_same(self) -> None:
        yearly = rule({"kind": "nth_day", "every": "year", "nth": 6, "which": "next"})
        (found,) = occurrences(yearly, CAMPAIGN, CHINA)
        assert (found.due_on, found.reporting_year, found.period.code) == (date(2012, 1, 6), 2011, "2011")

    def test_first_quarters_outside_the_campaign_are_not_asked_for(self) -> None:
        codes = [found.period.code for found in occurrences(rule(QUARTERLY), CAMPAIGN, CHINA)]
        assert codes == ["2011-Q2", "2011-Q3", "2011-Q4"]

    def test_obligations_are_eighty(self) -> None:
        per_unit = sum(len(due_dates(data)) for data in (PLAN, QUARTERLY, ANNUAL))
        assert per_unit * UNITS == 80

    def test_reminders_of_the_plan(self) -> None:
        days = [date(2011, 5, 20) + timedelta(days=offset) for offset in (-7, -3, -1, 1, 3)]
        assert [f"{day:%m-%d}" for day in days] == ["05-13", "05-17", "05-19", "05-21", "05-23"]


class TestStages:
    @pytest.mark.parametrize(
        ("text", "start", "end"),
        [
            ("2011年4月底", None, date(2011, 4, 30)),
            ("4月底至11月上旬", date(2011, 4, 30), date(2011, 11, 10)),
            ("11月中旬至12月中旬", date(2011, 11, 11), date(2011, 12, 20)),
            ("12月下旬至次年1月中旬", date(2011, 12, 21), date(2012, 1, 20)),
        ],
    )
    def test_window(self, text: str, start: date | None, end: date) -> None:
        window = window_from_text(text, year=2011)
        assert (window.start, window.end, window.text) == (start, end, text)

    def test_the_sentence_of_the_source(self) -> None:
        source = (
            "将此次活动分四个阶段进行:2011年4月底安排部署，2011年4月底至11月上旬全面实施，。"
            "2011年11月中旬至12月中旬开展督促检查，2011年12月下旬至2012年1月中旬进行总结提高。"
        )
        assert [(window.start, window.end) for window in windows_in(source)] == [
            (None, date(2011, 4, 30)),
            (date(2011, 4, 30), date(2011, 11, 10)),
            (date(2011, 11, 11), date(2011, 12, 20)),
            (date(2011, 12, 21), date(2012, 1, 20)),
        ]

    def test_end_of_april_was_a_holiday_between_two_working_days(self) -> None:
        assert not CHINA.is_working_day(date(2011, 4, 30))
        assert CHINA.on_or_before(date(2011, 4, 30)) == date(2011, 4, 29)
        assert CHINA.on_or_after(date(2011, 4, 30)) == date(2011, 5, 3)

    def test_plan_due_after_its_stage_is_accepted(self) -> None:
        stage = window_from_text("5月10日前", year=2011)
        (found,) = occurrences(rule({"kind": "fixed", "on": "2011-06-25"}), Campaign(date(2011, 4, 1), stage.end), CHINA)

        assert stage.end == date(2011, 5, 10)
        assert found.due_on == date(2011, 6, 25)
        assert found.due_on.isoweekday() == 6


def shanghai(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)


Q3 = date(2011, 9, 28)
LONG_AFTER = datetime(2011, 12, 1, tzinfo=UTC)


class TestLateness:
    @pytest.mark.parametrize(
        ("submitted", "verdict"),
        [
            (("2011-09-01", "09:00:00"), Verdict(Timeliness.ON_TIME)),
            (("2011-09-28", "00:00:00"), Verdict(Timeliness.ON_TIME)),
            (("2011-09-28", "23:59:59"), Verdict(Timeliness.ON_TIME)),
            (("2011-09-28", "23:59:59.999999"), Verdict(Timeliness.ON_TIME)),
            (("2011-09-29", "00:00:00"), Verdict(Timeliness.LATE, 1)),
            (("2011-09-29", "08:10:00"), Verdict(Timeliness.LATE, 1)),
            (("2011-09-29", "23:59:59"), Verdict(Timeliness.LATE, 1)),
            (("2011-09-30", "00:00:00"), Verdict(Timeliness.LATE, 2)),
            (("2011-10-08", "23:59:59"), Verdict(Timeliness.LATE, 10)),
            (("2011-10-09", "00:00:00"), Verdict(Timeliness.MISSING, 11)),
        ],
    )
    def test_village_3_third_quarter(self, submitted: tuple[str, str], verdict: Verdict) -> None:
        assert judge(due_on=Q3, submitted_at=shanghai(*submitted), now=LONG_AFTER, zone=SHANGHAI) == verdict

    @pytest.mark.parametrize(
        ("now", "timeliness"),
        [
            (("2011-09-28", "23:59:59"), Timeliness.PENDING),
            (("2011-09-29", "00:00:00"), Timeliness.OVERDUE),
            (("2011-10-08", "23:59:59"), Timeliness.OVERDUE),
            (("2011-10-09", "00:00:00"), Timeliness.MISSING),
        ],
    )
    def test_village_4_hands_in_nothing(self, now: tuple[str, str], timeliness: Timeliness) -> None:
        assert judge(due_on=Q3, submitted_at=None, now=shanghai(*now), zone=SHANGHAI).timeliness is timeliness

    def test_cut_off_is_the_end_of_8_october(self) -> None:
        assert missing_from(Q3, 10, SHANGHAI) == shanghai("2011-10-09", "00:00:00")

    def test_points(self) -> None:
        per_event = LatePenalty(model=LateModel.PER_EVENT, points=Decimal("0.5"), missing_points=Decimal(1))
        per_day = LatePenalty(model=LateModel.PER_DAY, points=Decimal(1), missing_points=Decimal(1))
        late, missing = Verdict(Timeliness.LATE, 1), Verdict(Timeliness.MISSING, 11)

        assert points_lost(late, per_event) == Decimal("0.5")
        assert points_lost(late, per_day) == Decimal(1)
        assert points_lost(missing, per_event) == points_lost(missing, per_day) == Decimal(1)

    def test_per_day_grows_up_to_its_cap(self) -> None:
        capped = LatePenalty(model=LateModel.PER_DAY, points=Decimal("0.5"), missing_points=Decimal(2), most=Decimal("1.5"))
        assert [points_lost(Verdict(Timeliness.LATE, days), capped) for days in (1, 2, 3, 4)] == [
            Decimal("0.5"),
            Decimal("1.0"),
            Decimal("1.5"),
            Decimal("1.5"),
        ]

    @pytest.mark.parametrize("timeliness", [Timeliness.PENDING, Timeliness.OVERDUE, Timeliness.ON_TIME])
    def test_nothing_is_lost_while_it_may_still_be_met(self, timeliness: Timeliness) -> None:
        penalty = LatePenalty(model=LateModel.PER_DAY, points=Decimal(1), missing_points=Decimal(1))
        assert points_lost(Verdict(timeliness, 3), penalty) == 0

    @pytest.mark.parametrize("elsewhere", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"])
    def test_the_same_instant_is_judged_alike_however_it_is_written(self, elsewhere: str) -> None:
        for clock in ("23:59:59", "00:00:00"):
            instant = shanghai("2011-09-28" if clock == "23:59:59" else "2011-09-29", clock)
            there = instant.astimezone(ZoneInfo(elsewhere))
            assert judge(due_on=Q3, submitted_at=there, now=there, zone=SHANGHAI) == judge(
                due_on=Q3, submitted_at=instant, now=instant, zone=SHANGHAI
            )

    @pytest.mark.parametrize("name", ["Asia/Shanghai", "UTC", "America/New_York", "Pacific/Apia", "Asia/Urumqi"])
    def test_the_boundary_is_midnight_of_the_tenants_own_zone(self, name: str) -> None:
        zone = ZoneInfo(name)
        boundary = due_at(Q3, zone)

        assert (boundary.hour, boundary.minute, boundary.date()) == (0, 0, date(2011, 9, 29))
        assert due_on_of(boundary.astimezone(UTC), zone) == Q3
        moment_before = boundary - timedelta(microseconds=1)
        assert judge(due_on=Q3, submitted_at=moment_before, now=boundary, zone=zone).timeliness is Timeliness.ON_TIME
        assert judge(due_on=Q3, submitted_at=boundary, now=boundary, zone=zone).timeliness is Timeliness.LATE


class TestContrast:
    """Order 16's enterprise tables and a city's monthly return, in the same year."""

    WHOLE_YEAR = Campaign(date(2011, 1, 1), date(2011, 12, 31))
    ORDER_16: ClassVar = {"kind": "nth_day", "every": "quarter", "nth": 15, "which": "next"}

    def due(self, data: Mapping[str, object], **changes: object) -> list[str]:
        return [found.due_on.isoformat() for found in occurrences(rule(data, **changes), self.WHOLE_YEAR, CHINA)]

    def test_order_16_quarters_without_shift(self) -> None:
        assert self.due(self.ORDER_16) == ["2011-04-15", "2011-07-15", "2011-10-15", "2012-01-15"]

    def test_order_16_quarters_shifted_to_the_next_working_day(self) -> None:
        shifted = self.due(self.ORDER_16, shift="next_working_day")
        assert shifted == ["2011-04-15", "2011-07-15", "2011-10-17", "2012-01-16"]

    def test_order_16_year(self) -> None:
        assert self.due({"kind": "nth_day", "every": "year", "nth": 31, "which": "next"}) == ["2012-01-31"]

    def test_within_two_days_after_the_quarter(self) -> None:
        after = {"kind": "from_end", "every": "quarter", "count": 2, "side": "after"}
        assert self.due(after)[1] == "2011-07-02"
