"""Tables of the feature files."""

revision = "0003_files"
down_revision = "0002_organisation"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
