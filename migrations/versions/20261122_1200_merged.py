"""The accounts that were merged, found without reading everybody: who is one hand with whom is asked at every review."""

import sqlalchemy as sa
from alembic import op

revision = "0032_merged"
down_revision = "0031_second_person"

INDEX = "ix_person_tenant_id_merged_into"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Building it holds up nobody, but waits for the transactions that were there before: longer than env.py's waits.
        op.execute("SET lock_timeout = '60s'")
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # unfinished, of a try that was broken off
        op.create_index(
            INDEX, "person", ["tenant_id", "merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL"),
            postgresql_concurrently=True,
        )  # fmt: skip
        op.execute("SET lock_timeout = '1s'")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index(INDEX, "person")
