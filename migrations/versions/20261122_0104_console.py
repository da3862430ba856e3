"""Operator's console: operators, quotas, suspension."""

revision = "0014_console"
down_revision = "0013_identity"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
