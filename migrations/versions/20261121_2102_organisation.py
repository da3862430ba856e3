"""Tables of the feature organisation."""

import sqlalchemy as sa

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk

from alembic import op

revision = "0002_organisation"
down_revision = "0001_ground"


def upgrade() -> None:
    create_tenant_table(
        "unit_contact",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("unit_contact", "unit_id", "unit"),
        check("unit_contact", "dates", "active_to IS NULL OR active_to > active_from"),
        check("unit_contact", "named", "name <> ''"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )
    index("unit_contact", "unit_id", "kind", where="active_to IS NULL", unique=True)


def downgrade() -> None:
    op.drop_table("unit_contact")
