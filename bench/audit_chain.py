"""
The audit chain, as ratios in one run: appending one record per unit of work against the same unit of work with a plain
INSERT, by 8 writers in one tenant and in eight; and verifying against reading the same rows without hashing.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from parts.table import Row, show
from sqlalchemy import Engine, insert, select

from duban.app import import_models
from duban.audit.models import AuditRecord
from duban.audit.operations import record
from duban.audit.queries import verify
from duban.embedded import postgres
from duban.kernel.context import new_key
from duban.kernel.db import make_engine
from duban.kernel.ids import new_id
from duban.kernel.migrating import upgrade
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts

WRITERS, SECONDS, VERIFIED, ROUNDS = 8, 4, 50_000, 5
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
TENANTS = Path(__file__).parents[1] / "tenants"


def chained(scope: Scope) -> None:
    record(scope, "submission.accepted", "duty", new_id(), "1a.1b.", late_days=1)


def plain(scope: Scope) -> None:
    """The same row, at the number its clock gives, without chain and lock."""
    row = {
        "tenant_id": scope.tenant_id, "seq": new_id().int % 2**62, "at": NOW, "actor_id": None, "actor_name": "系统",
        "act": "submission.accepted", "subject_kind": "duty", "subject_id": new_id(), "unit_path": "1a.1b.",
        "details": {"late_days": 1}, "previous_hash": "sha256:" + "0" * 64, "hash": "sha256:" + "0" * 64,
    }  # fmt: skip
    scope.session.execute(insert(AuditRecord), [row])


def rate(engine: Engine, tenants: list[TenantInfo], work: Callable[[Scope], None]) -> tuple[float, float]:
    """Give units of work per second and the 99th percentile in ms, of WRITERS threads spread over the tenants."""
    stop, taken = time.monotonic() + SECONDS, []

    def write(tenant: TenantInfo) -> None:
        while (begun := time.monotonic()) < stop:
            with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
                work(scope)
            taken.append(time.monotonic() - begun)

    threads = [threading.Thread(target=write, args=(tenants[n % len(tenants)],)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / SECONDS, statistics.quantiles(taken, n=100)[98] * 1000


def verifying(engine: Engine, tenant: TenantInfo) -> tuple[float, float]:
    """Give seconds to verify and seconds to read and discard the same rows, the best of several rounds each."""
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
        for _ in range(VERIFIED):
            chained(scope)
    checked, read = [], []
    for _ in range(ROUNDS):
        with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
            begun = time.perf_counter()
            found = verify(scope)
            checked.append(time.perf_counter() - begun)
            assert (found.bad_seq, found.rows) == (None, VERIFIED)
            begun = time.perf_counter()
            statement = (
                select(*AuditRecord.__table__.columns).where(AuditRecord.tenant_id == scope.tenant_id).order_by(AuditRecord.seq)
            )
            for _row in scope.session.execute(statement.execution_options(yield_per=2000)):
                pass
            read.append(time.perf_counter() - begun)
    return min(checked), min(read)


def main() -> None:
    import_models()
    parts = read_parts(TENANTS / "county")
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "pg", durable=True) as server:
        key = new_key()
        upgrade(server.owner_url, context_key=key)
        engine = make_engine(server.app_url, context_key=key, pool_size=WRITERS)
        tenants = [_tenant(engine, f"t{number}", parts) for number in range(2 * WRITERS + 3)]
        rows = []
        for name, chosen, beside in (
            ("8 writers, 1 tenant", tenants[:1], tenants[1:2]),
            ("8 writers, 8 tenants", tenants[2 : 2 + WRITERS], tenants[2 + WRITERS : 2 + 2 * WRITERS]),
        ):
            floor, floor_p99 = rate(engine, beside, plain)
            ours, ours_p99 = rate(engine, chosen, chained)
            rows.append((f"append, {name}", ours, ours_p99, floor, floor_p99))
        checked, read = verifying(engine, tenants[-1])
        engine.dispose()
    shown = [
        Row(
            f"audit {name}",
            1000 / ours,
            1000 / floor,
            None,
            f"{ours:,.0f} /s, p99 {ours_p99:.0f} ms; plain {floor:,.0f} /s, p99 {floor_p99:.0f} ms",
        )
        for name, ours, ours_p99, floor, floor_p99 in rows
    ]
    shown.append(Row(f"audit verify, {VERIFIED:,} records", checked * 1000, read * 1000, None, f"{VERIFIED / checked:,.0f} /s"))
    show("The audit chain, time per record", "no chain", shown)


def _tenant(engine: Engine, slug: str, parts: dict) -> TenantInfo:
    return provision(engine, slug=slug, kind="county", name=slug, parts=parts, now=NOW, time_zone="Asia/Shanghai")


if __name__ == "__main__":
    main()
