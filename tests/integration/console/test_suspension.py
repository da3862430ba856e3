"""Suspension: the tenant's background work waits, nothing of it is lost, and it is done on resumption."""

from datetime import timedelta
from uuid import uuid4

import pytest

from duban import worker
from duban.audit.models import AuditCheck
from duban.clock_process import Rounds
from duban.console.anchoring import being_deleted
from duban.console.operations import orders, tenants
from duban.console.queries import get_order
from duban.console.states import OrderState
from duban.console.steward import carry_out
from duban.kernel.clock import SetClock
from duban.kernel.jobs import JobName, Periodic
from duban.kernel.runtime import Runtime
from duban.kernel.scope import open_session
from duban.kernel.settings import Settings
from duban.notifications import operations, queries
from duban.tenancy.queries import closed_tenants, list_tenants, registered_tenants
from tests.cast import World
from tests.integration.console.test_archives import fill, order_state


@pytest.fixture
def only_these(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock see this test's tenants only, those that are open."""
    own = {world.tenant.id, world.other.id}
    monkeypatch.setattr(
        "duban.clock_process.list_tenants", lambda session: [one for one in list_tenants(session) if one.id in own]
    )


def tell(world: World, n: int) -> None:
    for _ in range(n):
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


@pytest.mark.usefixtures("only_these")
def test_jobs_wait_and_are_done_after_resumption(engine, settings: Settings, world: World, office) -> None:
    clock, visited, rung = SetClock(world.now), [], []
    runtime = Runtime(settings=settings, engine=engine, clock=clock)
    note = Periodic("test", timedelta(seconds=1), lambda scope: visited.append(scope.tenant_id))
    rounds = Rounds(runtime, ring=lambda name, tenant: rung.append((name, tenant)), periodic=(note,))
    tell(world, 5)
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="检修")
    for _ in range(4):
        clock.at += timedelta(seconds=settings.sweep_seconds + 1)
        rounds.go()
    assert set(visited) == {world.other.id}
    assert (rung, unread(world)) == ([], 0)
    with office.at("ann") as desk:
        tenants.resume(desk, tenant_id=world.tenant.id)
    rounds.go()
    assert world.tenant.id in visited
    clock.at += timedelta(seconds=settings.sweep_seconds + 1)
    rounds.go()
    print(f"5 messages waited through 4 rounds of suspension; {unread(world)} delivered after")
    assert unread(world) == 5


def test_a_job_already_rung_for_finds_no_open_tenant(engine, world: World, office) -> None:
    """What RQ calls looks the tenant up again among the open ones: a closed one is no error, and nothing is done in it."""
    tell(world, 1)
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="检修")
    with open_session(engine, None) as session:
        assert world.tenant.id not in {one.id for one in list_tenants(session)}
        assert world.tenant.id in {one.id for one in registered_tenants(session)}
    assert JobName.DELIVER in worker.JOBS


def test_a_deletion_that_stumbles_is_gone_on_with(engine, office, world: World, means, monkeypatch) -> None:
    fill(world, means)
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="x")
        order_id = orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug).id
    with office.at("bob") as desk:
        orders.confirm_order(desk, order_id=order_id, typed_slug=world.tenant.slug)

    def refuse(*_: object) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as broken:
        broken.setattr("duban.console.erasing._erase_files", refuse)
        assert carry_out(means, only=[order_id]) == [order_id]
    stumbled = order_state(engine, order_id)
    assert (stumbled.state, stumbled.outcome["error"]) == ("running", "OSError")
    with pytest.raises(Exception, match="任务"), office.at("ann") as desk:
        tenants.resume(desk, tenant_id=world.tenant.id)
    assert carry_out(means, only=[order_id]) == []  # not at once
    office.later(minutes=2)
    assert carry_out(means, only=[order_id]) == [order_id]
    assert order_state(engine, order_id).state == "done"
    assert list(means.store.keys(world.tenant.id)) == []


def checked_at(world: World):
    with world.as_system() as scope:
        kept = scope.session.get(AuditCheck, world.tenant.id)
        return kept.checked_at if kept else None


@pytest.mark.usefixtures("only_these")
def test_the_record_of_a_suspended_tenant_is_watched_but_not_while_it_is_deleted(
    engine, settings: Settings, world: World, office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(world.now)
    rounds = Rounds(Runtime(settings=settings, engine=engine, clock=clock), ring=lambda *_: None, periodic=())
    monkeypatch.setattr(
        "duban.clock_process.closed_tenants",
        lambda session: [one for one in closed_tenants(session) if one.id == world.tenant.id],
    )
    rounds.go()
    assert checked_at(world) is None  # open: its own periodic work, of which there is none here, does it
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="检修")
    rounds.go()
    assert checked_at(world) == clock.at
    before = clock.at
    with office.at("ann") as desk:
        order = orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug)
        desk.session.flush()
        order.state = OrderState.RUNNING.value
    assert world.tenant.id in being_deleted(engine)
    clock.at += timedelta(minutes=10)
    rounds.go()
    assert checked_at(world) == before
    with office.at("ann") as desk:  # nobody's steward shall take it up
        get_order(desk.session, order.id, lock=True).state = OrderState.CANCELLED.value
