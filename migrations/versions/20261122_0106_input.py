"""Idempotency keys; numbers that are none."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk, unique

revision = "0016_input"
down_revision = "0015_audit"

NUMBERS = (("scorecard", "self_total"), ("frozen_result", "total"))


def upgrade() -> None:
    create_tenant_table(
        "kept_reply",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("key_digest", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False, comment="0: no answer is kept"),
        sa.Column("headers", sa.Text, nullable=False, comment="JSON object"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        tenant_fk("kept_reply", "person_id", "person"),
        unique("kept_reply", "person_id", "key_digest"),
        check("kept_reply", "status", "status = 0 OR status BETWEEN 200 AND 399"),
        may="SELECT, INSERT, DELETE",
    )
    index("kept_reply", "made_at")
    for table, column in NUMBERS:
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} <> 'NaN'")


def downgrade() -> None:
    for table, column in NUMBERS:
        op.drop_constraint(op.f(f"ck_{table}_{column}"), table)
    op.drop_table("kept_reply")
