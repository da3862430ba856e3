"""What SQL can put into `app.tenant`: nothing but this connection's own fresh signature opens a tenant (A5)."""

import random
import string
import time
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from duban.kernel import context
from duban.kernel.context import ContextKey, ContextRefusedError, check_key, new_key, sign
from duban.kernel.context_keys import TooManyKeysError, install_key, installed_keys, retire_other_keys
from duban.kernel.db import make_engine
from tests.binding import CONTEXT_KEY, bind
from tests.cast import World
from tests.statements import DELIBERATE

KEY = ContextKey.of(CONTEXT_KEY)
COUNT = f"SELECT count(*) FROM unit {DELIBERATE} WHERE true"


@pytest.fixture
def raw(app_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the application's role, as an injected statement finds it."""
    with psycopg.connect(app_url.replace("postgresql+psycopg", "postgresql")) as connection:
        yield connection


@pytest.fixture
def owner(owner_url: str) -> Iterator[Connection]:
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows_with(raw: psycopg.Connection, value: str, *, for_transaction: bool = True) -> tuple[object, int]:
    """Set the context by SQL and look: the tenant it names and the units it shows."""
    with raw.transaction(force_rollback=True):
        raw.execute("SELECT set_config('app.tenant', %s, %s)", (value, for_transaction))
        return raw.execute("SELECT app_tenant_id()").fetchone()[0], raw.execute(COUNT).fetchone()[0]


def flipped(value: str, place: int) -> str:
    """The same text with one character changed to another of its kind."""
    other = "0123456789abcdef".replace(value[place].lower(), "")[place % 15]
    return value[:place] + other + value[place + 1 :]


def forgeries(mine: UUID, theirs: UUID, pid: int, now: float) -> dict[str, str]:
    """Give every made-up context by name: plain ids, shapes, other keys, other processes, other times, one character off."""
    good, stranger = sign(KEY, theirs, backend_pid=pid, now=now), ContextKey.of(new_key())
    made = {
        "plain id": str(theirs),
        "plain id, 128 long": str(theirs).ljust(128, "0"),
        "no signature": good[:64],
        "empty signature": good[:64] + "0" * 64,
        "own signature on foreign tenant": good[:64] + sign(KEY, mine, backend_pid=pid, now=now)[64:],
        "SHA-256 without key": good[:64] + __import__("hashlib").sha256(good[:64].encode()).hexdigest(),
        "key id of nobody": "00000000" + good[8:],
        "key id with wildcard": "%" * 8 + good[8:],
        "upper case": good.upper(),
        "space before": " " + good[:-1],
        "space after": good[:-1] + " ",
        "one longer": good + "0",
        "one shorter": good[:-1],
        "twice": good * 2,
        "wide digits": good.replace("0", "０"),
        "quote": "'" + good[1:],
        "sql": "' OR true --".ljust(128, "x"),
        "null": "NULL".ljust(128),
        "newline": good[:64] + "\n" + good[65:],
        "unsigned star": "*" * 128,
        "other installation's key": sign(stranger, theirs, backend_pid=pid, now=now),
        "other key under our id": sign(ContextKey(KEY.id, stranger.secret), theirs, backend_pid=pid, now=now),
        "key id as secret": sign(ContextKey(KEY.id, KEY.id.encode()), theirs, backend_pid=pid, now=now),
        "empty secret": sign(ContextKey(KEY.id, b""), theirs, backend_pid=pid, now=now),
    }
    made |= {f"pid {other}": sign(KEY, theirs, backend_pid=other, now=now) for other in (0, 1, pid - 1, pid + 1, pid * 10, 2**31)}
    made |= {f"ended {ago} s ago": sign(KEY, theirs, backend_pid=pid, now=now - ago - 60) for ago in (2, 60, 3600, 10**6, 10**9)}
    made |= {f"character {place} changed": flipped(good, place) for place in range(128)}
    dice = random.Random(20261122)
    made |= {
        f"random {number}": "".join(dice.choices(string.printable[:94], k=dice.choice((36, 64, 127, 128, 128, 128, 129))))
        for number in range(60)
    }
    return made


def test_nothing_that_can_be_made_up_opens_a_tenant(world: World, raw: psycopg.Connection) -> None:
    pid, opened, tried = raw.info.backend_pid, [], 0
    for local in (True, False):
        for name, value in forgeries(world.tenant.id, world.other.id, pid, time.time()).items():
            tried += 1
            seen = rows_with(raw, value, for_transaction=local)
            if seen != (None, 0):
                opened.append((name, seen))
    print(f"{tried} forged contexts tried, {len(opened)} opened a tenant")
    assert opened == []
    assert tried >= 400
    # Positive control: the one true context does open it, so the attempts above failed for their own reason.
    tenant, units = rows_with(raw, sign(KEY, world.other.id, backend_pid=pid))
    assert tenant == world.other.id and units == 7


def test_a_context_taken_from_one_connection_does_not_work_in_another(
    world: World, raw: psycopg.Connection, engine: Engine
) -> None:
    with engine.begin() as connection:
        bind(connection, world.other.id)
        stolen = connection.execute(text("SELECT current_setting('app.tenant')")).scalar_one()
        assert rows_with(raw, stolen) == (None, 0)
        assert connection.execute(text(COUNT)).scalar() == 7


def test_what_has_begun_is_not_cut_short_and_what_begins_late_is(world: World, raw: psycopg.Connection, monkeypatch) -> None:
    monkeypatch.setattr(context, "LIFETIME_SECONDS", 1)
    soon_over = sign(KEY, world.other.id, backend_pid=raw.info.backend_pid)
    with raw.transaction():
        raw.execute("SELECT set_config('app.tenant', %s, true)", (soon_over,))
        raw.execute("SELECT pg_sleep(2.1)")
        assert raw.execute(COUNT).fetchone()[0] == 7
    assert rows_with(raw, soon_over) == (None, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM context_key",
        "SELECT count(*) FROM context_key",
        "SELECT inner_pad FROM public.context_key FOR SHARE",
        "UPDATE context_key SET id = 'x'",
        "DELETE FROM context_key",
        "TRUNCATE context_key",
        "INSERT INTO context_key (id, inner_pad, outer_pad) VALUES ('00000000', '', '')",
        "COPY context_key TO STDOUT",
        "CREATE TRIGGER t AFTER SELECT ON context_key EXECUTE FUNCTION f()",
        "ALTER FUNCTION app_tenant_id() OWNER TO duban_app",
        "CREATE OR REPLACE FUNCTION app_tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'",
        "ALTER POLICY tenant ON unit USING (true)",
        "ALTER TABLE unit DISABLE ROW LEVEL SECURITY",
        "SET ROLE duban_owner",
        "SET SESSION AUTHORIZATION duban_owner",
        "GRANT SELECT ON context_key TO duban_app",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT lo_export(1, '/tmp/x')",
        "COPY unit TO PROGRAM 'cat'",
    ],
)
def test_the_application_can_neither_read_the_key_nor_change_the_lock(raw: psycopg.Connection, statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.SyntaxError)):
        raw.execute(statement)


def test_a_temporary_function_or_table_does_not_take_the_lock_s_place(world: World, raw: psycopg.Connection) -> None:
    """`SET search_path` of the function: what a session puts first does not count."""
    raw.execute("CREATE TEMPORARY TABLE context_key (id text, inner_pad bytea, outer_pad bytea)")
    forged = ContextKey.of(new_key())
    inner, outer = forged.pads()
    raw.execute("INSERT INTO pg_temp.context_key VALUES (%s, %s, %s)", (forged.id, inner, outer))
    raw.execute("CREATE FUNCTION pg_temp.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    raw.execute("SET search_path = pg_temp, public, pg_catalog")
    assert rows_with(raw, sign(forged, world.other.id, backend_pid=raw.info.backend_pid)) == (None, 0)
    assert rows_with(raw, sign(KEY, world.other.id, backend_pid=1)) == (None, 0)


def test_planner_statistics_do_not_show_the_key(raw: psycopg.Connection, owner: Connection) -> None:
    owner.execute(text("ANALYZE context_key"))
    owner.commit()
    assert raw.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'context_key'").fetchone()[0] == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute("SELECT * FROM pg_statistic")


def test_an_engine_without_a_key_or_with_another_is_refused_loudly(world: World, app_url: str) -> None:
    for key, words in (("", "no context key"), (new_key(), "did not accept")):
        engine = make_engine(app_url, context_key=key)
        with engine.connect() as connection, pytest.raises(ContextRefusedError, match=words):
            context.bind(connection, world.tenant.id)
        with engine.connect() as connection, pytest.raises(ContextRefusedError):
            check_key(connection)
        engine.dispose()


def test_clocks_that_disagree_are_named(app_url: str, monkeypatch) -> None:
    engine = make_engine(app_url, context_key=CONTEXT_KEY)
    real = time.time
    monkeypatch.setattr(context.time, "time", lambda: real() - 3600)
    with engine.connect() as connection, pytest.raises(ContextRefusedError, match="36[0-9][0-9] s apart"):
        check_key(connection)
    engine.dispose()


def test_two_keys_serve_during_a_change_of_keys_and_then_one(servers, world: World, app_url: str, owner: Connection, raw) -> None:
    fresh, pid = ContextKey.of(new_key()), raw.info.backend_pid
    contexts = {key.id: sign(key, world.other.id, backend_pid=pid) for key in (KEY, fresh)}

    def accepted() -> list[str]:
        return [name for name, value in contexts.items() if rows_with(raw, value) == (world.other.id, 7)]

    assert accepted() == [KEY.id]
    try:
        install_key(owner, fresh)
        install_key(owner, fresh)
        owner.commit()
        assert accepted() == [KEY.id, fresh.id] and installed_keys(owner) == [KEY.id, fresh.id]
        with pytest.raises(TooManyKeysError):
            install_key(owner, ContextKey.of(new_key()))
        with pytest.raises(ContextRefusedError):
            retire_other_keys(owner, keep=ContextKey.of(new_key()))
        assert retire_other_keys(owner, keep=fresh) == [KEY.id]
        owner.commit()
        assert accepted() == [fresh.id]
    finally:
        install_key(owner, KEY)
        retire_other_keys(owner, keep=KEY)
        owner.commit()
    assert accepted() == [KEY.id]


def tenant_tables(connection: Connection) -> list[str]:
    return list(
        connection.execute(text("SELECT tablename FROM pg_policies WHERE policyname = 'tenant' ORDER BY tablename")).scalars()
    )


def test_every_table_asks_once_per_statement(owner: Connection, raw: psycopg.Connection) -> None:
    """EXPLAIN: the function stands in an InitPlan, not in a filter that runs for each row."""
    tables = tenant_tables(owner)
    for table in tables:
        plan = "\n".join(line for (line,) in raw.execute(f"EXPLAIN (VERBOSE) SELECT 1 FROM {table}").fetchall())
        above, _, below = plan.partition("InitPlan")
        assert "app_tenant_id()" in below and "app_tenant_id" not in above.split("InitPlan")[0], plan
        assert plan.count("app_tenant_id()") == 1, plan
    print(f"{len(tables)} tables: asked once per statement")
    assert len(tables) >= 36


def test_parallel_plans_see_the_same_rows(world: World, engine: Engine) -> None:
    """A parallel worker has another pid: the function must run in the leader, or rows would silently be missing."""
    with engine.connect() as connection:
        newer = connection.dialect.server_version_info >= (16,)
        connection.execute(text(f"SET {'debug_parallel_query' if newer else 'force_parallel_mode'} = on"))
        for setting in (
            "parallel_setup_cost = 0",
            "parallel_tuple_cost = 0",
            "min_parallel_table_scan_size = 0",
            "min_parallel_index_scan_size = 0",
        ):
            connection.execute(text(f"SET {setting}"))
        connection.commit()
        bind(connection, world.tenant.id)
        statements = (
            COUNT,
            COUNT + " AND EXISTS (SELECT 1 FROM placement p WHERE p.unit_id = unit.id AND p.tenant_id = unit.tenant_id)",
        )
        for statement in statements:
            assert connection.execute(text(statement)).scalar() == 7
        connection.invalidate()
