"""Moves, merges, splits and successors of units."""

revision = "0012_reorganisation"
down_revision = "0011_lines"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
