"""
What the signed tenant context costs: the same statements under row-level security that believes a plain setting, and one that checks.

    PYTHONPATH=platform python bench/tenant_context.py

Three rows: binding a transaction, reading one row by key, and a join of five tenant tables (five InitPlans).
Each figure is the median of interleaved rounds in one run on a throw-away server.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from parts.table import Row, show
from sqlalchemy import Connection, create_engine, text

from duban.embedded import postgres
from duban.kernel.context import ContextKey, bind, new_key
from duban.kernel.context_keys import install_key

ROUNDS, EACH = 7, 300
FUNCTION = Path(__file__).parents[1] / "migrations/versions/20261122_0100_isolation.py"
PLAIN = "nullif(current_setting('app.tenant_id', true), '')::uuid"
ONE = "SELECT body FROM {t}0 WHERE tenant_id = :tenant AND id = :id"
FIVE = "SELECT a.body FROM {t}0 a" + "".join(
    f" JOIN {{t}}{n} t{n} ON t{n}.tenant_id = a.tenant_id AND t{n}.id = a.id" for n in range(1, 5)
)
FIVE += " WHERE a.tenant_id = :tenant AND a.id = :id"


def build(owner_url: str, key: ContextKey) -> tuple[UUID, UUID]:
    """Make five tables of each sort with 200 tenants × 500 rows; give a tenant and a row."""
    sys.path.insert(0, str(FUNCTION.parents[2]))
    source = FUNCTION.read_text(encoding="utf-8")
    function = source[source.index('FUNCTION = """') + 14 : source.index('$$\n"""') + 2]
    tenant, row = uuid4(), uuid4()
    engine = create_engine(owner_url)
    with engine.begin() as owner:
        owner.execute(
            text(
                "CREATE TABLE context_key (id text PRIMARY KEY, inner_pad bytea, outer_pad bytea, installed_at timestamptz DEFAULT now())"
            )
        )
        owner.exec_driver_sql(function)
        install_key(owner, key)
        for sort, believed in (("plain", PLAIN), ("signed", "app_tenant_id()")):
            for number in range(5):
                name = f"{sort}{number}"
                owner.exec_driver_sql(f"CREATE TABLE {name} (tenant_id uuid, id uuid, body text, PRIMARY KEY (tenant_id, id))")
                owner.exec_driver_sql(
                    f"INSERT INTO {name} SELECT t, gen_random_uuid(), 'x' FROM (SELECT gen_random_uuid() t FROM generate_series(1, 199)) a, generate_series(1, 500)"
                )
                owner.execute(text(f"INSERT INTO {name} VALUES (:t, :r, 'x')"), {"t": tenant, "r": row})
                owner.exec_driver_sql(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
                owner.exec_driver_sql(f"CREATE POLICY p ON {name} USING (true)")
                owner.exec_driver_sql(f"CREATE POLICY tenant ON {name} AS RESTRICTIVE USING (tenant_id = (SELECT {believed}))")
                owner.exec_driver_sql(f"GRANT SELECT ON {name} TO duban_app")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    return tenant, row


def bind_plain(connection: Connection, tenant: UUID) -> None:
    connection.execute(text("SELECT set_config('app.tenant_id', :t, true)"), {"t": str(tenant)})


def measure(engine, tenant: UUID, binder: Callable[[Connection, UUID], None], statement: str | None, row: UUID) -> float:
    """Give microseconds per transaction (bind only) or per statement."""
    with engine.connect() as connection:
        if statement is None:
            began = time.perf_counter()
            for _ in range(EACH):
                with connection.begin():
                    binder(connection, tenant)
            return (time.perf_counter() - began) / EACH * 1e6
        with connection.begin():
            binder(connection, tenant)
            asked = text(statement)
            began = time.perf_counter()
            for _ in range(EACH):
                assert connection.execute(asked, {"tenant": tenant, "id": row}).scalar() == "x"
            return (time.perf_counter() - began) / EACH * 1e6


def main() -> None:
    key = ContextKey.of(new_key())
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=False) as server:
        tenant, row = build(server.owner_url, key)
        engine = create_engine(server.app_url, connect_args={"prepare_threshold": None})
        binders = {"plain": bind_plain, "signed": lambda connection, one: bind(connection, one, key=key)}
        rows = []
        for title, statement, allowed in (
            ("bind a transaction", None, 2.0),
            ("one row by key", ONE, 1.5),
            ("join of five tenant tables", FIVE, 1.5),
        ):
            figures: dict[str, list[float]] = {"plain": [], "signed": []}
            for _ in range(ROUNDS):
                for sort, binder in binders.items():
                    asked = statement.format(t=sort) if statement else None
                    figures[sort].append(measure(engine, tenant, binder, asked, row))
            plain, signed = (statistics.median(figures[sort]) for sort in ("plain", "signed"))
            rows.append(Row(f"signed context, {title}", signed / 1000, plain / 1000, allowed))
        engine.dispose()
    show("The signed tenant context", "plain setting", rows)


if __name__ == "__main__":
    main()
