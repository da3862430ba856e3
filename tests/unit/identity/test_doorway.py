"""The queue at the door [C8]: bounded, in order, those who are known first, and nobody waits for ever."""

import re
import threading
from collections.abc import Callable

import pytest

from duban.identity.doorway import OPERATORS, PEOPLE, Doorway
from duban.kernel.db import engine_options
from duban.kernel.errors import TooBusyError
from duban.kernel.settings import ROOT

LONG = 120.0


class People:
    """Threads that come to a door one after the other; each stays inside until it is let out."""

    def __init__(self, door: Doorway) -> None:
        self.door = door
        self.came_in: list[str] = []
        self.sent_away: list[str] = []
        self.outs: dict[str, threading.Event] = {}
        self.threads: dict[str, threading.Thread] = {}
        self.news = threading.Condition()

    def comes(self, name: str, device: str | None = None) -> None:
        """Let somebody come, until they are inside, seated or sent away."""
        before = self.settled()
        self.outs[name] = threading.Event()
        self.threads[name] = threading.Thread(target=self._pass, args=(name, device))
        self.threads[name].start()
        self.until(lambda: self.settled() > before)

    def _pass(self, name: str, device: str | None) -> None:
        try:
            with self.door.passing(device):
                with self.news:
                    self.came_in.append(name)
                self.outs[name].wait(LONG)
        except TooBusyError:
            self.sent_away.append(name)

    def settled(self) -> int:
        return len(self.came_in) + len(self.sent_away) + self.door.waiting

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what must happen; a test that hangs here is red by its time limit."""
        while not is_so():
            threading.Event().wait(0.001)

    def leaves(self, name: str) -> None:
        """Let somebody out; with somebody waiting, until the next is in."""
        expected = len(self.came_in) + (1 if self.door.waiting else 0)
        self.outs[name].set()
        self.threads[name].join()
        self.until(lambda: len(self.came_in) == expected)

    def all_leave(self) -> None:
        while remaining := [name for name in self.came_in if not self.outs[name].is_set()]:
            self.leaves(remaining[0])
        for thread in self.threads.values():
            thread.join()


def test_fifty_who_come_at_once_all_get_in_where_there_are_seats() -> None:
    door = Doorway(places=2, seats=48, for_strangers=48, patience=LONG)
    most, inside, lock, done = [0], [0], threading.Lock(), []

    def one() -> None:
        with door.passing():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            threading.Event().wait(0.001)
            with lock:
                inside[0] -= 1
                done.append(1)

    threads = [threading.Thread(target=one) for _ in range(50)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(f"50 at once: {len(done)} got in, at most {most[0]} at a time")
    assert (len(done), door.waiting) == (50, 0)
    assert most[0] <= 2


def test_strangers_are_served_in_the_order_they_came() -> None:
    people = People(Doorway(places=1, seats=5, for_strangers=5, patience=LONG))
    for name in "abcde":
        people.comes(name)
    people.all_leave()
    assert people.came_in == list("abcde")


def test_those_who_are_known_go_first_and_have_seats_strangers_cannot_take() -> None:
    people = People(Doorway(places=1, seats=4, for_strangers=2, patience=LONG))
    for name in ("in", "stranger 1", "stranger 2", "stranger 3"):
        people.comes(name)
    assert people.sent_away == ["stranger 3"]
    people.comes("known 1", "device 1")
    people.comes("known 2", "device 2")
    people.comes("known 3", "device 3")
    assert people.sent_away == ["stranger 3", "known 3"], "the seats are bounded for everybody"
    people.all_leave()
    assert people.came_in == ["in", "known 1", "known 2", "stranger 1", "stranger 2"]


def test_a_device_that_is_used_over_and_over_waits_like_a_stranger() -> None:
    people = People(Doorway(places=1, seats=4, for_strangers=2, patience=LONG))
    for name in ("in", "replay 1", "replay 2", "replay 3", "replay 4"):
        people.comes(name, "stolen")
    assert people.sent_away == ["replay 4"]
    people.comes("known", "own")
    people.all_leave()
    assert people.came_in == ["in", "replay 1", "known", "replay 2", "replay 3"]


def test_patience_ends_and_the_seat_is_free_again() -> None:
    door = Doorway(places=1, seats=1, for_strangers=1, patience=0.01)
    with door.passing():
        for _ in range(3):
            with pytest.raises(TooBusyError), door.passing():
                pytest.fail("nobody has left")
            assert door.waiting == 0
    with door.passing():
        assert door.waiting == 0


def test_whoever_fails_inside_leaves_the_place() -> None:
    door = Doorway(places=1, seats=0, for_strangers=0, patience=0)
    for _ in range(3):
        with pytest.raises(ValueError), door.passing():
            raise ValueError
    with door.passing(), pytest.raises(TooBusyError), door.passing("known"):
        pytest.fail("there are no seats")


def test_threads_and_connections_are_left_for_those_who_are_in() -> None:
    """Whoever changes one of these numbers sees here what they hang together with."""
    written = (ROOT / "config/gunicorn.conf.py").read_text(encoding="utf-8")
    threads = int(re.findall(r"(?m)^threads = (\d+)$", written)[0])
    options = engine_options(context_key="")
    connections = options["pool_size"] + options["max_overflow"]
    at_doors = PEOPLE.threads + OPERATORS.threads
    print(f"{threads} threads, {at_doors} of them can stand at the doors, {connections} connections")
    assert threads - at_doors >= 4
    assert connections > threads
    assert PEOPLE.for_strangers < PEOPLE.seats


def test_strangers_take_no_seat_at_the_operators_door() -> None:
    """Whoever floods it may be inside; the next is who has come through it from their browser before."""
    people = People(Doorway(places=OPERATORS.places, seats=OPERATORS.seats, for_strangers=OPERATORS.for_strangers, patience=LONG))
    people.comes("stranger")
    people.comes("another")
    people.comes("operator", device="desk-3")
    assert people.sent_away == ["another"]
    people.all_leave()
    assert people.came_in == ["stranger", "operator"]
