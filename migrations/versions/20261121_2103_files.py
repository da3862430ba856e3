"""Tables of the feature files."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk

revision = "0003_files"
down_revision = "0002_organisation"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_tenant_table(
        "stored_file",
        sa.Column("owner_kind", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("access_object", sa.Text, nullable=False, comment="the policy's object whose `read` decides who may open it"),
        sa.Column("original_name", sa.Text, nullable=False),
        sa.Column("storage_key", sa.Text, nullable=False, comment="random; owes nothing to the name"),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False, comment="ours, judged by content; never the sender's word"),
        sa.Column("digest", sa.Text, nullable=False, comment="algorithm:hexadecimal digits"),
        sa.Column("uploaded_by", sa.Uuid),
        sa.Column("uploaded_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.Column("removed_by", sa.Uuid),
        *placed_columns("stored_file"),
        tenant_fk("stored_file", "uploaded_by", "person"),
        check("stored_file", "size", "size_bytes > 0"),
        check("stored_file", "removed", "(removed_at IS NULL) = (removed_by IS NULL)"),
    )
    index("stored_file", "owner_kind", "owner_id")
    index("stored_file", "storage_key")
    index("stored_file", "path")


def downgrade() -> None:
    op.drop_table("stored_file")
