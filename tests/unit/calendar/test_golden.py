"""Due dates worked out by hand, one row each: rule, a day of the period, the last day that is in time."""

from datetime import date

import pytest

from duban.calendar.due_dates import due_on
from duban.calendar.periods import period_of
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.working_days import WorkingCalendar, YearTable, year_tables

TABLE_2030 = YearTable(
    2030,
    days_off=frozenset({date(2030, 1, 1), date(2030, 10, 1), date(2030, 10, 2), date(2030, 10, 3)}),
    make_up_days=frozenset({date(2030, 9, 29)}),
)
CALENDAR = WorkingCalendar(year_tables([TABLE_2030]))


def end(every: str, count: int, side: str, **more: object) -> dict[str, object]:
    return {"kind": "from_end", "every": every, "count": count, "side": side, **more}


def nth(every: str, number: int, which: str, **more: object) -> dict[str, object]:
    return {"kind": "nth_day", "every": every, "nth": number, "which": which, **more}


def on(day: str, **more: object) -> dict[str, object]:
    return {"kind": "fixed", "on": day, **more}


WORK = {"unit": "working_day"}
EARLIER = {"shift": "previous_working_day"}
LATER = {"shift": "next_working_day"}
NOT_ITSELF = {"before": "exclusive"}

GOLDEN = [
    # fixed dates, shifts and the two readings of "before"
    (on("2011-05-20"), "2011-05-20", "2011-05-20"),
    (on("2011-05-20", **NOT_ITSELF), "2011-05-20", "2011-05-19"),
    (on("2012-01-06", **NOT_ITSELF), "2012-01-06", "2012-01-05"),
    (on("2011-06-25"), "2011-06-25", "2011-06-25"),
    (on("2011-06-25", **EARLIER), "2011-06-25", "2011-06-24"),
    (on("2011-06-25", **LATER), "2011-06-25", "2011-06-27"),
    (on("2011-04-30", **EARLIER), "2011-04-30", "2011-04-29"),
    (on("2011-04-30", **LATER), "2011-04-30", "2011-05-03"),
    (on("2011-10-01", **LATER), "2011-10-01", "2011-10-08"),
    (on("2011-10-01", **EARLIER), "2011-10-01", "2011-09-30"),
    (on("2011-10-08", **EARLIER), "2011-10-08", "2011-10-08"),
    (on("2011-12-31", **LATER), "2011-12-31", "2011-12-31"),
    (on("2012-01-01", **EARLIER), "2012-01-01", "2011-12-31"),
    (on("2012-01-01", **LATER), "2012-01-01", "2012-01-04"),
    (on("2011-05-03", **NOT_ITSELF, **EARLIER), "2011-05-03", "2011-04-29"),
    (on("2011-05-03", **NOT_ITSELF, **LATER), "2011-05-03", "2011-05-03"),
    (on("2026-02-15", **LATER), "2026-02-15", "2026-02-24"),
    (on("2026-02-23", **EARLIER), "2026-02-23", "2026-02-14"),
    (on("2026-10-07", **LATER), "2026-10-07", "2026-10-08"),
    (on("2026-10-10", **LATER), "2026-10-10", "2026-10-10"),
    # days before and after a period's end
    (end("quarter", 2, "before"), "2011-04-01", "2011-06-28"),
    (end("quarter", 2, "before"), "2011-09-30", "2011-09-28"),
    (end("quarter", 2, "before"), "2011-11-11", "2011-12-29"),
    (end("quarter", 2, "before", counts_last_day=True), "2011-05-01", "2011-06-29"),
    (end("quarter", 2, "before", counts_last_day=True), "2011-10-01", "2011-12-30"),
    (end("quarter", 2, "before", **NOT_ITSELF), "2011-05-01", "2011-06-27"),
    (end("quarter", 0, "before"), "2011-05-01", "2011-06-30"),
    (end("quarter", 1, "before", counts_last_day=True), "2011-05-01", "2011-06-30"),
    (end("quarter", 2, "after"), "2011-05-01", "2011-07-02"),
    (end("quarter", 2, "after", **LATER), "2011-05-01", "2011-07-04"),
    (end("quarter", 2, "after", **EARLIER), "2011-05-01", "2011-07-01"),
    (end("month", 2, "after"), "2011-01-15", "2011-02-02"),
    (end("month", 2, "after", **LATER), "2011-01-15", "2011-02-09"),
    (end("month", 2, "before"), "2012-02-10", "2012-02-27"),
    (end("month", 2, "before"), "2011-02-10", "2011-02-26"),
    (end("month", 0, "before"), "2024-02-29", "2024-02-29"),
    (end("half_year", 0, "before"), "2011-03-01", "2011-06-30"),
    (end("half_year", 10, "after"), "2011-03-01", "2011-07-10"),
    (end("year", 6, "before"), "2011-03-01", "2011-12-25"),
    (end("year", 5, "after"), "2011-03-01", "2012-01-05"),
    (end("week", 2, "before"), "2011-06-15", "2011-06-17"),
    # working days before and after a period's end
    (end("quarter", 2, "before", **WORK), "2011-05-01", "2011-06-28"),
    (end("quarter", 2, "before", **WORK), "2011-08-01", "2011-09-28"),
    (end("quarter", 2, "before", **WORK), "2011-11-01", "2011-12-29"),
    (end("quarter", 2, "before", counts_last_day=True, **WORK), "2011-11-01", "2011-12-30"),
    (end("month", 1, "before", **WORK), "2011-04-10", "2011-04-28"),
    (end("month", 0, "before", **WORK), "2011-04-10", "2011-04-29"),
    (end("month", 3, "after", **WORK), "2011-09-10", "2011-10-10"),
    (end("month", 1, "after", **WORK), "2011-01-10", "2011-02-01"),
    (end("month", 2, "after", **WORK), "2011-01-10", "2011-02-09"),
    (end("year", 1, "after", **WORK), "2011-01-10", "2012-01-04"),
    (end("month", 5, "after", **WORK), "2011-12-10", "2012-01-10"),
    (end("month", 2, "after", **WORK), "2026-01-10", "2026-02-03"),
    # n-th days
    (nth("quarter", 15, "next"), "2011-02-01", "2011-04-15"),
    (nth("quarter", 15, "next"), "2011-08-01", "2011-10-15"),
    (nth("quarter", 15, "next", **LATER), "2011-08-01", "2011-10-17"),
    (nth("quarter", 15, "next", **LATER), "2011-11-01", "2012-01-16"),
    (nth("quarter", 10, "next"), "2011-11-01", "2012-01-10"),
    (nth("month", 5, "next"), "2011-12-31", "2012-01-05"),
    (nth("month", 31, "next"), "2011-01-31", "2011-02-28"),
    (nth("month", 31, "next"), "2012-01-31", "2012-02-29"),
    (nth("month", 28, "same"), "2011-02-03", "2011-02-28"),
    (nth("month", 30, "same"), "2011-02-03", "2011-02-28"),
    (nth("month", 30, "same"), "2011-03-03", "2011-03-30"),
    (nth("year", 31, "next"), "2011-07-01", "2012-01-31"),
    (nth("year", 15, "next"), "2011-07-01", "2012-01-15"),
    (nth("year", 25, "same", month=12), "2011-07-01", "2011-12-25"),
    (nth("year", 31, "same", month=2), "2012-07-01", "2012-02-29"),
    (nth("year", 31, "next", month=2), "2012-07-01", "2013-02-28"),
    (nth("half_year", 10, "next", month=2), "2011-05-01", "2011-08-10"),
    (nth("quarter", 20, "same", month=3), "2011-05-01", "2011-06-20"),
    (nth("week", 5, "same"), "2011-06-15", "2011-06-17"),
    (nth("week", 1, "next"), "2011-06-15", "2011-06-20"),
    (nth("week", 7, "same"), "2011-06-19", "2011-06-19"),
    (nth("week", 5, "same", **EARLIER), "2011-10-05", "2011-09-30"),
    # n-th working days
    (nth("month", 3, "next", **WORK), "2011-09-15", "2011-10-10"),
    (nth("month", 1, "next", **WORK), "2011-04-15", "2011-05-03"),
    (nth("month", 5, "next", **WORK), "2011-12-15", "2012-01-10"),
    (nth("quarter", 1, "next", **WORK), "2011-12-15", "2012-01-04"),
    (nth("month", 31, "same", **WORK), "2011-12-15", "2011-12-31"),
    (nth("month", 31, "same", **WORK), "2011-04-15", "2011-04-29"),
    (nth("week", 1, "next", **WORK), "2011-09-28", "2011-10-08"),
    # a year only the tenant's own table knows
    (end("quarter", 0, "before", **WORK), "2030-09-01", "2030-09-30"),
    (end("month", 1, "before", **WORK), "2030-09-01", "2030-09-29"),
    (nth("month", 1, "next", **WORK), "2030-09-01", "2030-10-04"),
]


@pytest.mark.parametrize(("data", "day", "expected"), GOLDEN, ids=[f"{i:02}-{row[2]}" for i, row in enumerate(GOLDEN, 1)])
def test_golden(data: dict[str, object], day: str, expected: str) -> None:
    rule = due_rule_from_json(data)
    period = period_of(rule.every, date.fromisoformat(day))

    assert due_on(rule, period, CALENDAR).isoformat() == expected


def test_there_are_enough_rows() -> None:
    assert len(GOLDEN) >= 60
