"""Forms as data: designed in the browser, versioned with effective dates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0033_forms"
down_revision = "0032_merged"

LINKS = (
    ("requirement", "form_id", "form"),
    ("submission", "form_version_id", "form_version"),
    ("draft", "form_version_id", "form_version"),
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    create_tenant_table(
        "form",
        *placed_columns("form"),
        sa.Column("lines", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("work_line", sa.Text, nullable=True),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        _text("title"),
        _text("title_en"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("design", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        _text("copied_from"),
        _instant("created_at"),
        sa.Column("created_by", sa.Uuid, nullable=True),
        _instant("changed_at"),
        _text("changer_name"),
        tenant_fk("form", "unit_id", "unit"),
        unique("form", "unit_id", "code"),
        check("form", "state", "state IN ('draft', 'published', 'retired')"),
    )
    index("form", "path")
    op.create_index("ix_form_lines", "form", ["lines"], postgresql_using="gin", postgresql_where=sa.text("lines <> '{}'"))
    # What was published is what people were asked: the application may add a version, never change or remove one.
    create_tenant_table(
        "form_version",
        sa.Column("form_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("spec", JSONB, nullable=False),
        _text("note"),
        _instant("published_at"),
        sa.Column("published_by", sa.Uuid, nullable=True),
        _text("publisher_name"),
        tenant_fk("form_version", "form_id", "form"),
        unique("form_version", "form_id", "number"),
        check("form_version", "number", "number >= 1"),
        may="SELECT, INSERT",
    )
    op.add_column("requirement", sa.Column("form_id", sa.Uuid, nullable=True))
    op.add_column("requirement", sa.Column("checks", JSONB, nullable=False, server_default="[]"))
    op.add_column("submission", sa.Column("form_version_id", sa.Uuid, nullable=True))
    op.add_column("submission", sa.Column("explanations", JSONB, nullable=False, server_default="{}"))
    op.add_column("draft", sa.Column("form_version_id", sa.Uuid, nullable=True))
    for table, column, target in LINKS:
        op.create_foreign_key(
            f"fk_{table}_tenant_id_{column}", table, target, ["tenant_id", column], ["tenant_id", "id"],
            postgresql_not_valid=True,
        )  # fmt: skip
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}_tenant_id_{column}")


def downgrade() -> None:
    for table, column, _target in LINKS:
        op.drop_column(table, column)
    op.drop_column("requirement", "checks")
    op.drop_column("submission", "explanations")
    op.drop_table("form_version")
    op.drop_table("form")
