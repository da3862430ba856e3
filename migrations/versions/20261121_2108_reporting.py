"""Tables of the feature reporting."""

revision = "0008_reporting"
down_revision = "0007_letters"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
