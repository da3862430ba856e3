"""Moves, merges, splits and successors of units; leading groups; what people are found by and merged into."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import (
    check, create_tenant_table, depth_column, index, path_column, path_shape, tenant_fk,
)

revision = "0012_reorganisation"
down_revision = "0011_lines"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _free_placements()
    create_tenant_table(
        "former_name",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date, nullable=False),
        tenant_fk("former_name", "unit_id", "unit"),
        check("former_name", "dates", "active_to >= active_from"),
    )
    index("former_name", "unit_id")
    create_tenant_table(
        "reorganisation",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        path_column(),
        depth_column(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("change", JSONB, nullable=False),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decider_name", sa.Text, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("note", sa.Text, nullable=False),
        tenant_fk("reorganisation", "unit_id", "unit"),
        path_shape("reorganisation"),
        check("reorganisation", "kind", "kind IN ('move', 'merge', 'split', 'close', 'rename')"),
        check("reorganisation", "state", "state IN ('planned', 'done', 'cancelled', 'refused')"),
        check("reorganisation", "settled", "(state = 'planned') = (settled_at IS NULL)"),
    )
    index("reorganisation", "path")
    index("reorganisation", "unit_id")
    index("reorganisation", "effective_on", where="state = 'planned'")
    create_tenant_table(
        "succession",
        sa.Column("predecessor_id", sa.Uuid, nullable=False),
        sa.Column("successor_id", sa.Uuid, nullable=False),
        sa.Column("is_main", sa.Boolean, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("reorganisation_id", sa.Uuid, nullable=False),
        tenant_fk("succession", "predecessor_id", "unit"),
        tenant_fk("succession", "successor_id", "unit"),
        tenant_fk("succession", "reorganisation_id", "reorganisation"),
        check("succession", "two_units", "predecessor_id <> successor_id"),
    )
    index("succession", "successor_id")
    index("succession", "predecessor_id", where="is_main", unique=True)
    _leading_groups()
    op.add_column("unit_contact", sa.Column("basis", sa.Text, nullable=False, server_default=""))
    op.alter_column("unit_contact", "basis", server_default=None)
    op.add_column("person", sa.Column("search", sa.Text, nullable=False, server_default=""))
    op.alter_column("person", "search", server_default=None)
    op.add_column("person", sa.Column("merged_into", sa.Uuid))
    op.create_foreign_key(
        "fk_person_tenant_id_merged_into", "person", "person", ["tenant_id", "merged_into"], ["tenant_id", "id"]
    )
    op.create_check_constraint(op.f("ck_person_merged"), "person", "merged_into IS NULL OR (merged_into <> id AND NOT active)")


def _free_placements() -> None:
    """A place held for less than a day stays known; a path is given once in a line; one place is open at a time."""
    op.drop_constraint("uq_placement_tenant_id_unit_id_line_active_from", "placement")
    op.drop_constraint(op.f("ck_placement_dates"), "placement")
    op.create_check_constraint(op.f("ck_placement_dates"), "placement", "active_to IS NULL OR active_to >= active_from")
    op.drop_index("ix_placement_tenant_id_line_path", "placement")
    op.create_unique_constraint("uq_placement_tenant_id_line_path", "placement", ["tenant_id", "line", "path"])
    index("placement", "unit_id", "line", where="active_to IS NULL", unique=True)
    index("placement", "unit_id")
    index("placement", "path")


def _leading_groups() -> None:
    create_tenant_table(
        "leading_group",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("leading_group", "unit_id", "unit"),
        check("leading_group", "dates", "active_to IS NULL OR active_to >= active_from"),
        check("leading_group", "named", "name <> ''"),
    )
    index("leading_group", "unit_id")
    create_tenant_table(
        "group_member",
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        tenant_fk("group_member", "group_id", "leading_group"),
        tenant_fk("group_member", "person_id", "person"),
        check("group_member", "dates", "active_to IS NULL OR active_to >= active_from"),
        check("group_member", "named", "name <> ''"),
        check("group_member", "post", "post IN ('chair', 'deputy', 'member', 'office_head', 'office_member')"),
    )
    index("group_member", "group_id")
    index("group_member", "person_id")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_person_merged"), "person")
    op.drop_constraint("fk_person_tenant_id_merged_into", "person")
    op.drop_column("person", "merged_into")
    op.drop_column("person", "search")
    op.drop_column("unit_contact", "basis")
    for table in ("group_member", "leading_group", "succession", "reorganisation", "former_name"):
        op.drop_table(table)
    op.drop_index("ix_placement_tenant_id_path", "placement")
    op.drop_index("ix_placement_tenant_id_unit_id", "placement")
    op.drop_index("ix_placement_tenant_id_unit_id_line", "placement")
    op.drop_constraint("uq_placement_tenant_id_line_path", "placement")
    op.create_index("ix_placement_tenant_id_line_path", "placement", ["tenant_id", "line", "path"])
    # Places held for no whole day cannot be told in the older table.
    op.execute("DELETE FROM placement WHERE active_to = active_from")
    op.drop_constraint(op.f("ck_placement_dates"), "placement")
    op.create_check_constraint(op.f("ck_placement_dates"), "placement", "active_to IS NULL OR active_to > active_from")
    op.create_unique_constraint(
        "uq_placement_tenant_id_unit_id_line_active_from", "placement", ["tenant_id", "unit_id", "line", "active_from"]
    )
