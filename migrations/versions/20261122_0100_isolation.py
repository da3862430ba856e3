"""Signed tenant context."""

revision = "0010_isolation"
down_revision = "0009_assessments"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
