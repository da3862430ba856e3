"""
The golden table of 2020 to 2027: golden.csv, a row for each rule and window with every due date it gives.

Where the expected days come from, honestly: not from the code under test. They were worked out by `naive.py`, a second calculator
that shares neither code nor holiday table with it, written from the text of the rules with the State Council's notices typed in by
hand; then the rows of holidays, worked weekends, month ends and leap days were read against a wall calendar. The rows of
test_golden.py were worked out by hand alone. One test here holds the second calculator to the table, so that neither drifts.
"""

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from duban.calendar.due_dates import Campaign, due_at, occurrences
from duban.calendar.errors import InvalidDueRuleError, UnknownYearError
from duban.calendar.lateness import missing_from
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.working_days import WorkingCalendar
from duban.reporting.rules import judge_submission
from tests.unit.calendar import naive
from tests.unit.calendar.test_golden import GOLDEN

CHINA = WorkingCalendar()
SHANGHAI = ZoneInfo("Asia/Shanghai")
ROWS = list(csv.DictReader((Path(__file__).parent / "golden.csv").read_text(encoding="utf-8").splitlines()))


def window(row: dict[str, str]) -> Campaign:
    return Campaign(date.fromisoformat(row["start"]), date.fromisoformat(row["end"]) if row["end"] else None)


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{n:03}-{row['category'].replace(' ', '-')}-{row['start']}" for n, row in enumerate(ROWS, 1)]
)
def test_row(row: dict[str, str]) -> None:
    found = occurrences(due_rule_from_json(json.loads(row["rule"])), window(row), CHINA)
    assert " ".join(one.due_on.isoformat() for one in found) == row["due_on"], row["source"]


def test_the_second_calculator_still_says_the_same() -> None:
    for row in ROWS:
        campaign = window(row)
        found = naive.due_dates(json.loads(row["rule"]), campaign.start, campaign.end or campaign.start)
        assert " ".join(day.isoformat() for day in found) == row["due_on"], row


def test_there_are_enough_of_each() -> None:
    kinds = Counter(row["category"] for row in ROWS)
    days = sum(len(row["due_on"].split()) for row in ROWS)
    years = {day[:4] for row in ROWS for day in row["due_on"].split()}
    print(f"{len(ROWS)} rows, {days} due dates and {len(GOLDEN)} by hand alone; {dict(kinds)}")
    assert len(ROWS) + len(GOLDEN) >= 400
    assert len(kinds) >= 15
    assert {str(year) for year in range(2020, 2028)} <= years


def test_the_notices_as_typed_are_those_of_the_package() -> None:
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(7 * 366)]
    wrong = [day for day in days if day.year < 2027 and naive.is_worked(day) != chinese_calendar.is_workday(day)]
    assert wrong == []


def test_a_year_without_a_notice_is_refused_not_guessed() -> None:
    for data in (
        {"kind": "fixed", "on": "2027-10-01", "shift": "next_working_day"},
        {"kind": "after", "count": 3, "unit": "working_day", "since": "event", "event": "x", "event_on": "2027-02-05"},
    ):
        with pytest.raises(UnknownYearError):
            occurrences(due_rule_from_json(data), Campaign(date(2027, 1, 1)), CHINA)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    every = draw(st.sampled_from(["week", "ten_days", "half_month", "month", "quarter", "half_year", "year", "two_years"]))
    rule: dict[str, Any] = {
        "before": draw(st.sampled_from(["inclusive", "exclusive"])),
        "shift": draw(st.sampled_from(["none", "next_working_day", "previous_working_day"])),
    }
    unit = draw(st.sampled_from(["day", "working_day"]))
    match draw(st.sampled_from(["dates", "after", "event", "from_end", "nth_day"])):
        case "dates":
            days = draw(st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), min_size=1, max_size=6, unique=True))
            rule |= {"kind": "dates", "days": [f"{day:%m-%d}" for day in days]}
        case "after":
            rule |= {"kind": "after", "count": draw(st.integers(1, 12)), "unit": draw(st.sampled_from([unit, "month"]))}
        case "event":
            day = draw(st.dates(date(2021, 1, 10), date(2025, 6, 30)))
            rule |= {"kind": "after", "count": draw(st.integers(1, 40)), "unit": unit, "since": "event"}
            rule |= {"event": "收到通知", "event_on": day.isoformat()}
        case "from_end":
            rule |= {"kind": "from_end", "every": every, "unit": unit, "count": draw(st.integers(0, 40))}
            rule |= {"side": draw(st.sampled_from(["before", "after"])), "counts_last_day": draw(st.booleans())}
        case _:
            rule |= {"kind": "nth_day", "every": every, "unit": unit, "nth": draw(st.integers(1, 40))}
            rule |= {"which": draw(st.sampled_from(["same", "next"])), "month": draw(st.none() | st.integers(1, 24))}
    return rule


def agree(rule: dict[str, Any], start: date, length: int) -> None:
    end = start + timedelta(days=length)
    try:
        read = due_rule_from_json(rule)
    except InvalidDueRuleError:
        assume(False)
    try:
        expected = naive.due_dates(rule, start, end)
    except (KeyError, IndexError):  # a year without a notice; a stretch without a working day
        assume(False)
    found = occurrences(read, Campaign(start, end), CHINA, issued_on=start)
    assert [one.due_on for one in found] == expected
    assert len({one.period.code for one in found}) == len(found)


CASES = {"rule": rules(), "start": st.dates(date(2020, 2, 10), date(2023, 12, 31)), "length": st.integers(0, 800)}


@settings(max_examples=150, deadline=None)
@given(**CASES)
def test_agrees_with_the_second_calculator(rule: dict[str, Any], start: date, length: int) -> None:
    agree(rule, start, length)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None)
@given(**CASES)
def test_agrees_with_the_second_calculator_at_length(rule: dict[str, Any], start: date, length: int) -> None:
    agree(rule, start, length)


ZONES = ["Asia/Shanghai", "Asia/Urumqi", "UTC", "America/New_York", "Pacific/Apia", "Asia/Kolkata"]
INSTANTS = {
    "due": st.dates(date(2020, 1, 1), date(2027, 12, 31)),
    "grace": st.integers(0, 5),
    "missing": st.integers(0, 30),
    "zone": st.sampled_from(ZONES),
    "days": st.integers(-3, 40),
    "edge": st.sampled_from([timedelta(0), timedelta(milliseconds=-1), timedelta(microseconds=-1), timedelta(seconds=1)]),
}


def judged_alike(due: date, grace: int, missing: int, zone: str, days: int, edge: timedelta) -> None:
    place = ZoneInfo(zone)
    # the midnight that ends the day so many days after the due date, and what lies right beside it
    midnight = datetime.combine(due + timedelta(days=days + 1), datetime.min.time(), tzinfo=place)
    came = midnight.astimezone(UTC) + edge
    verdict = judge_submission(
        due_on=due, counted_at=came, missing_at=missing_from(due, missing, place), zone=place, grace_days=grace
    )
    kind, late = naive.verdict(due, grace, missing, came.astimezone(place).replace(tzinfo=None))
    assert (verdict.timeliness.value, verdict.late_days) == (kind, late)


@settings(max_examples=300, deadline=None)
@given(**INSTANTS)
def test_boundaries(due: date, grace: int, missing: int, zone: str, days: int, edge: timedelta) -> None:
    judged_alike(due, grace, missing, zone, days, edge)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None)
@given(**INSTANTS)
def test_boundaries_at_length(due: date, grace: int, missing: int, zone: str, days: int, edge: timedelta) -> None:
    judged_alike(due, grace, missing, zone, days, edge)


@pytest.mark.parametrize(
    ("clock", "timeliness", "late"),
    [
        ("2026-03-20T23:59:59.999", "on_time", 0),
        ("2026-03-21T00:00:00.000", "late", 1),
        ("2026-03-20T23:59:59.999999", "on_time", 0),
    ],
)
def test_the_boundary_itself(clock: str, timeliness: str, late: int) -> None:
    due = date(2026, 3, 20)
    came = datetime.fromisoformat(f"{clock}+08:00")
    verdict = judge_submission(due_on=due, counted_at=came, missing_at=missing_from(due, 10, SHANGHAI), zone=SHANGHAI)
    assert (verdict.timeliness.value, verdict.late_days) == (timeliness, late)
    assert (came < due_at(due, SHANGHAI)) is (timeliness == "on_time")
