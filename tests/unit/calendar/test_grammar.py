"""Due rules as JSON: round trip, defaults, and a message for everything that cannot be."""

import pytest

from duban.calendar.due_rules import DueRule, FixedDate, FromPeriodEnd, NthDay
from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.rule_json import due_rule_from_json
from duban.calendar.rule_words import rule_in_words

RULES = [
    {"kind": "fixed", "on": "2011-05-20", "reporting_year": None, "before": "inclusive", "shift": "none"},
    {"kind": "fixed", "on": "2012-01-06", "reporting_year": 2011, "before": "exclusive", "shift": "next_working_day"},
    {
        "kind": "from_end",
        "every": "quarter",
        "count": 2,
        "side": "before",
        "unit": "working_day",
        "counts_last_day": True,
        "before": "inclusive",
        "shift": "previous_working_day",
    },
    {
        "kind": "nth_day",
        "every": "year",
        "nth": 25,
        "which": "same",
        "unit": "day",
        "month": 12,
        "before": "inclusive",
        "shift": "none",
    },
]


@pytest.mark.parametrize("data", RULES)
def test_round_trip(data: dict[str, object]) -> None:
    assert due_rule_from_json(data).to_json() == data


def test_what_is_left_out_is_the_plain_reading() -> None:
    rule = due_rule_from_json({"kind": "from_end", "every": "month", "count": "2", "side": "after", "shift": ""})

    assert isinstance(rule, FromPeriodEnd)
    assert (rule.count, rule.unit, rule.shift, rule.before, rule.counts_last_day) == (2, "day", "none", "inclusive", False)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "kind"),
        ({"kind": "sometimes"}, "kind"),
        ({"kind": ["fixed"]}, "kind"),
        ({"kind": "fixed"}, "on"),
        ({"kind": "fixed", "on": "5月20日"}, "on"),
        ({"kind": "fixed", "on": "2011-02-30"}, "on"),
        ({"kind": "fixed", "on": "2011-05-20", "every": "week"}, "every"),
        ({"kind": "fixed", "on": "2011-05-20", "shift": "sideways"}, "shift"),
        ({"kind": "fixed", "on": "2011-05-20", "before": "maybe"}, "before"),
        ({"kind": "fixed", "on": "2012-01-06", "reporting_year": 2010}, "reporting_year"),
        ({"kind": "fixed", "on": "2012-01-06", "reporting_year": 2013}, "reporting_year"),
        ({"kind": "from_end", "every": "once", "count": 2, "side": "before"}, "every"),
        ({"kind": "from_end", "every": "quarter", "count": 2}, "side"),
        ({"kind": "from_end", "every": "quarter", "side": "before"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": -1, "side": "before"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": 92, "side": "before"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": 367, "side": "after"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": 1.5, "side": "after"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": True, "side": "after"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": "9" * 5000, "side": "after"}, "count"),
        ({"kind": "from_end", "every": "quarter", "count": 2, "side": "after", "counts_last_day": "yes"}, "counts_last_day"),
        ({"kind": "nth_day", "every": "month", "nth": 0, "which": "next"}, "nth"),
        ({"kind": "nth_day", "every": "month", "nth": 32, "which": "next"}, "nth"),
        ({"kind": "nth_day", "every": "month", "nth": 5}, "which"),
        ({"kind": "nth_day", "every": "week", "nth": 8, "which": "same"}, "nth"),
        ({"kind": "nth_day", "every": "week", "nth": 5, "which": "same", "month": 1}, "month"),
        ({"kind": "nth_day", "every": "quarter", "nth": 5, "which": "same", "month": 4}, "month"),
        ({"kind": "nth_day", "every": "year", "nth": 32, "which": "same", "month": 12}, "nth"),
    ],
)
def test_says_which_field_is_wrong(data: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidDueRuleError) as caught:
        due_rule_from_json(data)

    assert list(caught.value.fields) == [field]
    assert all(str(text) and "%(" not in str(text) for text in caught.value.fields[field])


def test_says_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(InvalidDueRuleError) as caught:
        due_rule_from_json({"kind": "nth_day", "every": "fortnight", "nth": "x", "which": "never"})

    assert set(caught.value.fields) == {"every", "nth", "which"}


def sentence(rule: DueRule) -> str:
    return "，".join(str(clause) for clause in rule_in_words(rule))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "fixed", "on": "2011-05-20"}, "2011年5月20日（周五）前"),
        ({"kind": "fixed", "on": "2011-05-20", "before": "exclusive"}, "2011年5月20日（周五）前，不含当日（即提前一天）"),
        ({"kind": "from_end", "every": "quarter", "count": 2, "side": "before"}, "每季度结束前 2 日"),
        ({"kind": "from_end", "every": "quarter", "count": 0, "side": "before"}, "每季度最后一日"),
        (
            {"kind": "from_end", "every": "month", "count": 3, "side": "after", "unit": "working_day"},
            "每月结束后 3 个工作日内",
        ),
        (
            {"kind": "nth_day", "every": "quarter", "nth": 15, "which": "next", "shift": "next_working_day"},
            "每季度报送，下一期第 15 日截止，遇休息日顺延到后一个工作日",
        ),
        ({"kind": "nth_day", "every": "week", "nth": 5, "which": "same"}, "每周五"),
        ({"kind": "nth_day", "every": "year", "nth": 25, "which": "same", "month": 12}, "每年12月25日"),
        (
            {"kind": "nth_day", "every": "half_year", "nth": 10, "which": "next", "month": 1},
            "每半年报送，下一期第 1 个月的 10 日截止",
        ),
    ],
)
def test_reads_as_a_sentence(data: dict[str, object], words: str) -> None:
    assert sentence(due_rule_from_json(data)) == words


def test_every_shape_of_rule_can_be_said() -> None:
    for every in ("week", "month", "quarter", "half_year", "year"):
        for unit in ("day", "working_day"):
            for side in ("before", "after"):
                base = {"kind": "from_end", "every": every, "count": 2, "side": side, "unit": unit}
                assert "%(" not in sentence(due_rule_from_json(base))
            for which in ("same", "next"):
                for month in (None, 1) if every != "week" else (None,):
                    data = {"kind": "nth_day", "every": every, "nth": 3, "which": which, "unit": unit, "month": month}
                    assert "%(" not in sentence(due_rule_from_json(data))


def test_shapes_are_what_they_say() -> None:
    assert [type(due_rule_from_json(data)) for data in RULES] == [FixedDate, FixedDate, FromPeriodEnd, NthDay]
