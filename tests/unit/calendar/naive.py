"""
A second calculator of due dates, written from the text of the rules and sharing nothing with duban.calendar: no code, no holiday
package. It writes every day down and points at the right one, so it is slow and easy to believe.

NOTICES is transcribed from the State Council's notices of 2019 to 2025 for the years 2020 to 2026 (国办发明电): the days off of
each holiday, first to last, and the Saturdays and Sundays worked in exchange. 2020 holds the longer Spring Festival of
国办发明电〔2020〕1号. No notice for 2027 was out when this was written.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

DAY = timedelta(days=1)

NOTICES: dict[int, tuple[str, str]] = {
    2020: (
        "01-01 01-24/02-02 04-04/04-06 05-01/05-05 06-25/06-27 10-01/10-08",
        "01-19 04-26 05-09 06-28 09-27 10-10",
    ),
    2021: (
        "01-01/01-03 02-11/02-17 04-03/04-05 05-01/05-05 06-12/06-14 09-19/09-21 10-01/10-07",
        "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    ),
    2022: (
        "01-01/01-03 01-31/02-06 04-03/04-05 04-30/05-04 06-03/06-05 09-10/09-12 10-01/10-07",
        "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    ),
    2023: (
        "01-01/01-02 01-21/01-27 04-05 04-29/05-03 06-22/06-24 09-29/10-06",
        "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    ),
    2024: (
        "01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-10 09-15/09-17 10-01/10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


def holidays_of(year: int) -> list[tuple[date, date]]:
    """First and last day of each holiday."""
    found = []
    for text in NOTICES[year][0].split():
        first, _, last = text.partition("/")
        found.append((date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last or first}")))
    return found


def worked_weekends(year: int) -> list[date]:
    """Saturdays and Sundays worked in exchange."""
    return [date.fromisoformat(f"{year}-{text}") for text in NOTICES[year][1].split()]


@cache
def is_worked(day: date) -> bool:
    """Whether a day is worked; a year without a notice is a KeyError."""
    if day in worked_weekends(day.year):
        return True
    return day.isoweekday() <= 5 and not any(first <= day <= last for first, last in holidays_of(day.year))


def key_of(every: str, day: date, first_year: int) -> tuple[int, ...]:  # noqa: PLR0911 - one line a kind
    """Name the period a day lies in."""
    match every:
        case "week":
            return day.isocalendar()[:2]
        case "ten_days":
            return day.year, day.month, 1 if day.day <= 10 else 2 if day.day <= 20 else 3
        case "half_month":
            return day.year, day.month, 1 if day.day <= 15 else 2
        case "month":
            return day.year, day.month
        case "quarter":
            return day.year, (day.month + 2) // 3
        case "half_year":
            return day.year, 1 if day.month <= 6 else 2
        case "year":
            return (day.year,)
        case "two_years":
            return ((day.year - first_year) // 2,)
    raise AssertionError(every)


def periods(every: str, start: date, end: date) -> Iterator[tuple[list[date], list[date]]]:
    """Every period that ends from `start` to `end`, day by day, with the one after it."""
    rows: dict[tuple[int, ...], list[date]] = {}
    day = date(start.year, 1, 1) if every == "two_years" else date(start.year - 1, 1, 1)
    while day < date(end.year + 5, 1, 1):
        rows.setdefault(key_of(every, day, start.year), []).append(day)
        day += DAY
    whole = list(rows.values())
    for one, following in zip(whole, whole[1:], strict=False):
        if start <= one[-1] <= end:
            yield one, following


def shifted(day: date, rule: dict[str, object]) -> date:
    """Read "before" and move off days off."""
    if rule.get("before") == "exclusive":
        day -= DAY
    step = {"next_working_day": DAY, "previous_working_day": -DAY}.get(str(rule.get("shift", "none")))
    while step is not None and not is_worked(day):
        day += step
    return day


def from_end(rule: dict[str, object], last: date) -> date:
    """So many days before or after a period's last day."""
    count, working = int(str(rule["count"])), rule.get("unit") == "working_day"
    if rule["side"] == "after":
        day = last
        while count:
            day += DAY
            count -= is_worked(day) if working else 1
        return day
    left = count - 1 if rule.get("counts_last_day") else count
    day = last
    while working and not is_worked(day):
        day -= DAY
    while left:
        day -= DAY
        left -= is_worked(day) if working else 1
    return day


def nth_day(rule: dict[str, object], same: list[date], following: list[date]) -> date:
    """The n-th day of a period or the next; of a shorter one its last."""
    row = following if rule["which"] == "next" else same
    if rule.get("month"):
        months = sorted({(day.year, day.month) for day in row})
        row = [day for day in row if (day.year, day.month) == months[int(str(rule["month"])) - 1]]
    if rule.get("unit") == "working_day":
        row = [day for day in row if is_worked(day)]
    return row[: int(str(rule["nth"]))][-1]


def after(rule: dict[str, object], issued: date) -> date:
    """So long after a day that is not counted itself."""
    day = date.fromisoformat(str(rule["event_on"])) if rule.get("since") == "event" else issued
    count, unit = int(str(rule["count"])), rule.get("unit", "day")
    if unit in {"day", "working_day"}:
        while count:
            day += DAY
            count -= is_worked(day) if unit == "working_day" else 1
        return day
    months = (day.year * 12 + day.month - 1) + (count if unit == "month" else 12 * count)
    for number in range(day.day, 0, -1):  # the corresponding day, else the last the month has
        try:
            return date(months // 12, months % 12 + 1, number)
        except ValueError:
            continue
    raise AssertionError


def listed(rule: dict[str, object], start: date, end: date) -> list[date]:
    """Every listed day that lies within."""
    wanted = {str(text) for text in rule["days"]}  # type: ignore[attr-defined]
    found, day = [], start
    while day <= end:
        is_last_of_february = day.month == 2 and (day + DAY).month == 3
        names = {f"{day:%m-%d}", day.isoformat()} | ({"02-29"} if is_last_of_february else set())
        found += [day] * bool(names & wanted)
        day += DAY
    return found


def due_dates(rule: dict[str, object], start: date, end: date) -> list[date]:
    """The last day that is in time for everything the rule asks for, as a clerk with a wall calendar would find it."""
    match rule["kind"]:
        case "fixed":
            return [shifted(date.fromisoformat(str(rule["on"])), rule)]
        case "after":
            return [shifted(after(rule, start), rule)]
        case "dates":
            found = [shifted(day, rule) for day in listed(rule, start, end)]
        case "from_end":
            found = [shifted(from_end(rule, days[-1]), rule) for days, _ in periods(str(rule["every"]), start, end)]
        case _:
            found = [shifted(nth_day(rule, *pair), rule) for pair in periods(str(rule["every"]), start, end)]
    return [day for day in found if day >= start]


def verdict(due: date, grace: int, missing_after: int, came: datetime) -> tuple[str, int]:
    """On time, late or missing, by the wall clock of the tenant: compare the date on which it came."""
    days = max(0, (came.date() - due).days)
    if days > missing_after:
        return "missing", days
    return ("late", days) if days > grace else ("on_time", 0)
