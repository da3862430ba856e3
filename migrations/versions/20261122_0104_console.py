"""Operator's console: operators, their acts and orders, what tenants use and may use, suspension. See docs/decisions/0018."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import APP_ROLE, SIGNED_TENANT, check, open_to_owner, secure_register

revision = "0014_console"
down_revision = "0013_identity"

INSTANT = sa.DateTime(timezone=True)
CONSOLE = "'00000000-0000-8000-8000-00000000c051'::uuid"
"""Whose context opens the operator's tables. No tenant may ever have this id."""
IS_CONSOLE = f"({SIGNED_TENANT} = {CONSOLE})"

# Takes `added` people or bytes into account under the usage row's lock, so that any number of writers side by side count each
# other; what would overshoot is refused by name. A tenant without a quota has no limit.
TAKE = """
        UPDATE public.tenant_usage SET {column} = {column} + one.added WHERE tenant_id = one.tenant RETURNING {column} INTO used;
        SELECT {limit} INTO most FROM public.tenant_quota WHERE tenant_id = one.tenant;
        IF one.added > 0 AND used > most THEN
            RAISE EXCEPTION 'quota of {what} reached' USING ERRCODE = 'check_violation', CONSTRAINT = 'quota_{what}',
                TABLE = 'tenant_quota', DETAIL = json_build_object('limit', most, 'used', used - one.added, 'added', one.added)::text;
        END IF;
"""
TAKE_PEOPLE = TAKE.format(what="people", column="people", limit="people_limit")
TAKE_BYTES = TAKE.format(what="storage", column="storage_bytes", limit="storage_limit_bytes")

COUNT = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one record;
    used bigint;
    most bigint;
BEGIN
    FOR one IN {rows} LOOP
{take}
    END LOOP;
    RETURN NULL;
END $$
"""

COUNT_PEOPLE = COUNT.format(name="count_new_people", take=TAKE_PEOPLE, rows="""
        SELECT tenant_id AS tenant, count(*) AS added FROM fresh WHERE active GROUP BY tenant_id""")

COUNT_ACTIVE = COUNT.format(name="count_changed_person", take=TAKE_PEOPLE, rows="""
        SELECT NEW.tenant_id AS tenant, CASE WHEN NEW.active THEN 1 ELSE -1 END AS added""")

# The same bytes attached a second time take no more room.
COUNT_BYTES = COUNT.format(name="count_new_bytes", take=TAKE_BYTES, rows="""
        SELECT kept.tenant_id AS tenant, sum(kept.size_bytes)::bigint AS added
        FROM (SELECT DISTINCT ON (f.tenant_id, f.storage_key) f.tenant_id, f.size_bytes FROM fresh f
              WHERE NOT EXISTS (SELECT 1 FROM public.stored_file s
                                WHERE s.tenant_id = f.tenant_id AND s.storage_key = f.storage_key
                                  AND NOT EXISTS (SELECT 1 FROM fresh g WHERE g.tenant_id = s.tenant_id AND g.id = s.id))) kept
        GROUP BY kept.tenant_id""")

NEW_TENANT = """
CREATE FUNCTION begin_usage() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.tenant_usage (tenant_id, people, storage_bytes, units) VALUES (NEW.id, 0, 0, 0) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""


def console_table(name: str, *items: sa.schema.SchemaItem, may: str) -> None:
    """A table that only a transaction in the console's own context can see at all."""
    op.create_table(name, *items)
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY console ON {name} FOR ALL USING {IS_CONSOLE} WITH CHECK {IS_CONSOLE}")
    op.execute(f"GRANT {may} ON {name} TO {APP_ROLE}")


def upgrade() -> None:
    op.add_column("tenant", sa.Column("suspended_at", INSTANT))
    op.add_column("tenant", sa.Column("suspended_reason", sa.Text, nullable=False, server_default=""))
    op.create_check_constraint(op.f("ck_tenant_suspended"), "tenant", "suspended_at IS NULL OR NOT active")
    op.create_check_constraint(op.f("ck_tenant_not_the_console"), "tenant", f"id <> {CONSOLE}")
    # An operator suspends, resumes and, with the owner's role, removes a tenant without opening it.
    op.execute(f"ALTER POLICY own_changed ON tenant USING (id = {SIGNED_TENANT} OR {IS_CONSOLE}) WITH CHECK (id = {SIGNED_TENANT} OR {IS_CONSOLE})")
    op.execute(f"ALTER POLICY own_gone ON tenant USING (id = {SIGNED_TENANT} OR {IS_CONSOLE})")

    op.create_table(
        "tenant_usage",
        sa.Column("tenant_id", sa.Uuid, sa.ForeignKey("tenant.id", name="fk_tenant_usage_tenant_id"), nullable=False),
        sa.Column("people", sa.BigInteger, nullable=False),
        sa.Column("storage_bytes", sa.BigInteger, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("last_sign_in_at", INSTANT),
        sa.Column("measured_at", INSTANT),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_usage"),
    )
    op.create_table(
        "tenant_quota",
        sa.Column("tenant_id", sa.Uuid, sa.ForeignKey("tenant.id", name="fk_tenant_quota_tenant_id"), nullable=False),
        sa.Column("people_limit", sa.BigInteger),
        sa.Column("storage_limit_bytes", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_quota"),
        check("tenant_quota", "positive", "people_limit > 0 AND storage_limit_bytes > 0"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON tenant_usage TO {APP_ROLE}")
    secure_register("tenant_usage")
    op.execute("ALTER TABLE tenant_quota ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tenant_quota FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY everyone ON tenant_quota FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY console ON tenant_quota FOR ALL USING {IS_CONSOLE} WITH CHECK {IS_CONSOLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON tenant_quota TO {APP_ROLE}")
    with open_to_owner("tenant", "person", "stored_file", "unit", "tenant_usage"):
        op.execute("""
            INSERT INTO tenant_usage (tenant_id, people, storage_bytes, units)
            SELECT t.id, (SELECT count(*) FROM person p WHERE p.tenant_id = t.id AND p.active),
                   (SELECT coalesce(sum(size_bytes), 0) FROM (
                        SELECT DISTINCT ON (storage_key) size_bytes FROM stored_file f WHERE f.tenant_id = t.id) one),
                   (SELECT count(*) FROM unit u WHERE u.tenant_id = t.id)
            FROM tenant t
        """)
    for function in (COUNT_PEOPLE, COUNT_ACTIVE, COUNT_BYTES, NEW_TENANT):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER counted AFTER INSERT ON person REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION count_new_people()"
    )
    op.execute(
        "CREATE TRIGGER recounted AFTER UPDATE OF active ON person FOR EACH ROW "
        "WHEN (OLD.active IS DISTINCT FROM NEW.active) EXECUTE FUNCTION count_changed_person()"
    )
    op.execute(
        "CREATE TRIGGER counted AFTER INSERT ON stored_file REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION count_new_bytes()"
    )
    op.execute("CREATE TRIGGER usage_begins AFTER INSERT ON tenant FOR EACH ROW EXECUTE FUNCTION begin_usage()")

    console_table(
        "operator",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("demo", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("slip_ends_at", INSTANT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("locked_until", INSTANT),
        sa.Column("totp_secret", sa.Text, nullable=False),
        sa.Column("totp_confirmed_at", INSTANT),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator"),
        sa.UniqueConstraint("login", name="uq_operator_login"),
        may="SELECT, INSERT, UPDATE",
    )
    console_table(
        "operator_session",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("operator_id", sa.Uuid, sa.ForeignKey("operator.id", name="fk_operator_session_operator_id"), nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("proved_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_session"),
        sa.UniqueConstraint("token_digest", name="uq_operator_session_token_digest"),
        may="SELECT, INSERT, UPDATE",
    )
    op.create_index("ix_operator_session_operator_id", "operator_session", ["operator_id"])
    console_table(
        "operator_act",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("operator_id", sa.Uuid),
        sa.Column("operator_name", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_operator_act"),
        may="SELECT, INSERT",
    )
    op.create_index("ix_operator_act_subject_id", "operator_act", ["subject_id"])
    console_table(
        "operator_act_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_act_head"),
        check("operator_act_head", "single", "id = 1"),
        may="SELECT, INSERT, UPDATE",
    )
    console_table(
        "operator_order",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Uuid),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("ordered_at", INSTANT, nullable=False),
        sa.Column("ordered_by", sa.Uuid),
        sa.Column("ordered_name", sa.Text, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("confirmed_name", sa.Text, nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("archive", sa.Text, nullable=False),
        sa.Column("outcome", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_order"),
        check("operator_order", "kind", "kind IN ('export', 'import', 'deletion')"),
        check("operator_order", "state", "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')"),
        check("operator_order", "other_hand", "confirmed_by IS NULL OR confirmed_by IS DISTINCT FROM ordered_by"),
        may="SELECT, INSERT, UPDATE",
    )
    op.create_index(
        "ix_operator_order_begins_at",
        "operator_order",
        ["begins_at"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    console_table(
        "deletion_certificate",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ordered_at", INSTANT, nullable=False),
        sa.Column("ordered_name", sa.Text, nullable=False),
        sa.Column("confirmed_name", sa.Text, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=False),
        sa.Column("rows", JSONB, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("file_bytes", sa.BigInteger, nullable=False),
        sa.Column("audit_records", sa.BigInteger, nullable=False),
        sa.Column("audit_hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletion_certificate"),
        may="SELECT",
    )


def downgrade() -> None:
    for table in ("deletion_certificate", "operator_order", "operator_act_head", "operator_act", "operator_session", "operator"):
        op.drop_table(table)
    op.execute("DROP TRIGGER usage_begins ON tenant")
    op.execute("DROP TRIGGER counted ON stored_file")
    op.execute("DROP TRIGGER recounted ON person")
    op.execute("DROP TRIGGER counted ON person")
    for function in (
        "begin_usage()",
        "count_new_bytes()",
        "count_changed_person()",
        "count_new_people()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("tenant_quota")
    op.drop_table("tenant_usage")
    op.execute(f"ALTER POLICY own_gone ON tenant USING (id = {SIGNED_TENANT})")
    op.execute(f"ALTER POLICY own_changed ON tenant USING (id = {SIGNED_TENANT}) WITH CHECK (id = {SIGNED_TENANT})")
    op.drop_constraint("ck_tenant_not_the_console", "tenant")
    op.drop_constraint("ck_tenant_suspended", "tenant")
    op.drop_column("tenant", "suspended_reason")
    op.drop_column("tenant", "suspended_at")
