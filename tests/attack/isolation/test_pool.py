"""Connections are shared, tenants are not: threads, exceptions and killed backends over a pool of two (A6)."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from time import monotonic
from uuid import UUID, uuid4

import pytest
from psycopg import Connection as Psycopg
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from duban.kernel import scope as kernel_scope
from duban.kernel.context import sign
from duban.kernel.db import make_engine
from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, TenantInfo, open_session, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.models import Placement, Unit
from tests.attack.isolation.test_context import KEY
from tests.binding import CONTEXT_KEY
from tests.cast import TENANTS as KINDS
from tests.conftest import NOW
from tests.statements import DELIBERATE

TENANTS, THREADS, POOL = 20, 4, 2
HUNDRED = {"nobody": 5, "exception": 10, "kill": 1, "commit": 9, "savepoint": 10, "rollback": 10, "plain": 55}
"""What a hundred requests do. Their order is thrown, their number is dealt: a share left to luck is too small some day."""

SEEN = f"SELECT DISTINCT tenant_id FROM unit {DELIBERATE}"


class OnPurposeError(Exception):
    """What a tenth of the requests end with."""


@pytest.fixture(scope="module")
def tenants(engine: Engine) -> list[TenantInfo]:
    """Twenty tenants with a unit each."""
    parts = read_parts(KINDS / "county")
    made = [
        provision(
            engine, slug=f"pool-{uuid4().hex[:12]}", name=f"县{n}", kind="county", time_zone="Asia/Shanghai", parts=parts, now=NOW
        )
        for n in range(TENANTS)
    ]
    for tenant in made:
        with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
            unit = Unit(
                id=new_id(),
                code="C",
                name="县",
                short_name="县",
                level="county",
                search="",
                path="1.",
                position=0,
                active_from=date(2000, 1, 1),
                sector="",
                children_made=0,
            )
            scope.add(unit)
            scope.session.flush()
            scope.add(Placement(unit_id=unit.id, line="territorial", path="1.", is_primary=True, active_from=date(2000, 1, 1)))
    return made


@pytest.fixture
def pooled(app_url: str) -> Iterator[Engine]:
    """An engine of two connections, as far as they reach."""
    engine = make_engine(app_url, context_key=CONTEXT_KEY, pool_size=POOL)
    engine.pool._max_overflow = 0
    engine.pool._timeout = 60
    yield engine
    engine.dispose()


class Traffic:
    """Requests of many tenants over few connections; `leaks` must stay empty."""

    def __init__(self, engine: Engine, tenants: list[TenantInfo], root: Psycopg, *, seed: int) -> None:
        self.engine, self.tenants, self.seed = engine, tenants, seed
        self.root, self.root_lock = root, threading.Lock()
        self.done: Counter[str] = Counter()
        self.leaks: list[str] = []
        event.listen(engine, "checkin", self._checked_in)

    def _checked_in(self, driver, _record) -> None:
        if driver is None or driver.closed:
            return
        left = driver.execute("SELECT current_setting('app.tenant', true)").fetchone()[0]
        driver.rollback()
        self.done["returned to the pool"] += 1
        if left:
            self.leaks.append("a context was left in a connection given back")

    def run(self, requests: int) -> None:
        dice = random.Random(self.seed)
        hundred = [deed for deed, share in HUNDRED.items() for _ in range(share)]
        deeds = [(deed, dice.choice(self.tenants)) for deed in hundred * (requests // 100)]
        dice.shuffle(deeds)
        threads = [threading.Thread(target=self._work, args=(deeds[n::THREADS],)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, deeds: list[tuple[str, TenantInfo]]) -> None:
        for deed, tenant in deeds:
            self.done["requests"] += 1
            try:
                self._request(deed, tenant)
            except OnPurposeError:
                self.done["ended by an exception"] += 1
            except DBAPIError as error:
                if not error.connection_invalidated and "terminating connection" not in str(error):
                    self.leaks.append(f"unexpected: {error}")
                self.done["lost their backend"] += 1
            except Exception as error:
                self.leaks.append(f"unexpected: {error!r}")

    def _request(self, deed: str, tenant: TenantInfo) -> None:
        if deed == "nobody":
            with open_session(self.engine, None) as session:
                self._expect(session, set())
            return
        with unit_of_work(self.engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
            session = scope.session
            self._expect(session, {tenant.id})
            if deed == "exception":
                raise OnPurposeError
            if deed == "kill":
                self._kill(session)
            elif deed == "commit":
                session.commit()  # a new transaction asks again
            elif deed == "savepoint":
                with suppress(OnPurposeError), session.begin_nested():
                    session.execute(text("SELECT set_config('app.tenant', '', true)"))
                    raise OnPurposeError
            elif deed == "rollback":
                session.rollback()
            self._expect(session, {tenant.id})

    def _expect(self, session: Session, wanted: set[UUID]) -> None:
        seen = set(session.scalars(text(SEEN)))
        self.done["looks"] += 1
        if seen != wanted:
            self.leaks.append(f"wanted {wanted}, saw {seen}")

    def _kill(self, session: Session) -> None:
        pid = session.connection().connection.driver_connection.info.backend_pid
        with self.root_lock:
            self.root.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        self.done["backends killed"] += 1


def drive(servers, engine: Engine, tenants: list[TenantInfo], requests: int, seed: int) -> Traffic:
    server, name = servers
    began = monotonic()
    with server.connect(database=name) as root:
        traffic = Traffic(engine, tenants, root, seed=seed)
        traffic.run(requests)
    print(
        f"pool of {POOL}, {THREADS} threads, {len(tenants)} tenants, seed {seed}, {monotonic() - began:.0f} s: {dict(traffic.done)}, {len(traffic.leaks)} leaks"
    )
    return traffic


def check(traffic: Traffic, requests: int) -> None:
    assert traffic.leaks == []
    assert traffic.done["requests"] == requests
    assert traffic.done["ended by an exception"] == requests * HUNDRED["exception"] // 100
    assert traffic.done["backends killed"] == requests * HUNDRED["kill"] // 100
    assert traffic.done["returned to the pool"] > requests * 0.8


def test_no_tenant_leaks_through_the_pool(servers, pooled: Engine, tenants: list[TenantInfo]) -> None:
    check(drive(servers, pooled, tenants, 1_000, seed=random.randrange(10**6)), 1_000)


@pytest.mark.nightly
def test_no_tenant_leaks_through_the_pool_in_ten_thousand_requests(servers, pooled: Engine, tenants: list[TenantInfo]) -> None:
    check(drive(servers, pooled, tenants, 10_000, seed=random.randrange(10**6)), 10_000)


@pytest.mark.parametrize("fault", ["a session's setting", "bound once per connection"])
def test_control_the_usual_mistakes_are_found(
    servers, pooled: Engine, tenants: list[TenantInfo], monkeypatch, fault: str
) -> None:
    """Positive control: with the binding broken as teams break it, the same traffic is red."""
    bound: set[int] = set()

    def mistaken(connection, tenant_id) -> None:
        driver = connection.connection.driver_connection
        if fault == "bound once per connection":
            if id(driver) in bound:
                return
            bound.add(id(driver))
        context = sign(KEY, tenant_id, backend_pid=driver.info.backend_pid)
        connection.execute(text("SELECT set_config('app.tenant', :c, false)"), {"c": context})

    monkeypatch.setattr(kernel_scope, "bind", mistaken)
    monkeypatch.setattr(kernel_scope, "unbind", lambda _connection: None)
    assert drive(servers, pooled, tenants, 200, seed=1).leaks != []


def test_a_session_s_setting_of_a_context_ends_where_the_next_work_begins(pooled: Engine, tenants: list[TenantInfo]) -> None:
    """Injected SQL can make its own context last in the connection; who comes next binds its own, or none."""
    mine, other = tenants[:2]
    for _ in range(POOL * 3):
        with unit_of_work(pooled, tenant=mine, actor=SYSTEM, now=NOW) as scope:
            scope.session.execute(text("SELECT set_config('app.tenant', current_setting('app.tenant'), false)"))
        with open_session(pooled, None) as session:
            assert session.scalars(text(SEEN)).all() == []
        with unit_of_work(pooled, tenant=other, actor=SYSTEM, now=NOW) as scope:
            assert scope.session.scalars(text(SEEN)).all() == [other.id]
            assert scope.session.scalars(select(Unit.id).where(Unit.tenant_id == mine.id)).all() == []
