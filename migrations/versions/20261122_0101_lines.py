"""Second line (条), delegation, and grants that wait for the security administrator."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk

from alembic import op

revision = "0011_lines"
down_revision = "0010_isolation"

PLACED = (
    "requirement", "duty", "submission", "letter_campaign", "letter", "indicator", "allocation", "actual", "stored_file",
    "assessment", "scorecard", "veto_decision", "frozen_result", "frozen_ranking", "document", "programme",
)
INDEXED = ("unit", "duty", "submission", "requirement", "stored_file", "letter", "allocation", "scorecard")


def upgrade() -> None:
    for table in ("unit", *PLACED):
        op.add_column(table, sa.Column("lines", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")))
    for table in PLACED:
        op.add_column(table, sa.Column("work_line", sa.Text))
    for table in INDEXED:
        # superiors' ids are unique over all tenants; rows without a second line take no room in the index
        op.create_index(
            f"ix_{table}_lines", table, ["lines"], postgresql_using="gin", postgresql_where=sa.text("lines <> '{}'")
        )
    op.add_column("role_grant", sa.Column("pending", sa.Boolean, nullable=False, server_default=sa.false()))
    op.alter_column("role_grant", "pending", server_default=None)
    create_tenant_table(
        "delegation",
        sa.Column("giver_id", sa.Uuid, nullable=False),
        sa.Column("receiver_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_by", sa.Uuid),
        tenant_fk("delegation", "giver_id", "person"),
        tenant_fk("delegation", "receiver_id", "person"),
        tenant_fk("delegation", "unit_id", "unit"),
        check("delegation", "dates", "active_to > active_from"),
        check("delegation", "another", "giver_id <> receiver_id"),
        check("delegation", "reason", "reason <> ''"),
    )
    index("delegation", "receiver_id")
    index("delegation", "giver_id")


def downgrade() -> None:
    op.drop_table("delegation")
    op.drop_column("role_grant", "pending")
    for table in INDEXED:
        op.drop_index(f"ix_{table}_lines", table)
    for table in PLACED:
        op.drop_column(table, "work_line")
    for table in ("unit", *PLACED):
        op.drop_column(table, "lines")
