"""
What the catalogue of the database must say (A1, A2, A4), as questions that name each offender.

`FINDINGS` maps a rule to a query giving the offenders; an empty answer is the goal. Each rule has in `CONTROLS` a way to break it,
tried in a transaction that is rolled back, so that no rule is one which cannot fail.
"""

from sqlalchemy import Connection, text

from duban.kernel.table_lists import CONSOLE_TABLES, GLOBAL_TABLES

POLICY = "(tenant_id = ( SELECT app_tenant_id() AS app_tenant_id))"
CONSOLE = "(( SELECT app_tenant_id() AS app_tenant_id) = '00000000-0000-8000-8000-00000000c051'::uuid)"
DEFINERS = ("app_tenant_id()",)

_TABLES = """
WITH tables AS (
    SELECT c.* FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
), tenants AS (
    SELECT * FROM tables WHERE relname <> ALL (:global)
), keys AS (
    SELECT c.*, s.relname AS source, t.relname AS target,
        ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(num, place)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY place) AS own,
        ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(num, place)
              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY place) AS other,
        ARRAY(SELECT a.attname::text FROM unnest(c.conkey) k(num)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num WHERE NOT a.attnotnull) AS nullable
    FROM pg_constraint c JOIN tables s ON s.oid = c.conrelid LEFT JOIN tables t ON t.oid = c.confrelid
)
"""
_TENANT_ID = "SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped"

FINDINGS: dict[str, str] = {
    # A1
    "every table is on a list": f"SELECT relname FROM tenants t WHERE NOT EXISTS ({_TENANT_ID})",
    "every listed table exists": "SELECT g FROM unnest(CAST(:global AS text[])) g WHERE to_regclass(g) IS NULL",
    "tenant_id is a uuid, not null, without default": f"SELECT relname FROM tenants t WHERE NOT EXISTS ({_TENANT_ID} "
    "AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '' AND a.atttypid = 'uuid'::regtype)",
    "tenant_id points at the register": "SELECT relname FROM tenants t WHERE NOT EXISTS "
    "(SELECT 1 FROM keys k WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.target = 'tenant' AND k.own = '{tenant_id}' AND k.convalidated)",
    "the primary key begins with tenant_id": "SELECT relname FROM tenants t WHERE NOT EXISTS "
    "(SELECT 1 FROM keys k WHERE k.conrelid = t.oid AND k.contype = 'p' AND k.own[1] = 'tenant_id')",
    "every index begins with tenant_id": "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN tenants t ON t.oid = i.indrelid "
    "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] JOIN pg_class x ON x.oid = i.indexrelid "
    "JOIN pg_am m ON m.oid = x.relam WHERE m.amname = 'btree' AND a.attname IS DISTINCT FROM 'tenant_id'",
    "row-level security is on and forced": "SELECT relname FROM tenants WHERE NOT (relrowsecurity AND relforcerowsecurity)",
    "one restrictive policy on the signed tenant, for every command and role": "SELECT relname FROM tenants t WHERE "
    "(SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid AND NOT p.polpermissive) <> 1 OR NOT EXISTS "
    "(SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'tenant' AND NOT p.polpermissive AND p.polcmd = '*' "
    "AND p.polroles = '{0}' AND pg_get_expr(p.polqual, t.oid) = :policy AND pg_get_expr(p.polwithcheck, t.oid) = :policy)",
    "one permissive policy beside it": "SELECT relname FROM tenants t WHERE "
    "(SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid AND p.polpermissive) <> 1",
    "a register with tenants' rows is written by its tenant only": f"SELECT relname FROM tables t WHERE relname = ANY (:global) "
    f"AND (relname = 'tenant' OR EXISTS ({_TENANT_ID})) AND NOT (relrowsecurity AND relforcerowsecurity AND 3 = "
    "(SELECT count(DISTINCT polcmd) FROM pg_policy p WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd IN ('a', 'w', 'd') "
    "AND coalesce(pg_get_expr(p.polwithcheck, t.oid), pg_get_expr(p.polqual, t.oid)) LIKE '%id = ( SELECT app_tenant_id()%')) "
    f"AND relname <> ALL ('{{{','.join(CONSOLE_TABLES)}}}')",
    "the console's tables are written in the console's own context only": "SELECT relname FROM tables t WHERE relname = ANY "
    f"('{{{','.join(CONSOLE_TABLES)}}}') AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p "
    "WHERE p.polrelid = t.oid AND p.polcmd = '*') AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND "
    "p.polcmd <> 'r' AND (pg_get_expr(p.polqual, t.oid) IS DISTINCT FROM pg_get_expr(p.polwithcheck, t.oid) OR "
    "pg_get_expr(p.polqual, t.oid) IS DISTINCT FROM :console)))",
    "the console's tables but limits are read in the console's own context only": "SELECT relname FROM tables t WHERE relname = ANY "
    f"('{{{','.join(CONSOLE_TABLES)}}}') AND relname <> 'tenant_quota' AND EXISTS (SELECT 1 FROM pg_policy p "
    "WHERE p.polrelid = t.oid AND p.polcmd = 'r')",
    # A4
    "a link between tenants' tables contains tenant_id on both sides": "SELECT source || '.' || conname FROM keys WHERE contype = 'f' "
    "AND source <> ALL (:global) AND target <> ALL (:global) AND array_position(own, 'tenant_id') IS DISTINCT FROM 1 "
    "OR contype = 'f' AND source <> ALL (:global) AND target <> ALL (:global) AND array_position(other, 'tenant_id') IS DISTINCT FROM 1",
    "a link has no hole by NULL": "SELECT source || '.' || conname FROM keys WHERE contype = 'f' AND source <> ALL (:global) "
    "AND ('tenant_id' = ANY (nullable) OR cardinality(nullable) > 0 AND cardinality(own) > 2)",
    "a link is checked and changes nothing by itself": "SELECT source || '.' || conname FROM keys WHERE contype = 'f' "
    "AND NOT (confdeltype = 'a' AND confupdtype = 'a' AND convalidated)",
    "a link to the installation's tables leads to the register only": "SELECT source || '.' || conname FROM keys WHERE contype = 'f' "
    "AND source <> ALL (:global) AND target = ANY (:global) AND target <> 'tenant'",
    "the installation's tables point at no tenant's table": "SELECT source || '.' || conname FROM keys WHERE contype = 'f' "
    "AND source = ANY (:global) AND target <> ALL (:global)",
    "a unique rule contains tenant_id": "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN tenants t ON t.oid = i.indrelid "
    "WHERE (i.indisunique OR i.indisexclusion) AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid "
    "AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey))",
    # A2 and what could lead round the policies
    "no view, materialised view, foreign table, partition": "SELECT oid::regclass::text FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND (relkind IN ('v', 'm', 'f') OR relispartition)",
    "no table inherits": "SELECT inhrelid::regclass::text FROM pg_inherits i JOIN tables t ON t.oid = i.inhrelid",
    "no rewrite rule": "SELECT r.rulename FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class",
    "only reviewed functions run with their owner's rights": "SELECT oid::regprocedure::text FROM pg_proc "
    "WHERE pronamespace = 'public'::regnamespace AND prosecdef AND oid::regprocedure::text <> ALL (:definers)",
    "every function has a fixed search_path with pg_temp last": "SELECT oid::regprocedure::text FROM pg_proc "
    "WHERE pronamespace = 'public'::regnamespace AND NOT coalesce(EXISTS (SELECT 1 FROM unnest(proconfig) c "
    "WHERE c ~ '^search_path=.*pg_temp$'), false)",
    "every function is a trigger's or reviewed": "SELECT oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace "
    "AND oid::regprocedure::text <> ALL (:definers) AND NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgfoid = p.oid)",
    "no function is leakproof": "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proleakproof",
    "every trigger is awake": "SELECT t.relname || '.' || g.tgname FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE g.tgenabled <> 'O'",
    "no event trigger": "SELECT evtname FROM pg_event_trigger",
    "no extension but plpgsql": "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'",
    "no publication or foreign server": "SELECT pubname FROM pg_publication UNION ALL SELECT srvname FROM pg_foreign_server",
    "no schema but public": "SELECT nspname FROM pg_namespace WHERE nspname <> ALL ('{public,pg_catalog,information_schema,pg_toast}') "
    "AND nspname !~ '^pg_(toast_)?temp_'",
    "everything is the owner's": "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relowner <> 'duban_owner'::regrole UNION ALL SELECT oid::regprocedure::text FROM pg_proc "
    "WHERE pronamespace = 'public'::regnamespace AND proowner <> 'duban_owner'::regrole",
    "rights on tables: the application's, to read, add and change; nobody else's": "SELECT t.relname || ' ' || "
    "coalesce(r.rolname, 'PUBLIC') || ' ' || g.privilege_type FROM tables t, aclexplode(t.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee "
    "WHERE g.grantee <> 'duban_owner'::regrole AND NOT (g.grantee = 'duban_app'::regrole AND NOT g.is_grantable "
    "AND g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))",
    "no right on single columns": "SELECT t.relname || '.' || a.attname FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid "
    "WHERE a.attacl IS NOT NULL",
    "rights to run functions: the owner's and, for reviewed ones, the application's": "SELECT p.oid::regprocedure::text FROM pg_proc p, "
    "aclexplode(p.proacl) g WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef "
    "AND g.grantee <> ALL (ARRAY['duban_owner'::regrole, 'duban_app'::regrole]::oid[])",
    "evidence is never changed or deleted": "SELECT t.relname || ' ' || g.privilege_type FROM tables t, aclexplode(t.relacl) g "
    "WHERE g.grantee = 'duban_app'::regrole AND t.relname IN ('audit_record', 'signature', 'frozen_result', 'frozen_ranking', 'catalogue', 'form_version') "
    "AND g.privilege_type NOT IN ('SELECT', 'INSERT')",
    "new objects are given to nobody by default": "SELECT defaclobjtype::text FROM pg_default_acl",
    "nobody may make objects in public but the owner": "SELECT coalesce(r.rolname, 'PUBLIC') FROM pg_namespace n, aclexplode(n.nspacl) g "
    "LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE n.nspname = 'public' AND g.privilege_type = 'CREATE' "
    "AND coalesce(r.rolname, 'PUBLIC') NOT IN ('pg_database_owner', 'duban_owner', 'postgres')",
    "paths are compared by bytes and checked": "SELECT t.relname || '.' || a.attname FROM pg_attribute a JOIN tenants t ON t.oid = a.attrelid "
    "JOIN pg_collation c ON c.oid = a.attcollation WHERE (a.attname = 'path' OR a.attname LIKE '%\\_path') AND a.attnum > 0 "
    "AND a.atttypid = 'text'::regtype AND c.collname <> 'C'",
}

# How to break each rule, as owner of the tables and the database; all of it is rolled back. PEEP is a table made for the purpose.
_PEEP = "CREATE TABLE peep (tenant_id uuid NOT NULL REFERENCES tenant (id), id uuid, PRIMARY KEY (tenant_id, id));"
CONTROLS: dict[str, str] = {
    "every table is on a list": "CREATE TABLE peep (id uuid)",
    "every listed table exists": "DROP TABLE heartbeat",
    "tenant_id is a uuid, not null, without default": "ALTER TABLE unit ALTER tenant_id SET DEFAULT gen_random_uuid()",
    "tenant_id points at the register": "ALTER TABLE unit DROP CONSTRAINT fk_unit_tenant_id",
    "the primary key begins with tenant_id": "CREATE TABLE peep (tenant_id uuid, id uuid, PRIMARY KEY (id, tenant_id))",
    "every index begins with tenant_id": "CREATE INDEX peep ON unit (name)",
    "row-level security is on and forced": "ALTER TABLE unit NO FORCE ROW LEVEL SECURITY",
    "one restrictive policy on the signed tenant, for every command and role": "ALTER POLICY tenant ON unit "
    "USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))",
    "one permissive policy beside it": "CREATE POLICY more ON unit USING (true)",
    "a register with tenants' rows is written by its tenant only": "DROP POLICY own_changed ON tenant",
    "the console's tables are written in the console's own context only": "CREATE POLICY peep ON operator FOR UPDATE USING (true)",
    "the console's tables but limits are read in the console's own context only": "CREATE POLICY peep ON operator FOR SELECT USING (true)",
    "a link between tenants' tables contains tenant_id on both sides": "ALTER TABLE unit ADD UNIQUE (id); "
    "ALTER TABLE placement ADD FOREIGN KEY (unit_id) REFERENCES unit (id)",
    "a link has no hole by NULL": _PEEP + "ALTER TABLE peep ADD a uuid, ADD UNIQUE (tenant_id, id, a); "
    "CREATE TABLE peep2 (tenant_id uuid, id uuid, a uuid, FOREIGN KEY (tenant_id, id, a) REFERENCES peep (tenant_id, id, a))",
    "a link is checked and changes nothing by itself": "ALTER TABLE placement ADD CONSTRAINT peep FOREIGN KEY (tenant_id, unit_id) "
    "REFERENCES unit (tenant_id, id) ON DELETE CASCADE",
    "a link to the installation's tables leads to the register only": "ALTER TABLE unit ADD peep text REFERENCES heartbeat (name)",
    "the installation's tables point at no tenant's table": "ALTER TABLE heartbeat ADD t uuid, ADD u uuid, "
    "ADD FOREIGN KEY (t, u) REFERENCES unit (tenant_id, id)",
    "a unique rule contains tenant_id": "CREATE UNIQUE INDEX peep ON unit (id)",
    "no view, materialised view, foreign table, partition": "CREATE VIEW peep AS SELECT * FROM unit",
    "no table inherits": "CREATE TABLE peep () INHERITS (heartbeat)",
    "no rewrite rule": "CREATE RULE peep AS ON DELETE TO unit DO INSTEAD NOTHING",
    "only reviewed functions run with their owner's rights": "CREATE FUNCTION peep() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "every function has a fixed search_path with pg_temp last": "CREATE FUNCTION peep() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "every function is a trigger's or reviewed": "CREATE FUNCTION peep() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "no function is leakproof": "RESET ROLE; ALTER FUNCTION app_tenant_id() LEAKPROOF",
    "every trigger is awake": "ALTER TABLE letter DISABLE TRIGGER stays_as_issued",
    "no event trigger": "RESET ROLE; CREATE FUNCTION peep() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "CREATE EVENT TRIGGER peep ON sql_drop EXECUTE FUNCTION peep()",
    "no extension but plpgsql": "RESET ROLE; UPDATE pg_extension SET extname = 'peep'",
    "no publication or foreign server": "RESET ROLE; CREATE PUBLICATION peep",
    "no schema but public": "CREATE SCHEMA peep",
    "everything is the owner's": "RESET ROLE; ALTER TABLE unit OWNER TO postgres",
    "rights on tables: the application's, to read, add and change; nobody else's": "GRANT TRUNCATE ON unit TO duban_app",
    "no right on single columns": "GRANT SELECT (inner_pad) ON context_key TO duban_app",
    "rights to run functions: the owner's and, for reviewed ones, the application's": "GRANT EXECUTE ON FUNCTION app_tenant_id() TO PUBLIC",
    "evidence is never changed or deleted": "GRANT UPDATE ON audit_record TO duban_app",
    "new objects are given to nobody by default": "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO duban_app",
    "nobody may make objects in public but the owner": "RESET ROLE; GRANT CREATE ON SCHEMA public TO PUBLIC",
    "paths are compared by bytes and checked": 'ALTER TABLE unit ADD other_path text COLLATE "default"',
}


def offenders(connection: Connection, rule: str) -> list[str]:
    """Name what breaks a rule."""
    asked = {"global": list(GLOBAL_TABLES), "policy": POLICY, "definers": list(DEFINERS), "console": CONSOLE}
    statement = _TABLES + FINDINGS[rule]
    return sorted(
        str(name)
        for name in connection.execute(
            text(statement), {key: value for key, value in asked.items() if f":{key}" in statement}
        ).scalars()
    )
