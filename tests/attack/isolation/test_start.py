"""A process refuses to start with a role, a server or a key that would not keep tenants apart (A2)."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine

from duban.app import create_app
from duban.embedded import postgres
from duban.kernel.context import ContextRefusedError, new_key
from duban.kernel.db import make_engine
from duban.kernel.role_rights import OldServerError, harmful_rights, refuse_old_server
from duban.kernel.runtime import UnsafeRoleError, check_database
from duban.kernel.settings import Settings
from tests.binding import CONTEXT_KEY

# What is done to the role or the database, what the refusal says, and how it is taken back.
HARM = {
    "superuser": ("ALTER ROLE duban_app SUPERUSER", "is superuser", "ALTER ROLE duban_app NOSUPERUSER"),
    "bypassrls": ("ALTER ROLE duban_app BYPASSRLS", "bypasses row-level security", "ALTER ROLE duban_app NOBYPASSRLS"),
    "createrole": ("ALTER ROLE duban_app CREATEROLE", "may make roles", "ALTER ROLE duban_app NOCREATEROLE"),
    "createdb": ("ALTER ROLE duban_app CREATEDB", "may make databases", "ALTER ROLE duban_app NOCREATEDB"),
    "replication": ("ALTER ROLE duban_app REPLICATION", "replication", "ALTER ROLE duban_app NOREPLICATION"),
    "member of the owner": (
        "GRANT duban_owner TO duban_app",
        "has the rights of duban_owner",
        "REVOKE duban_owner FROM duban_app",
    ),
    "member of a server role": (
        "GRANT pg_read_all_data TO duban_app",
        "pg_read_all_data",
        "REVOKE pg_read_all_data FROM duban_app",
    ),
    "owner of a table": (
        "ALTER TABLE unit OWNER TO duban_app",
        "unit, uq_unit",
        "ALTER TABLE unit OWNER TO duban_owner; GRANT SELECT, INSERT, UPDATE ON unit TO duban_app",
    ),
    "owner of the schema": (
        "ALTER SCHEMA public OWNER TO duban_app",
        "owns schema public",
        "ALTER SCHEMA public OWNER TO pg_database_owner",
    ),
    "maker of objects": (
        "GRANT CREATE ON SCHEMA public TO duban_app",
        "may make objects in schema public",
        "REVOKE CREATE ON SCHEMA public FROM duban_app",
    ),
    "truncate": (
        "GRANT TRUNCATE ON unit TO duban_app",
        "may TRUNCATE, REFERENCE or TRIGGER unit",
        "REVOKE TRUNCATE ON unit FROM duban_app",
    ),
    "references": (
        "GRANT REFERENCES ON unit TO duban_app",
        "may TRUNCATE, REFERENCE or TRIGGER unit",
        "REVOKE REFERENCES ON unit FROM duban_app",
    ),
    "trigger": (
        "GRANT TRIGGER ON unit TO PUBLIC",
        "may TRUNCATE, REFERENCE or TRIGGER unit",
        "REVOKE TRIGGER ON unit FROM PUBLIC",
    ),
    "reader of keys": (
        "GRANT SELECT ON context_key TO duban_app",
        "context keys in context_key",
        "REVOKE SELECT ON context_key FROM duban_app",
    ),
    "reader of a key's column": (
        "GRANT SELECT (inner_pad) ON context_key TO duban_app",
        "context keys in context_key",
        "REVOKE SELECT (inner_pad) ON context_key FROM duban_app",
    ),
    "writer of keys": (
        "GRANT INSERT ON context_key TO duban_app",
        "context keys in context_key",
        "REVOKE INSERT ON context_key FROM duban_app",
    ),
    "view": (
        "CREATE VIEW peep AS SELECT * FROM unit; GRANT SELECT ON peep TO duban_app",
        "past row-level security through peep",
        "DROP VIEW peep",
    ),
    "materialised view": (
        "CREATE MATERIALIZED VIEW peep AS SELECT * FROM unit; GRANT SELECT ON peep TO duban_app",
        "past row-level security through peep",
        "DROP MATERIALIZED VIEW peep",
    ),
    "partition": (
        "CREATE TABLE peep (tenant_id uuid) PARTITION BY HASH (tenant_id); CREATE TABLE peep_0 PARTITION OF peep FOR VALUES WITH (MODULUS 1, REMAINDER 0); GRANT SELECT ON peep_0 TO duban_app",
        "past row-level security through peep_0",
        "DROP TABLE peep",
    ),
    "definer function": (
        "CREATE FUNCTION peep() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
        "may run with its owner's rights peep()",
        "DROP FUNCTION peep()",
    ),
    "table without policy": (
        "CREATE TABLE peep (tenant_id uuid, id uuid); GRANT SELECT ON peep TO duban_app",
        "open to every tenant, peep",
        "DROP TABLE peep",
    ),
    "policy of a plain setting": (
        "ALTER POLICY tenant ON unit USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))",
        "open to every tenant, unit",
        "ALTER POLICY tenant ON unit USING (tenant_id = (SELECT app_tenant_id()))",
    ),
    "policy gone": (
        "DROP POLICY tenant ON unit",
        "open to every tenant, unit",
        "CREATE POLICY tenant ON unit AS RESTRICTIVE FOR ALL USING (tenant_id = (SELECT app_tenant_id())) WITH CHECK (tenant_id = (SELECT app_tenant_id()))",
    ),
    "row-level security off": (
        "ALTER TABLE unit DISABLE ROW LEVEL SECURITY",
        "open to every tenant, unit",
        "ALTER TABLE unit ENABLE ROW LEVEL SECURITY",
    ),
    "row-level security not forced": (
        "ALTER TABLE unit NO FORCE ROW LEVEL SECURITY",
        "open to every tenant, unit",
        "ALTER TABLE unit FORCE ROW LEVEL SECURITY",
    ),
}


@pytest.fixture(scope="module")
def place(servers) -> Iterator[tuple[postgres.PostgresServer, str]]:
    """A database of its own: what is done to it must not meet other tests."""
    from duban.kernel.migrating import upgrade

    server, name = servers
    database = f"{name}_start"
    server.drop_database(database)
    server.create_database(database)
    upgrade(server.url(postgres.OWNER_ROLE, database), context_key=CONTEXT_KEY)
    yield server, database
    server.drop_database(database)


def start(server: postgres.PostgresServer, database: str) -> None:
    engine = make_engine(server.url(postgres.APP_ROLE, database), context_key=CONTEXT_KEY)
    try:
        check_database(engine)
    finally:
        engine.dispose()


ROLE_WIDE = ("superuser", "bypassrls", "createrole", "createdb", "replication", "member of the owner", "member of a server role")


@pytest.mark.parametrize("name", [name for name in HARM if name not in ROLE_WIDE])
def test_refuses_what_is_wrong_in_the_database(place, name: str) -> None:
    server, database = place
    harm, words, cure = HARM[name]
    start(server, database)
    with server.connect(database=database) as root:
        root.execute("SET ROLE duban_owner" if "OWNER" not in harm else "RESET ROLE")
        root.execute(harm)
        try:
            with pytest.raises(UnsafeRoleError) as refusal:
                start(server, database)
            assert words in str(refusal.value)
        finally:
            root.execute(cure)
    start(server, database)


@pytest.mark.parametrize("name", ROLE_WIDE)
def test_refuses_what_is_wrong_with_the_role(tmp_path, place, name: str) -> None:
    """Roles are the whole server's, and other workers of this run use it: a transaction that is rolled back asks the question."""
    server, database = place
    harm, words, _ = HARM[name]
    with server.connect(database=database) as root:
        root.execute("CREATE ROLE duban_harm LOGIN")
        try:
            root.execute(harm.replace("duban_app", "duban_harm"))
            engine = create_engine(server.url("duban_harm", database))
            with engine.connect() as connection:
                assert any(words in one for one in harmful_rights(connection))
            with pytest.raises(UnsafeRoleError, match=words):
                check_database(engine)
            engine.dispose()
        finally:
            root.execute(sql.SQL("DROP OWNED BY duban_harm"))
            root.execute("DROP ROLE duban_harm")


def test_the_web_application_refuses_too(place, tmp_path) -> None:
    server, database = place
    for role, key, error in (
        (postgres.OWNER_ROLE, CONTEXT_KEY, UnsafeRoleError),
        (postgres.SUPERUSER, CONTEXT_KEY, UnsafeRoleError),
        (postgres.APP_ROLE, new_key(), ContextRefusedError),
        (postgres.APP_ROLE, "", ContextRefusedError),
    ):
        with pytest.raises(error):
            create_app(Settings(database_url=server.url(role, database), data_dir=str(tmp_path), context_key=key))


def test_a_database_not_migrated_yet_is_named(servers) -> None:
    server, name = servers
    server.drop_database(f"{name}_bare")
    server.create_database(f"{name}_bare")
    with pytest.raises(ContextRefusedError, match="duban migrate"):
        start(server, f"{name}_bare")
    server.drop_database(f"{name}_bare")


@pytest.mark.parametrize(
    ("number", "refused"),
    [
        (140020, True),
        (150013, True),
        (150014, False),
        (160009, True),
        (160010, False),
        (170005, True),
        (170006, False),
        (180000, False),
        (190000, False),
    ],
)
def test_an_old_server_is_refused(number: int, refused: bool) -> None:
    class Connection:
        def execute(self, _statement):
            return self

        def scalar_one(self):
            return str(number)

    if refused:
        with pytest.raises(OldServerError, match="PostgreSQL"):
            refuse_old_server(Connection())
    else:
        refuse_old_server(Connection())


def test_control_every_harm_is_tried(place) -> None:
    print(f"{len(HARM)} harmful settings, each refused at the start")
    assert len(HARM) >= 24 and psycopg is not None
