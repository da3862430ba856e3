"""Ground: tenants, catalogue, audit, units, people, sessions, grants, heartbeats."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import (
    APP_ROLE, check, create_tenant_table, depth_column, index, path_column, path_shape, tenant_fk, unique,
)

revision = "0001_ground"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("policy_digest", sa.Text, nullable=False),
        sa.Column("tree_version", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("demo", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("slug", name="uq_tenant_slug"),
        check("tenant", "slug_shape", "slug ~ '^[a-z][a-z0-9-]{1,39}$'"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON tenant TO {APP_ROLE}")
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("beat_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON heartbeat TO {APP_ROLE}")

    create_tenant_table(
        "catalogue",
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        unique("catalogue", "part", "version"),
        may="SELECT, INSERT",
    )
    create_tenant_table(
        "audit_record",
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        path_column("unit_path", nullable=True),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        key=("seq",),
        key_type=sa.BigInteger,
        may="SELECT, INSERT",
    )
    index("audit_record", "subject_kind", "subject_id")
    create_tenant_table("audit_head", sa.Column("seq", sa.BigInteger, nullable=False), sa.Column("hash", sa.Text, nullable=False), key=())

    create_tenant_table(
        "unit",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("sector", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        path_column(),
        depth_column(),
        sa.Column("children_made", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("unit", "parent_id", "unit"),
        unique("unit", "path"),
        unique("unit", "code"),
        path_shape("unit"),
        check("unit", "dates", "active_to IS NULL OR active_to > active_from"),
    )
    index("unit", "parent_id")
    create_tenant_table(
        "placement",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        path_column(),
        sa.Column("is_primary", sa.Boolean, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("placement", "unit_id", "unit"),
        tenant_fk("placement", "parent_id", "unit"),
        path_shape("placement"),
        unique("placement", "unit_id", "line", "active_from"),
        check("placement", "dates", "active_to IS NULL OR active_to > active_from"),
    )
    index("placement", "line", "path")
    create_tenant_table(
        "person",
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        unique("person", "login"),
        check("person", "locale", "locale IN ('zh', 'en')"),
    )
    create_tenant_table(
        "credential",
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("locked_until", INSTANT),
        tenant_fk("credential", "id", "person"),
    )
    create_tenant_table(
        "login_session",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        tenant_fk("login_session", "person_id", "person"),
        unique("login_session", "token_digest"),
    )
    index("login_session", "person_id")
    create_tenant_table(
        "role_grant",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("role_grant", "person_id", "person"),
        tenant_fk("role_grant", "unit_id", "unit"),
        check("role_grant", "dates", "active_to IS NULL OR active_to >= active_from"),
    )
    index("role_grant", "person_id")
    index("role_grant", "unit_id", "role")


def downgrade() -> None:
    for table in ("role_grant", "login_session", "credential", "person", "placement", "unit", "audit_head", "audit_record",
                  "catalogue", "heartbeat", "tenant"):
        op.drop_table(table)
