"""
Guesses at the operator's door, counted by what was typed, by browser and by address. See docs/decisions/0045.

Contract: no code of this release reads the three columns of operator that counted them; the release before counts anew.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import APP_ROLE, SIGNED_TENANT, check

revision = "0029_operator_attempts"
down_revision = "0028_uploads"

INSTANT = sa.DateTime(timezone=True)
IS_CONSOLE = f"({SIGNED_TENANT} = '00000000-0000-8000-8000-00000000c051'::uuid)"


def upgrade() -> None:
    op.create_table(
        "operator_attempt",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", INSTANT, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_operator_attempt"),
        check("operator_attempt", "kind", "kind IN ('account', 'device', 'source', 'proof')"),
    )
    op.execute("ALTER TABLE operator_attempt ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE operator_attempt FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY console ON operator_attempt FOR ALL USING {IS_CONSOLE} WITH CHECK {IS_CONSOLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON operator_attempt TO {APP_ROLE}")
    for column in ("failures", "failing_since", "locked_until"):
        op.drop_column("operator", column)


def downgrade() -> None:
    op.add_column("operator", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("operator", "failures", server_default=None)
    op.add_column("operator", sa.Column("failing_since", INSTANT))
    op.add_column("operator", sa.Column("locked_until", INSTANT))
    op.drop_table("operator_attempt")
