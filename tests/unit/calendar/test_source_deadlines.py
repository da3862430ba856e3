"""D1 to D13 of the rule book: every deadline the source documents name, as a rule, with its due dates in the documents' year."""

from datetime import date

import pytest

from duban.calendar.due_dates import Campaign, occurrences
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.windows import windows_in
from duban.calendar.working_days import WorkingCalendar

YEAR = ("2011-01-01", "2011-12-31")
S002 = ("2011-04-30", "2012-01-20")
MONTH_ENDS = "01-31 02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31"
QUARTER_ENDS = "03-31 06-30 09-30 12-31"


def in_2011(text: str) -> str:
    return " ".join(f"2011-{day}" for day in text.split())


RULES = [
    ("D1", "S002-05 实施方案，5月20日前", {"kind": "fixed", "on": "2011-05-20"}, S002, "2011-05-20"),
    (
        "D2",
        "S002-06 季度总结，每季度结束前2日",
        {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"},
        S002,
        "2011-06-28 2011-09-28 2011-12-29",
    ),
    ("D3", "S002-07 全年总结，2012年1月6日前", {"kind": "fixed", "on": "2012-01-06"}, S002, "2012-01-06"),
    ("D4", "S001-82 实施方案，6月25日前（周六，不顺延）", {"kind": "fixed", "on": "2011-06-25"}, YEAR, "2011-06-25"),
    (
        "D5",
        "S001-86 隐患统计，每月",
        {"kind": "from_end", "every": "month", "count": 0, "side": "before"},
        YEAR,
        in_2011(MONTH_ENDS),
    ),
    (
        "D6",
        "S001-86 隐患总结，每季度",
        {"kind": "from_end", "every": "quarter", "count": 0, "side": "before"},
        YEAR,
        in_2011(QUARTER_ENDS),
    ),
    (
        "D7",
        "S001-15 综合检查，每月至少一次",
        {"kind": "nth_day", "every": "month", "nth": 31, "which": "same"},
        YEAR,
        in_2011(MONTH_ENDS),
    ),
    (
        "D8",
        "S004-21 自查结果，每周",
        {"kind": "nth_day", "every": "week", "nth": 5, "which": "same"},
        ("2011-06-01", "2011-06-30"),
        "2011-06-03 2011-06-10 2011-06-17 2011-06-24",
    ),
    (
        "D9",
        "S004-18 员工培训，每月",
        {"kind": "from_end", "every": "month", "count": 0, "side": "before"},
        YEAR,
        in_2011(MONTH_ENDS),
    ),
    (
        "D10",
        "S004-08 半年总结、安全生产月总结",
        {"kind": "dates", "days": ["06-30", "07-10"]},
        YEAR,
        "2011-06-30 2011-07-10",
    ),
    (
        "D11",
        "S004-54 隐患整改，3日内",
        {"kind": "after", "count": 3, "since": "event", "event": "发现隐患", "event_on": "2011-06-30"},
        YEAR,
        "2011-07-03",
    ),
    (
        "D12",
        "S002-27 整改反馈，通知规定的期限内",
        {"kind": "after", "count": 5, "unit": "working_day", "since": "event", "event": "收到通知", "event_on": "2011-09-29"},
        YEAR,
        "2011-10-11",  # 30 Sept; the holiday to the 7th; Saturday 8 and Sunday 9 worked in exchange; 10; the fifth is the 11th
    ),
]


@pytest.mark.parametrize(("number", "source", "rule", "campaign", "expected"), RULES, ids=[row[0] for row in RULES])
def test_deadline(number: str, source: str, rule: dict[str, object], campaign: tuple[str, str], expected: str) -> None:
    start, end = (date.fromisoformat(day) for day in campaign)
    found = occurrences(due_rule_from_json(rule), Campaign(start, end), WorkingCalendar(), issued_on=start)
    assert " ".join(one.due_on.isoformat() for one in found) == expected, f"{number} {source}"


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("S001-20", "6月；7月至11月", [("06-01", "06-30"), ("07-01", "11-30")]),
        ("S001-52", "5月底前；5月至11月；12月底前", [(None, "05-31"), ("05-01", "11-30"), (None, "12-31")]),
        ("S001-81", "5月10日前；5月10日至10月底；11月1日至12月底", [(None, "05-10"), ("05-10", "10-31"), ("11-01", "12-31")]),
    ],
)
def test_d13_stage_windows(source: str, text: str, expected: list[tuple[str | None, str]]) -> None:
    found = [(window.start and f"{window.start:%m-%d}", f"{window.end:%m-%d}") for window in windows_in(text, year=2011)]
    assert found == expected, source
