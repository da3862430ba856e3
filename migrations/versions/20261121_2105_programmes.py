"""Tables of the feature programmes."""

revision = "0005_programmes"
down_revision = "0004_notifications"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
