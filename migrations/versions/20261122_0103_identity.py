"""Second factor, password policies, tokens, administrators apart."""

revision = "0013_identity"
down_revision = "0012_reorganisation"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
