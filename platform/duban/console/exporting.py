"""Writing a tenant's archive: one moment of it, nothing of anybody else."""

import csv
import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, select, text
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
    Raises: ArchiveRefusedError where there is no such tenant. Costs: reads everything of the tenant once.
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
            exported = _Export(session, tenant_id, store, now, progress).write(raw, into)
        with part.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        part.replace(into)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Exported(**(exported | {"digest": digest, "size_bytes": into.stat().st_size}))


class _Export:
    """One export under way."""

    def __init__(self, session: Session, tenant_id: TenantId, store: Store, now: datetime, progress: Progress) -> None:
        self.session, self.tenant_id, self.store, self.now, self.progress = session, tenant_id, store, now, progress
        self.tables = tenant_tables(session.connection())
        self.files = list(
            session.execute(
                select(StoredFile.storage_key, StoredFile.size_bytes, StoredFile.digest, StoredFile.original_name)
                .where(StoredFile.tenant_id == tenant_id)
                .ext(distinct_on(StoredFile.storage_key))
                .order_by(StoredFile.storage_key, StoredFile.id)
            )
        )

    def write(self, raw: IO[bytes], into: Path) -> dict[str, Any]:
        total = len(self.tables) + len(self.files)
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
            "missing": len(manifest["files"]["missing"]),
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
        listing = io.StringIO()
        writer = csv.writer(listing, lineterminator="\n")
        writer.writerow(["key", "size_bytes", "sha256", "original_name"])
        missing, size = [], 0
        for number, row in enumerate(self.files):
            self.progress(len(self.tables) + number, total)
            name = row.storage_key.rpartition("/")[2]
            try:
                content = self.store.open(row.storage_key)
            except OSError:
                missing.append(row.storage_key)
                continue
            with content, archive.open(_entry(f"files/{name}", self.now), "w", force_zip64=True) as out:
                digesting = Digesting(out)
                while chunk := content.read(CHUNK):
                    digesting.write(chunk)
            size += digesting.size
            writer.writerow([row.storage_key, digesting.size, digesting.digest, row.original_name])
        written = listing.getvalue().encode()
        archive.writestr(_entry("files.csv", self.now), written)
        digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
        return {
            "count": len(self.files) - len(missing),
            "size_bytes": size,
            "missing": missing,
            "list_bytes": len(written),
            "sha256": digest,
        }


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
