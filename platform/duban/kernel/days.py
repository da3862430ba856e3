"""A day somebody typed. Years nobody means are refused at the door: at the ends of the calendar, arithmetic has no next day."""

from datetime import date

EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


def read_day(text: str) -> date:
    """
    Read a day as ISO 8601 writes it.

    Raises: ValueError for anything else, and for years before 1900 or after 2200.
    """
    day = date.fromisoformat(text)
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValueError(f"{day}: the year is not between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return day
