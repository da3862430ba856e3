"""Bringing a tenant back from its archive: all of it, checked byte by byte, or nothing."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine, select, text
from typing_extensions import override

from duban.audit.models import AuditHead
from duban.audit.queries import verify
from duban.console.archives import CHUNK, FORMAT, Digesting, Progress, copy_out
from duban.console.errors import ArchiveRefusedError
from duban.console.measuring import measure
from duban.console.tables import Table, tenant_tables
from duban.files.storage import STORAGE_KEY, Store
from duban.identity.operations.revived import end_all_access
from duban.kernel.ids import TenantId
from duban.kernel.migrating import current_revision
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, open_session, unit_of_work
from duban.kernel.text import N_
from duban.tenancy.models import Tenant
from duban.tenancy.queries import as_info

_LARGEST_MANIFEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class Imported:
    """What an import brought."""

    tenant: TenantInfo
    rows: int
    files: int
    audit_records: int
    audit_hash: str
    sessions_ended: int
    tokens_revoked: int


def read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Read what an archive says of itself. Raises: ArchiveRefusedError where it is none of ours."""
    try:
        info = archive.getinfo("manifest.json")
        if info.file_size > _LARGEST_MANIFEST:
            raise ArchiveRefusedError(N_("归档清单过大，不是有效的租户归档。"))
        manifest: dict[str, Any] = json.loads(archive.read(info))
        if manifest["format"] != FORMAT or not isinstance(manifest["tables"], list):
            raise ArchiveRefusedError(N_("归档格式不是本版本认识的格式。"))
        TenantId(UUID(manifest["tenant"]["id"]))
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ArchiveRefusedError(N_("不是有效的租户归档：缺少清单或清单已损坏。")) from error
    return manifest


def import_tenant(
    owner: Engine, *, source: Path, store: Store, now: datetime, slug: str = "", progress: Progress = lambda _d, _t: None
) -> Imported:
    """
    Bring a tenant back from its archive, all of it or nothing; it stays suspended until an operator resumes it.

    Takes:  the owner's engine: frozen rows are refused to everybody else. `slug` for another code than the archive's.
    Raises: ArchiveRefusedError for a damaged archive, another schema, a tenant or code that is here already.
    Costs:  holds a lock against writers on the few tables with frozen rows until its end.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            return _Import(owner, archive, store, now, progress).bring(slug)
    except (zipfile.BadZipFile, FileNotFoundError, EOFError) as error:
        raise ArchiveRefusedError(N_("归档文件不存在或已损坏。")) from error


class _Import:
    """One import under way."""

    def __init__(self, owner: Engine, archive: zipfile.ZipFile, store: Store, now: datetime, progress: Progress) -> None:
        self.owner, self.archive, self.store, self.now, self.progress = owner, archive, store, now, progress
        self.manifest = read_manifest(archive)
        self.about = self.manifest["tenant"]
        self.tenant_id = TenantId(UUID(self.about["id"]))
        self.placed = 0

    def bring(self, slug: str) -> Imported:
        here = current_revision(self.owner)
        if self.manifest["schema"] != here:
            raise ArchiveRefusedError(
                N_("归档来自数据库版本 %(theirs)s，本机是 %(ours)s。请用相同版本的程序导入。"),
                theirs=self.manifest["schema"],
                ours=here,
            )
        slug = slug or self.about["slug"]
        self._refuse_known(slug)
        tenant = TenantInfo(
            id=self.tenant_id,
            slug=slug,
            kind=self.about["kind"],
            name=self.about["name"],
            zone=ZoneInfo(self.about["time_zone"]),
            policy_digest=self.about["policy_digest"],
        )
        try:
            with unit_of_work(self.owner, tenant=tenant, actor=SYSTEM, now=self.now) as scope:
                scope.session.execute(text("SET LOCAL statement_timeout = 0"))
                scope.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                rows = self._rows(scope, slug)
                files = self._files()
                records = self._verified(scope)
                revived = end_all_access(scope, because=f"brought back from the archive of {self.manifest['exported_at']}")
                measure(scope)
        except BaseException:
            for row in islice(self._listed(), self.placed):
                self.store.delete(row["key"])
            raise
        return Imported(tenant, rows, files, records, self.manifest["audit"]["hash"], revived.sessions, revived.tokens)

    def _verified(self, scope: Scope) -> int:
        verdict = verify(scope)
        head = scope.session.scalar(select(AuditHead.hash).where(AuditHead.tenant_id == self.tenant_id)) or ""
        said = self.manifest["audit"]
        if verdict.bad_seq is not None or (verdict.rows, head) != (said["records"], said["hash"]):
            seq = verdict.bad_seq or verdict.rows
            raise ArchiveRefusedError(N_("归档中的审计链在第 %(seq)s 条断裂，没有导入。"), seq=seq)
        return verdict.rows

    def _refuse_known(self, slug: str) -> None:
        with open_session(self.owner, self.tenant_id) as session:
            known = session.scalars(select(Tenant).where((Tenant.id == self.tenant_id) | (Tenant.slug == slug))).first()
        if known is not None:
            raise ArchiveRefusedError(
                N_("租户或代码 %(slug)s 已在本机，没有导入。可以先删除，或换一个代码。"), slug=as_info(known).slug
            )

    def _rows(self, scope: Scope, slug: str) -> int:
        scope.session.add(
            Tenant(
                id=self.tenant_id,
                slug=slug,
                kind=self.about["kind"],
                name=self.about["name"],
                time_zone=self.about["time_zone"],
                policy_digest=self.about["policy_digest"],
                tree_version=self.about["tree_version"],
                demo=self.about["demo"],
                active=False,
                suspended_at=self.now,
                suspended_reason="刚从归档恢复，等待运维人员开通。 Restored from an archive; waiting for the operator.",
                created_at=datetime.fromisoformat(self.about["created_at"]),
            )
        )
        scope.session.flush()
        tables = tenant_tables(scope.session.connection())
        said = {one["name"]: one for one in self.manifest["tables"]}
        if sorted(said) != sorted(table.name for table in tables):
            raise ArchiveRefusedError(N_("归档中的表与本机不一致，没有导入。"))
        total = 0
        for number, table in enumerate(tables):
            self.progress(number, len(tables) + self.manifest["files"]["count"])
            total += self._table(scope, table, said[table.name])
        return total

    def _table(self, scope: Scope, table: Table, said: dict[str, Any]) -> int:
        if said["columns"] != list(table.columns):
            raise ArchiveRefusedError(N_("归档中表 %(table)s 的列与本机不一致，没有导入。"), table=table.name)
        connection = scope.session.connection()
        try:
            rows = self._pour(connection.connection.driver_connection, table, said)
        except psycopg.Error as error:
            # A foreign row, a value that is none, a link into nowhere: the database's own rules have the last word.
            raise ArchiveRefusedError(
                N_("表 %(table)s 的内容被数据库拒绝（%(kind)s），没有导入。"), table=table.name, kind=type(error).__name__
            ) from error
        digesting = Digesting()
        if (copy_out(connection, table, self.tenant_id, digesting), digesting.digest) != (said["rows"], said["sha256"]) or (
            rows != said["rows"]
        ):
            raise ArchiveRefusedError(N_("表 %(table)s 导入后与归档不一致，没有导入。"), table=table.name)
        return rows

    def _pour(self, driver: Any, table: Table, said: dict[str, Any]) -> int:
        with driver.cursor() as cursor:
            # COPY refuses tables under row-level security; the INSERT after it is checked by it: a foreign row stops everything.
            cursor.execute(
                f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {table.column_list} FROM {table.name} WITH NO DATA"  # noqa: S608
            )
            with cursor.copy("COPY incoming FROM STDIN (FORMAT csv, HEADER, ENCODING 'UTF8')") as copy:
                for block in self._blocks(f"tables/{table.name}.csv", said["sha256"], said["size_bytes"]):
                    copy.write(block)
            for guard in table.guards_insert:
                cursor.execute(f'ALTER TABLE {table.name} DISABLE TRIGGER "{guard}"')
            cursor.execute(
                f"INSERT INTO {table.name} ({table.column_list}) SELECT {table.column_list} FROM incoming "  # noqa: S608
            )
            rows = int(cursor.rowcount)
            for guard in table.guards_insert:
                cursor.execute(f'ALTER TABLE {table.name} ENABLE TRIGGER "{guard}"')
            cursor.execute("DROP TABLE incoming")
        return rows

    def _blocks(self, name: str, digest: str, size: int) -> Iterator[bytes]:
        digesting = Digesting()
        try:
            with self.archive.open(name) as content:
                while chunk := content.read(CHUNK):
                    digesting.write(chunk)
                    if digesting.size > size:
                        break
                    yield chunk
        except KeyError as error:
            raise ArchiveRefusedError(N_("归档中缺少 %(name)s，没有导入。"), name=name) from error
        if (digesting.size, digesting.digest) != (size, digest):
            raise ArchiveRefusedError(N_("归档中的 %(name)s 已损坏，没有导入。"), name=name)

    def _files(self) -> int:
        said = self.manifest["files"]
        for _block in self._blocks("files.csv", said["sha256"], said["list_bytes"]):
            pass  # read to its end and found right before the first line of it is believed
        done = len(self.manifest["tables"])
        for number, row in enumerate(self._listed()):
            self.progress(done + number, done + said["count"])
            if not STORAGE_KEY.fullmatch(row["key"]) or not row["key"].startswith(f"{self.tenant_id}/"):
                raise ArchiveRefusedError(N_("归档中有不属于该租户的附件，没有导入。"))
            name = row["key"].rpartition("/")[2]
            with _Stream(self._blocks(f"files/{name}", row["sha256"], int(row["size_bytes"]))) as stream:
                self.placed = number + 1
                self.store.place(row["key"], cast("BinaryIO", stream))
        return self.placed

    def _listed(self) -> Iterator[dict[str, str]]:
        """Read the list of files line by line."""
        with self.archive.open("files.csv") as content, io.TextIOWrapper(content, encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


class _Stream(io.RawIOBase):
    """Blocks as a file to read from."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks, self._rest = blocks, b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._blocks, b"")
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
