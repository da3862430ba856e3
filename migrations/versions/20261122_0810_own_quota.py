"""A tenant reads its own limits, not those of others."""

from alembic import op

from migrations.tenant_tables import SIGNED_TENANT

revision = "0030_own_quota"
down_revision = "0029_operator_attempts"

IS_CONSOLE = f"({SIGNED_TENANT} = '00000000-0000-8000-8000-00000000c051'::uuid)"


def upgrade() -> None:
    op.execute(f"ALTER POLICY everyone ON tenant_quota USING (tenant_id = {SIGNED_TENANT} OR {IS_CONSOLE})")


def downgrade() -> None:
    op.execute("ALTER POLICY everyone ON tenant_quota USING (true)")
