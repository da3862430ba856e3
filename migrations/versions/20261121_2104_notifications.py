"""Tables of the feature notifications: the effect ledger and the inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk, unique

revision = "0004_notifications"
down_revision = "0003_files"

INSTANT = sa.DateTime(timezone=True)
OPEN = "state IN ('pending', 'claimed')"


def upgrade() -> None:
    create_tenant_table(
        "effect",
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("due_version", sa.Integer, nullable=False),
        sa.Column("template", sa.Text, nullable=False, comment="a Chinese msgid"),
        sa.Column("params", JSONB, nullable=False, comment="packed by notifications.rules.pack"),
        sa.Column("link", sa.Text, nullable=False, comment="path inside the site, or empty"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, comment="tries that failed"),
        sa.Column("epoch", sa.Integer, nullable=False, comment="number of claims so far; the fence against a late worker"),
        sa.Column("next_try_at", INSTANT, nullable=False, comment="not before; for a claimed one, the end of the lease"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("note", sa.Text, nullable=False, comment="why it failed or was cancelled, for operators"),
        sa.UniqueConstraint(
            "tenant_id", "subject_kind", "subject_id", "stage", "recipient_id", "channel", "due_version", name="uq_effect_once"
        ),
        tenant_fk("effect", "recipient_id", "person"),
        check("effect", "state", "state IN ('pending', 'claimed', 'done', 'dead', 'cancelled')"),
        check("effect", "channel", "channel IN ('in_app', 'email')"),
    )
    index("effect", "channel", "next_try_at", where=OPEN)
    create_tenant_table(
        "notice",
        sa.Column("effect_id", sa.Uuid, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("params", JSONB, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT),
        unique("notice", "effect_id"),
        tenant_fk("notice", "effect_id", "effect"),
        tenant_fk("notice", "recipient_id", "person"),
    )
    index("notice", "recipient_id", "id")
    op.create_index(
        "ix_notice_unread", "notice", ["tenant_id", "recipient_id"], postgresql_where=sa.text("read_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("notice")
    op.drop_table("effect")
