"""With a kept answer stands what its reader held when it was given: it is shown again only to who still holds that."""

import sqlalchemy as sa
from alembic import op

revision = "0027_reply_rights"
down_revision = "0026_closed_years"


def upgrade() -> None:
    # Rows from before have none and are shown to nobody; they are forgotten after two days.
    op.add_column("kept_reply", sa.Column("rights", sa.Text, comment="digest of grants and policy; NULL: the answer is not shown again"))


def downgrade() -> None:
    op.drop_column("kept_reply", "rights")
