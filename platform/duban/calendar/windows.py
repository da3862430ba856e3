"""
Stage windows as documents write them: 月底, 上旬, 中旬, 下旬, "5月10日至10月底".

Source: docs/rules/due-dates.md, "Stage windows". A window describes a stage; it never binds a due date (S001-82).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from duban.calendar.errors import InvalidWindowError
from duban.calendar.periods import last_day_of_month
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR

DAYS_OF_PART: dict[str, tuple[int, int | None]] = {
    "初": (1, 1),
    "上旬": (1, 10),
    "中旬": (11, 20),
    "下旬": (21, None),
    "底": (31, None),
    "末": (31, None),
    "": (1, None),
}
"""First and last day of each word; None and anything beyond the month stand for the month's last day."""

POINT = (
    r"(?:(?P<year{n}>\d{{4}})\s{{0,4}}年|(?P<relative{n}>次年|翌年|明年|当年|同年|本年))?\s{{0,4}}"
    r"(?P<month{n}>1[0-2]|0?[1-9])\s{{0,4}}月\s{{0,4}}"
    r"(?:(?P<day{n}>[12]\d|3[01]|0?[1-9])\s{{0,4}}[日号]|(?P<part{n}>初|上旬|中旬|下旬|底|末))?"
)
WINDOW = re.compile(
    POINT.format(n=1) + r"(?:\s{0,4}(?:至|到|—+|–|-|~|～)\s{0,4}" + POINT.format(n=2) + r")?\s{0,4}(?P<until>之?前|以前)?",
)
NEXT_YEAR = frozenset({"次年", "翌年", "明年"})


@dataclass(frozen=True)
class Window:
    """
    A stage's days, both belonging to it; `start` is None where the text only says until when.

    `text` is the source's own wording, kept beside what was read from it.
    """

    start: date | None
    end: date
    text: str


def window_from_text(text: str, *, year: int | None = None) -> Window:
    """
    Read one window.

    Takes:  `year` for texts that do not name one.
    Raises: InvalidWindowError.
    """
    stripped = text.strip()
    match = WINDOW.fullmatch(stripped)
    if match is None:
        raise InvalidWindowError(text)
    window, _ = _read(match, stripped, year)
    return window


def windows_in(text: str, *, year: int | None = None) -> Iterator[Window]:
    """
    Go through the windows a sentence names, in its order; a window without a year takes the year before it.

    Raises: InvalidWindowError for a day no month has.
    """
    for match in WINDOW.finditer(text):
        window, year = _read(match, match[0].strip(), year)
        yield window


def _read(match: re.Match[str], text: str, year: int | None) -> tuple[Window, int]:
    first_year = _year(match, "1", year, text)
    if match["month2"] is None:
        start, end = _days(match, "1", first_year, text)
        # "4月底安排部署" and "12月底前" say until when; "6月" and "11月上旬" are stretches of their own.
        only_until = match["until"] is not None or match["part1"] in {"底", "末"} or match["day1"] is not None
        return Window(start=None if only_until else start, end=end, text=text), first_year
    start, _ = _days(match, "1", first_year, text)
    second_year = _year(match, "2", first_year, text)
    if match["year2"] is None and match["relative2"] is None and int(match["month2"]) < int(match["month1"]):
        second_year += 1
    _, end = _days(match, "2", second_year, text)
    if end < start:
        raise InvalidWindowError(text)
    return Window(start=start, end=end, text=text), second_year


def _year(match: re.Match[str], which: str, default: int | None, text: str) -> int:
    if match[f"year{which}"] is not None:
        return int(match[f"year{which}"])
    if default is None:
        raise InvalidWindowError(text)
    return default + 1 if match[f"relative{which}"] in NEXT_YEAR else default


def _days(match: re.Match[str], which: str, year: int, text: str) -> tuple[date, date]:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise InvalidWindowError(text)
    month = int(match[f"month{which}"])
    last = last_day_of_month(year, month).day
    if match[f"day{which}"] is not None:
        day = int(match[f"day{which}"])
        if day > last:
            raise InvalidWindowError(text)
        return date(year, month, day), date(year, month, day)
    first_day, last_day = DAYS_OF_PART[match[f"part{which}"] or ""]
    return date(year, month, min(first_day, last)), date(year, month, last if last_day is None else last_day)
