"""Documents forwarded down, with receipts and reply-by dates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from migrations.tenant_tables import check, create_tenant_table, index, path_column, path_shape, placed_columns, tenant_fk, unique

revision = "0039_documents"
down_revision = "0038_matters"

INSTANT = sa.DateTime(timezone=True)


def _lines() -> list[SchemaItem]:
    """Columns of kernel.db.Placed that tell of second lines."""
    return [
        sa.Column("lines", sa.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("work_line", sa.Text),
    ]


def _lines_index(table: str) -> None:
    op.create_index(f"ix_{table}_lines", table, ["lines"], postgresql_using="gin", postgresql_where=sa.text("lines <> '{}'"))


def upgrade() -> None:
    op.add_column(
        "document",
        sa.Column(
            "addressed_only", sa.Boolean, nullable=False, server_default=sa.text("false"),
            comment="read by its own unit, those above it and those it was sent to; not by everybody below",
        ),
    )  # fmt: skip
    create_tenant_table(
        "dispatch",
        *placed_columns("dispatch"),
        *_lines(),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("unit_name", sa.Text, nullable=False, comment="the sender's name of the time"),
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("above_id", sa.Uuid),
        path_column("trail"),
        sa.Column("number", sa.Text, nullable=False, comment="the forwarding unit's own document number; may be empty"),
        sa.Column("note", sa.Text, nullable=False, comment="covering note: 转发意见"),
        sa.Column("reply_by", sa.Date),
        sa.Column("reply_due_at", INSTANT, comment="first instant too late for reply_by"),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("sent_by", sa.Uuid),
        sa.Column("sender_name", sa.Text, nullable=False),
        sa.Column("replaces_id", sa.Uuid),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by_id", sa.Uuid, comment="the dispatch whose end ended it: itself, or one above"),
        sa.Column("ended_reason", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        tenant_fk("dispatch", "unit_id", "unit"),
        tenant_fk("dispatch", "document_id", "document"),
        tenant_fk("dispatch", "above_id", "dispatch"),
        tenant_fk("dispatch", "replaces_id", "dispatch"),
        tenant_fk("dispatch", "sent_by", "person"),
        check("dispatch", "not_above_itself", "above_id IS NULL OR above_id <> id"),
        check("dispatch", "reply", "(reply_by IS NULL) = (reply_due_at IS NULL)"),
        check("dispatch", "ended", "(ended_at IS NULL) = (ended_by_id IS NULL)"),
        path_shape("dispatch", "trail"),
    )
    for columns in (("path", "id"), ("document_id",), ("trail",)):
        index("dispatch", *columns)
    index("dispatch", "replaces_id", where="replaces_id IS NOT NULL")
    _lines_index("dispatch")
    create_tenant_table(
        "receipt",
        *placed_columns("receipt"),
        *_lines(),
        sa.Column("dispatch_id", sa.Uuid, nullable=False),
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        path_column("trail"),
        sa.Column("sent_on", sa.Date, nullable=False),
        sa.Column("reply_by", sa.Date),
        sa.Column("reply_due_at", INSTANT),
        sa.Column("opened_at", INSTANT),
        sa.Column("opened_by", sa.Uuid),
        sa.Column("opened_name", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT),
        sa.Column("signed_by", sa.Uuid),
        sa.Column("signed_name", sa.Text, nullable=False),
        sa.Column("replied_at", INSTANT, comment="of the first reply, by which it is judged"),
        sa.Column("urged_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("next_step_on", sa.Date),
        sa.Column("due_version", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        tenant_fk("receipt", "dispatch_id", "dispatch"),
        tenant_fk("receipt", "document_id", "document"),
        tenant_fk("receipt", "unit_id", "unit"),
        tenant_fk("receipt", "opened_by", "person"),
        tenant_fk("receipt", "signed_by", "person"),
        unique("receipt", "dispatch_id", "unit_id"),
        check("receipt", "addressed", "to_path IS NOT NULL"),
        check("receipt", "reply", "(reply_by IS NULL) = (reply_due_at IS NULL)"),
        check("receipt", "replied_is_signed", "replied_at IS NULL OR signed_at IS NOT NULL"),
        check("receipt", "signed_is_opened", "signed_at IS NULL OR opened_at IS NOT NULL"),
        check("receipt", "ended_is_quiet", "ended_at IS NULL OR next_step_on IS NULL"),
        path_shape("receipt", "trail"),
    )
    for columns in (("to_path", "id"), ("path",), ("document_id", "to_path"), ("trail",)):
        index("receipt", *columns)
    op.create_index(
        "ix_receipt_next_step", "receipt", ["tenant_id", "next_step_on"], postgresql_where=sa.text("next_step_on IS NOT NULL")
    )
    _lines_index("receipt")
    create_tenant_table(
        "dispatch_reply",
        *placed_columns("dispatch_reply"),
        *_lines(),
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("replied_at", INSTANT, nullable=False),
        sa.Column("replied_by", sa.Uuid),
        sa.Column("replier_name", sa.Text, nullable=False),
        tenant_fk("dispatch_reply", "receipt_id", "receipt"),
        tenant_fk("dispatch_reply", "replied_by", "person"),
        may="SELECT, INSERT",
    )
    index("dispatch_reply", "receipt_id")
    _lines_index("dispatch_reply")


def downgrade() -> None:
    for name in ("dispatch_reply", "receipt", "dispatch"):
        op.drop_table(name)
    op.drop_column("document", "addressed_only")
