"""A day somebody typed. Years nobody means are refused at the door: at the ends of the calendar, arithmetic has no next day."""

from datetime import date

from duban.kernel.text import N_

EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
YEAR_WORDS = N_("年份应在 1900 至 2200 之间")


class YearError(ValueError):
    """A day, but in a year nobody means."""


def read_day(text: str) -> date:
    """
    Read a day as ISO 8601 writes it.

    Raises: YearError for years before 1900 or after 2200; ValueError for what is no day.
    """
    day = date.fromisoformat(text)
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise YearError(text)
    return day


def wrong_day(error: ValueError, otherwise: str) -> str:
    """Say what is wrong with a day that `read_day` refused: `otherwise`, a marked msgid, for what is no day at all."""
    return YEAR_WORDS if isinstance(error, YearError) else otherwise
