"""Dates in words."""

from datetime import date

import pytest

from duban.calendar import words

TODAY = date(2011, 6, 25)


@pytest.mark.parametrize(
    ("due_on", "text"),
    [
        (date(2011, 6, 28), "还有 3 天"),
        (date(2011, 6, 26), "还有 1 天"),
        (date(2011, 6, 25), "今天 24:00 截止"),
        (date(2011, 6, 24), "逾期 1 天"),
        (date(2011, 5, 25), "逾期 31 天"),
    ],
)
def test_days_left(due_on: date, text: str) -> None:
    assert str(words.days_left(due_on, TODAY)) == text


def test_due_date_in_full() -> None:
    assert str(words.due_date(date(2011, 6, 28), TODAY)) == "6月28日（周二）24:00 截止"
    assert str(words.due_date(date(2012, 1, 6), TODAY)) == "2012年1月6日（周五）24:00 截止"


def test_other_dates() -> None:
    assert str(words.full_date(date(2011, 6, 28))) == "2011年6月28日（周二）"
    assert str(words.short_date(date(2011, 6, 28), TODAY)) == "6月28日"
    assert str(words.short_date(date(2012, 1, 6), TODAY)) == "2012年1月6日"
    assert str(words.submitted_late(0)) == "按时报送"
    assert str(words.submitted_late(2)) == "迟报 2 天"
