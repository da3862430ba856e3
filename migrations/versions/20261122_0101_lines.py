"""Second line and delegation."""

revision = "0011_lines"
down_revision = "0010_isolation"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
