"""What a requirement waits for below may be another requirement, accepted or only handed in."""

import sqlalchemy as sa
from alembic import op

revision = "0041_waiting"
down_revision = "0044_counting"


def upgrade() -> None:
    op.add_column("requirement", sa.Column("waits_for_id", sa.Uuid, nullable=True))
    op.add_column("requirement", sa.Column("waits_until", sa.Text, nullable=False, server_default="passed"))
    op.create_check_constraint(
        op.f("ck_requirement_waits_until"),
        "requirement",
        "waits_until IN ('passed', 'handed_in') AND waits_for_id IS DISTINCT FROM id",
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE requirement VALIDATE CONSTRAINT ck_requirement_waits_until")
    op.create_foreign_key(
        "fk_requirement_tenant_id_waits_for_id", "requirement", "requirement", ["tenant_id", "waits_for_id"],
        ["tenant_id", "id"], postgresql_not_valid=True,
    )  # fmt: skip
    op.execute("ALTER TABLE requirement VALIDATE CONSTRAINT fk_requirement_tenant_id_waits_for_id")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_requirement_tenant_id_waits_for_id",
            "requirement",
            ["tenant_id", "waits_for_id"],
            postgresql_where=sa.text("waits_for_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_column("requirement", "waits_for_id")
    op.drop_column("requirement", "waits_until")
