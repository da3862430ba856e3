"""Migrations on a database with people's data in it: nothing lost on the way up, and nobody held up while they wait."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from duban.audit.queries import verify
from duban.backup import database
from duban.kernel import migrating
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.migrating import downgrade, patiently, upgrade
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.kernel.settings import Settings
from duban.simulation.demo import ensure_demo
from duban.tenancy.queries import every_tenant
from tests.binding import CONTEXT_KEY
from tests.cast import build_world
from tests.conftest import NOW

FIRST = "0009_assessments"
"""The schema of the first release candidate, before isolation, second line and the rest."""


@pytest.fixture
def own(servers, worker_id):
    """A database of its own, migrated: its server and name."""
    server, _ = servers
    name = f"duban_filled_{worker_id}"
    server.drop_database(name)
    server.create_database(name)
    upgrade(server.url("duban_owner", name), context_key=CONTEXT_KEY)
    yield server, name
    server.drop_database(name)


def counts(server, name: str) -> dict[str, int]:
    with database.connected(server.url("duban_backup", name)) as connection:
        return {table: facts.rows for table, facts in database.table_facts(connection).items()}


def down_and_up(server, name: str) -> None:
    """Take everything since the first schema back, and do it again: what the first schema holds must all come through."""
    owner = server.url("duban_owner", name)
    before = counts(server, name)
    began = time.monotonic()
    downgrade(owner, FIRST)
    below = counts(server, name)
    upgrade(owner, context_key=CONTEXT_KEY)
    took = time.monotonic() - began
    after = counts(server, name)
    lost = {table: (before[table], after[table]) for table in below if before[table] != after[table] and "alembic" not in table}
    print(
        f"{len(below)} tables of the first schema with {sum(below.values()):,} rows, down and up in {took:.1f} s, {len(lost)} changed"
    )
    assert lost == {}
    assert sum(below.values()) > 50
    engine = make_engine(server.url("duban_app", name), context_key=CONTEXT_KEY)
    with open_session(engine, None) as session:
        tenants = every_tenant(session)
    for tenant in tenants:
        with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=SystemClock().now()) as scope:
            assert verify(scope).bad_seq is None
    engine.dispose()
    assert len(tenants) >= 2


def test_the_casts_data_comes_through_down_and_up(own, request) -> None:
    server, name = own
    engine = make_engine(server.url("duban_app", name), context_key=CONTEXT_KEY)
    build_world(engine, now=NOW, web=request)
    engine.dispose()
    down_and_up(server, name)


BEFORE_MASKING = "0023_indexes"
"""The schema before telephone numbers were masked and administrators were known by the tenant's roles."""
OLD_CATALOGUES = (
    (
        "UPDATE catalogue SET body = jsonb_set(body, '{items}', (SELECT jsonb_agg(item - 'duty' - 'guarded' ORDER BY place)"
        " FROM jsonb_array_elements(body->'items') WITH ORDINALITY AS listed(item, place))) WHERE part = 'roles'"
    ),
    (
        "UPDATE catalogue SET body = jsonb_set(body, '{text}', to_jsonb((SELECT string_agg(line, E'\\n' ORDER BY place)"
        " FROM string_to_table(body->>'text', E'\\n') WITH ORDINALITY AS listed(line, place) WHERE line NOT LIKE '%, phone, %')))"
        " WHERE part = 'policy'"
    ),
)


def catalogues(connection) -> dict[tuple[str, str], object]:
    """Give each tenant's roles as they are, of its policy the set of lines."""
    rows = connection.execute("SELECT tenant_id, part, body FROM catalogue WHERE part IN ('roles', 'policy')").fetchall()
    return {
        (str(tenant), part): body["items"]
        if part == "roles"
        else sorted(line for line in body["text"].splitlines() if line and not line.startswith("#"))
        for tenant, part, body in rows
    }


def test_a_tenant_from_before_the_masking_gets_its_lines_and_duties(own, request) -> None:
    server, name = own
    owner = server.url("duban_owner", name)
    engine = make_engine(server.url("duban_app", name), context_key=CONTEXT_KEY)
    build_world(engine, now=NOW, web=request)
    engine.dispose()
    duties = "SELECT id, duty FROM role_grant ORDER BY id"
    with server.connect(database=name) as connection:
        today, held = catalogues(connection), connection.execute(duties).fetchall()
    for turn in range(2):
        downgrade(owner, BEFORE_MASKING)
        with server.connect(database=name) as connection:
            assert connection.execute(duties).fetchall() == held
            if turn == 0:
                for statement in OLD_CATALOGUES:
                    connection.execute(statement)
                connection.commit()
                before = catalogues(connection)
                assert all(before[key] != today[key] for key in today)
        upgrade(owner, context_key=CONTEXT_KEY)
        with server.connect(database=name) as connection:
            after, again = catalogues(connection), connection.execute(duties).fetchall()
            unlike = connection.execute(
                "SELECT count(*) FROM tenant JOIN catalogue ON tenant_id = tenant.id AND part = 'policy'"
                " WHERE policy_digest <> encode(sha256(convert_to(body->>'text', 'UTF8')), 'hex')"
            ).fetchone()
        assert after == today
        assert (again, unlike) == (held, (0,))
    print(f"{len(today)} catalogues of {len(today) // 2} tenants, {sum(duty is not None for _, duty in held)} grants with a duty")
    assert len(today) >= 4
    assert {duty for _, duty in held} >= {"system", "security", "audit", None}


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_three_demo_tenants_come_through_down_and_up(own, tmp_path) -> None:
    server, name = own
    settings = Settings(
        database_url=server.url("duban_app", name),
        owner_database_url=server.url("duban_owner", name),
        context_key=CONTEXT_KEY,
        data_dir=str(tmp_path),
        demo=True,
    )
    ensure_demo(settings, say=print)
    down_and_up(server, name)


def alter(owner_url: str, lock_timeout: str) -> None:
    """A migration's typical statement: quick, but alone with the table."""
    engine = create_engine(owner_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('lock_timeout', :value, true)"), {"value": lock_timeout})
            connection.execute(text("ALTER TABLE heartbeat ADD COLUMN IF NOT EXISTS added text"))
    finally:
        engine.dispose()


def is_let_through(own, work, *, seconds: float) -> bool:
    """
    Somebody reads in one long transaction and `work` waits to have the table alone: does a read that comes then get its answer?

    Takes: `seconds` to wait for the answer, all of which are only spent where there is none.
    """
    server, name = own
    app = make_engine(server.url("duban_app", name), context_key=CONTEXT_KEY)
    answered = threading.Event()
    waits = "SELECT count(*) FROM pg_locks WHERE relation = 'heartbeat'::regclass AND NOT granted"

    def read() -> None:
        with app.connect() as connection:
            connection.execute(text("SELECT count(*) FROM heartbeat")).scalar()
        answered.set()

    migration, passer_by = threading.Thread(target=work), threading.Thread(target=read)
    with app.connect() as reader, server.connect(database=name) as watcher:
        reader.execute(text("SELECT count(*) FROM heartbeat"))
        migration.start()
        while watcher.execute(waits).fetchone() == (0,):
            time.sleep(0.02)
        passer_by.start()
        found = answered.wait(seconds)
    migration.join()
    passer_by.join()
    app.dispose()
    return found


def test_waiting_for_a_table_holds_nobody_up_for_long(own) -> None:
    server, name = own
    owner = server.url("duban_owner", name)
    attempts = []
    assert is_let_through(own, lambda: attempts.append(patiently(lambda: alter(owner, "1s"))), seconds=60)
    assert attempts[0] > 1
    # the control: one that waits with patience for its lock stops everybody behind it
    assert not is_let_through(own, lambda: alter(owner, "60s"), seconds=1.5)


def test_any_other_failure_is_not_tried_again() -> None:
    tries = []

    def broken() -> None:
        tries.append(1)
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    with pytest.raises(OperationalError):
        patiently(broken)
    assert len(tries) == 1
    assert migrating.ATTEMPTS > 5
