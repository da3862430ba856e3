"""Signed tenant context: row-level security believes a signature, not a setting anybody can make. See docs/decisions/0014."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import APP_ROLE, PLAIN_TENANT, SIGNED_TENANT, secure_register

revision = "0010_isolation"
down_revision = "0009_assessments"

# STABLE: one answer per statement, and policies ask it in an InitPlan. PARALLEL RESTRICTED: a parallel worker is another
# process with another pid. Expiry is compared with the transaction's beginning: what has begun is not cut short.
# The last comparison is of hashes of signatures, so that its timing tells nothing of the right one.
FUNCTION = """
CREATE FUNCTION app_tenant_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    context text := current_setting('app.tenant', true);
    message text;
    wanted text;
BEGIN
    IF context IS NULL OR length(context) <> 128 THEN
        RETURN NULL;
    END IF;
    message := left(context, 64);
    SELECT encode(sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8'))), 'hex') INTO wanted
        FROM public.context_key WHERE id = left(context, 8);
    IF wanted IS NULL OR sha256(convert_to(wanted, 'UTF8')) <> sha256(convert_to(right(context, 64), 'UTF8')) THEN
        RETURN NULL;
    END IF;
    IF substr(context, 45, 10)::bigint <> pg_backend_pid()
        OR substr(context, 55, 10)::bigint < extract(epoch FROM transaction_timestamp()) THEN
        RETURN NULL;
    END IF;
    RETURN substr(context, 9, 36)::uuid;
END
$$
"""


def tenant_tables():
    return list(op.get_bind().execute(sa.text(
        "SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'tenant' ORDER BY tablename"
    )).scalars())


def own_functions():
    return list(op.get_bind().execute(sa.text(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    )).scalars())


def upgrade() -> None:
    # Guards read tables by name: without this, a session's own temporary `assessment` would be read in place of the real one.
    for function in own_functions():
        op.execute(f"ALTER FUNCTION {function} SET search_path = public, pg_temp")
    op.create_table(
        "context_key",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("inner_pad", sa.LargeBinary, nullable=False),
        sa.Column("outer_pad", sa.LargeBinary, nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_context_key"),
    )
    op.execute("REVOKE ALL ON context_key FROM PUBLIC")
    op.execute(FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION app_tenant_id() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION app_tenant_id() TO {APP_ROLE}")
    for table in tenant_tables():
        op.execute(f"ALTER POLICY tenant ON {table} USING (tenant_id = {SIGNED_TENANT}) WITH CHECK (tenant_id = {SIGNED_TENANT})")
    # The register is read before a tenant is known; a tenant's row is written by that tenant only.
    secure_register("tenant", column="id")


def downgrade() -> None:
    for policy in ("own_new", "own_changed", "own_gone", "everyone"):
        op.execute(f"DROP POLICY {policy} ON tenant")
    op.execute("ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tenant DISABLE ROW LEVEL SECURITY")
    for table in tenant_tables():
        op.execute(f"ALTER POLICY tenant ON {table} USING (tenant_id = {PLAIN_TENANT}) WITH CHECK (tenant_id = {PLAIN_TENANT})")
    op.execute("DROP FUNCTION app_tenant_id()")
    op.drop_table("context_key")
    for function in own_functions():
        op.execute(f"ALTER FUNCTION {function} RESET search_path")
