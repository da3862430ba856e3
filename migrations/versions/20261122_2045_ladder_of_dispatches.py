"""Documents sent down climb a ladder of their own, kept on the dispatch; how far, on the receipt."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047_ladder_of_dispatches"
down_revision = "0046_entering"

INDEX = "ix_receipt_next_step_at"
QUIET = "ck_receipt_ended_looks_no_more"


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("ladder", JSONB()))
    op.add_column("receipt", sa.Column("climbed", JSONB()))
    op.add_column("receipt", sa.Column("next_step_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f(QUIET), "receipt", "ended_at IS NULL OR next_step_at IS NULL", postgresql_not_valid=True
    )
    op.execute(f"ALTER TABLE receipt VALIDATE CONSTRAINT {QUIET}")
    with op.get_context().autocommit_block():
        # Building it holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # unfinished, of a try that was broken off
        op.create_index(
            INDEX, "receipt", ["tenant_id", "next_step_at"], postgresql_where=sa.text("next_step_at IS NOT NULL"),
            postgresql_concurrently=True,
        )  # fmt: skip
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index(INDEX, "receipt")
    op.drop_column("receipt", "next_step_at")
    op.drop_column("receipt", "climbed")
    op.drop_column("dispatch", "ladder")
