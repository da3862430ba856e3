"""
Watches every statement of the suite: one that touches a tenant table without saying tenant_id fails on the spot.

Row-level security would still hide foreign rows; this keeps the statements fit for a database spread over machines.
"""

import re

from sqlalchemy import Engine, event

from duban.kernel.db import Base, TenantTable

DELIBERATE = "/* without tenant on purpose */"
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?\"?([a-z_]+)\"?", re.IGNORECASE)
checked = {"statements": 0}


def tenant_tables() -> set[str]:
    """Names of the tables that belong to tenants."""
    return {mapper.local_table.name for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantTable)} | {
        "audit_record",
        "audit_head",
    }


def complaint(statement: str, tables: set[str]) -> str | None:
    """Say what is wrong with a statement, None when nothing is."""
    if DELIBERATE in statement:
        return None
    touched = set(_TABLE.findall(statement)) & tables
    if touched and "tenant_id" not in statement:
        return f"no tenant_id in a statement on {sorted(touched)}: {statement[:400]}"
    return None


def watch() -> None:
    """Check every statement from now on."""
    tables = tenant_tables()

    @event.listens_for(Engine, "before_cursor_execute")
    def _check(connection, _cursor, statement, _parameters, _context, _many):  # noqa: ANN202
        if "duban_app" not in str(connection.engine.url):
            return
        checked["statements"] += 1
        problem = complaint(statement, tables)
        if problem:
            raise AssertionError(problem)
