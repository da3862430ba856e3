"""Which days are worked, and what happens where nobody has said."""

from datetime import date

import pytest

from duban.calendar.errors import InvalidYearTableError, UnknownYearError
from duban.calendar.working_days import YEARS_OF_THE_PACKAGE, WorkingCalendar, YearTable, year_table_from_json, year_tables

CHINA = WorkingCalendar()

REST_2011 = [
    ("2011-01-01", "2011-01-03"),
    ("2011-02-02", "2011-02-08"),
    ("2011-04-03", "2011-04-05"),
    ("2011-04-30", "2011-05-02"),
    ("2011-06-04", "2011-06-06"),
    ("2011-09-10", "2011-09-12"),
    ("2011-10-01", "2011-10-07"),
    ("2012-01-01", "2012-01-03"),
    ("2012-01-22", "2012-01-28"),
]
MAKE_UP = ["2011-01-30", "2011-02-12", "2011-04-02", "2011-10-08", "2011-10-09", "2011-12-31", "2012-01-21", "2012-01-29"]


@pytest.mark.parametrize(("first", "last"), REST_2011)
def test_rests_as_the_state_council_announced(first: str, last: str) -> None:
    days = range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
    assert not any(CHINA.is_working_day(date.fromordinal(day)) for day in days)


@pytest.mark.parametrize("day", MAKE_UP)
def test_make_up_days_are_worked(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert CHINA.is_working_day(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_working_weekends_of_2026(day: str) -> None:
    assert CHINA.is_working_day(date.fromisoformat(day))


class TestUnknownYears:
    def test_are_refused_never_guessed(self) -> None:
        with pytest.raises(UnknownYearError) as caught:
            CHINA.is_working_day(date(2099, 5, 4))
        assert "2099" in str(caught.value)
        assert not CHINA.knows(2099)

    def test_are_refused_when_counting_walks_into_one(self) -> None:
        last = max(YEARS_OF_THE_PACKAGE)
        with pytest.raises(UnknownYearError):
            CHINA.after(date(last, 12, 25), 30)

    def test_a_tenants_table_makes_a_year_known(self) -> None:
        table = YearTable(2099, days_off=frozenset({date(2099, 5, 4)}), make_up_days=frozenset({date(2099, 5, 9)}))
        calendar = WorkingCalendar(year_tables([table]))

        assert calendar.knows(2099)
        assert not calendar.is_working_day(date(2099, 5, 4))
        assert calendar.is_working_day(date(2099, 5, 9))
        assert calendar.is_working_day(date(2099, 5, 5))

    def test_a_tenants_table_goes_before_the_package(self) -> None:
        calendar = WorkingCalendar(year_tables([YearTable(2011)]))
        assert calendar.is_working_day(date(2011, 10, 3))
        assert not calendar.is_working_day(date(2011, 12, 31))


class TestYearTable:
    def test_round_trip(self) -> None:
        table = YearTable(2030, days_off=frozenset({date(2030, 1, 1)}), make_up_days=frozenset({date(2030, 1, 5)}))
        assert year_table_from_json(table.to_json()) == table

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "year"),
            ({"year": "2030"}, "year"),
            ({"year": 2030, "days_off": "2030-01-01"}, "days_off"),
            ({"year": 2030, "days_off": ["2030-13-01"]}, "days_off"),
            ({"year": 2030, "days_off": ["2031-01-01"]}, "days_off"),
            ({"year": 2030, "days_off": ["2030-01-05"], "make_up_days": ["2030-01-05"]}, "make_up_days"),
        ],
    )
    def test_refuses_what_contradicts_itself(self, data: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidYearTableError) as caught:
            year_table_from_json(data)
        assert list(caught.value.fields) == [field]


def test_counting_never_counts_the_day_it_starts_from() -> None:
    assert CHINA.after(date(2011, 9, 30), 1) == date(2011, 10, 8)
    assert CHINA.before(date(2011, 10, 8), 1) == date(2011, 9, 30)
    assert CHINA.after(date(2011, 10, 2), 1) == date(2011, 10, 8)
    assert CHINA.after(date(2011, 9, 30), 0) == date(2011, 9, 30)
