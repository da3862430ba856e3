"""Eighteen attacks × every tenant table × two tenants, as the application's role: 0 foreign rows (A3); and that they have teeth (A11)."""

import os
import subprocess
from collections.abc import Iterator
from time import monotonic

import pytest
from psycopg import sql

from duban.embedded import postgres
from tests.attack.isolation.attacks import CLASSES, PAIRS, attack
from tests.attack.isolation.seeding import ROWS, TENANTS, Ground, bind, canary, prepared

# What is broken on purpose: statement, how it is put right.
BREAKS = {
    "policy dropped": (
        "DROP POLICY tenant ON {t}",
        "CREATE POLICY tenant ON {t} AS RESTRICTIVE FOR ALL USING (tenant_id = (SELECT app_tenant_id())) WITH CHECK (tenant_id = (SELECT app_tenant_id()))",
    ),
    "row-level security off": ("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"),
    "plain setting believed": (
        "ALTER POLICY tenant ON {t} USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)) WITH CHECK (true)",
        "ALTER POLICY tenant ON {t} USING (tenant_id = (SELECT app_tenant_id())) WITH CHECK (tenant_id = (SELECT app_tenant_id()))",
    ),
    "no check on writing": (
        "ALTER POLICY tenant ON {t} WITH CHECK (true)",
        "ALTER POLICY tenant ON {t} WITH CHECK (tenant_id = (SELECT app_tenant_id()))",
    ),
}
OTHER_BREAKS = {
    "TRUNCATE granted": ("GRANT TRUNCATE ON placement TO duban_app", "REVOKE TRUNCATE ON placement FROM duban_app"),
    "not forced on the owner": ("ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY", "ALTER TABLE {t} FORCE ROW LEVEL SECURITY"),
    "view of the owner": ("CREATE VIEW peep_in AS SELECT * FROM {t}; GRANT SELECT ON peep_in TO duban_app", "DROP VIEW peep_in"),
    "materialised view": (
        "CREATE MATERIALIZED VIEW peep_in AS SELECT * FROM {t}; GRANT SELECT ON peep_in TO duban_app",
        "DROP MATERIALIZED VIEW peep_in",
    ),
    "definer function": (
        "CREATE FUNCTION peep_in() RETURNS SETOF {t} LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM {t}'",
        "DROP FUNCTION peep_in()",
    ),
    "unique across tenants": ("CREATE UNIQUE INDEX peep_in ON {t} (name)", "DROP INDEX peep_in"),
    "key across tenants": (
        "ALTER TABLE {t} ADD UNIQUE (id); ALTER TABLE placement DROP CONSTRAINT fk_placement_tenant_id_unit_id; ALTER TABLE placement ADD CONSTRAINT peep_in FOREIGN KEY (unit_id) REFERENCES {t} (id)",
        "ALTER TABLE placement DROP CONSTRAINT peep_in; ALTER TABLE {t} DROP CONSTRAINT unit_id_key; ALTER TABLE placement ADD CONSTRAINT fk_placement_tenant_id_unit_id FOREIGN KEY (tenant_id, unit_id) REFERENCES unit (tenant_id, id)",
    ),
}


@pytest.fixture(scope="module")
def ground(servers) -> Iterator[Ground]:
    server, name = servers
    yield from prepared(server, f"{name}_attacks")


def broken(ground: Ground, table: str, harm: str, cure: str, *, tables: list[str] | None = None) -> list[str]:
    """Break one thing, attack, put it right; give the findings."""
    with ground.root() as root:
        # By superuser: the views and functions are then the owner's own, whom FORCE would still bind.
        root.execute(harm.replace("{t}", table))
        try:
            return attack(ground, [ground.tables[name] for name in tables or [table]]).findings
        finally:
            root.execute(cure.replace("{t}", table))


def test_no_attack_on_any_table_shows_or_changes_a_foreign_row(ground: Ground) -> None:
    began = monotonic()
    outcome = attack(ground, list(ground.tables.values()))
    print(
        f"{outcome.made.total()} attacks ({len(CLASSES)} classes × {len(ground.tables)} tables × {len(PAIRS)} directions) "
        f"in {monotonic() - began:.1f} s: {len(outcome.findings)} findings"
    )
    assert outcome.findings == []
    assert set(outcome.made.values()) == {len(ground.tables) * 2} and len(CLASSES) == 18 and len(ground.tables) >= 36


def test_every_table_has_rows_of_both_tenants(ground: Ground) -> None:
    with ground.root() as root:
        for table in ground.tables.values():
            rows = dict(
                root.execute(
                    sql.SQL("SELECT tenant_id, count(*) FROM {} GROUP BY 1").format(sql.Identifier(table.name))
                ).fetchall()
            )
            assert rows == dict.fromkeys(TENANTS.values(), 1 if table.key == ("tenant_id",) else ROWS), table.name


def test_each_tenant_sees_all_its_own_rows(ground: Ground) -> None:
    """The other half: nothing is hidden from whom it belongs to."""
    with ground.app() as app:
        for tenant in TENANTS:
            bind(app, tenant)
            for table in ground.tables.values():
                seen = app.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))).fetchone()[0]
                assert seen == (1 if table.key == ("tenant_id",) else ROWS), table.name
            app.rollback()


def test_pg_dump_as_the_application_fails(ground: Ground) -> None:
    program = postgres.wheel_programs() / "pg_dump"
    command = [program, "-h", ground.server.socket_dir, "-p", str(postgres.PORT), "-U", postgres.APP_ROLE, ground.database]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode != 0 and canary("east") not in done.stdout and canary("west") not in done.stdout
    assert "permission denied" in done.stderr or "row-level security" in done.stderr


@pytest.mark.parametrize("name", BREAKS)
def test_control_a_broken_lock_is_found(ground: Ground, name: str) -> None:
    findings = broken(ground, "unit", *BREAKS[name])
    print(f"{name}: {len(findings)} findings, e.g. {findings[:1]}")
    assert findings


@pytest.mark.parametrize("name", OTHER_BREAKS)
def test_control_another_hole_is_found(ground: Ground, name: str) -> None:
    findings = broken(ground, "unit", *OTHER_BREAKS[name], tables=["unit", "placement"])
    print(f"{name}: {len(findings)} findings, e.g. {findings[:1]}")
    assert findings


@pytest.mark.nightly
def test_every_broken_policy_of_every_table_is_found(ground: Ground) -> None:
    """Scripted mutants: each table's lock broken in each way; every one must turn the attacks red."""
    tried, survived = 0, []
    for table in ground.tables:
        for name, (harm, cure) in BREAKS.items():
            tried += 1
            if not broken(ground, table, harm, cure):
                survived.append((table, name))
    print(f"{tried} mutants of policies tried, {tried - len(survived)} killed")
    assert survived == [] and tried == len(ground.tables) * len(BREAKS)
    assert attack(ground, list(ground.tables.values())).findings == []
