"""
Every list of every page can be taken away as it is shown: the page's address with ?export=xlsx or csv.

The page's own view is asked for all pages of its list in turn and drawn as for reading, and what its lists show is read from
it: the same rights, filters, order, columns and words by construction, without a route or a query of its own. Excel has a
sheet for each list of the page, CSV the list with pages, else the first. Decision: docs/decisions/0053.
"""

import time
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from flask import Flask, Response, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from duban.kernel.paging import MOST_TAKEN, longer_pages
from duban.web.filters import moment, same_page, taking
from duban.web.shown_lists import ShownList, ShownPage, read_page
from duban.web.tables import CSV_TYPE, XLSX_TYPE, Cell, attachment, csv_lines, xlsx_file

ROWS_AT_ONCE = 1000
LONGEST_SECONDS = 40
"""Before the server gives a request up (config/gunicorn.conf.py)."""
_FORMATS = frozenset({"xlsx", "csv"})
_View = Callable[..., ResponseReturnValue]


class _TooLongError(Exception):
    """The list has more rows than one file takes."""


def init_exports(app: Flask) -> None:
    """Let the lists of every page be taken away. Call it when the pages are registered and the API is not."""
    app.jinja_env.globals["url_for"] = _address
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _taken_away(cast("_View", view))


def _address(endpoint: str, **values: Any) -> str:
    """Build an address for a page; a file has no links, and building them took a third of the time of a long list."""
    return "" if taking() else url_for(endpoint, **values)


def _taken_away(view: _View) -> _View:
    @wraps(view)
    def page_or_file(*positional: object, **named: object) -> ResponseReturnValue:
        if request.method != "GET" or request.args.get("export") not in _FORMATS:
            return view(*positional, **named)
        return _answer(lambda: view(*positional, **named))

    return page_or_file


def _answer(draw: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    asked = request.args
    g.taking = True
    try:
        with longer_pages(ROWS_AT_ONCE):
            first = make_response(draw())
            if first.status_code != HTTPStatus.OK or first.mimetype != "text/html":
                return first
            page = _whole(read_page(first.get_data(as_text=True)), draw)
    except _TooLongError:
        flash(_("列表超过 %(n)s 行，没有导出。请先筛选缩小范围，再分几次导出。", n=MOST_TAKEN), "warning")
        page = None
    finally:
        request.args = asked
        g.taking = False
    if page is not None and page.lists:
        return _file(page)
    if page is not None:
        flash(_("这里没有可以导出的列表，或者列表是空的。"), "warning")
    return redirect(same_page(export=None), HTTPStatus.SEE_OTHER)


def _whole(page: ShownPage, draw: Callable[[], ResponseReturnValue]) -> ShownPage:
    """Add the further pages of the list that has them. Raises: _TooLongError. Costs: the queries of a page a thousand rows."""
    began = time.monotonic()
    for one in page.lists:
        after = one.next
        while after is not None:
            if len(one.rows) > MOST_TAKEN or time.monotonic() - began > LONGEST_SECONDS:
                raise _TooLongError
            request.args = ImmutableMultiDict([*_without(request.args, "after"), ("after", after)])
            further = make_response(draw())
            if further.status_code != HTTPStatus.OK:
                raise _TooLongError
            shown = next((other for other in read_page(further.get_data(as_text=True)).lists if other.paged), None)
            if shown is None or shown.next == after:
                break
            _add(one, shown)
            after = shown.next
        if len(one.rows) > MOST_TAKEN:
            raise _TooLongError
    return page


def _add(whole: ShownList, page: ShownList) -> None:
    """Add a page's rows; where its columns are others (units with other tasks), each goes under the head of its name."""
    if page.heads == whole.heads:
        whole.rows.extend(page.rows)
        return
    whole.heads.extend(head for head in page.heads if head not in whole.heads)
    places = [whole.heads.index(head) for head in page.heads]
    for row in page.rows:
        put: list[Cell] = [""] * len(whole.heads)
        for place, cell in zip(places, row, strict=False):
            put[place] = cell
        whole.rows.append(put)


def _without(arguments: "MultiDict[str, str]", name: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in arguments.items(multi=True) if key != name]


def _heads(shown: ShownList) -> Sequence[str]:
    if shown.kind == "lines":
        return [_("名称"), _("说明"), _("状态")]
    if shown.kind == "answers":
        return [_("项目"), _("内容")]
    if shown.kind == "cards":
        return [_("名称"), _("截止"), _("说明"), _("状态")]
    return shown.heads


def _file(page: ShownPage) -> Response:
    name = f"{page.heading[:60]}-{moment().date().isoformat()}"
    if request.args["export"] == "csv":
        shown = next((one for one in page.lists if one.paged), page.lists[0])
        return attachment(list(csv_lines(_heads(shown), shown.rows)), CSV_TYPE, f"{name}.csv")
    sheets: list[tuple[str, Sequence[str], Sequence[Sequence[Cell]]]] = [
        (one.title or page.heading, _heads(one), one.rows) for one in page.lists
    ]
    return attachment(xlsx_file(sheets), XLSX_TYPE, f"{name}.xlsx")
