"""Many at the door at once [C8]: nobody holds a database connection while hashing, and those who are in keep their threads."""

import re
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from duban.identity import doorway, passwords
from duban.identity.operations import sessions, sign_in
from duban.identity.rules.attempts import FAILURES_ALLOWED
from duban.web.errors import BUSY_SECONDS
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


def token_and_cookie(browser: FlaskClient) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sign-in").text)[1]


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is tested in tests/unit/identity/test_doorway.py; here it has ended."""
    monkeypatch.setattr(doorway.PEOPLE, "patience", 0)
    monkeypatch.setattr(doorway.OPERATORS, "patience", 0)


def full(door: doorway.Doorway) -> ExitStack:
    """Have every place of a door taken."""
    others = ExitStack()
    for _ in range(door.places):
        others.enter_context(door.passing())
    return others


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("同时登录的人太多", "不算输错密码")),
        ("en", ("Too many people are signing in", "does not count as a wrong password")),
    ],
)
def test_who_is_not_served_in_time_is_asked_to_come_back(
    world: World, no_patience: None, language: str, words: tuple[str, ...]
) -> None:
    browser = world.client()
    typed = {"slug": world.tenant.slug, "login": "vera", "password": PASSWORD, "csrf_token": token_and_cookie(browser)}
    with full(doorway.PEOPLE):
        page = browser.post(f"/sign-in?lang={language}", data=typed)
        program = browser.post("/api/v1/session", json={"tenant": typed["slug"], "login": "vera", "password": PASSWORD})
        assert world.client("tom").get("/units").status_code == 200  # those who are in notice nothing
    for answer in (page, program):
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, str(BUSY_SECONDS))
    assert 'value="vera"' in page.text
    assert PASSWORD not in page.text
    assert [word for word in words if word not in page.text] == []
    assert browser.post("/sign-in", data=typed).status_code == 302


def test_a_flood_of_the_people_s_door_does_not_shut_the_operator_out(world: World, no_patience: None) -> None:
    browser = world.client()
    operator = {"login": "x", "password": "y", "code": "1", "csrf_token": token_and_cookie(browser)}
    with full(doorway.PEOPLE):
        assert browser.post("/operator/sign-in", data=operator).status_code != 503
    with full(doorway.OPERATORS):
        answer = browser.post("/operator/sign-in", data=operator)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, str(BUSY_SECONDS))


def test_a_refusal_at_the_door_is_no_wrong_password(world: World, no_patience: None) -> None:
    browser = world.client()
    typed = {"slug": world.tenant.slug, "login": "vera", "password": PASSWORD, "csrf_token": token_and_cookie(browser)}
    with full(doorway.PEOPLE):
        assert {browser.post("/sign-in", data=typed).status_code for _ in range(FAILURES_ALLOWED + 2)} == {503}
    assert browser.post("/sign-in", data=typed).status_code == 302


def test_the_browser_an_account_was_signed_in_on_goes_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    real = doorway.PEOPLE.passing
    monkeypatch.setattr(doorway.PEOPLE, "passing", lambda device=None: seen.append(device) or real(device))
    browser = world.client()
    typed = {"slug": world.tenant.slug, "password": PASSWORD, "csrf_token": token_and_cookie(browser)}
    for login in ("vera", "vera", "tom"):
        browser.post("/sign-in", data=typed | {"login": login})
    assert seen[0] is None
    assert seen[1]
    assert seen[2] is None, "only for the account that has signed in there"
