"""While the database is away every page says so, plainly and with 503; nothing hangs, and service returns by itself."""

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from duban.app import create_app, db
from duban.identity.door import session_key
from duban.identity.operations import start_session
from duban.identity.queries import get_person
from duban.kernel.clock import SetClock
from duban.kernel.scope import SYSTEM, unit_of_work
from tests.cast import build_world
from tests.conftest import NOW

PAGES = ("/", "/sign-in", "/notices/", "/api/v1/documents")


@pytest.fixture
def switch(settings, engine, request):
    """An application whose database can be switched off, and a signed-in browser."""
    app = create_app(replace(settings), clock=SetClock(NOW))
    world = build_world(engine, now=NOW, web=request)
    with unit_of_work(engine, tenant=world.tenant, actor=SYSTEM, now=NOW) as scope:
        token = start_session(scope, person=get_person(scope, world.people["vera"]), address="127.0.0.1", device="test")
    own = app.extensions["duban"].engine
    away = threading.Event()

    @event.listens_for(own, "before_cursor_execute")
    def refuse(_connection, _cursor, statement, *_rest):
        if away.is_set():
            raise OperationalError(statement, {}, Exception("server closed the connection unexpectedly"))

    browser = app.test_client()
    with app.app_context():
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {session_key(world.tenant.id, token)}"
    yield browser, away, own
    away.clear()
    with app.app_context():
        db.engine.dispose()


def test_every_page_says_so_and_comes_back(switch):
    browser, away, _ = switch
    before = {path: browser.get(path, headers={"Accept": "text/html"}).status_code for path in PAGES}
    assert 503 not in before.values() and 500 not in before.values(), before
    away.set()
    told = 0
    for path in PAGES:
        answer = browser.get(path, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
        if path == "/sign-in" and answer.status_code == before[path]:
            continue  # asks the database nothing
        assert answer.status_code == 503, (path, answer.status_code)
        assert answer.headers["Retry-After"] == "5"
        assert "系统正忙" in answer.text
        assert "Traceback" not in answer.text and "psycopg" not in answer.text
        told += 1
    assert told >= 3
    english = browser.get("/", headers={"Accept": "application/json", "Accept-Language": "en"})
    assert english.status_code == 503 and english.json["code"] == "http-503" and english.json["number"]
    supervisor = browser.application.test_client()
    assert supervisor.get("/healthz").status_code == 200
    assert supervisor.get("/readyz").status_code == 503
    away.clear()
    assert {path: browser.get(path, headers={"Accept": "text/html"}).status_code for path in PAGES} == before


def test_a_database_that_goes_away_in_the_middle_of_a_page_is_said_too(switch):
    browser, away, own = switch
    count = {"statements": 0}

    @event.listens_for(own, "after_cursor_execute")
    def go_away(*_):
        count["statements"] += 1
        if count["statements"] == 4:  # the session was found, the page is being read
            away.set()

    answer = browser.get("/", headers={"Accept": "text/html"})
    assert count["statements"] >= 4
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"


def test_when_every_connection_is_lent_out_the_next_is_told_within_seconds(switch):
    browser, _, own = switch
    held = []
    try:
        while len(held) < own.pool.size() + 10:
            held.append(own.connect())
        began = time.monotonic()
        answer = browser.get("/", headers={"Accept": "text/html"})
        took = time.monotonic() - began
    finally:
        for connection in held:
            connection.close()
    print(f"{len(held)} connections held: 503 after {took:.1f} s")
    assert answer.status_code == 503
    assert took < 15
    assert browser.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_a_host_that_is_not_ours_is_a_bad_request_not_a_defect(settings):
    app = create_app(replace(settings, base_url="https://duban.example.org", trusted_hosts="duban.example.org"))
    told = app.test_client().get("/sign-in", headers={"Host": "evil.example"})
    with app.app_context():
        db.engine.dispose()
    assert told.status_code == 400 and "evil" not in told.text
    assert app.test_client().get("/healthz", headers={"Host": "duban.example.org"}).status_code == 200
