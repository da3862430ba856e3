"""Tables of the feature notifications."""

revision = "0004_notifications"
down_revision = "0003_files"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
