"""Puts the face on an app in one call: languages, filters, headers, navigation."""

from collections.abc import Callable, Iterable

from flask import Flask

from duban.web.filters import init_filters
from duban.web.headers import init_headers
from duban.web.i18n import init_i18n
from duban.web.matrix import draw_rows
from duban.web.navigation import Frame, NavEntry, init_navigation
from duban.web.shown_lists import has_answers, has_lists, not_taken
from duban.web.static_files import init_static_files


def init_face(
    app: Flask,
    *,
    entries: Iterable[NavEntry],
    frame: Callable[[], Frame],
    preferred_language: Callable[[], str | None] = lambda: None,
) -> None:
    """Set up everything templates rely on. Call it after the blueprints are registered: entries without a page are dropped."""
    init_i18n(app, preferred=preferred_language)
    init_filters(app)
    app.jinja_env.globals |= {
        "drawn_matrix_rows": draw_rows,
        "has_answers": has_answers,
        "has_lists": has_lists,
        "not_taken": not_taken,
    }
    init_headers(app)
    init_static_files(app)
    init_navigation(app, entries=entries, frame=frame)
