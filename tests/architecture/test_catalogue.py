"""Read from the database itself: every table is a tenant's or listed as global, and the application role can do no harm."""

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from duban.app import import_models
from duban.kernel.migrating import current_revision, differences, downgrade, newest_revision, upgrade
from duban.kernel.table_lists import GLOBAL_TABLES


@pytest.fixture
def owner(owner_url: str):
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def tables(connection: Connection) -> set[str]:
    return set(
        connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind IN ('r','p') AND relnamespace = 'public'::regnamespace")
        ).scalars()
    )


def test_every_tenant_table_has_its_three_locks(owner: Connection) -> None:
    checked = 0
    for table in sorted(tables(owner) - GLOBAL_TABLES.keys()):
        enabled, forced = owner.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = to_regclass(:t)"), {"t": table}
        ).one()
        assert (enabled, forced) == (True, True), table
        policies = owner.execute(
            text("SELECT permissive, qual, with_check FROM pg_policies WHERE tablename = :t"), {"t": table}
        ).all()
        restrictive = [row for row in policies if row.permissive == "RESTRICTIVE"]
        assert len(restrictive) == 1, table
        assert restrictive[0].qual == "(tenant_id = ( SELECT app_tenant_id() AS app_tenant_id))", table
        assert restrictive[0].qual == restrictive[0].with_check, table
        key = owner.execute(
            text(
                "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
                "WHERE i.indrelid = to_regclass(:t) AND i.indisprimary"
            ),
            {"t": table},
        ).scalar()
        assert key == "tenant_id", table
        checked += 1
    print(f"{checked} tenant tables checked")
    assert checked >= 9


def test_every_link_and_every_unique_rule_stays_inside_the_tenant(owner: Connection) -> None:
    rows = owner.execute(
        text(
            "SELECT c.conrelid::regclass::text AS tab, c.conname, c.contype, c.confrelid::regclass::text AS target, c.confdeltype, "
            "ARRAY(SELECT a.attname::text FROM unnest(c.conkey) k JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k) AS cols "
            "FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('f','u','p')"
        )
    ).all()
    for row in rows:
        if row.tab in GLOBAL_TABLES:
            continue
        assert "tenant_id" in row.cols, (row.tab, row.conname)
        if row.contype == "f":
            assert row.confdeltype == "a", f"{row.tab}.{row.conname} cascades"
    for row in owner.execute(
        text(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'"
        )
    ):
        assert row.tablename in GLOBAL_TABLES or "tenant_id" in row.indexdef, row.indexname


def test_the_application_role_is_harmless(owner: Connection) -> None:
    role = owner.execute(
        text("SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'duban_app'")
    ).one()
    assert not any(role)
    assert owner.execute(text("SELECT count(*) FROM pg_class WHERE relowner = 'duban_app'::regrole")).scalar() == 0
    rights = owner.execute(
        text("SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'duban_app'")
    ).all()
    assert not [row for row in rights if row.privilege_type in {"TRUNCATE", "REFERENCES", "TRIGGER"}]
    assert {row.privilege_type for row in rights if row.table_name == "audit_record"} == {"SELECT", "INSERT"}
    definers = owner.execute(
        text("SELECT count(*) FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    ).scalar()
    views = owner.execute(
        text("SELECT count(*) FROM pg_class WHERE relkind IN ('v','m') AND relnamespace = 'public'::regnamespace")
    ).scalar()
    assert (definers, views) == (1, 0)  # app_tenant_id()


def test_every_path_column_is_compared_by_bytes_and_checked(owner: Connection) -> None:
    for row in owner.execute(
        text(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND (column_name = 'path' OR column_name LIKE '%\\_path') AND data_type = 'text'"
        )
    ):
        assert row.collation_name == "C", (row.table_name, row.column_name)


def test_models_and_migrations_say_the_same(owner_url: str) -> None:
    import_models()
    engine = create_engine(owner_url)
    try:
        assert differences(engine) == []
    finally:
        engine.dispose()


def test_down_and_up_again(servers, engine: Engine) -> None:
    server, _ = servers
    server.drop_database("duban_updown")
    server.create_database("duban_updown")
    url = server.url("duban_owner", "duban_updown")
    upgrade(url)
    downgrade(url, "base")
    made = create_engine(url)
    with made.connect() as connection:
        assert tables(connection) == {"alembic_version"}
    upgrade(url)
    assert current_revision(made) == newest_revision()
    made.dispose()
    server.drop_database("duban_updown")
    assert engine is not None
