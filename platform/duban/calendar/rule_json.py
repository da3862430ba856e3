"""Reading due rules from JSON or from a form's plain values, with a message for every field that is wrong."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from duban.calendar.due_rules import (
    AfterEvent,
    Before,
    DayUnit,
    DueRule,
    FixedDate,
    FromPeriodEnd,
    ListedDates,
    ListedDay,
    NthDay,
    Shift,
    Side,
    Since,
    SpanUnit,
    WhichPeriod,
)
from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.periods import PeriodKind
from duban.kernel.days import EARLIEST_YEAR, LATEST_YEAR, read_day, wrong_day
from duban.kernel.digits import plain_digits
from duban.kernel.text import N_, Text

Choice = TypeVar("Choice", bound=StrEnum)

KNOWN_FIELDS: dict[str, frozenset[str]] = {
    "fixed": frozenset({"kind", "on", "reporting_year", "before", "shift"}),
    "dates": frozenset({"kind", "days", "before", "shift"}),
    "after": frozenset({"kind", "count", "unit", "since", "event", "event_on", "before", "shift"}),
    "from_end": frozenset({"kind", "every", "count", "side", "unit", "counts_last_day", "before", "shift"}),
    "nth_day": frozenset({"kind", "every", "nth", "which", "unit", "month", "before", "shift"}),
}

# Bounded, so that a hostile number never reaches int().
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,6}")
LISTED_DAY = re.compile(r"(?:(\d{4})[-年/.])?(\d{1,2})[-月/.](\d{1,2})日?号?")
"""2026-03-31, 2026年3月31日, 03-31, 3月31日, 3/31."""
BETWEEN_DAYS = re.compile(r"[\s,，、;；和]+")
LONGEST_LIST = 2000
LEAP_YEAR = 2000
"""So that 29 February may be listed for every year."""
YES = frozenset({"True", "true", "yes", "on", "1"})


def due_rule_from_json(data: Mapping[str, object]) -> DueRule:
    """
    Read a rule as `to_json` writes it; numbers may be text and empty text stands for "not given", as forms send them.

    Raises: InvalidDueRuleError with every field that is missing, unknown or out of range.
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KNOWN_FIELDS:
        raise InvalidDueRuleError({"kind": [Text(N_("请选择截止方式。"))]})
    reader = _Reader(data)
    reader.refuse_unknown(KNOWN_FIELDS[kind])
    match kind:
        case "fixed":
            return _fixed(reader)
        case "dates":
            return _dates(reader)
        case "after":
            return _after(reader)
        case "from_end":
            return _from_end(reader)
        case _:
            return _nth_day(reader)


def _fixed(reader: "_Reader") -> FixedDate:
    on = reader.day("on")
    reporting_year = reader.number("reporting_year", required=False)
    before = reader.choice("before", Before, default=Before.INCLUSIVE)
    shift = reader.choice("shift", Shift, default=Shift.NONE)
    reader.check()
    return FixedDate(on=on, reporting_year=reporting_year, before=before, shift=shift)


def _dates(reader: "_Reader") -> ListedDates:
    days = reader.listed("days")
    before = reader.choice("before", Before, default=Before.INCLUSIVE)
    shift = reader.choice("shift", Shift, default=Shift.NONE)
    reader.check()
    return ListedDates(days=days, before=before, shift=shift)


def _after(reader: "_Reader") -> AfterEvent:
    count = reader.number("count", required=True)
    unit = reader.choice("unit", SpanUnit, default=SpanUnit.DAY)
    since = reader.choice("since", Since, default=Since.ISSUE)
    is_event = since is Since.EVENT
    event = str(reader.data.get("event") or "").strip() if is_event else ""
    event_on = reader.day("event_on") if is_event and reader.data.get("event_on") else None
    before = reader.choice("before", Before, default=Before.INCLUSIVE)
    shift = reader.choice("shift", Shift, default=Shift.NONE)
    reader.check()
    return AfterEvent(count=count or 0, unit=unit, since=since, event=event, event_on=event_on, before=before, shift=shift)


def _from_end(reader: "_Reader") -> FromPeriodEnd:
    every = reader.choice("every", PeriodKind, default=None)
    count = reader.number("count", required=True)
    side = reader.choice("side", Side, default=None)
    unit = reader.choice("unit", DayUnit, default=DayUnit.DAY)
    before = reader.choice("before", Before, default=Before.INCLUSIVE)
    shift = reader.choice("shift", Shift, default=Shift.NONE)
    reader.check()
    return FromPeriodEnd(
        every=every,
        count=count or 0,
        side=side,
        unit=unit,
        counts_last_day=str(reader.data.get("counts_last_day")) in YES,
        before=before,
        shift=shift,
    )


def _nth_day(reader: "_Reader") -> NthDay:
    every = reader.choice("every", PeriodKind, default=None)
    nth = reader.number("nth", required=True)
    which = reader.choice("which", WhichPeriod, default=None)
    unit = reader.choice("unit", DayUnit, default=DayUnit.DAY)
    month = reader.number("month", required=False)
    before = reader.choice("before", Before, default=Before.INCLUSIVE)
    shift = reader.choice("shift", Shift, default=Shift.NONE)
    reader.check()
    return NthDay(every=every, nth=nth or 0, which=which, unit=unit, month=month, before=before, shift=shift)


def _listed_day(text: str) -> ListedDay | None:
    match = LISTED_DAY.fullmatch(text)
    if match is None:
        return None
    year = int(match[1]) if match[1] else None
    if year is not None and not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    try:
        date(year or LEAP_YEAR, int(match[2]), int(match[3]))
    except ValueError:
        return None
    return ListedDay(month=int(match[2]), day=int(match[3]), year=year)


class _Reader:
    """Takes values out one by one and remembers what was wrong with each, so that all of it is said at once."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self.data = data
        self.fields: dict[str, list[Text]] = {}

    def refuse_unknown(self, known: frozenset[str]) -> None:
        for name in sorted(self.data.keys() - known):
            self.fields[name] = [Text(N_("此截止方式没有“%(name)s”一项。"), {"name": name})]

    def check(self) -> None:
        if self.fields:
            raise InvalidDueRuleError(self.fields)

    def day(self, name: str) -> date:
        written = self.data.get(name)
        try:
            return read_day(str(written or ""))
        except ValueError as error:
            text = N_("“%(text)s”不是日期，请写成 2011-05-20 的样子。") if written else N_("请填写日期。")
            text = wrong_day(error, text)
            self.fields[name] = [Text(text, {"text": str(written)})]
            return date.min

    def listed(self, name: str) -> tuple[ListedDay, ...]:
        """Read a list of days, each of every year or of one: a JSON list, or text with commas or line ends between them."""
        written = self.data.get(name) or []
        text = "\n".join(str(item) for item in written) if isinstance(written, list | tuple) else str(written)
        parts = [part for part in BETWEEN_DAYS.split(unicodedata.normalize("NFKC", text[:LONGEST_LIST])) if part]
        found = []
        for part in parts:
            day = _listed_day(part)
            if day is None:
                words = N_("“%(text)s”不是日期，请写成 3月31日 或 2026-03-31 的样子。")
                self.fields[name] = [Text(words, {"text": part[:40]})]
                return ()
            found.append(day)
        return tuple(sorted(found, key=lambda day: (day.year or 0, day.month, day.day)))

    def number(self, name: str, *, required: bool) -> int | None:
        written = self.data.get(name)
        if written is None or written == "":
            if required:
                self.fields[name] = [Text(N_("请填写数字。"))]
            return None
        plain = plain_digits(str(written)).strip()
        if isinstance(written, int | str) and not isinstance(written, bool) and WHOLE_NUMBER.fullmatch(plain):
            return int(plain)
        self.fields[name] = [Text(N_("“%(text)s”不是整数。"), {"text": str(written)})]
        return None

    def choice(self, name: str, choices: type[Choice], *, default: Choice | None) -> Choice:
        written = self.data.get(name) or default
        try:
            return choices(str(written))
        except ValueError:
            allowed = "、".join(choices)
            text = N_("请从 %(allowed)s 中选择。")
            self.fields[name] = [Text(text, {"allowed": allowed})]
            return next(iter(choices))
