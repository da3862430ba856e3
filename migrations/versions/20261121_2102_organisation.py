"""Tables of the feature organisation."""

revision = "0002_organisation"
down_revision = "0001_ground"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
