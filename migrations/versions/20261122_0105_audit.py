"""What checking the chains found, for the person on duty; indexes for the auditor's pages; when a catalogue last changed."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import APP_ROLE, index, secure_register

revision = "0015_audit"
down_revision = "0014_console"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_check",
        sa.Column("tenant_id", sa.Uuid, sa.ForeignKey("tenant.id", name="fk_audit_check_tenant_id"), nullable=False),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("whole_at", INSTANT),
        sa.Column("anchored_seq", sa.BigInteger, nullable=False),
        sa.Column("anchored_at", INSTANT),
        sa.Column("bad_seq", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_audit_check"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON audit_check TO {APP_ROLE}")
    secure_register("audit_check")
    index("audit_record", "actor_id")
    index("audit_record", "at")
    # Lets a process keep a catalogue it has read: the tenant's row, read by every request, says whether there is a newer one.
    op.add_column("tenant", sa.Column("catalogue_version", sa.Integer, nullable=False, server_default="1"))
    op.execute(
        "CREATE FUNCTION catalogue_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ "
        "BEGIN UPDATE public.tenant SET catalogue_version = catalogue_version + 1 WHERE id = NEW.tenant_id; RETURN NULL; END $$"
    )
    op.execute("CREATE TRIGGER catalogue_changed AFTER INSERT ON catalogue FOR EACH ROW EXECUTE FUNCTION catalogue_changed()")


def downgrade() -> None:
    op.execute("DROP TRIGGER catalogue_changed ON catalogue")
    op.execute("DROP FUNCTION catalogue_changed()")
    op.drop_column("tenant", "catalogue_version")
    op.drop_index("ix_audit_record_tenant_id_at", "audit_record")
    op.drop_index("ix_audit_record_tenant_id_actor_id", "audit_record")
    op.drop_table("audit_check")
