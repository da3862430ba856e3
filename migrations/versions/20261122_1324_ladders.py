"""
Reminder ladders as data, digests and quiet hours. See docs/decisions/0050.

A duty carries when its ladder is to be looked at next, so that the clock walks an index of what is due. The database itself marks a
duty that was changed, whoever changed it. Rows from before get their value from the clock, some at a time.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, tenant_fk, unique

revision = "0037_ladders"
down_revision = "0036_rollup"

INDEXES = {
    "ix_duty_next_step": ("duty", ["tenant_id", "next_step_at", "id"], "next_step_at IS NOT NULL"),
    "ix_duty_to_miss": ("duty", ["tenant_id", "missing_at", "id"], "state IN ('open', 'returned')"),
    "ix_duty_unclimbed": (
        "duty",
        ["tenant_id", "id"],
        "climbed IS NULL AND next_step_at IS NULL AND state <> 'accepted' AND state <> 'cancelled'",
    ),
    "ix_effect_parts": (
        "effect",
        ["tenant_id", "next_try_at"],
        "in_digest AND digest_id IS NULL AND state IN ('pending', 'claimed')",
    ),
    "ix_effect_digest": ("effect", ["tenant_id", "digest_id"], "digest_id IS NOT NULL"),
}
HOUR = "~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'"
MARK = """
CREATE FUNCTION look_at_duty() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.next_step_at := CASE WHEN NEW.state = 'cancelled' THEN NULL ELSE timestamptz 'epoch' END;
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER look_again BEFORE UPDATE ON duty FOR EACH ROW
WHEN (OLD.changed_at IS DISTINCT FROM NEW.changed_at OR OLD.state IS DISTINCT FROM NEW.state
      OR OLD.due_version IS DISTINCT FROM NEW.due_version OR OLD.versions IS DISTINCT FROM NEW.versions)
EXECUTE FUNCTION look_at_duty()
"""
MARK_ASKED = """
CREATE FUNCTION look_at_duty_asked_about() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE duty SET next_step_at = timestamptz 'epoch' WHERE tenant_id = NEW.tenant_id AND id = NEW.duty_id AND state <> 'cancelled';
    RETURN NULL;
END $$
"""
TRIGGER_ASKED = """
CREATE TRIGGER look_again AFTER INSERT OR UPDATE OF state ON extension FOR EACH ROW EXECUTE FUNCTION look_at_duty_asked_about()
"""


def upgrade() -> None:
    op.add_column("requirement", sa.Column("ladder", sa.dialects.postgresql.JSONB, nullable=True))
    op.add_column("duty", sa.Column("next_step_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("duty", sa.Column("climbed", sa.dialects.postgresql.JSONB, nullable=True))
    op.add_column("effect", sa.Column("in_digest", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("effect", sa.Column("digest_id", sa.Uuid, nullable=True))
    create_tenant_table(
        "notice_choice",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("digest_at", sa.Text, nullable=False),
        sa.Column("quiet_from", sa.Text, nullable=False),
        sa.Column("quiet_to", sa.Text, nullable=False),
        sa.Column("workdays_only", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        tenant_fk("notice_choice", "person_id", "person"),
        unique("notice_choice", "person_id"),
        check("notice_choice", "email", "email IN ('at_once', 'digest')"),
        check("notice_choice", "digest_at", f"digest_at {HOUR}"),
        check(
            "notice_choice",
            "quiet",
            f"(quiet_from = '' AND quiet_to = '') OR (quiet_from {HOUR} AND quiet_to {HOUR} AND quiet_from <> quiet_to)",
        ),
    )
    op.execute(MARK)
    op.execute(TRIGGER)
    op.execute(MARK_ASKED)
    op.execute(TRIGGER_ASKED)
    with op.get_context().autocommit_block():
        # Building them holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        for name, (table, columns, where) in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # unfinished, of a try that was broken off
            op.create_index(name, table, columns, postgresql_where=sa.text(where), postgresql_concurrently=True)
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.execute("DROP TRIGGER look_again ON extension")
    op.execute("DROP FUNCTION look_at_duty_asked_about()")
    op.execute("DROP TRIGGER look_again ON duty")
    op.execute("DROP FUNCTION look_at_duty()")
    for name, (table, _, _) in reversed(INDEXES.items()):
        op.drop_index(name, table)
    op.drop_table("notice_choice")
    op.drop_column("effect", "digest_id")
    op.drop_column("effect", "in_digest")
    op.drop_column("duty", "climbed")
    op.drop_column("duty", "next_step_at")
    op.drop_column("requirement", "ladder")
