"""Drafts that know the device they came from."""

import sqlalchemy as sa
from alembic import op

revision = "0040_drafts"
down_revision = "0039_documents"


def upgrade() -> None:
    op.add_column("draft", sa.Column("saved_device", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("draft", "saved_device")
