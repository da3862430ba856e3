"""The tenant's working days: which years are known, and the form for a year's holidays and make-up working days."""

import re
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.calendar.working_days import FIRST_SATURDAY_AS_WEEKDAY, YEARS_OF_THE_PACKAGE, YearTable
from duban.kernel.days import LATEST_YEAR, read_day
from duban.kernel.digits import plain_digits, whole
from duban.kernel.errors import AnticipatedError, InvalidInputError
from duban.kernel.text import N_, Text
from duban.reporting import operations
from duban.reporting.queries.working_days import tables_to_keep
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work

BETWEEN = ("至", "～", "~")
MOST_LINES = 60
LONGEST_REST = timedelta(days=31)
NAMES = ("year", "days_off", "make_up_days", "version")
EARLIEST = 2000
_IN_WORDS = re.compile(r"(?:([0-9]{4})年)?([0-9]{1,2})月([0-9]{1,2})日", re.ASCII)


def working_days() -> ResponseReturnValue:
    """Show the years known and enter one."""
    if request.method == "GET":
        return _page({})
    typed = {name: request.form.get(name, "") for name in NAMES}
    try:
        table = _read(typed)
        with work() as scope:
            operations.set_working_year(scope, table=table, version=whole(typed["version"]) or 0)
    except InvalidInputError as error:
        return _page(typed, errors=error.fields), status_of(error)
    except AnticipatedError as error:
        return _page(typed, general=translate(error.text)), status_of(error)
    flash(_("%(year)s 年的工作日历已保存。已经下达的截止日期不变，等它的各期一小时内自动下达。", year=table.year), "success")
    return redirect(url_for("reporting.working_days"), 303)


def _page(typed: dict[str, str], *, errors: object = None, general: str | None = None) -> str:
    newest = tables_to_keep(current_scope())
    first = next(year for year in range(current_scope().today.year, LATEST_YEAR) if not _known(year, newest.tables))
    return render_template(
        "reporting/working_days.html",
        typed={"year": str(first), "version": newest.version} | typed,
        newest=newest,
        until=max(YEARS_OF_THE_PACKAGE),
        missing=first,
        errors=errors,
        general=general,
    )


def _known(year: int, tables: object) -> bool:
    return year in YEARS_OF_THE_PACKAGE or (isinstance(tables, dict) and year in tables)


def _read(typed: dict[str, str]) -> YearTable:
    """Read the form. Raises: InvalidInputError naming everything that is wrong, each with its line."""
    year = whole(typed["year"])
    wrong: dict[str, list[Text]] = {}
    if year is None or not EARLIEST <= year < LATEST_YEAR:
        wrong["year"] = [Text(N_("请填写四位年份。"))]
        year = None
    off = _days(typed["days_off"], year, "days_off", wrong)
    worked = _days(typed["make_up_days"], year, "make_up_days", wrong)
    if not off and "days_off" not in wrong:
        wrong["days_off"] = [Text(N_("请逐日列出日期。"))]
    for day, line in worked.items():
        if day.weekday() < FIRST_SATURDAY_AS_WEEKDAY:
            words = Text(N_("第 %(line)s 行：%(day)s 不是周六、周日，不用调休上班。"), {"line": line, "day": day.isoformat()})
            wrong.setdefault("make_up_days", []).append(words)
        elif day in off:
            words = Text(N_("第 %(line)s 行：%(day)s 既写成放假又写成上班。"), {"line": line, "day": day.isoformat()})
            wrong.setdefault("make_up_days", []).append(words)
    if wrong or year is None:
        raise InvalidInputError(fields=wrong)
    return YearTable(year, days_off=frozenset(off), make_up_days=frozenset(worked))


def _days(text: str, year: int | None, name: str, wrong: dict[str, list[Text]]) -> dict[date, int]:
    """Read a day or a stretch of days on each line; each day with its line."""
    found: dict[date, int] = {}
    lines = plain_digits(text).splitlines()
    problems = [Text(N_("最多 %(most)s 行。"), {"most": MOST_LINES})] if len(lines) > MOST_LINES else []
    for number, line in enumerate(lines[:MOST_LINES], 1):
        for word in line.split():
            try:
                days = _stretch(word, year)
            except ValueError:
                words = N_("第 %(line)s 行“%(text)s”看不懂，请写一天或一段，如 1月1日、2027-01-01 或 2027-01-01至2027-01-03。")
                problems.append(Text(words, {"line": number, "text": word[:40]}))
                continue
            strangers = sorted(day for day in days if year is not None and day.year != year)
            if strangers:
                said = {"line": number, "day": strangers[0].isoformat(), "year": year}
                problems.append(Text(N_("第 %(line)s 行：%(day)s 不在 %(year)s 年内。"), said))
            found |= dict.fromkeys(days, number)
    if problems:
        wrong[name] = problems
    return found


def _stretch(text: str, year: int | None) -> set[date]:
    """Read one. Raises: ValueError."""
    for mark in BETWEEN:
        text = text.replace(mark, "/")
    first, _sep, last = text.partition("/")
    begins = _day(first, year)
    ends = _day(last, year) if last else begins
    if not begins <= ends <= begins + LONGEST_REST:
        raise ValueError(text)
    return {begins + timedelta(days=one) for one in range((ends - begins).days + 1)}


def _day(text: str, year: int | None) -> date:
    """Read a day: 2027-01-01, 2027年1月1日, or 1月1日 of the year typed above. Raises: ValueError."""
    match = _IN_WORDS.fullmatch(text)
    if match is None:
        return read_day(text)
    of = int(match[1]) if match[1] else year
    if of is None:
        raise ValueError(text)
    return date(of, int(match[2]), int(match[3]))
