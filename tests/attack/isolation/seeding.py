"""
A database of its own with rows of two tenants in every tenant table, made from the catalogue alone.

A new table is filled, and so attacked, without a line written here. Checks are dropped and
triggers put to sleep in this database: they are not what is under test, and a refusal must come from row-level security, a key or
a missing right, never from a check that happened to stand in the way. Foreign keys, unique rules, policies and grants stay as migrated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import psycopg
from psycopg import sql

from duban.embedded import postgres
from duban.kernel.context import ContextKey, sign
from duban.kernel.migrating import upgrade
from duban.kernel.table_lists import GLOBAL_TABLES
from tests.binding import CONTEXT_KEY
from tests.canary import planted_word

ROWS = 3
SPACE = UUID("6d3a3f64-0000-4000-8000-000000000018")
TENANTS = {"east": uuid5(SPACE, "east"), "west": uuid5(SPACE, "west")}
KEY = ContextKey.of(CONTEXT_KEY)


@dataclass(frozen=True)
class Link:
    """A foreign key: columns here, table and columns there."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass
class Table:
    """What the catalogue says of a tenant table. `columns`: name → type, without those the database computes."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    links: list[Link] = field(default_factory=list)
    rights: frozenset[str] = frozenset()


def catalogue(connection: psycopg.Connection) -> dict[str, Table]:
    """Read every tenant table."""
    found: dict[str, Table] = {}
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r','p') AND relnamespace = 'public'::regnamespace AND NOT relispartition ORDER BY 1"
    ).fetchall()
    for (name,) in names:
        if name in GLOBAL_TABLES:
            continue
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum",
            (name,),
        ).fetchall()
        key = connection.execute(
            "SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(num, place) "
            "JOIN pg_attribute a ON a.attnum = k.num WHERE a.attrelid = i.indrelid AND i.indrelid = %s::regclass AND i.indisprimary ORDER BY place",
            (name,),
        ).fetchall()
        rights = connection.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants WHERE grantee = 'duban_app' AND table_name = %s",
            (name,),
        ).fetchall()
        found[name] = Table(name, dict(columns), tuple(one for (one,) in key), rights=frozenset(one for (one,) in rights))
    columns_of = "ARRAY(SELECT a.attname::text FROM unnest(c.{0}) WITH ORDINALITY k(num, place) JOIN pg_attribute a ON a.attrelid = c.{1} AND a.attnum = k.num ORDER BY place)"
    for source, name, target, own, other in connection.execute(
        f"SELECT conrelid::regclass::text, conname, confrelid::regclass::text, {columns_of.format('conkey', 'conrelid')}, "
        f"{columns_of.format('confkey', 'confrelid')} FROM pg_constraint c WHERE contype = 'f'"
    ).fetchall():
        if source in found and target in found:
            found[source].links.append(Link(name, tuple(own), target, tuple(other)))
    return found


def canary(tenant: str, table: str = "", column: str = "") -> str:
    """A text that belongs to one tenant and appears nowhere else."""
    return f"canary-{tenant}-" + (f"{table}-{column}-{planted_word(TENANTS[tenant])}" if table else "")


def value(kind: str, *, tenant: str, table: str, column: str, number: int) -> object:
    """Make a value of a type, different for each tenant and row where the type allows."""
    words = f"{canary(tenant, table, column)}-{number}"
    seed = number + 1 + 100 * list(TENANTS).index(tenant)
    if kind.endswith("[]"):
        return [value(kind[:-2], tenant=tenant, table=table, column=column, number=number)]
    makers: dict[str, object] = {
        "uuid": uuid5(TENANTS[tenant], f"{table}.{column}.{number}"),
        "text": words,
        "boolean": False,
        "integer": seed,
        "bigint": seed,
        "smallint": seed,
        "double precision": float(seed),
        "date": date(2026, 1, seed % 27 + 1),
        "timestamp with time zone": datetime(2026, 1, seed % 27 + 1, tzinfo=UTC),
        "jsonb": json.dumps({"words": words}),
        "json": json.dumps({"words": words}),
        "bytea": words.encode(),
        "interval": f"{seed} minutes",
        "inet": f"10.0.0.{seed % 250}",
    }
    if kind.startswith("numeric"):
        return seed
    if kind.startswith("character varying"):
        return words
    return makers[kind]  # KeyError: a type not seen yet; say here what a value of it looks like


def seed_row(table: Table, tables: dict[str, Table], tenant: str, number: int) -> dict[str, object]:
    """Make row `number` of a table: keys by number, links to the row of the same number."""
    row = {
        column: value(kind, tenant=tenant, table=table.name, column=column, number=number)
        for column, kind in table.columns.items()
    }
    row["tenant_id"] = TENANTS[tenant]
    for link in table.links:
        there = key_values(tables[link.target], tables, tenant, number)
        row |= {own: there[other] for own, other in zip(link.columns, link.target_columns, strict=True)}
    return row


def key_values(table: Table, tables: dict[str, Table], tenant: str, number: int, depth: int = 0) -> dict[str, object]:
    """Give what other tables may point at in that row; a key may itself be a link (credential.id → person.id)."""
    row = {
        column: value(kind, tenant=tenant, table=table.name, column=column, number=number)
        for column, kind in table.columns.items()
    }
    for link in table.links:
        if depth < 6 and link.target != table.name and set(link.columns) - {"tenant_id"} <= set(table.key):
            there = key_values(tables[link.target], tables, tenant, number, depth + 1)
            row |= {own: there[other] for own, other in zip(link.columns, link.target_columns, strict=True)}
    row["tenant_id"] = TENANTS[tenant]
    return row


@dataclass
class Ground:
    """The database under attack."""

    server: postgres.PostgresServer
    database: str
    tables: dict[str, Table]

    def app(self) -> psycopg.Connection:
        """The application's role, raw."""
        return psycopg.connect(host=str(self.server.socket_dir), port=postgres.PORT, user=postgres.APP_ROLE, dbname=self.database)

    def root(self) -> psycopg.Connection:
        """The superuser, in autocommit: to look behind row-level security and to break things on purpose."""
        return self.server.connect(database=self.database)


def bind(connection: psycopg.Connection, tenant: str) -> None:
    """As the application does at the beginning of a transaction."""
    context = sign(KEY, TENANTS[tenant], backend_pid=connection.info.backend_pid)
    bound = connection.execute("SELECT set_config('app.tenant', %s, true), app_tenant_id()", (context,)).fetchone()
    assert bound[1] == TENANTS[tenant]


def prepared(server: postgres.PostgresServer, database: str) -> Iterator[Ground]:
    """Migrate, fill, hand over, drop."""
    server.drop_database(database)
    server.create_database(database)
    upgrade(server.url(postgres.OWNER_ROLE, database), context_key=CONTEXT_KEY)
    with server.connect(database=database) as root:
        tables = catalogue(root)
        for table, name in root.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        ).fetchall():
            root.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name)))
        root.execute("SET session_replication_role = replica")
        for tenant, tenant_id in TENANTS.items():
            root.execute(
                "INSERT INTO tenant (id, slug, kind, name, time_zone, policy_digest, tree_version, active, demo, created_at) "
                "VALUES (%s, %s, 'county', %s, 'Asia/Shanghai', '', 1, true, false, now())",
                (tenant_id, tenant, canary(tenant)),
            )
            for table in tables.values():
                for number in range(1 if table.key == ("tenant_id",) else ROWS):
                    insert(root, table.name, seed_row(table, tables, tenant, number))
        root.execute("SET session_replication_role = origin")
        for name in tables:
            root.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(name)))
    yield Ground(server, database, tables)
    server.drop_database(database)


def insert(connection: psycopg.Connection, table: str, row: dict[str, object]) -> None:
    """Put one row in."""
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(sql.Placeholder() * len(row))
        ),
        list(row.values()),
    )
