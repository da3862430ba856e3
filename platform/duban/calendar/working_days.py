"""
Which days are worked in China, including the Saturdays and Sundays worked in exchange for a longer holiday (调休).

Source: the State Council's yearly notices, as the package `chinesecalendar` carries them; a tenant's own table goes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar

from duban.calendar.errors import InvalidYearTableError, UnknownYearError
from duban.kernel.text import N_, Text

ONE_DAY = timedelta(days=1)
FIRST_SATURDAY_AS_WEEKDAY = 5

YEARS_OF_THE_PACKAGE = frozenset(day.year for day in chinese_calendar.holidays)


@dataclass(frozen=True)
class YearTable:
    """
    One year's exceptions from "Monday to Friday are worked".

    Takes:  days off and make-up working days, all of that year, none in both.
    Raises: InvalidYearTableError.
    """

    year: int
    days_off: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        fields: dict[str, list[Text]] = {}
        for name, days in (("days_off", self.days_off), ("make_up_days", self.make_up_days)):
            strangers = sorted(day for day in days if day.year != self.year)
            if strangers:
                text = Text(N_("%(day)s 不在 %(year)s 年内。"), {"day": strangers[0].isoformat(), "year": self.year})
                fields.setdefault(name, []).append(text)
        both = sorted(self.days_off & self.make_up_days)
        if both:
            text = Text(N_("%(day)s 既写成放假又写成上班。"), {"day": both[0].isoformat()})
            fields.setdefault("make_up_days", []).append(text)
        if fields:
            raise InvalidYearTableError(fields)

    def is_working_day(self, day: date) -> bool:
        """Say whether `day`, of this year, is worked."""
        if day in self.make_up_days:
            return True
        return day.weekday() < FIRST_SATURDAY_AS_WEEKDAY and day not in self.days_off

    def to_json(self) -> dict[str, object]:
        """Give the shape `year_table_from_json` reads back."""
        return {
            "year": self.year,
            "days_off": [day.isoformat() for day in sorted(self.days_off)],
            "make_up_days": [day.isoformat() for day in sorted(self.make_up_days)],
        }


@dataclass(frozen=True)
class WorkingCalendar:
    """
    Working days of every year somebody has published.

    A year in `tables` is taken from there; any other year from the package. For a year neither knows, every question
    raises UnknownYearError: a guess would silently move deadlines.
    """

    tables: Mapping[int, YearTable] = field(default_factory=dict)

    def knows(self, year: int) -> bool:
        """Say whether `year` can be asked about."""
        return year in self.tables or year in YEARS_OF_THE_PACKAGE

    def off_among(self, days: Iterable[date]) -> Sequence[date]:
        """Give those of the days that are not worked, in their order; a year nobody knows gives none."""
        return sorted({day for day in days if self.knows(day.year) and not self.is_working_day(day)})

    def is_working_day(self, day: date) -> bool:
        """
        Say whether `day` is worked.

        Raises: UnknownYearError.
        """
        table = self.tables.get(day.year)
        if table is not None:
            return table.is_working_day(day)
        if day.year not in YEARS_OF_THE_PACKAGE:
            raise UnknownYearError(day.year)
        return bool(chinese_calendar.is_workday(day))

    def on_or_before(self, day: date) -> date:
        """
        Find the working day nearest to `day` that is not after it.

        Raises: UnknownYearError.
        """
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def on_or_after(self, day: date) -> date:
        """
        Find the working day nearest to `day` that is not before it.

        Raises: UnknownYearError.
        """
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def before(self, day: date, count: int) -> date:
        """
        Go back `count` working days; `day` itself is not counted and need not be worked.

        Raises: UnknownYearError.
        """
        for _ in range(count):
            day = self.on_or_before(day - ONE_DAY)
        return day

    def after(self, day: date, count: int) -> date:
        """
        Go on `count` working days; `day` itself is not counted (Civil Code art. 201) and need not be worked.

        Raises: UnknownYearError.
        """
        for _ in range(count):
            day = self.on_or_after(day + ONE_DAY)
        return day


def year_tables(tables: Iterable[YearTable]) -> dict[int, YearTable]:
    """Key tables by year, as WorkingCalendar wants them; the last of a year wins."""
    return {table.year: table for table in tables}


def year_table_from_json(data: Mapping[str, object]) -> YearTable:
    """
    Read a table as `YearTable.to_json` writes it.

    Raises: InvalidYearTableError, naming the field.
    """
    year = data.get("year")
    if not isinstance(year, int) or isinstance(year, bool):
        raise InvalidYearTableError({"year": [Text(N_("请填写四位年份。"))]})
    return YearTable(year=year, days_off=_days(data, "days_off"), make_up_days=_days(data, "make_up_days"))


def _days(data: Mapping[str, object], name: str) -> frozenset[date]:
    written = data.get(name, [])
    if not isinstance(written, list):
        raise InvalidYearTableError({name: [Text(N_("请逐日列出日期。"))]})
    days = set()
    for item in written:
        try:
            days.add(date.fromisoformat(str(item)))
        except ValueError:
            text = Text(N_("“%(text)s”不是日期，请写成 2011-05-20 的样子。"), {"text": str(item)})
            raise InvalidYearTableError({name: [text]}) from None
    return frozenset(days)
