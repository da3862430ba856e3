"""Audit anchors and what the pages need."""

revision = "0015_audit"
down_revision = "0014_console"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
