"""Tables of the feature assessments."""

revision = "0009_assessments"
down_revision = "0008_reporting"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
