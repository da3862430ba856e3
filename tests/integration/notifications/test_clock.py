"""The clock: one works, in every tenant, whatever happens in one of them; and the names of work are all bound."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from duban import worker
from duban.backup.schedule import DailyBackup
from duban.clock_process import Leadership, Rounds, run
from duban.kernel.clock import SetClock
from duban.kernel.ids import TenantId
from duban.kernel.jobs import JobName, Periodic
from duban.kernel.queue import ringer
from duban.kernel.runtime import Runtime
from duban.kernel.scope import Scope
from duban.kernel.settings import Settings
from duban.notifications import operations, queries
from duban.notifications.tasks import Courier
from tests.cast import World


@pytest.fixture
def runtime(make_courier: Callable[..., Courier]) -> Runtime:
    return make_courier().runtime


@pytest.fixture
def only_these(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock visit this test's tenants only: the database holds those of every test."""
    monkeypatch.setattr("duban.clock_process.list_tenants", lambda _session: [world.tenant, world.other])


def tell(world: World) -> None:
    with world.as_("tom") as scope:
        operations.tell(
            scope,
            recipients=[world.people["vera"]],
            template="请先登录。",
            subject_kind="test",
            subject_id=uuid4(),
            channels=("in_app",),
        )


def unread(world: World) -> int:
    with world.as_("vera") as scope:
        return queries.unread_count(scope)


def test_every_name_of_work_has_a_task() -> None:
    assert set(worker.JOBS) == set(JobName)
    assert len({task.name for task in worker.PERIODIC}) == len(worker.PERIODIC)


@pytest.mark.usefixtures("only_these")
class TestRounds:
    def test_wakes_a_worker_for_what_is_due(self, world: World, runtime: Runtime) -> None:
        rung: list[tuple[JobName, TenantId]] = []
        rounds = Rounds(runtime, ring=lambda name, tenant: rung.append((name, tenant)), periodic=())
        tell(world)
        rounds.go()
        assert rung == [(JobName.DELIVER, world.tenant.id)]

    def test_delivers_itself_what_nobody_came_for(self, world: World, runtime: Runtime, clock: SetClock) -> None:
        rounds = Rounds(runtime, ring=lambda *_: None, periodic=())
        tell(world)
        rounds.go()
        assert unread(world) == 0
        clock.at += timedelta(seconds=runtime.settings.sweep_seconds + 1)
        rounds.go()
        assert unread(world) == 1

    def test_one_tenants_trouble_does_not_stop_the_others(self, world: World, runtime: Runtime, clock: SetClock) -> None:
        visited: list[str] = []

        def task(scope: Scope) -> None:
            visited.append(scope.tenant.slug)
            if scope.tenant_id == world.tenant.id:
                raise ZeroDivisionError

        rounds = Rounds(runtime, ring=lambda *_: None, periodic=[Periodic("task", timedelta(minutes=5), task)])
        rounds.go()
        assert visited == [world.tenant.slug, world.other.slug]
        clock.at += timedelta(minutes=1)
        rounds.go()  # what failed is tried again, what was done waits its turn
        assert visited[2:] == [world.tenant.slug]
        clock.at += timedelta(minutes=5)
        rounds.go()
        assert visited[3:] == [world.tenant.slug, world.other.slug]


class TestLeadership:
    def test_is_held_by_one_until_it_is_gone(self, engine: Engine) -> None:
        first, second = Leadership(engine), Leadership(engine)
        assert (first.is_held(), second.is_held(), first.is_held()) == (True, False, True)
        first.give_up()
        assert second.is_held()
        second.give_up()

    def test_two_clocks_do_every_round_once(self, world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("duban.clock_process.list_tenants", lambda _session: [world.tenant])
        at_work, together, stop = threading.Semaphore(1), [], threading.Event()

        class Watched(Rounds):
            def go(self) -> None:
                together.append(at_work.acquire(blocking=False))
                super().go()
                at_work.release()
                if len(together) >= 3:
                    stop.set()

        fast = Runtime(
            settings=Settings(**{**vars(runtime.settings), "sweep_seconds": 1}), engine=runtime.engine, clock=runtime.clock
        )
        clocks = [
            threading.Thread(
                target=run,
                args=(fast, Watched(fast, ring=lambda *_: None, periodic=()), stop),
                kwargs={"daily": DailyBackup(fast.settings, fast.engine)},
            )
            for _ in range(2)
        ]
        for one in clocks:
            one.start()
        for one in clocks:
            one.join(timeout=20)
        assert together[:3] == [True, True, True]


def test_a_bell_that_is_not_heard_fails_nothing() -> None:
    ringer("redis://:wrong@127.0.0.1:1/0")(JobName.DELIVER, TenantId(uuid4()))


def test_goes_on_with_a_task_while_it_gives_a_whole_batch(world: World, runtime: Runtime, only_these: None) -> None:
    left, works = {world.tenant.id: 5, world.other.id: 0}, []

    def take_two(scope: Scope) -> int:
        done = min(2, left[scope.tenant_id])
        left[scope.tenant_id] -= done
        works.append((scope.tenant_id, scope.session))
        return done

    Rounds(runtime, ring=lambda *_: None, periodic=(Periodic("test", timedelta(minutes=1), take_two, batch=2),)).go()
    assert [tenant for tenant, _ in works].count(world.tenant.id) == 3  # two, two, one
    assert len({id(session) for tenant, session in works if tenant == world.tenant.id}) == 3  # each in a work of its own
    assert left[world.tenant.id] == 0
