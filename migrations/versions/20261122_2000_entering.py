"""An office above may hand in for a unit where the requirement allows it; a version says so."""

import sqlalchemy as sa
from alembic import op

revision = "0046_entering"
down_revision = "0045_report_day"


def upgrade() -> None:
    op.add_column("requirement", sa.Column("superiors_may_enter", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("submission", sa.Column("office_path", sa.Text(collation="C"), nullable=True))
    op.add_column("submission", sa.Column("office_name", sa.Text(), nullable=False, server_default=""))
    op.create_check_constraint(
        op.f("ck_submission_office_path_shape"), "submission", "office_path ~ '^([0-9a-z]+\\.)+$'", postgresql_not_valid=True
    )
    op.execute("ALTER TABLE submission VALIDATE CONSTRAINT ck_submission_office_path_shape")


def downgrade() -> None:
    op.drop_column("submission", "office_name")
    op.drop_column("submission", "office_path")
    op.drop_column("requirement", "superiors_may_enter")
