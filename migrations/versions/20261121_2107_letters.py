"""Tables of the feature letters."""

revision = "0007_letters"
down_revision = "0006_targets"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
