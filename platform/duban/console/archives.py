"""
A tenant as one archive: every row of every tenant table, every stored file, and a manifest with counts and digests.

A zip of `manifest.json`, `tables/<name>.csv` (PostgreSQL's CSV, UTF-8, first line the columns; an empty cell is no value, "" an
empty text), `files.csv` and `files/<name>`. Written (`exporting`) and read (`importing`) as a stream: memory does not grow with
the tenant.
"""

import hashlib
from collections.abc import Callable
from typing import IO, Any

from sqlalchemy import Connection

from duban.console.tables import Table, tenant_tables
from duban.kernel.ids import TenantId

FORMAT = 1
CHUNK = 1024 * 1024
Progress = Callable[[int, int], None]
"""Is told what is done and how much there is; may raise to stop."""


class Digesting:
    """Passes bytes on and counts and digests them."""

    def __init__(self, into: IO[bytes] | None = None) -> None:
        self._into, self._hasher, self.size = into, hashlib.sha256(), 0

    def write(self, data: bytes | memoryview) -> int:
        """Take the next bytes."""
        self._hasher.update(data)
        self.size += len(data)
        return self._into.write(data) if self._into is not None else len(data)

    @property
    def digest(self) -> str:
        """Give `sha256:hex` of everything so far."""
        return f"sha256:{self._hasher.hexdigest()}"


def copy_out(connection: Connection, table: Table, tenant_id: TenantId, into: Any) -> int:
    """Write a tenant's rows of one table as CSV, in the order of the key. Gives: how many."""
    driver: Any = connection.connection.driver_connection
    statement = (
        f"COPY (SELECT {table.column_list} FROM {table.name} WHERE tenant_id = '{tenant_id}' ORDER BY {table.order}) "  # noqa: S608
        "TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')"
    )
    with driver.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy:
                into.write(block)
        return int(cursor.rowcount)


def table_digests(connection: Connection, tenant_id: TenantId) -> dict[str, tuple[int, str]]:
    """Give rows and digest of every tenant table as an export would write them: two tenants are equal when these are."""
    found = {}
    for table in tenant_tables(connection):
        digesting = Digesting()
        rows = copy_out(connection, table, tenant_id, digesting)
        found[table.name] = (rows, digesting.digest)
    return found
