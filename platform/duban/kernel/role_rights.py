"""What the application's role must not be able to do, read from the catalogue of the database it connects to."""

from sqlalchemy import Connection, text

from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.table_lists import GLOBAL_TABLES

TRUSTED_FUNCTIONS = frozenset({"app_tenant_id()"})
"""Functions that run with their owner's rights and that the application may call: reviewed one by one."""

_FIXED_RLS = ((15, 14), (16, 10), (17, 6), (18, 0))
"""First minor version of each major one without the known leaks past row-level security (CVE-2025-8713 and older)."""

_ROLE = text(
    "SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication, "
    "ARRAY(SELECT m.rolname::text FROM pg_auth_members g JOIN pg_roles m ON m.oid = g.roleid WHERE g.member = r.oid) AS groups "
    "FROM pg_roles r WHERE r.rolname = session_user"
)
_ATTRIBUTES = {
    "rolsuper": "is superuser",
    "rolbypassrls": "bypasses row-level security",
    "rolcreaterole": "may make roles",
    "rolcreatedb": "may make databases",
    "rolreplication": "may copy the whole server (replication)",
}
# Every question is asked of the application's own schemas: those of the server itself are everybody's.
_OURS = """
WITH ours AS (
    SELECT oid, nspname, nspowner FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg\\_temp%'
), tables AS (
    SELECT c.* FROM pg_class c JOIN ours ON ours.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
)
"""
_FINDINGS = {
    "owns": """
        SELECT c.oid::regclass::text FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
        WHERE c.relowner = CAST(current_user AS regrole)""",
    "owns schema": "SELECT nspname FROM ours WHERE nspowner = CAST(current_user AS regrole)",
    "owns database": """
        SELECT datname FROM pg_database WHERE datname = current_database() AND datdba = CAST(current_user AS regrole)""",
    "may make objects in schema": "SELECT nspname FROM ours WHERE has_schema_privilege(oid, 'CREATE')",
    "may TRUNCATE, REFERENCE or TRIGGER": """
        SELECT oid::regclass::text FROM tables
        WHERE relkind IN ('r', 'p') AND has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER')""",
    "may reach the context keys in": """
        SELECT oid::regclass::text FROM tables WHERE relname = 'context_key'
        AND (has_table_privilege(oid, 'DELETE') OR has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE'))""",
    "may reach past row-level security through": """
        SELECT oid::regclass::text FROM tables WHERE has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE')
        AND (relkind IN ('m', 'f') OR relispartition
             OR (relkind = 'v' AND NOT coalesce(reloptions::text LIKE '%security_invoker=true%', false)))""",
    "may run with its owner's rights": """
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
        WHERE p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')""",
    "has, open to every tenant,": """
        SELECT t.oid::regclass::text FROM tables t
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE t.relkind IN ('r', 'p') AND has_any_column_privilege(t.oid, 'SELECT, INSERT, UPDATE')
        AND NOT (t.relrowsecurity AND t.relforcerowsecurity AND EXISTS (
            SELECT 1 FROM pg_policy y WHERE y.polrelid = t.oid AND NOT y.polpermissive AND y.polcmd = '*'
            AND pg_get_expr(y.polqual, y.polrelid) = '(tenant_id = ( SELECT app_tenant_id() AS app_tenant_id))'))""",
}
_REVIEWED = {"may run with its owner's rights": TRUSTED_FUNCTIONS, "has, open to every tenant,": frozenset(GLOBAL_TABLES)}


class OldServerError(UnfitDatabaseError):
    """The PostgreSQL server has known holes in row-level security."""


def harmful_rights(connection: Connection) -> list[str]:
    """Name everything the connected role could do past row-level security; empty for a harmless one. Costs: ten short queries."""
    role = connection.execute(_ROLE).mappings().one()
    found = [words for attribute, words in _ATTRIBUTES.items() if role[attribute]]
    if role["groups"]:
        found.append(f"has the rights of {', '.join(role['groups'])}")
    if role["rolsuper"]:
        return found  # every further question would be answered with yes
    for words, query in _FINDINGS.items():
        names = sorted(set(connection.execute(text(_OURS + query)).scalars()) - _REVIEWED.get(words, frozenset()))
        if names:
            found.append(f"{words} {', '.join(names)}")
    return found


def refuse_old_server(connection: Connection) -> None:
    """Raises: OldServerError naming the version to install."""
    number = int(connection.execute(text("SELECT current_setting('server_version_num')")).scalar_one())
    major, minor = divmod(number, 10_000)
    for wanted_major, wanted_minor in _FIXED_RLS:
        if major == wanted_major and minor < wanted_minor:
            raise OldServerError(
                f"PostgreSQL {major}.{minor} has known leaks past row-level security: install {major}.{wanted_minor} or newer."
            )
    if major < _FIXED_RLS[0][0]:
        raise OldServerError(f"PostgreSQL {major} is too old: Duban needs {_FIXED_RLS[0][0]}.{_FIXED_RLS[0][1]} or newer.")
