"""Many at the door at once [C8]: nobody holds a database connection while hashing, and those who are in keep their threads."""

import re
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine

from duban.identity import passwords
from duban.identity.operations import sessions, sign_in
from tests.cast import PASSWORD, World


def held_while_hashing(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sign in rightly, wrongly, and as nobody. Gives: connections lent out at each hashing."""
    held: list[int] = []
    real = passwords.matches

    def watched(password_hash: str | None, password: str) -> bool:
        held.append(engine.pool.checkedout() - before)
        return real(password_hash, password)

    monkeypatch.setattr(sessions, "matches", watched)
    for number, (login, password) in enumerate((("vera", PASSWORD), ("vera", "wrong"), ("nobody", "x"))):
        before = engine.pool.checkedout()
        with world.as_system() as scope:
            outcome = sign_in(scope, login=login, password=password, address=f"10.0.0.{number}", device="")
        assert isinstance(outcome, str) is (password == PASSWORD)
    return held


def test_no_connection_is_held_while_hashing(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    held = held_while_hashing(world, engine, monkeypatch)
    print(f"{len(held)} sign-ins, connections held while hashing: {held}")
    assert held == [0, 0, 0]


def test_control_without_letting_go_one_is_held(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "let_go", lambda _: None)
    assert held_while_hashing(world, engine, monkeypatch) == [1, 1, 1]


def test_a_password_changed_while_it_was_hashed_opens_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from duban.identity.models import Credential
    from duban.kernel.scope import get_owned

    real = passwords.matches

    def changed_meanwhile(password_hash: str | None, password: str) -> bool:
        right = real(password_hash, password)
        with world.as_system() as scope:
            get_owned(scope, Credential, world.people["vera"]).password_hash = passwords.hash_password("another-one-1949")
        return right

    monkeypatch.setattr(sessions, "matches", changed_meanwhile)
    with world.as_system() as scope:
        assert not isinstance(sign_in(scope, login="vera", password=PASSWORD, address="", device=""), str)


def test_who_comes_when_the_door_is_full_is_asked_to_come_back(world: World) -> None:
    browser = world.client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sign-in").text)[1]
    typed = {"slug": world.tenant.slug, "login": "vera", "password": PASSWORD, "csrf_token": token}
    with ExitStack() as others:
        for _ in range(passwords.DOORS):
            others.enter_context(passwords.doorway())
        page = browser.post("/sign-in", data=typed)
        program = browser.post("/api/v1/session", json={"tenant": typed["slug"], "login": "vera", "password": PASSWORD})
        operator = browser.post("/operator/sign-in", data={"login": "x", "password": "y", "code": "1", "csrf_token": token})
        assert world.client("tom").get("/units").status_code == 200  # those who are in notice nothing
    assert (page.status_code, program.status_code, operator.status_code) == (503, 503, 503)
    assert 'value="vera"' in page.text
    assert browser.post("/sign-in", data=typed).status_code == 302
