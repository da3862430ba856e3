"""Tables of the feature targets."""

revision = "0006_targets"
down_revision = "0005_programmes"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
