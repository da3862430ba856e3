"""The most urgent first, over a whole tree: what units have to act on, in the order of its due date. See docs/decisions/0036."""

import sqlalchemy as sa
from alembic import op

revision = "0023_indexes"
down_revision = "0020_placement_rule"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Building it holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_duty_to_act")  # unfinished, of a try that was broken off
        op.create_index(
            "ix_duty_to_act",
            "duty",
            ["tenant_id", "due_at", "id"],
            postgresql_where=sa.text("state IN ('open', 'returned', 'missing')"),
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index("ix_duty_to_act", "duty")
