"""Tables of the feature reporting: requirements, duties, drafts, versions, changed due dates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0008_reporting"
down_revision = "0007_letters"

INSTANT = sa.DateTime(timezone=True)
POINTS = sa.Numeric(18, 4)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    _requirement()
    _duty()
    create_tenant_table(
        "draft",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("typed", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("saved_by", sa.Uuid),
        tenant_fk("draft", "duty_id", "duty"),
        unique("draft", "duty_id"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )
    _submission()
    create_tenant_table(
        "due_change",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("due_version", sa.Integer, nullable=False),
        sa.Column("before_on", sa.Date, nullable=False),
        sa.Column("after_on", sa.Date, nullable=False),
        text("reason"),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid),
        text("decider_name"),
        tenant_fk("due_change", "duty_id", "duty"),
        unique("due_change", "duty_id", "due_version"),
        may="SELECT, INSERT",
    )


def _requirement() -> None:
    create_tenant_table(
        "requirement",
        sa.Column("unit_id", sa.Uuid, nullable=False),
        text("title"),
        text("title_en"),
        text("instruction"),
        text("instruction_en"),
        text("recipient"),
        sa.Column("programme_id", sa.Uuid),
        sa.Column("task_id", sa.Uuid),
        text("line"),
        sa.Column("targets", JSONB, nullable=False),
        sa.Column("due_rule", JSONB, nullable=False),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_until", sa.Date),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("nil_allowed", sa.Boolean, nullable=False),
        sa.Column("attachments_required", sa.Boolean, nullable=False),
        sa.Column("preconditions", JSONB, nullable=False),
        text("late_model"),
        sa.Column("late_points", POINTS, nullable=False),
        sa.Column("missing_points", POINTS, nullable=False),
        sa.Column("missing_after_days", sa.Integer, nullable=False),
        sa.Column("correction_days", sa.Integer),
        text("state"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Uuid),
        sa.Column("issued_at", INSTANT),
        sa.Column("issued_by", sa.Uuid),
        sa.Column("withdrawn_at", INSTANT),
        text("withdrawn_reason"),
        *placed_columns("requirement"),
        tenant_fk("requirement", "unit_id", "unit"),
        tenant_fk("requirement", "programme_id", "programme"),
        tenant_fk("requirement", "task_id", "task"),
        check("requirement", "state", "state IN ('draft', 'issued', 'withdrawn')"),
        check("requirement", "days", "missing_after_days >= 0 AND (correction_days IS NULL OR correction_days >= 0)"),
        check("requirement", "points", "late_points <> 'NaN' AND missing_points <> 'NaN'"),
    )
    index("requirement", "path")
    index("requirement", "programme_id")


def _duty() -> None:
    create_tenant_table(
        "duty",
        sa.Column("requirement_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        text("period_kind"),
        text("period_code"),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("reporting_year", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("due_since", sa.Date, nullable=False),
        sa.Column("due_version", sa.Integer, nullable=False),
        sa.Column("missing_at", INSTANT, nullable=False),
        sa.Column("correct_by", sa.Date),
        text("state"),
        sa.Column("is_nil", sa.Boolean, nullable=False),
        sa.Column("versions", sa.Integer, nullable=False),
        sa.Column("first_submitted_at", INSTANT),
        sa.Column("last_submitted_at", INSTANT),
        sa.Column("last_submitted_by", sa.Uuid),
        sa.Column("counted_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        text("timeliness"),
        sa.Column("late_days", sa.Integer, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        *placed_columns("duty"),
        tenant_fk("duty", "requirement_id", "requirement"),
        tenant_fk("duty", "unit_id", "unit"),
        unique("duty", "requirement_id", "unit_id", "period_code"),
        check(
            "duty",
            "state",
            "state IN ('open', 'submitted', 'returned', 'accepted', 'missing', 'missing_submitted', 'cancelled')",
        ),
        check("duty", "timeliness", "timeliness IN ('pending', 'on_time', 'late', 'missing')"),
        check("duty", "cut_off", "missing_at >= due_at"),
    )
    index("duty", "path", "due_at")
    index("duty", "unit_id", "reporting_year")
    # What the sweeps and reminders look for: few rows of many, whatever the age of the table.
    op.create_index(
        "ix_duty_unmet", "duty", ["tenant_id", "due_on"], postgresql_where=sa.text("state IN ('open', 'returned')")
    )


def _submission() -> None:
    create_tenant_table(
        "submission",
        sa.Column("duty_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("is_nil", sa.Boolean, nullable=False),
        text("note"),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("submitted_by", sa.Uuid),
        text("submitter_name"),
        sa.Column("outcome", sa.Text),
        text("reason"),
        sa.Column("reviewed_at", INSTANT),
        sa.Column("reviewed_by", sa.Uuid),
        text("reviewer_name"),
        *placed_columns("submission"),
        tenant_fk("submission", "duty_id", "duty"),
        unique("submission", "duty_id", "number"),
        check("submission", "outcome", "outcome IS NULL OR outcome IN ('returned', 'accepted')"),
    )


def downgrade() -> None:
    for table in ("due_change", "submission", "draft", "duty", "requirement"):
        op.drop_table(table)
