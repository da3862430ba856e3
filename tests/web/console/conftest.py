"""Operators in front of a browser or a program."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from duban.kernel.clock import SetClock
from tests.conftest import NOW
from tests.operators import at_work


@pytest.fixture
def operator(engine: Engine, app: Flask, app_clock: SetClock) -> Callable[[], FlaskClient]:
    """Give the browser of a fresh operator who has everything set up. A bearer token stands for the cookie and form token."""

    def make() -> FlaskClient:
        app_clock.at = NOW
        made = at_work(engine, app, now=NOW)
        made.browser.environ_base["HTTP_ACCEPT"] = "text/html"
        made.browser.login, made.browser.secret = made.login, made.secret
        return made.browser

    return make
