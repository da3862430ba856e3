"""Whoever shows a password while signed in holds no database connection while it is hashed [C8]: at every door that asks for one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from duban.identity import operations, passwords, step_up
from duban.identity.errors import WrongPasswordError
from duban.identity.models import Credential
from duban.identity.rules.attempts import FAILURES_ALLOWED
from duban.identity.rules.sessions import FRESH_FOR
from duban.identity.weighty import ASKS_FOR_PASSWORD
from duban.kernel.clock import SetClock
from duban.kernel.ids import new_id
from duban.kernel.scope import get_owned
from tests.cast import PASSWORD, World
from tests.conditions import as_read
from tests.integration.letters.cast_letters import issue_all, letter_of
from tests.web.identity.test_proofs import door

NEW = "Plumtreeriver-1949"


@pytest.fixture(autouse=True)
def _time(world: World, app_clock: SetClock) -> None:
    app_clock.at = world.now


@dataclass
class Watched:
    """The hasher, noting how many connections are lent out each time it is asked."""

    app: Flask
    held: list[int]
    real: Any = passwords._hasher

    def _note(self) -> None:
        self.held.append(self.app.extensions["duban"].engine.pool.checkedout())

    def verify(self, password_hash: str, password: str) -> bool:
        self._note()
        return self.real.verify(password_hash, password)

    def hash(self, password: str) -> str:
        self._note()
        return self.real.hash(password)


@pytest.fixture
def held(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    watched = Watched(app, [])
    monkeypatch.setattr(passwords, "_hasher", watched)
    return watched.held


def hidden(page: str, action: str = "") -> dict[str, str]:
    """What a form of the page carries unseen: its token and the number of its rendering."""
    start = page.index(f'action="{action}"') if action else page.index('<form method="post"', page.index("<main"))
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[start : page.index("</form>", start)]))


def signing_page(app: Flask, world: World, app_clock: SetClock, password: str) -> tuple[FlaskClient, Callable[[], TestResponse]]:
    letter = issue_all(world)["T1"]
    browser = door(app, world, "tess")
    address = f"/letters/{letter}/sign"
    form = hidden(browser.get(address).text)
    assert form["once"]
    typed = form | {"digest": letter_of(world, letter).digest, "read": "1", "password": password}
    return browser, lambda: browser.post(address, data=typed)


def signing_program(
    app: Flask, world: World, app_clock: SetClock, password: str
) -> tuple[FlaskClient, Callable[[], TestResponse]]:
    letter = issue_all(world)["T1"]
    browser = world.client("tess")
    here, key = f"/api/v1/letters/{letter}", {"Idempotency-Key": new_id().hex}
    typed = {"digest": letter_of(world, letter).digest, "password": password}
    headers = as_read(browser, here) | key
    return browser, lambda: browser.post(f"{here}/sign", json=typed, headers=headers)


def asked_again(app: Flask, world: World, app_clock: SetClock, password: str) -> tuple[FlaskClient, Callable[[], TestResponse]]:
    browser = door(app, world, "vera")
    form = hidden(browser.get("/account/tokens").text, "/account/tokens/new")
    app_clock.at = world.now + FRESH_FOR
    typed = form | {"name": "数据交换平台", "scopes": "read", "days": "7", "_proof": password}
    return browser, lambda: browser.post("/account/tokens/new", data=typed)


def confirmed(app: Flask, world: World, app_clock: SetClock, password: str) -> tuple[FlaskClient, Callable[[], TestResponse]]:
    browser = world.client("vera")
    key = {"Idempotency-Key": new_id().hex, "Accept": "application/json"}
    return browser, lambda: browser.post("/api/v1/session/confirmation", json={"proof": password}, headers=key)


def changed(app: Flask, world: World, app_clock: SetClock, password: str) -> tuple[FlaskClient, Callable[[], TestResponse]]:
    browser = door(app, world, "vera")
    form = hidden(browser.get("/password").text)
    return browser, lambda: browser.post("/password", data=form | {"old": password, "new": NEW, "again": NEW})


DOORS = (signing_page, signing_program, asked_again, confirmed, changed)


@pytest.mark.parametrize("password", [PASSWORD, "wrong-password-1"])
@pytest.mark.parametrize("way", DOORS)
def test_no_connection_is_held_while_a_password_is_hashed(
    app: Flask, world: World, app_clock: SetClock, held: list[int], way: Callable[..., Any], password: str
) -> None:
    _, press = way(app, world, app_clock, password)
    held.clear()
    answer = press()
    print(f"{way.__name__}: {answer.status_code}, connections held at each hashing: {held}")
    assert (answer.status_code < 400) is (password == PASSWORD), answer.text[:500]
    assert held
    assert set(held) == {0}


@pytest.mark.parametrize("way", DOORS)
def test_control_hashed_inside_the_work_one_is_held(
    app: Flask, world: World, app_clock: SetClock, held: list[int], monkeypatch: pytest.MonkeyPatch, way: Callable[..., Any]
) -> None:
    monkeypatch.setattr(step_up, "_weigh", lambda *_: None)
    _, press = way(app, world, app_clock, PASSWORD)
    held.clear()
    assert press().status_code < 400
    assert held
    assert min(held) >= 1


def test_every_name_on_the_list_is_an_address_that_asks(app: Flask) -> None:
    assert set(ASKS_FOR_PASSWORD) <= set(app.view_functions)
    assert len(ASKS_FOR_PASSWORD) + 1 == len(DOORS), "and the page that asks again"


def test_what_was_weighed_opens_nothing_else(world: World) -> None:
    """The password and the hash it was compared with must still be what is judged."""
    with world.as_("vera") as scope:
        weighed = operations.weigh(scope, password=PASSWORD)
    with world.as_("vera") as scope, pytest.raises(WrongPasswordError):
        operations.confirm_password(scope, password="another-one-1949", weighed=weighed)
    with world.as_system() as scope:
        get_owned(scope, Credential, world.people["vera"]).password_hash = passwords.hash_password("another-one-1949")
    with world.as_("vera") as scope, pytest.raises(WrongPasswordError):
        operations.confirm_password(scope, password=PASSWORD, weighed=weighed)


def test_guesses_are_counted_all_the_same_and_a_locked_account_hashes_nothing(world: World, held: list[int]) -> None:
    browser = world.client("vera")
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    codes = [
        browser.post("/api/v1/session/confirmation", json={"proof": "wrong-password-1"}).json["code"]
        for _ in range(FAILURES_ALLOWED + 3)
    ]
    print(codes, len(held))
    assert codes == ["wrong-password"] * FAILURES_ALLOWED + ["locked-out"] * 3
    assert len(held) == FAILURES_ALLOWED
