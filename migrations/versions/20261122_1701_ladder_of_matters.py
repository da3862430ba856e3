"""Matters climb a ladder of their own, kept on the row; yellow sheets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0042_ladder_of_matters"
down_revision = "0040_drafts"

COLOURS = {
    "matter": "colour IS NULL OR colour IN ('blue', 'yellow', 'orange', 'red')",
    "matter_paper": "colour IN ('blue', 'yellow', 'orange', 'red')",
}
BEFORE = {
    "matter": "colour IS NULL OR colour IN ('blue', 'orange', 'red')",
    "matter_paper": "colour IN ('blue', 'orange', 'red')",
}


def upgrade() -> None:
    op.add_column("matter", sa.Column("ladder", JSONB()))
    op.add_column("matter", sa.Column("climbed", JSONB()))
    op.add_column(
        "matter", sa.Column("behind_since", sa.Date(), comment="a progress report was missed, and none came since")
    )
    _check(COLOURS)


def downgrade() -> None:
    _check(BEFORE)
    for column in ("behind_since", "climbed", "ladder"):
        op.drop_column("matter", column)


def _check(colours: dict[str, str]) -> None:
    for table, colour in colours.items():
        op.drop_constraint(op.f(f"ck_{table}_colour"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_colour"), table, colour, postgresql_not_valid=True)
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_colour")
