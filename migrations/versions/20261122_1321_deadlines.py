"""Open windows, cut-offs, who receives, extensions asked for before expiry, decisions about many dates, calendar feeds."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk, unique

revision = "0034_deadlines"
down_revision = "0033_forms"

CHECKS = (
    ("requirement", "opening", "opens IN ('always', 'before_due', 'before_period_end') AND opens_days >= 0"),
    ("requirement", "late_until", "late_until_days IS NULL OR late_until_days >= grace_days"),
    ("requirement", "grace_days", "grace_days >= 0"),
    ("duty", "closing", "closes_at IS NULL OR closes_at >= due_at"),
    # an office may judge what is addressed to it (tenants/*/policy.csv), so nobody's work may be addressed to themselves
    ("duty", "addressed", "to_path IS DISTINCT FROM path"),
    ("submission", "addressed", "to_path IS DISTINCT FROM path"),
    ("due_change", "kind", "kind IN ('moved', 'reopened')"),
)
LINKS = (
    ("requirement", "receiver_id", "unit"),
    ("due_change", "extension_id", "extension"),
    ("due_change", "decision_id", "due_decision"),
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("requirement", sa.Column("opens", sa.Text, nullable=False, server_default="always"))
    op.add_column("requirement", sa.Column("opens_days", sa.Integer, nullable=False, server_default="0"))
    op.add_column("requirement", sa.Column("late_until_days", sa.Integer, nullable=True))
    op.add_column("requirement", sa.Column("grace_days", sa.Integer, nullable=False, server_default="0"))
    op.add_column("requirement", sa.Column("receiver_id", sa.Uuid, nullable=True))
    op.add_column("duty", _instant("opens_at", nullable=True))
    op.add_column("duty", _instant("closes_at", nullable=True))
    create_tenant_table(
        "extension",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        _text("reason"),
        _text("progress"),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("wanted_on", sa.Date, nullable=False),
        _instant("asked_at"),
        sa.Column("asked_by", sa.Uuid, nullable=True),
        _text("asker_name"),
        sa.Column("granted_on", sa.Date, nullable=True),
        _text("answer"),
        _instant("decided_at", nullable=True),
        sa.Column("decided_by", sa.Uuid, nullable=True),
        _text("decider_name"),
        tenant_fk("extension", "duty_id", "duty"),
        check("extension", "state", "state IN ('asked', 'granted', 'refused', 'withdrawn', 'lapsed')"),
        check("extension", "decided", "(state = 'asked') = (decided_at IS NULL)"),
        check("extension", "granted", "(state = 'granted') = (granted_on IS NOT NULL)"),
    )
    index("extension", "duty_id")
    op.create_index(
        "uq_extension_asked", "extension", ["tenant_id", "duty_id"], unique=True, postgresql_where=sa.text("state = 'asked'")
    )
    create_tenant_table(
        "due_decision",
        sa.Column("requirement_id", sa.Uuid, nullable=False),
        _text("period_code"),
        sa.Column("after_on", sa.Date, nullable=True),
        sa.Column("by_days", sa.Integer, nullable=True),
        _text("reason"),
        sa.Column("duties", sa.Integer, nullable=False),
        _instant("decided_at"),
        sa.Column("decided_by", sa.Uuid, nullable=True),
        _text("decider_name"),
        tenant_fk("due_decision", "requirement_id", "requirement"),
        check("due_decision", "new_date", "(after_on IS NULL) <> (by_days IS NULL)"),
    )
    index("due_decision", "requirement_id")
    create_tenant_table(
        "calendar_feed",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        _instant("created_at"),
        _instant("read_at", nullable=True),
        sa.Column("reads", sa.Integer, nullable=False, server_default="0"),
        _instant("revoked_at", nullable=True),
        tenant_fk("calendar_feed", "person_id", "person"),
        unique("calendar_feed", "token_digest"),
    )
    op.create_index(
        "uq_calendar_feed_person", "calendar_feed", ["tenant_id", "person_id"], unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )  # fmt: skip
    op.add_column("due_change", sa.Column("kind", sa.Text, nullable=False, server_default="moved"))
    op.add_column("due_change", sa.Column("extension_id", sa.Uuid, nullable=True))
    op.add_column("due_change", sa.Column("decision_id", sa.Uuid, nullable=True))
    for table, name, condition in CHECKS:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
    for table, column, target in LINKS:
        op.create_foreign_key(
            f"fk_{table}_tenant_id_{column}", table, target, ["tenant_id", column], ["tenant_id", "id"],
            postgresql_not_valid=True,
        )  # fmt: skip
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}_tenant_id_{column}")


def downgrade() -> None:
    for table in ("duty", "submission"):
        op.drop_constraint(f"ck_{table}_addressed", table, type_="check")
    for column in ("kind", "extension_id", "decision_id"):
        op.drop_column("due_change", column)
    for table in ("calendar_feed", "due_decision", "extension"):
        op.drop_table(table)
    for table, columns in (
        ("duty", ("opens_at", "closes_at")),
        ("requirement", ("opens", "opens_days", "late_until_days", "grace_days", "receiver_id")),
    ):
        for column in columns:
            op.drop_column(table, column)
