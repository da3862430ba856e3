"""Backup and metrics."""

revision = "0017_data"
down_revision = "0016_input"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
