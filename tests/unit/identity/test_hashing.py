"""Hashing takes half the processors at most, in all forked workers together, behind everything else, and no dead worker stops it."""

import fcntl
import multiprocessing
import os
import signal
import threading
from multiprocessing.synchronize import Barrier

import pytest

from duban.identity import passwords
from duban.identity.passwords import AT_ONCE

FORKED = multiprocessing.get_context("fork")


def meet(barrier: Barrier, patience: float) -> bool:
    """Inside a turn, wait for one more than may be inside together."""
    try:
        passwords._hashing.do(lambda: barrier.wait(patience))
    except threading.BrokenBarrierError:
        return False
    return True


def met(patience: float) -> list[bool]:
    """As many workers as may hash at once, and one more. Gives: which of them have met inside."""
    barrier, said = FORKED.Barrier(AT_ONCE + 1), FORKED.Queue()
    workers = [FORKED.Process(target=lambda: said.put(meet(barrier, patience))) for _ in range(AT_ONCE + 1)]
    [worker.start() for worker in workers]
    outcomes = [said.get(timeout=60) for _ in workers]
    [worker.join() for worker in workers]
    return outcomes


def test_never_more_than_half_the_processors_hash_whatever_the_number_of_workers() -> None:
    outcomes = met(patience=0.3)
    print(f"{AT_ONCE} may hash at once: {len(outcomes)} workers, met inside: {outcomes.count(True)}")
    assert not any(outcomes)


def test_control_without_turns_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    assert all(met(patience=30))


def test_a_thread_that_gets_no_turn_hashes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> int:
        raise OSError(24, "Too many open files")

    poor = passwords._Hashing()
    monkeypatch.setattr(os, "open", none_left)
    assert [poor.do(lambda: number) for number in range(3)] == [0, 1, 2]


def test_hashing_steps_back_behind_everything_else() -> None:
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    hashing = passwords._hashing.do(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert hashing == max(own, passwords._NICENESS)


def test_a_worker_killed_while_it_hashes_leaves_its_turn() -> None:
    inside = FORKED.Event()

    def hang() -> None:
        passwords._hashing.do(lambda: (inside.set(), threading.Event().wait()))

    workers = []
    for _ in range(AT_ONCE):
        inside.clear()
        workers.append(FORKED.Process(target=hang))
        workers[-1].start()
        assert inside.wait(60)
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
    assert passwords.matches(passwords.hash_password("x"), "x")
