"""A server that is killed is started again however often; one that gives up by itself is not."""

import signal

import pytest

from duban.embedded.keeper import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, RECOVERY_SECONDS, Revivals

KILLED = -signal.SIGKILL
FAILED = 1


class Hours:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.at

    def pause(self, seconds: float) -> None:
        self.at += seconds
        self.pauses.append(seconds)


@pytest.fixture
def hours() -> Hours:
    return Hours()


def revivals(hours: Hours, *, allowed: bool = True) -> Revivals:
    return Revivals(allowed=allowed, now=hours.now, pause=hours.pause)


def test_a_hundred_kills_in_a_minute_do_not_wear_it_out(hours: Hours) -> None:
    kept = revivals(hours)
    for _ in range(100):
        hours.at += 0.1
        assert kept.is_due(KILLED)


def test_what_a_kill_left_behind_may_take_minutes_to_go_away(hours: Hours) -> None:
    """PostgreSQL refuses to start while a backend of the killed one holds its shared memory: forty times in a row, here."""
    kept = revivals(hours)
    assert kept.is_due(KILLED)
    for _ in range(40):
        hours.at += 0.2
        assert kept.is_due(FAILED)
    assert hours.pauses[-1] == LONGEST_PAUSE_SECONDS
    hours.at += 20
    assert kept.is_due(KILLED)
    assert hours.pauses[-1] == FIRST_PAUSE_SECONDS


def test_one_that_cannot_start_long_after_a_kill_is_let_go(hours: Hours) -> None:
    kept = revivals(hours)
    assert kept.is_due(KILLED)
    tries = 0
    while kept.is_due(FAILED):
        hours.at += 1
        tries += 1
    assert 60 < tries < RECOVERY_SECONDS


@pytest.mark.parametrize("code", [0, FAILED])
def test_one_that_ends_by_itself_is_not_started_again(hours: Hours, code: int) -> None:
    assert not revivals(hours).is_due(code)
    assert not hours.pauses


def test_nor_one_that_was_asked_to_end_after_a_kill(hours: Hours) -> None:
    kept = revivals(hours)
    assert kept.is_due(KILLED)
    assert not kept.is_due(0)


def test_nor_one_that_is_not_to_be_revived(hours: Hours) -> None:
    assert not revivals(hours, allowed=False).is_due(KILLED)
