"""What the operator watches: backups made, and totals over all tenants. Global, for they belong to the installation."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import APP_ROLE, check

revision = "0017_data"
down_revision = "0016_input"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "backup_run",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("is_good", sa.Boolean, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backup_run"),
        check("backup_run", "reason", "is_good = (reason = '')"),
    )
    op.create_index("ix_backup_run_ended_at", "backup_run", ["ended_at"])
    op.execute(f"GRANT SELECT, INSERT ON backup_run TO {APP_ROLE}")
    op.create_table(
        "service_figure",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Numeric(18, 4), nullable=False),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_service_figure"),
        check("service_figure", "value", "value <> 'NaN'"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON service_figure TO {APP_ROLE}")


def downgrade() -> None:
    for table in ("service_figure", "backup_run"):
        op.drop_table(table)
