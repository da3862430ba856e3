"""Dates, numbers and addresses as pages say them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from duban.kernel.clock import SetClock
from duban.kernel.settings import Settings
from duban.kernel.text import Text
from duban.web import filters
from tests.e2e.gallery.app import make_gallery

NOW = datetime(2026, 6, 24, 17, 30, tzinfo=UTC)  # 25 June, 01:30 in Shanghai: the zone decides the day


@pytest.fixture(scope="module")
def app():
    made = make_gallery()
    made.extensions["duban"] = SimpleNamespace(clock=SetClock(NOW), settings=Settings(cookie_secure=False))
    return made


@pytest.fixture
def zh(app):
    with app.test_request_context("/?sort=name&after=x"):
        yield


@pytest.fixture
def en(app):
    with app.test_request_context("/?lang=en"):
        yield


@pytest.mark.parametrize(
    ("days", "words", "tone"),
    [
        (-5, "逾期 5 天", "late"),
        (-1, "逾期 1 天", "late"),
        (0, "今天截止", "warn"),
        (1, "明天截止", "warn"),
        (3, "还有 3 天", "warn"),
        (4, "还有 4 天", "todo"),
    ],
)
def test_due_dates_are_said_in_words_of_the_tenants_day(zh, days, words, tone):
    due = date(2026, 6, 25) + timedelta(days=days)
    assert filters.due_words(due) == words
    assert filters.due_tone(due) == tone


def test_an_exclusive_instant_means_the_day_before_it(zh):
    due_at = datetime(2026, 6, 28, 16, 0, tzinfo=UTC)  # 29 June 00:00 in Shanghai
    assert filters.due_full(due_at) == "6月28日（周日）24:00 截止"
    assert filters.days_left(due_at) == 3


def test_english_dates(en):
    assert filters.due_words(date(2026, 6, 28)) == "3 days left"
    assert filters.due_full(date(2026, 6, 28)) == "Due Sun 28 Jun, 24:00"
    assert filters.day_full(date(2011, 12, 10)) == "10 Dec 2011"


def test_another_year_carries_its_year(zh):
    assert filters.day_short(date(2027, 1, 6)) == "2027年1月6日"
    assert filters.day_full(date(2026, 1, 6)) == "2026年1月6日"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=5), "刚刚"),
        (timedelta(minutes=5), "5 分钟前"),
        (timedelta(hours=3), "3 小时前"),
        (timedelta(days=2), "6月23日 01:30"),
    ],
)
def test_ago(zh, before, words):
    assert filters.ago(NOW - before) == words


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("1234.50"), None, "1,234.5"),
        (Decimal(100), None, "100"),
        (1000, None, "1,000"),
        (Decimal("0.125"), 2, "0.12"),
        (None, None, "—"),
        (Decimal("1E+2"), None, "100"),
    ],
)
def test_numbers(value, places, text):
    assert filters.number(value, places) == text


def test_percent_of_nothing_is_no_number(zh):
    assert filters.percent(3, 12) == "25%"
    assert filters.percent(3, 0) == "—"
    assert filters.percent(Decimal("0.914"), places=1) == "91.4%"


def test_same_page_keeps_the_other_parameters(zh):
    assert filters.same_page(after=None, q="安全 & 月") == "/?sort=name&q=%E5%AE%89%E5%85%A8+%26+%E6%9C%88"
    assert filters.same_page(sort=None, after=None) == "/"


def test_texts_of_rules_are_translated(en):
    assert filters.translated(Text("逾期 %(n)s 天", {"n": 2})) == "2 days overdue"
    assert filters.translated("取消") == "Cancel"


def test_json_attribute_cannot_leave_its_quotes():
    text = str(filters.json_attribute({"a": '"><script>', "b": Decimal("1.5")}))
    assert '"' not in text
    assert "<" not in text


def test_sparkline_stays_in_its_box():
    points = [tuple(map(Decimal, pair.split(","))) for pair in filters.sparkline_points([5, 1, 9]).split()]
    assert all(0 <= x <= 96 and 0 <= y <= 28 for x, y in points)
    assert filters.sparkline_points([]) == ""
    assert len(filters.sparkline_points([3, 3]).split()) == 2
