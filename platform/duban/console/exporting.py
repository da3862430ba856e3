"""Writing a tenant's archive: one moment of it, nothing of anybody else."""

import csv
import hashlib
import io
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from duban.audit.models import AuditHead
from duban.console.archives import CHUNK, FORMAT, Digesting, Progress, copy_out
from duban.console.errors import ArchiveRefusedError
from duban.console.tables import Table, tenant_tables
from duban.files.models import StoredFile
from duban.files.storage import Store
from duban.kernel.ids import TenantId
from duban.kernel.scope import open_session
from duban.kernel.text import N_
from duban.tenancy.models import Tenant

ROWS_AT_ONCE = 1000
NAMED_MISSING = 1000
"""Files gone from the store that the manifest names; of more it gives the number."""
README = """\
督办 Duban：一个租户的完整导出 / complete export of one tenant

manifest.json      时间、版本、各表行数与摘要 / time, version, rows and digests of each table
tables/*.csv       每张表一个 CSV（空单元格 = 无值，"" = 空文字） / one CSV per table; empty cell = no value, "" = empty text
files.csv          附件清单 / list of stored files: key, size_bytes, sha256, original_name
files/*            附件原件 / the stored files themselves

重新导入 / to import again:  duban tenant import <this file>
本归档含个人信息和口令摘要，请妥善保管。 / It holds personal data and password hashes: keep it safe.
"""


@dataclass(frozen=True)
class Exported:
    """What an export wrote. `missing` are files the register names and the store does not have."""

    path: Path
    digest: str
    rows: int
    files: int
    missing: int
    size_bytes: int
    audit_records: int


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=at.astimezone(UTC).timetuple()[:6])
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return info


def export_tenant(
    engine: Engine, *, tenant_id: TenantId, store: Store, into: Path, now: datetime, progress: Progress = lambda _d, _t: None
) -> Exported:
    """
    Write a tenant's archive, of one moment, under `into`; it appears there whole or not at all, readable by its owner only.

    Takes:  the application's engine: row-level security keeps every other tenant's rows out of it.
    Raises: ArchiveRefusedError where there is no such tenant. Costs: reads everything of the tenant once; of each stored file
            only its entry in the archive's directory is held (about 1 kB).
    """
    part = into.with_name(f"{into.name}.part")
    into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, open_session(engine, tenant_id) as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            exported = _Export(session, tenant_id, store, now, progress, into.parent).write(raw, into)
        with part.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        part.replace(into)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Exported(**(exported | {"digest": digest, "size_bytes": into.stat().st_size}))


class _Export:
    """One export under way."""

    def __init__(
        self, session: Session, tenant_id: TenantId, store: Store, now: datetime, progress: Progress, folder: Path
    ) -> None:
        self.session, self.tenant_id, self.store, self.now = session, tenant_id, store, now
        self.progress, self.folder = progress, folder
        self.tables = tenant_tables(session.connection())
        stored = StoredFile.tenant_id == tenant_id
        self.file_count = session.scalar(select(func.count(StoredFile.storage_key.distinct())).where(stored)) or 0
        # Read from the database as they are written: a tenant may have more files than fit into memory.
        self.files = (
            select(StoredFile.storage_key, StoredFile.original_name)
            .where(stored)
            .ext(distinct_on(StoredFile.storage_key))
            .order_by(StoredFile.storage_key, StoredFile.id)
            .execution_options(yield_per=ROWS_AT_ONCE)
        )

    def write(self, raw: IO[bytes], into: Path) -> dict[str, Any]:
        total = len(self.tables) + self.file_count
        tenant = self.session.get(Tenant, self.tenant_id)
        if tenant is None:
            raise ArchiveRefusedError(N_("没有这个租户。"))
        head = self.session.execute(
            select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == self.tenant_id)
        ).one_or_none()
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "schema": self.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one(),
            "exported_at": self.now.astimezone(UTC).isoformat(),
            "tenant": _described(tenant),
            "audit": {"records": head.seq if head else 0, "hash": head.hash if head else ""},
            "tables": [],
        }
        with zipfile.ZipFile(raw, "w", allowZip64=True) as archive:
            archive.writestr(_entry("README.txt", self.now), README)
            for number, table in enumerate(self.tables):
                self.progress(number, total)
                manifest["tables"].append(self._table(archive, table))
            manifest["files"] = self._files(archive, total)
            archive.writestr(_entry("manifest.json", self.now), json.dumps(manifest, ensure_ascii=False, indent=1))
        self.progress(total, total)
        return {
            "path": into,
            "rows": sum(one["rows"] for one in manifest["tables"]),
            "files": manifest["files"]["count"],
            "missing": manifest["files"]["missing_count"],
            "audit_records": manifest["audit"]["records"],
        }

    def _table(self, archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
        with archive.open(_entry(f"tables/{table.name}.csv", self.now), "w", force_zip64=True) as out:
            digesting = Digesting(out)
            rows = copy_out(self.session.connection(), table, self.tenant_id, digesting)
        return {
            "name": table.name,
            "columns": list(table.columns),
            "rows": rows,
            "size_bytes": digesting.size,
            "sha256": digesting.digest,
        }

    def _files(self, archive: zipfile.ZipFile, total: int) -> dict[str, Any]:
        missing, gone, count, size = [], 0, 0, 0
        # The list is finished when the last file is, and an archive takes one entry after the other: on disk till then.
        with tempfile.TemporaryFile(dir=self.folder) as kept:
            listing = io.TextIOWrapper(kept, encoding="utf-8", newline="")
            writer = csv.writer(listing, lineterminator="\n")
            writer.writerow(["key", "size_bytes", "sha256", "original_name"])
            for number, row in enumerate(self.session.execute(self.files)):
                self.progress(len(self.tables) + number, total)
                written = self._file(archive, row.storage_key)
                if written is None:
                    gone += 1
                    missing += [row.storage_key] if gone <= NAMED_MISSING else []
                    continue
                count, size = count + 1, size + written.size
                writer.writerow([row.storage_key, written.size, written.digest, row.original_name])
            listing.detach()  # which writes what is left of it
            kept.seek(0)
            with archive.open(_entry("files.csv", self.now), "w", force_zip64=True) as out:
                listed = _copy(kept, out)
        return {
            "count": count,
            "size_bytes": size,
            "missing": missing,
            "missing_count": gone,
            "list_bytes": listed.size,
            "sha256": listed.digest,
        }

    def _file(self, archive: zipfile.ZipFile, key: str) -> Digesting | None:
        try:
            content = self.store.open(key)
        except OSError:
            return None
        with content, archive.open(_entry(f"files/{key.rpartition('/')[2]}", self.now), "w", force_zip64=True) as out:
            return _copy(content, out)


def _copy(content: IO[bytes], out: IO[bytes]) -> Digesting:
    digesting = Digesting(out)
    while chunk := content.read(CHUNK):
        digesting.write(chunk)
    return digesting


def _described(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "kind": tenant.kind,
        "time_zone": tenant.time_zone,
        "policy_digest": tenant.policy_digest,
        "tree_version": tenant.tree_version,
        "demo": tenant.demo,
        "created_at": tenant.created_at.astimezone(UTC).isoformat(),
    }
