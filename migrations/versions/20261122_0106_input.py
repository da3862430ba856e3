"""Idempotency keys."""

revision = "0016_input"
down_revision = "0015_audit"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
