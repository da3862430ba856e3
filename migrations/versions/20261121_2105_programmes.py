"""Tables of the feature programmes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0005_programmes"
down_revision = "0004_notifications"

INSTANT = sa.DateTime(timezone=True)
# parts of a draft may be taken out again; what was issued no operation touches
PARTS_MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    create_tenant_table(
        "document",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False, comment="as printed; empty for a document without one"),
        sa.Column("number_key", sa.Text, nullable=False, comment="half-width, standard brackets: for finding"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("issued_on", sa.Date),
        sa.Column("dated_on", sa.Date, nullable=False, comment="issued_on, else the day of registration: for sorting"),
        sa.Column("parent_id", sa.Uuid),
        sa.Column(
            "parent_reference", sa.Text, nullable=False, comment="the superior document as named, where it is not in the register"
        ),
        sa.Column("original_text", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, comment="known slips of the original and other remarks"),
        sa.Column("registered_by", sa.Uuid),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *placed_columns("document"),
        tenant_fk("document", "unit_id", "unit"),
        tenant_fk("document", "parent_id", "document"),
        tenant_fk("document", "registered_by", "person"),
        check("document", "not_own_parent", "parent_id IS NULL OR parent_id <> id"),
    )
    for columns in (("path",), ("number_key",), ("parent_id",), ("dated_on", "id")):
        index("document", *columns)
    create_tenant_table(
        "programme",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("made_by", sa.Uuid),
        sa.Column("issued_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("closing_note", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *placed_columns("programme"),
        tenant_fk("programme", "unit_id", "unit"),
        tenant_fk("programme", "document_id", "document"),
        tenant_fk("programme", "parent_id", "programme"),
        tenant_fk("programme", "made_by", "person"),
        unique("programme", "unit_id", "parent_id"),
        check("programme", "state", "state IN ('draft', 'issued', 'closed')"),
        check("programme", "year", "year BETWEEN 1949 AND 2200"),
        check("programme", "not_own_parent", "parent_id IS NULL OR parent_id <> id"),
    )
    for columns in (("path",), ("document_id",), ("parent_id",), ("year", "id")):
        index("programme", *columns)
    create_tenant_table(
        "stage",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("wording", sa.Text, nullable=False),
        sa.Column("start_on", sa.Date),
        sa.Column("end_on", sa.Date),
        tenant_fk("stage", "programme_id", "programme"),
        check("stage", "days", "start_on IS NULL OR end_on IS NULL OR start_on <= end_on"),
        may=PARTS_MAY,
    )
    index("stage", "programme_id")
    create_tenant_table(
        "task_group",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        tenant_fk("task_group", "programme_id", "programme"),
        may=PARTS_MAY,
    )
    index("task_group", "programme_id")
    create_tenant_table(
        "task",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False, comment="the responsible post, in words"),
        sa.Column("tags", JSONB, nullable=False),
        sa.Column("source_id", sa.Uuid),
        tenant_fk("task", "programme_id", "programme"),
        tenant_fk("task", "group_id", "task_group"),
        tenant_fk("task", "source_id", "task"),
        unique("task", "programme_id", "number"),
        may=PARTS_MAY,
    )
    index("task", "group_id")
    index("task", "source_id")
    create_tenant_table(
        "task_unit",
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("leads", sa.Boolean, nullable=False),
        tenant_fk("task_unit", "task_id", "task"),
        tenant_fk("task_unit", "unit_id", "unit"),
        unique("task_unit", "task_id", "unit_id"),
        may=PARTS_MAY,
    )
    index("task_unit", "unit_id")


def downgrade() -> None:
    for table in ("task_unit", "task", "task_group", "stage", "programme", "document"):
        op.drop_table(table)
