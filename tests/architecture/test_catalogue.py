"""Read from the database itself: every table is a tenant's or listed as global, and nothing leads round the locks (A1, A2, A4)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from duban.app import import_models
from duban.embedded import postgres
from duban.kernel.db import Base, TenantTable
from duban.kernel.migrating import current_revision, differences, downgrade, newest_revision, upgrade
from duban.kernel.table_lists import GLOBAL_TABLES, lay_out
from tests.architecture.catalogue import CONTROLS, FINDINGS, offenders
from tests.binding import bind
from tests.cast import World
from tests.integration.assessments.stage import Round


@pytest.fixture
def owner(owner_url: str):
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def root(servers) -> Iterator[Connection]:
    """The superuser acting as the owner, in a transaction that is rolled back."""
    server, name = servers
    engine = create_engine(server.url(postgres.SUPERUSER, name))
    with engine.connect() as connection:
        connection.execute(text("SET ROLE duban_owner"))
        yield connection
        connection.rollback()
    engine.dispose()


def tables(connection: Connection) -> set[str]:
    return set(
        connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind IN ('r','p') AND relnamespace = 'public'::regnamespace")
        ).scalars()
    )


@pytest.mark.parametrize("rule", FINDINGS)
def test_the_catalogue_keeps_the_rule(owner: Connection, rule: str) -> None:
    assert offenders(owner, rule) == []


@pytest.mark.parametrize("rule", FINDINGS)
def test_control_the_rule_can_be_broken(root: Connection, rule: str) -> None:
    assert offenders(root, rule) == []
    root.exec_driver_sql(CONTROLS[rule])
    assert offenders(root, rule) != []


def test_the_rules_looked_at_something(owner: Connection) -> None:
    counts = {
        "tables": "SELECT count(*) FROM pg_class WHERE relkind IN ('r','p') AND relnamespace = 'public'::regnamespace",
        "links": "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace",
        "unique rules": "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE indisunique AND c.relnamespace = 'public'::regnamespace",
        "policies": "SELECT count(*) FROM pg_policies",
        "rights": "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) WHERE c.relnamespace = 'public'::regnamespace",
        "triggers": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
        "functions": "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    }
    seen = {name: owner.execute(text(query)).scalar_one() for name, query in counts.items()}
    print(f"catalogue: {seen}, {len(FINDINGS)} rules, each seen broken")
    for name, least in {
        "tables": 43,
        "links": 80,
        "unique rules": 60,
        "policies": 76,
        "rights": 120,
        "triggers": 10,
        "functions": 7,
    }.items():
        assert seen[name] >= least, name


def test_the_lists_of_tables_are_the_models_(owner: Connection) -> None:
    """The list of distributed and reference tables, read from the catalogue, is what the mapped classes say."""
    import_models()
    layout = lay_out(owner)
    mapped = {mapper.local_table.name for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantTable)}
    by_hand = {"audit_record", "audit_head"}  # tenants' tables whose key is not `id`
    assert set(layout.distributed) == (mapped | by_hand) and set(layout.distributed) == tables(owner) - GLOBAL_TABLES.keys()
    assert set(layout.reference) == {"tenant"}
    assert set(layout.local) == GLOBAL_TABLES.keys() - {"tenant"}
    assert len(layout.as_sql()) == len(layout.distributed) + len(layout.reference)
    for source, target in owner.execute(
        text("SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    ):
        if source in layout.distributed and target in layout.distributed and source != target:
            assert layout.distributed.index(target) < layout.distributed.index(source), (source, target)


def test_a_guard_is_not_fooled_by_a_temporary_table(world: World, engine: Engine) -> None:
    """Functions of triggers read the real tables, whatever the session makes under their name."""
    closed = Round(world).scoring().closed()
    with engine.connect() as connection:
        bind(connection, world.tenant.id)
        connection.execute(text("CREATE TEMPORARY TABLE assessment (LIKE assessment)"))
        with pytest.raises(DBAPIError, match="frozen"):
            connection.execute(
                text("UPDATE scorecard SET self_total = 100 WHERE assessment_id = :id AND tenant_id = :tenant"),
                {"id": closed.id, "tenant": world.tenant.id},
            )


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
