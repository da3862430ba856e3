"""
Dates in words: how many days are left, how late something is, and the full text of a due date.

The msgids are Chinese; params that are themselves `Text` (weekday, month) are translated before they are put in.
"""

from datetime import date

from duban.calendar.periods import MONTHS
from duban.kernel.text import N_, Text

WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))


def days_left(due_on: date, today: date) -> Text:
    """Say how near or how far past the due date is: 还有 3 天, 今天 24:00 截止, 逾期 2 天."""
    days = (due_on - today).days
    if days == 0:
        return Text(N_("今天 24:00 截止"))
    if days > 0:
        return Text(N_("还有 1 天")) if days == 1 else Text(N_("还有 %(n)s 天"), {"n": days})
    return Text(N_("逾期 1 天")) if days == -1 else Text(N_("逾期 %(n)s 天"), {"n": -days})


def submitted_late(days: int) -> Text:
    """Say how late something came: 按时报送, 迟报 1 天."""
    if not days:
        return Text(N_("按时报送"))
    return Text(N_("迟报 1 天")) if days == 1 else Text(N_("迟报 %(n)s 天"), {"n": days})


def due_date(due_on: date, today: date) -> Text:
    """Write the due date in full, with the year where it is not this year: 6月28日(周二)24:00 截止."""
    params = _params(due_on)
    if due_on.year == today.year:
        return Text(N_("%(month)s%(day)s日（%(weekday)s）24:00 截止"), params)
    return Text(N_("%(year)s年%(month)s%(day)s日（%(weekday)s）24:00 截止"), params)


def full_date(day: date) -> Text:
    """Write a day with year and weekday: 2011年6月28日(周二)."""
    return Text(N_("%(year)s年%(month)s%(day)s日（%(weekday)s）"), _params(day))


def short_date(day: date, today: date) -> Text:
    """Write a day as briefly as it stays unmistakable: 6月28日, 2012年1月6日."""
    params = _params(day)
    return Text(N_("%(month)s%(day)s日"), params) if day.year == today.year else Text(N_("%(year)s年%(month)s%(day)s日"), params)


def _params(day: date) -> dict[str, object]:
    return {
        "year": day.year,
        "month": Text(MONTHS[day.month - 1]),
        "day": day.day,
        "weekday": Text(WEEKDAYS[day.weekday()]),
    }
