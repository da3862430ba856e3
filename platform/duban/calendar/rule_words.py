"""A due rule as a sentence, for the preview, the requirement's page and the letter that announces it."""

from collections.abc import Sequence

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
from duban.calendar.periods import EVERY_LABELS, MONTHS, PeriodKind
from duban.calendar.words import WEEKDAYS, full_date
from duban.kernel.text import N_, Text


def rule_in_words(rule: DueRule) -> list[Text]:
    """
    Say the rule in one to three short clauses, to be joined with the language's comma.

    Gives: the rule itself first; then, where they are not the default, whether the day itself counts and the shift.
    """
    clauses = [_main(rule)]
    if rule.before is Before.EXCLUSIVE:
        clauses.append(Text(N_("不含当日（即提前一天）")))
    if rule.shift is Shift.PREVIOUS_WORKING_DAY:
        clauses.append(Text(N_("遇休息日提前到前一个工作日")))
    elif rule.shift is Shift.NEXT_WORKING_DAY:
        clauses.append(Text(N_("遇休息日顺延到后一个工作日")))
    return clauses


def _main(rule: DueRule) -> Text:
    match rule:
        case FixedDate():
            return Text(N_("%(date)s前"), {"date": full_date(rule.on)})
        case ListedDates():
            return _listed(rule)
        case AfterEvent():
            return _after(rule)
        case FromPeriodEnd():
            return _from_end(rule)
        case NthDay():
            return _nth_day(rule)


def _listed(rule: ListedDates) -> Text:
    yearly = [day for day in rule.days if day.year is None]
    single = [day for day in rule.days if day.year is not None]
    if not single:
        return Text(N_("每年%(days)s前"), {"days": _days(yearly)})
    if not yearly:
        return Text(N_("%(days)s前"), {"days": _days(single)})
    return Text(N_("每年%(days)s，以及%(more)s前"), {"days": _days(yearly), "more": _days(single)})


def _days(days: Sequence[ListedDay]) -> Text:
    """Join days with the language's own comma, however many."""
    last = _day(days[-1])
    if len(days) == 1:
        return last
    return Text(N_("%(one)s、%(other)s"), {"one": _days(days[:-1]), "other": last})


def _day(day: ListedDay) -> Text:
    params = {"year": day.year, "month": Text(MONTHS[day.month - 1]), "day": day.day}
    return Text(N_("%(month)s%(day)s日") if day.year is None else N_("%(year)s年%(month)s%(day)s日"), params)


_AFTER_ISSUE: dict[SpanUnit, str] = {
    SpanUnit.DAY: N_("下达后 %(n)s 日内"),
    SpanUnit.WORKING_DAY: N_("下达后 %(n)s 个工作日内"),
    SpanUnit.MONTH: N_("下达后 %(n)s 个月内"),
    SpanUnit.YEAR: N_("下达后 %(n)s 年内"),
}
_AFTER_EVENT: dict[SpanUnit, str] = {
    SpanUnit.DAY: N_("%(event)s（%(date)s）后 %(n)s 日内"),
    SpanUnit.WORKING_DAY: N_("%(event)s（%(date)s）后 %(n)s 个工作日内"),
    SpanUnit.MONTH: N_("%(event)s（%(date)s）后 %(n)s 个月内"),
    SpanUnit.YEAR: N_("%(event)s（%(date)s）后 %(n)s 年内"),
}


def _after(rule: AfterEvent) -> Text:
    if rule.since is Since.ISSUE or rule.event_on is None:
        return Text(_AFTER_ISSUE[rule.unit], {"n": rule.count})
    day = {"year": rule.event_on.year, "month": Text(MONTHS[rule.event_on.month - 1]), "day": rule.event_on.day}
    date = Text(N_("%(year)s年%(month)s%(day)s日"), day)
    return Text(_AFTER_EVENT[rule.unit], {"n": rule.count, "event": rule.event, "date": date})


def _from_end(rule: FromPeriodEnd) -> Text:
    params = {"every": Text(EVERY_LABELS[rule.every]), "n": rule.count}
    if rule.count == 0:
        return Text(N_("%(every)s最后一日"), params)
    if rule.side is Side.AFTER:
        working = N_("%(every)s结束后 %(n)s 个工作日内")
        return Text(working if rule.unit is DayUnit.WORKING_DAY else N_("%(every)s结束后 %(n)s 日内"), params)
    if rule.counts_last_day:
        working = N_("%(every)s最后 %(n)s 个工作日的第一日")
        return Text(working if rule.unit is DayUnit.WORKING_DAY else N_("%(every)s最后 %(n)s 日的第一日"), params)
    working = N_("%(every)s结束前 %(n)s 个工作日")
    return Text(working if rule.unit is DayUnit.WORKING_DAY else N_("%(every)s结束前 %(n)s 日"), params)


def _nth_day(rule: NthDay) -> Text:
    params: dict[str, object] = {"every": Text(EVERY_LABELS[rule.every]), "n": rule.nth}
    following = rule.which is WhichPeriod.NEXT
    if rule.every is PeriodKind.WEEK and rule.unit is DayUnit.DAY:
        params["weekday"] = Text(WEEKDAYS[rule.nth - 1])
        return Text(N_("每周报送，次%(weekday)s截止") if following else N_("每%(weekday)s"), params)
    working = rule.unit is DayUnit.WORKING_DAY
    if rule.month is None:
        return Text(_PLAIN[following, working], params)
    params["month"] = Text(MONTHS[rule.month - 1]) if rule.every is PeriodKind.YEAR else rule.month
    table = _MONTH_OF_YEAR if rule.every is PeriodKind.YEAR else _MONTH_OF_PERIOD
    return Text(table[following, working], params)


_PLAIN: dict[tuple[bool, bool], str] = {
    (False, False): N_("%(every)s的第 %(n)s 日"),
    (False, True): N_("%(every)s的第 %(n)s 个工作日"),
    (True, False): N_("%(every)s报送，下一期第 %(n)s 日截止"),
    (True, True): N_("%(every)s报送，下一期第 %(n)s 个工作日截止"),
}
_MONTH_OF_YEAR: dict[tuple[bool, bool], str] = {
    (False, False): N_("每年%(month)s%(n)s日"),
    (False, True): N_("每年%(month)s第 %(n)s 个工作日"),
    (True, False): N_("每年报送，次年%(month)s%(n)s日截止"),
    (True, True): N_("每年报送，次年%(month)s第 %(n)s 个工作日截止"),
}
_MONTH_OF_PERIOD: dict[tuple[bool, bool], str] = {
    (False, False): N_("%(every)s第 %(month)s 个月的 %(n)s 日"),
    (False, True): N_("%(every)s第 %(month)s 个月的第 %(n)s 个工作日"),
    (True, False): N_("%(every)s报送，下一期第 %(month)s 个月的 %(n)s 日截止"),
    (True, True): N_("%(every)s报送，下一期第 %(month)s 个月的第 %(n)s 个工作日截止"),
}
