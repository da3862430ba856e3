"""The cells drawn in Python: every value escaped, the word never left to colour alone, nothing owed said in words."""

from __future__ import annotations

import re

import pytest
from flask import render_template_string

from duban.web.matrix import Cell, draw_rows
from tests.e2e.gallery.app import make_gallery

HOSTILE = """<b>"x"</b>&'"""
COLUMNS = [{"key": "a", "label": f"月报{HOSTILE}"}, {"key": "b", "label": "年报"}]


@pytest.fixture
def page():
    """A request to draw in."""
    with make_gallery().test_request_context("/"):
        yield


def row(**cells: Cell):
    return {"label": f"东一村{HOSTILE}", "cells": cells}


@pytest.mark.usefixtures("page")
def test_no_value_becomes_markup() -> None:
    cell = Cell(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    (drawn,) = draw_rows(COLUMNS, [row(a=cell, b=cell)])
    for part in (drawn.cells, drawn.items):
        assert "<b>" not in part and "&lt;b&gt;&#34;x&#34;" in part
        attributes = re.findall(r' ([a-z-]+)="[^"<>]*"', part)
        assert attributes.count("href") == 4 and attributes.count("title") == 2  # two links and their icons


@pytest.mark.usefixtures("page")
def test_a_cell_says_word_icon_place_and_day() -> None:
    (drawn,) = draw_rows(
        [COLUMNS[1]], [{"label": "东一村", "cells": {"b": Cell("待报送", "clock", "todo", "/duties/7", "6月28日 截止")}}]
    )
    expected = '<a class="cell todo" href="/duties/7" title="东一村 · 年报：6月28日 截止">'
    assert expected in drawn.cells and expected in drawn.items
    assert "#clock" in drawn.cells and drawn.cells.endswith("待报送</a></td>")
    assert drawn.items.startswith("<li><span>年报</span>")


@pytest.mark.usefixtures("page")
def test_nothing_owed_is_said_in_the_table_and_left_out_of_the_list() -> None:
    (drawn,) = draw_rows(COLUMNS, [row(b=Cell("漏报", "alert-triangle", "late"))])
    assert drawn.cells.count("<td>") == 2 and drawn.cells.count("无任务") == 1
    assert drawn.items.count("<li>") == 1 and "<a " not in drawn.items


@pytest.mark.usefixtures("page")
def test_words_of_templates_keep_their_values_escaped_and_their_per_cent_signs() -> None:
    said = render_template_string("{{ _('%(n)s 条未读消息', n=x) }}|{{ _('已保存 %%(time)s') }}|{{ _('全部') }}", x="<i>")
    assert said == "&lt;i&gt; 条未读消息|已保存 %(time)s|全部"
