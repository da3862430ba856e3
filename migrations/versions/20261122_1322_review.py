"""
Review level by level, reasons pinned to fields, the version that counts. See docs/decisions/0048.

What is added to tables with rows is done in an autocommit block, each step so that a broken-off try can be repeated.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import PATH_PATTERN, check, create_tenant_table, index, path_column, path_shape, tenant_fk, unique

revision = "0035_review"
down_revision = "0034_deadlines"

INSTANT = sa.DateTime(timezone=True)
BATCH = 10_000
REQUIREMENT = {
    "review_mode": "text NOT NULL DEFAULT 'one_step'",
    "waits_below": "text NOT NULL DEFAULT 'no'",
    "quorum_kind": "text NOT NULL DEFAULT 'all'",
    "quorum": "integer NOT NULL DEFAULT 0",
}
DUTY = {
    "accepted_version": "integer",
    "at_path": 'text COLLATE "C"',
    "waiting_since": "timestamptz",
    "review_chain": "text[]",
    "reviewer_id": "uuid",
    "reviewer_until": "date",
    "correction": "text",
    "corrected_at": "timestamptz",
}
CHECKS = {
    ("requirement", "review"): "review_mode IN ('one_step', 'by_level') AND waits_below IN ('no', 'warn', 'block')",
    ("requirement", "quorum"): "quorum_kind IN ('all', 'percent', 'number') AND quorum >= 0",
    ("duty", "at_path_shape"): f"at_path ~ '{PATH_PATTERN}'",
    ("duty", "waiting"): "(at_path IS NULL) = (waiting_since IS NULL)",
    ("duty", "under_review"): "at_path IS NULL OR state IN ('submitted', 'missing_submitted', 'accepted')",
    ("duty", "correction"): (
        "correction IS NULL OR (correction IN ('asked', 'open', 'submitted') AND accepted_version IS NOT NULL)"
    ),
}
INDEXES = {
    "ix_duty_waiting": (["tenant_id", "at_path", "waiting_since", "id"], "at_path IS NOT NULL"),
    "ix_duty_correction": (["tenant_id", "path"], "correction IS NOT NULL"),
}
# What was accepted before is what counts; what waits, waits at its issuer.
FILL = sa.text(
    """
    WITH part AS (
        SELECT tenant_id, id FROM duty WHERE (tenant_id, id) > (CAST(:tenant AS uuid), CAST(:id AS uuid)) ORDER BY tenant_id, id LIMIT :batch
    ), done AS (
        UPDATE duty SET
            accepted_version = CASE WHEN duty.accepted_at IS NOT NULL THEN duty.versions END,
            at_path = CASE WHEN duty.accepted_at IS NULL THEN duty.to_path END,
            waiting_since = CASE WHEN duty.accepted_at IS NULL THEN coalesce(duty.last_submitted_at, duty.changed_at) END
        FROM part
        WHERE duty.tenant_id = part.tenant_id AND duty.id = part.id AND duty.at_path IS NULL AND duty.accepted_version IS NULL
          AND (duty.accepted_at IS NOT NULL OR (duty.state IN ('submitted', 'missing_submitted') AND duty.to_path IS NOT NULL))
    )
    SELECT tenant_id, id FROM part ORDER BY tenant_id DESC, id DESC LIMIT 1
    """
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns in (("requirement", REQUIREMENT), ("duty", DUTY)):
            for name, kind in columns.items():
                op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}")
        _fill()
        for (table, name), condition in CHECKS.items():
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")  # of a try that was broken off
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
        # From here on nobody is held up, but it may take as long as reading the table does.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        for table, name in CHECKS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
        for name, (columns, where) in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # unfinished, of a try that was broken off
            op.create_index(name, "duty", columns, postgresql_where=sa.text(where), postgresql_concurrently=True)
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")
    _tables()


def _fill() -> None:
    """A batch at a time; the owner sees the rows of all tenants while it lasts."""
    connection = op.get_bind()
    op.execute("ALTER TABLE duty NO FORCE ROW LEVEL SECURITY")
    try:
        last = {"tenant": "00000000-0000-0000-0000-000000000000", "id": "00000000-0000-0000-0000-000000000000"}
        while (row := connection.execute(FILL, {**last, "batch": BATCH}).one_or_none()) is not None:
            last = {"tenant": row.tenant_id, "id": row.id}
    finally:
        op.execute("ALTER TABLE duty FORCE ROW LEVEL SECURITY")


def _tables() -> None:
    create_tenant_table(
        "review_step",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        path_column("level_path"),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("remarks", sa.dialects.postgresql.JSONB, nullable=False),
        sa.Column("arrived_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decider_name", sa.Text, nullable=False),
        tenant_fk("review_step", "duty_id", "duty"),
        unique("review_step", "duty_id", "position"),
        path_shape("review_step", "level_path"),
        check("review_step", "outcome", "outcome IN ('passed', 'accepted', 'returned', 'given_back', 'skipped')"),
        may="SELECT, INSERT",
    )
    create_tenant_table(
        "handover",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("receiver_id", sa.Uuid, nullable=False),
        sa.Column("receiver_name", sa.Text, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("handed_at", INSTANT, nullable=False),
        sa.Column("handed_by", sa.Uuid),
        sa.Column("hander_name", sa.Text, nullable=False),
        tenant_fk("handover", "duty_id", "duty"),
        tenant_fk("handover", "receiver_id", "person"),
        may="SELECT, INSERT",
    )
    index("handover", "duty_id")
    create_tenant_table(
        "correction",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("from_version", sa.Integer, nullable=False),
        sa.Column("to_version", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT),
        sa.Column("asked_by", sa.Uuid),
        sa.Column("asker_name", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decider_name", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("settled_at", INSTANT),
        tenant_fk("correction", "duty_id", "duty"),
        unique("correction", "duty_id", "position"),
        check("correction", "state", "state IN ('asked', 'open', 'submitted', 'done', 'refused', 'dropped')"),
        check("correction", "done", "(state = 'done') = (to_version IS NOT NULL)"),
    )
    index("correction", "settled_at", where="state = 'done'")


def downgrade() -> None:
    for table in ("correction", "handover", "review_step"):
        op.drop_table(table)
    for name in INDEXES:
        op.drop_index(name, "duty")
    for table, columns in (("requirement", REQUIREMENT), ("duty", DUTY)):
        for name in columns:
            op.drop_column(table, name)
