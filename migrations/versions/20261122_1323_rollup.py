"""What roll-ups need: how parent and child count together, what stood below when a form was handed in, an index by place."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036_rollup"
down_revision = "0035_review"

INDEX = "ix_duty_by_place"


def upgrade() -> None:
    op.add_column("requirement", sa.Column("counting_rule", sa.Text, nullable=False, server_default="auto"))
    op.create_check_constraint(
        op.f("ck_requirement_counting_rule"),
        "requirement",
        "counting_rule IN ('auto', 'add', 'parent', 'lowest')",
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE requirement VALIDATE CONSTRAINT ck_requirement_counting_rule")
    op.add_column("submission", sa.Column("from_below", JSONB, nullable=True))
    with op.get_context().autocommit_block():
        # Building it holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # unfinished, of a try that was broken off
        op.create_index(
            INDEX, "duty", ["tenant_id", "requirement_id", "period_code", "path"], postgresql_concurrently=True
        )  # fmt: skip
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index(INDEX, "duty")
    op.drop_column("submission", "from_below")
    op.drop_column("requirement", "counting_rule")
