"""Tables of the feature targets."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0006_targets"
down_revision = "0005_programmes"

INSTANT = sa.DateTime(timezone=True)
NUMBER = sa.Numeric(18, 4)


def upgrade() -> None:
    create_tenant_table(
        "indicator",
        *placed_columns("indicator"),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("spread", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("unit_of_measure", sa.Text, nullable=False),
        sa.Column("places", sa.Integer, nullable=False, comment="decimals a share may have, 0..4"),
        sa.Column("total_id", sa.Uuid, comment="the indicator this one is a part of; parts add up to it"),
        sa.Column("programme_id", sa.Uuid, comment="the programme whose task this is"),
        sa.Column("counts_from", sa.Date, nullable=False, comment="first day of the indicator's year"),
        sa.Column("counts_before", sa.Date, nullable=False, comment="exclusive end of the indicator's year"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("basis", sa.Text, nullable=False, comment="the document or rule it rests on"),
        tenant_fk("indicator", "owner_id", "unit"),
        tenant_fk("indicator", "total_id", "indicator"),
        tenant_fk("indicator", "programme_id", "programme"),
        unique("indicator", "owner_id", "year", "code"),
        check("indicator", "kind", "kind IN ('control', 'work')"),
        check("indicator", "direction", "direction IN ('at_most', 'at_least')"),
        check("indicator", "spread", "spread IN ('split', 'copy')"),
        check("indicator", "places", "places BETWEEN 0 AND 4"),
        check("indicator", "counted", "counts_before > counts_from"),
    )
    index("indicator", "year")
    index("indicator", "path")
    create_tenant_table(
        "allocation",
        *placed_columns("allocation"),
        sa.Column("indicator_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("value", NUMBER, comment="None: pending"),
        sa.Column("issued_value", NUMBER),
        sa.Column("reserve", NUMBER, nullable=False, comment="kept back by this unit when splitting further"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, comment="of this share and of its split over the units below"),
        sa.Column("issued_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        sa.Column("accepted_by", sa.Text, nullable=False, comment="name and post as at acceptance"),
        tenant_fk("allocation", "indicator_id", "indicator"),
        tenant_fk("allocation", "unit_id", "unit"),
        tenant_fk("allocation", "parent_id", "allocation"),
        unique("allocation", "indicator_id", "unit_id", "line"),
        check("allocation", "state", "state IN ('proposed', 'issued', 'accepted')"),
        check("allocation", "value", "value >= 0 AND value <> 'NaN'"),
        check("allocation", "issued_value", "issued_value >= 0 AND issued_value <> 'NaN'"),
        check("allocation", "reserve", "reserve >= 0 AND reserve <> 'NaN'"),
        check("allocation", "owner", "(parent_id IS NULL) = (line = '')"),
    )
    index("allocation", "path")
    index("allocation", "unit_id")
    index("allocation", "parent_id")
    create_tenant_table(
        "actual",
        *placed_columns("actual"),
        sa.Column("allocation_id", sa.Uuid, nullable=False),
        sa.Column("month", sa.Date, nullable=False, comment="first day of the month"),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="where the number comes from, as typed"),
        sa.Column("reason", sa.Text, nullable=False, comment="why an earlier number was corrected"),
        sa.Column("reporter_id", sa.Uuid, nullable=False),
        sa.Column("reporter_name", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        tenant_fk("actual", "allocation_id", "allocation"),
        tenant_fk("actual", "reporter_id", "person"),
        unique("actual", "allocation_id", "month", "revision"),
        check("actual", "value", "value >= 0 AND value <> 'NaN'"),
        check("actual", "month", "extract(day FROM month) = 1"),
        check("actual", "revision", "revision >= 1"),
    )
    op.create_index(
        "ix_actual_current", "actual", ["tenant_id", "allocation_id", "month"], unique=True, postgresql_where=sa.text("is_current")
    )


def downgrade() -> None:
    for table in ("actual", "allocation", "indicator"):
        op.drop_table(table)
