"""
A tenant of some 50,000 units, people, duties, records of audit and 5,000 files: its archive written, read back into another
database and its files walked, each in a process of its own. What a process holds must not grow with the tenant.

The floor of writing is reading the same rows and bytes once and digesting them; what compression costs is the difference.

    PYTHONPATH=platform python bench/exporting.py
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from parts.national import NOW, ROOT, Country, country, say
from parts.table import MISSED, Row, show

from duban.audit.operations import record
from duban.console.archives import Digesting, copy_out, table_digests
from duban.console.erasing import _erase_files, _measure_files
from duban.console.exporting import export_tenant
from duban.console.importing import import_tenant
from duban.console.tables import tenant_tables
from duban.embedded import postgres
from duban.files.models import StoredFile
from duban.files.queries import orphans
from duban.files.storage import open_store
from duban.kernel.db import make_engine
from duban.kernel.ids import TenantId, new_id
from duban.kernel.migrating import upgrade
from duban.kernel.scope import SYSTEM, TenantInfo, open_session, unit_of_work
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tenancy.queries import tenant_by_id

PROVINCE = "41"
ROWS, FILES, FILE_BYTES = 50_000, 5_000, 2_000
GROWTH_MB = 32
"""How much more a process may hold for this tenant than for an empty one: the archive's directory and a few buffers."""
SECOND = "second"


ADDED = {"audit_head", "audit_record"}
"""Bringing back ends every session and token and says so: one record more. The chain before it is compared by `verify` in the tests."""


@dataclass(frozen=True)
class Taken:
    """What one process did: seconds, the most memory it held, and what it found."""

    seconds: float
    peak_mb: float
    found: int


def people(made: Country) -> None:
    """As many people as units, each with the clerk's role at one of them."""
    villages = [row.id for row in made.units if row.level == "village"][:ROWS]
    with made.superuser() as admin, admin.transaction():
        with admin.cursor().copy(
            "COPY person (tenant_id, id, login, name, post, email, phone, search, locale, active) FROM STDIN"
        ) as copy:
            ids = [new_id() for _ in villages]
            for number, person in enumerate(ids):
                phone = f"138{number:08}"
                copy.write_row(
                    (made.tenant.id, person, f"p{number}", f"人员{number}", "安全员", "", phone, f"人员{number}", "zh", True)
                )
        with admin.cursor().copy(
            "COPY role_grant (tenant_id, id, person_id, role, unit_id, active_from, line, pending) FROM STDIN"
        ) as copy:
            for person, unit in zip(ids, villages, strict=True):
                copy.write_row((made.tenant.id, new_id(), person, "village.clerk", unit, date(2026, 1, 1), "territorial", False))


def acts(made: Country) -> None:
    """The chain of the audit, by the operation that writes it."""
    for _ in range(ROWS // 5_000):
        with unit_of_work(made.engine, tenant=made.tenant, actor=SYSTEM, now=NOW) as scope:
            for number in range(5_000):
                record(scope, "unit.renamed", "unit", made.units[number].id, made.units[number].path, name="旧名称")


def files(made: Country, url: str) -> None:
    """Small files under the root, and a few the register does not know."""
    store = open_store(url)
    keys = [store.put(made.tenant.id, io.BytesIO(os.urandom(FILE_BYTES))) for _ in range(FILES + 10)]
    with unit_of_work(made.engine, tenant=made.tenant, actor=SYSTEM, now=NOW) as scope:
        for number, key in enumerate(keys[:FILES]):
            scope.add(
                StoredFile(
                    id=new_id(), path=made.units[0].path, owner_kind="document", owner_id=new_id(), access_object="document",
                    original_name=f"台账{number}.pdf", storage_key=key, size_bytes=FILE_BYTES, media_type="application/pdf",
                    digest="sha256:0", uploaded_at=NOW,
                )
            )  # fmt: skip


def in_its_own_process(task: str, **given: str) -> Taken:
    """Do it in a new process; give what it took."""
    done = subprocess.run(
        [sys.executable, __file__, json.dumps({"task": task, **given})], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def peak_mb() -> float:
    """The most this process has held. Not ru_maxrss: that begins with what the process that started it held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def work(task: str, *, url: str, key: str, tenant: str, store: str, archive: str) -> int:
    """What a process of its own does: the steward's work, by the steward's functions."""
    engine, kept, tenant_id = make_engine(url, context_key=key), open_store(store), TenantId(UUID(tenant))
    if task == "export":
        return export_tenant(engine, tenant_id=tenant_id, store=kept, into=Path(archive), now=NOW).rows
    if task == "hold":  # the control: what would be seen if a tenant's tables were held
        held = io.BytesIO()
        with open_session(engine, tenant_id) as session:
            connection = session.connection()
            return sum(copy_out(connection, table, tenant_id, held) for table in tenant_tables(connection))
    if task == "import":
        return import_tenant(engine, source=Path(archive), store=kept, now=NOW).rows
    with open_session(engine, None) as session:
        info = tenant_by_id(session, tenant_id)
    if info is None:
        raise LookupError(tenant)
    with unit_of_work(engine, tenant=info, actor=SYSTEM, now=NOW) as scope:
        count, _size = _measure_files(kept, tenant_id)
        left = sum(1 for _ in orphans(scope, kept, written_before=NOW + timedelta(days=3650)))
    _erase_files(kept, tenant_id)
    return count + left


def floor_seconds(made: Country, store_url: str) -> float:
    """Read every row and every byte once, and digest them."""
    begun, store = time.perf_counter(), open_store(store_url)
    with open_session(made.engine, made.tenant.id) as session:
        connection = session.connection()
        for table in tenant_tables(connection):
            copy_out(connection, table, made.tenant.id, Digesting())
    for key, _ in store.keys(made.tenant.id):
        store.sha256(key)
    return time.perf_counter() - begun


def judged(large: Taken, small: Taken) -> str:
    grown = large.peak_mb - small.peak_mb
    return f"{large.peak_mb:.0f} MB, {grown:+.0f} MB over an empty tenant (≤ {GROWTH_MB}: {'kept' if grown <= GROWTH_MB else MISSED})"


def main() -> None:
    with country(within=PROVINCE, duties=ROWS) as made, tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        source, target = f"file://{here / 'files'}", f"file://{here / 'brought'}"
        begun = time.perf_counter()
        people(made)
        acts(made)
        files(made, source)
        say(f"people, audit and files in {time.perf_counter() - begun:.0f} s")
        small = provision(
            made.engine, slug="small", name="小县", kind="county", time_zone="Asia/Shanghai",
            parts=read_parts(ROOT / "tenants" / "county"), now=NOW,
        )  # fmt: skip
        rows = measure(made, small, here, source, target)
    show(f"Archive of a tenant: {len(made.units):,} units, {ROWS:,} people and duties, {FILES:,} files", "read once", rows)


def measure(made: Country, small: TenantInfo, here: Path, source: str, target: str) -> list[Row]:
    """Do each three things for both tenants; what came back must be what went out."""
    key = made.context_key
    made.server.create_database(SECOND)
    upgrade(made.server.url(postgres.OWNER_ROLE, SECOND), context_key=key)
    app, owner = made.server.url(postgres.APP_ROLE), made.server.url(postgres.OWNER_ROLE, SECOND)
    taken: dict[tuple[str, str], Taken] = {}
    for name, tenant in (("small", small), ("large", made.tenant)):
        given = {"key": key, "tenant": str(tenant.id), "archive": str(here / f"{name}.zip")}
        taken["export", name] = in_its_own_process("export", url=app, store=source, **given)
        taken["import", name] = in_its_own_process("import", url=owner, store=target, **given)
    went, came = (digests_of(url, key, made.tenant.id) for url in (app, made.server.url(postgres.APP_ROLE, SECOND)))
    other = {name for name in went if went[name] != came.get(name)}
    if other != ADDED:
        sys.exit(f"not what was exported: {sorted(other ^ ADDED)}")
    say(f"{sum(count for count, _ in went.values()):,} rows of {len(went)} tables came back equal by digest")
    held = in_its_own_process("hold", url=app, store=source, **given)
    if held.peak_mb - taken["export", "small"].peak_mb <= GROWTH_MB:
        sys.exit(f"the control holds every table and has only {held.peak_mb:.0f} MB: nothing would be noticed")
    say(f"control: a process that holds the tables has {held.peak_mb:.0f} MB")
    floor = floor_seconds(made, source) * 1000
    for name, tenant in (("small", small), ("large", made.tenant)):
        taken["walk", name] = in_its_own_process("walk", url=app, store=source, key=key, tenant=str(tenant.id), archive="")
    if taken["walk", "large"].found != FILES + 10 + 10:
        sys.exit(f"{taken['walk', 'large'].found} files and orphans, not {FILES + 20}")
    words = {
        "export": "export (compressed)",
        "import": "import, checked against the archive",
        "walk": "walk, find orphans, delete files",
    }
    return [
        Row(word, taken[task, "large"].seconds * 1000, floor, None, judged(taken[task, "large"], taken[task, "small"]))
        for task, word in words.items()
    ]


def digests_of(url: str, key: str, tenant_id: TenantId) -> dict[str, tuple[int, str]]:
    engine = make_engine(url, context_key=key)
    try:
        with open_session(engine, tenant_id) as session:
            return table_digests(session.connection(), tenant_id)
    finally:
        engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        started = time.perf_counter()
        result = work(**json.loads(sys.argv[1]))
        print(json.dumps({"seconds": time.perf_counter() - started, "peak_mb": peak_mb(), "found": result}))
    else:
        main()
