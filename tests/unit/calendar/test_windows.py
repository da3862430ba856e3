"""Stage windows as documents write them."""

from datetime import date

import pytest

from duban.calendar.errors import InvalidWindowError
from duban.calendar.windows import window_from_text, windows_in


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("6月", "2011-06-01", "2011-06-30"),
        ("7月至11月", "2011-07-01", "2011-11-30"),
        ("5月底", None, "2011-05-31"),
        ("5月至11月", "2011-05-01", "2011-11-30"),
        ("12月底前", None, "2011-12-31"),
        ("5月10日前", None, "2011-05-10"),
        ("5月10日之前", None, "2011-05-10"),
        ("5月10日至10月底", "2011-05-10", "2011-10-31"),
        ("11月1日-12月底", "2011-11-01", "2011-12-31"),
        ("11月1日——12月末", "2011-11-01", "2011-12-31"),
        ("2月下旬", "2011-02-21", "2011-02-28"),
        ("2012年2月下旬", "2012-02-21", "2012-02-29"),
        ("2月底", None, "2011-02-28"),
        ("3月初到3月中旬", "2011-03-01", "2011-03-20"),
        ("11月上旬", "2011-11-01", "2011-11-10"),
        ("11月中旬", "2011-11-11", "2011-11-20"),
        ("12月下旬至1月中旬", "2011-12-21", "2012-01-20"),
        ("2020年4月至2022年12月", "2020-04-01", "2022-12-31"),
        (" 2011 年 4 月 底 至 11 月 上旬 ".replace("月 底", "月底").replace("月 上", "月上"), "2011-04-30", "2011-11-10"),
    ],
)
def test_reads(text: str, start: str | None, end: str) -> None:
    window = window_from_text(text, year=2011)

    assert window.start == (date.fromisoformat(start) if start else None)
    assert window.end == date.fromisoformat(end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "尽快",
        "13月",
        "2月30日",
        "2011年11月至2011年5月",
        "4月底前后",
        "2011-05-20",
        "0000年5月",
        "9999年5月至次年3月",
        "2201年1月",
    ],
)
def test_refuses_what_names_no_window(text: str) -> None:
    with pytest.raises(InvalidWindowError) as caught:
        window_from_text(text, year=2011)
    assert "window" in caught.value.fields


def test_a_year_must_come_from_somewhere() -> None:
    with pytest.raises(InvalidWindowError):
        window_from_text("4月底")


def test_a_text_without_windows_has_none() -> None:
    assert list(windows_in("各社区、村要高度重视。")) == []


def test_a_sentence_passes_its_year_on() -> None:
    ends = [window.end for window in windows_in("2011年4月底部署，5月开展检查，次年1月中旬总结。")]
    assert ends == [date(2011, 4, 30), date(2011, 5, 31), date(2012, 1, 20)]
