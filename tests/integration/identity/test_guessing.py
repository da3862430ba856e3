"""Guessing in parallel, against the real database: five are looked at, however many come at once."""

import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from duban.identity import operations
from duban.identity.errors import LockedOutError, SignInRefusedError
from duban.identity.operations import sessions
from duban.identity.rules.attempts import LOCK
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import SYSTEM, unit_of_work
from tests.cast import PASSWORD, World

GUESSERS = 50
FEWER = 15
"""Where all of them go through, each needs two connections of the test's pool of twenty at times."""


def guess(
    world: World, login: str, password: str, *, address: str = "10.0.0.9", known: str | None = None
) -> str | AnticipatedError:
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        return operations.sign_in(scope, login=login, password=password, address=address, device="", known_device=known)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was compared with a hash."""
    seen: list[str] = []
    real = sessions.matches

    def watched(kept: str | None, password: str) -> bool:
        seen.append(password)
        return real(kept, password)

    monkeypatch.setattr(sessions, "matches", watched)
    return seen


def at_once(act: Callable[[int], object], count: int = GUESSERS) -> list[object]:
    gate = threading.Barrier(count)

    def one(number: int) -> object:
        gate.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize("login", ["vera", "nobody-of-that-name"])
def test_fifty_parallel_guesses_are_looked_at_five_times(world: World, looked_at: list[str], login: str) -> None:
    answers = at_once(lambda number: guess(world, login, f"wrong-password-{number}"))
    kinds = [type(answer).__name__ for answer in answers]
    print(f"{GUESSERS} guesses at once at {login}: {len(looked_at)} looked at, {kinds.count('LockedOutError')} turned away")
    assert len(looked_at) == 5
    assert kinds.count("SignInRefusedError") == 5
    assert kinds.count("LockedOutError") == GUESSERS - 5
    assert isinstance(guess(world, login, PASSWORD), LockedOutError), "the sixth, right one must be refused too"


def test_control_without_reserving_all_would_be_looked_at(
    world: World, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "reserve", lambda *_: None)
    at_once(lambda number: guess(world, "vera", f"wrong-password-{number}"), FEWER)
    print(f"without reserving: {len(looked_at)} of {FEWER} looked at")
    assert len(looked_at) == FEWER


def test_fifty_parallel_questions_for_the_password_are_looked_at_five_times(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duban.identity import passwords

    seen: list[str] = []
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda kept, password: seen.append(password) or real(kept, password))

    def ask(number: int) -> str:
        try:
            with world.as_("vera") as scope:
                operations.confirm_password(scope, password=f"wrong-password-{number}")
        except AnticipatedError as error:
            return error.code
        return "right"

    codes = at_once(ask, 15)
    assert (len(seen), codes.count("locked-out")) == (5, 10)


def test_a_lock_ends_by_time_to_the_second(world: World) -> None:
    for _ in range(5):
        guess(world, "vera", "wrong-password-1")

    def later(seconds: float) -> str | AnticipatedError:
        at = world.later(seconds=LOCK.total_seconds() + seconds)
        with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=at) as scope:
            return operations.sign_in(scope, login="vera", password=PASSWORD, address="10.0.0.9", device="")

    assert isinstance(later(-1), LockedOutError)
    assert isinstance(later(0), str)


class TestNobodyIsLockedOutOnPurpose:
    def test_a_device_known_to_the_account_is_counted_by_itself(self, world: World) -> None:
        for _ in range(5):
            guess(world, "vera", "wrong-password-1")
        assert isinstance(guess(world, "vera", PASSWORD), LockedOutError)
        assert isinstance(guess(world, "vera", PASSWORD, known="her-computer"), str)

    def test_a_known_device_has_five_guesses_and_no_more(self, world: World, looked_at: list[str]) -> None:
        at_once(lambda number: guess(world, "vera", f"wrong-password-{number}", known="stolen"), 20)
        assert len(looked_at) == 5
        assert isinstance(guess(world, "vera", PASSWORD, known="stolen"), LockedOutError)

    def test_one_address_trying_many_accounts_is_stopped(self, world: World) -> None:
        outcomes = [guess(world, f"somebody{number}", "wrong-password-1", address="10.9.9.9") for number in range(102)]
        refused = sum(isinstance(one, SignInRefusedError) for one in outcomes)
        assert (refused, isinstance(outcomes[-1], LockedOutError)) == (100, True)
        assert isinstance(guess(world, "tom", PASSWORD, address="10.9.9.9"), LockedOutError)
        assert isinstance(guess(world, "tom", PASSWORD, address="10.9.9.9", known="his-computer"), str)
        assert isinstance(guess(world, "tom", PASSWORD, address="10.1.1.1"), str)

    def test_signing_in_takes_the_count_back(self, world: World) -> None:
        for _ in range(3):
            for _ in range(4):
                guess(world, "vera", "wrong-password-1")
            assert isinstance(guess(world, "vera", PASSWORD), str)


def test_unknown_logins_cost_the_same_work(world: World) -> None:
    """The figure is printed, not judged: this machine is shared. What is judged is that both do the same work."""
    statements: dict[str, list[str]] = {}
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    guess(world, "tom", "wrong-password-1")  # the tenant's first act makes the head of its audit
    for kind, login in (("known", "vera"), ("unknown", "nobody")):
        heard: list[str] = []

        def hear(_connection: object, _cursor: object, statement: str, *_rest: object, heard: list[str] = heard) -> None:
            heard.append(statement.split("WHERE", maxsplit=1)[0])

        event.listen(world.engine, "before_cursor_execute", hear)
        guess(world, login, "wrong-password-1")
        event.remove(world.engine, "before_cursor_execute", hear)
        statements[kind] = heard
    for number in range(60):
        for kind, login in (("known", "vera"), ("unknown", "nobody")):
            began = time.perf_counter()
            guess(world, login, "wrong-password-1", known=f"device-{number}")
            times[kind].append(time.perf_counter() - began)
    known, unknown = (statistics.median(times[kind]) * 1000 for kind in ("known", "unknown"))
    print(f"2 × 60 refusals: median known {known:.1f} ms, unknown {unknown:.1f} ms, difference {abs(known - unknown):.1f} ms")
    assert statements["known"] == statements["unknown"]
    assert len(statements["known"]) > 5
