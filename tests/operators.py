"""Operators of tests: fresh ones, come through the door, with both factors set up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from duban.console.desk import CONSOLE, Hand, at_desk
from duban.console.door import BEARER
from duban.console.operations import accounts
from duban.console.queries import find_at_work
from duban.kernel.scope import open_session
from tests.binding import FACTOR_KEYS

OPERATOR_PASSWORD = "keep-the-lights-on-7"


@dataclass(frozen=True)
class Come:
    """An operator who has come through the door: their login, first password and session token."""

    login: str
    password: str
    token: str


@dataclass(frozen=True)
class AtWork:
    """An operator with everything set up. A bearer token stands for the cookie and form token."""

    browser: FlaskClient
    login: str
    secret: str


def come(engine: Engine, *, now: datetime) -> Come:
    """Make an operator and let them in for the first time."""
    with at_desk(engine, hand=Hand(None, "terminal"), now=now) as desk:
        slip = accounts.create_operator(desk, login=f"op-{uuid4().hex[:10]}", name="值班员")
    arrival = accounts.Arrival(slip.login, slip.password, address=uuid4().hex)
    token = accounts.enter(engine, arrival, keys=FACTOR_KEYS, now=now)
    assert isinstance(token, str), token
    return Come(slip.login, slip.password, token)


def at_work(engine: Engine, app: Flask, *, now: datetime) -> AtWork:
    """Make an operator and set everything up."""
    new = come(engine, now=now)
    with open_session(engine, CONSOLE) as session:
        found = find_at_work(session, token=new.token, now=now)
    assert found is not None
    hand = Hand(found.id, found.name)
    with at_desk(engine, hand=hand, now=now) as desk:
        accounts.change_password(desk, old=new.password, new=OPERATOR_PASSWORD, session_id=found.session_id)
        secret = accounts.begin_factor(desk, keys=FACTOR_KEYS)
    with at_desk(engine, hand=hand, now=now) as desk:
        code = pyotp.TOTP(secret).at(now - timedelta(seconds=30))
        accounts.confirm_factor(desk, code=code, session_id=found.session_id, keys=FACTOR_KEYS)
    browser = app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {BEARER}{new.token}"
    return AtWork(browser, new.login, secret)
