"""How many changes of its kind's policy wait for a tenant, for the operator's list. See docs/decisions/0040."""

import sqlalchemy as sa
from alembic import op

revision = "0024_policy_waiting"
down_revision = "0021_identity2"


def upgrade() -> None:
    op.add_column("tenant_usage", sa.Column("policy_waiting", sa.Integer))


def downgrade() -> None:
    op.drop_column("tenant_usage", "policy_waiting")
