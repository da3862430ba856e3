"""A due rule as a sentence, for the preview, the requirement's page and the letter that announces it."""

from duban.calendar.due_rules import Before, DayUnit, DueRule, FixedDate, FromPeriodEnd, NthDay, Shift, Side, WhichPeriod
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
        case FromPeriodEnd():
            return _from_end(rule)
        case NthDay():
            return _nth_day(rule)


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
