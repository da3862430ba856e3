"""The most urgent first, over a whole tree: what units have to act on, in the order of its due date. See docs/decisions/0036."""

import sqlalchemy as sa
from alembic import op

revision = "0023_indexes"
down_revision = "0020_placement_rule"


def upgrade() -> None:
    op.create_index(
        "ix_duty_to_act",
        "duty",
        ["tenant_id", "due_at", "id"],
        postgresql_where=sa.text("state IN ('open', 'returned', 'missing')"),
    )


def downgrade() -> None:
    op.drop_index("ix_duty_to_act", "duty")
