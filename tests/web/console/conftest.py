"""Operators in front of a browser or a program."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from duban.console.desk import CONSOLE, Hand, at_desk
from duban.console.operations import accounts
from duban.console.queries import find_at_work
from duban.kernel.clock import SetClock
from duban.kernel.scope import open_session
from tests.binding import FACTOR_KEYS
from tests.conftest import NOW

PASSWORD = "keep-the-lights-on-7"


@pytest.fixture
def operator(engine: Engine, app: Flask, app_clock: SetClock) -> Callable[[], FlaskClient]:
    """Give the browser of a fresh operator who has everything set up. A bearer token stands for the cookie and form token."""

    def make() -> FlaskClient:
        now = app_clock.at = NOW
        with at_desk(engine, hand=Hand(None, "terminal"), now=now) as desk:
            slip = accounts.create_operator(desk, login=f"op-{uuid4().hex[:10]}", name="值班员")
        with at_desk(engine, hand=Hand(None, "terminal"), now=now) as desk:
            token = accounts.sign_in(
                desk, login=slip.login, password=slip.password, code="", address="", device="", keys=FACTOR_KEYS
            )
        with open_session(engine, CONSOLE) as session:
            found = find_at_work(session, token=token, now=now)
        hand = Hand(found.id, found.name)
        with at_desk(engine, hand=hand, now=now) as desk:
            accounts.change_password(desk, old=slip.password, new=PASSWORD, session_id=found.session_id)
            secret = accounts.begin_factor(desk, keys=FACTOR_KEYS)
        with at_desk(engine, hand=hand, now=now) as desk:
            accounts.confirm_factor(
                desk, code=pyotp.TOTP(secret).at(now - timedelta(seconds=30)), session_id=found.session_id, keys=FACTOR_KEYS
            )
        browser = app.test_client()
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer op_{token}"
        browser.environ_base["HTTP_ACCEPT"] = "text/html"
        browser.login, browser.secret = slip.login, secret
        return browser

    return make
