"""Which day of its period a matter's progress report is due."""

import sqlalchemy as sa
from alembic import op

revision = "0045_report_day"
down_revision = "0041_waiting"


def upgrade() -> None:
    comment = "of the week from Monday, or of the month"
    op.add_column("matter", sa.Column("report_day", sa.SmallInteger(), comment=comment))
    op.create_check_constraint(op.f("ck_matter_report_day"), "matter", "report_day BETWEEN 1 AND 31", postgresql_not_valid=True)
    op.execute("ALTER TABLE matter VALIDATE CONSTRAINT ck_matter_report_day")


def downgrade() -> None:
    op.drop_column("matter", "report_day")
