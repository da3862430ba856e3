"""What a requirement's totals count: only what was accepted, or also what waits for review."""

import sqlalchemy as sa
from alembic import op

revision = "0044_counting"
down_revision = "0042_ladder_of_matters"


def upgrade() -> None:
    op.add_column("requirement", sa.Column("counting", sa.Text, nullable=False, server_default="accepted"))
    op.create_check_constraint(
        op.f("ck_requirement_counting"), "requirement", "counting IN ('accepted', 'submitted')", postgresql_not_valid=True
    )
    op.execute("ALTER TABLE requirement VALIDATE CONSTRAINT ck_requirement_counting")


def downgrade() -> None:
    op.drop_column("requirement", "counting")
