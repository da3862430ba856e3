"""Supervised matters, their colour sheets, meetings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import SchemaItem

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0038_matters"
down_revision = "0037_ladders"

INSTANT = sa.DateTime(timezone=True)
STATES = "'assigned', 'in_hand', 'disputed', 'reported', 'returned', 'closed', 'filed', 'withdrawn'"
COLOURS = "'blue', 'orange', 'red'"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date, nullable=False)


def _id(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, nullable=False)


def _whole(name: str, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, comment=comment)


def _placed(table: str) -> list[SchemaItem]:
    return [
        *placed_columns(table),
        sa.Column("lines", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("work_line", sa.Text),
    ]


def _lines_index(table: str) -> None:
    op.create_index(f"ix_{table}_lines", table, ["lines"], postgresql_using="gin", postgresql_where=sa.text("lines <> '{}'"))


def upgrade() -> None:
    create_tenant_table(
        "matter_numbering",
        _text("series"),
        _whole("year"),
        _whole("given"),
        unique("matter_numbering", "series", "year"),
        check("matter_numbering", "series", "series IN ('matter', 'circular')"),
        check("matter_numbering", "given", "given >= 0"),
    )
    _meetings()
    _matter()
    _parties_and_reports()
    _papers()
    create_tenant_table(
        "meeting_resolution",
        _id("meeting_id"),
        _whole("number"),
        _text("text"),
        sa.Column("matter_id", sa.Uuid),
        tenant_fk("meeting_resolution", "meeting_id", "meeting"),
        tenant_fk("meeting_resolution", "matter_id", "matter"),
        unique("meeting_resolution", "meeting_id", "number"),
    )


def _meetings() -> None:
    create_tenant_table(
        "meeting_rhythm",
        *_placed("meeting_rhythm"),
        _id("unit_id"),
        _text("kind"),
        _text("title"),
        sa.Column("due_rule", JSONB, nullable=False),
        _day("active_from"),
        _day("active_until"),
        sa.Column("ended_at", INSTANT),
        _whole("version"),
        sa.Column("next_step_at", INSTANT, comment="when the clock looks again whether a meeting is overdue"),
        tenant_fk("meeting_rhythm", "unit_id", "unit"),
    )
    index("meeting_rhythm", "path")
    _lines_index("meeting_rhythm")
    create_tenant_table(
        "meeting",
        *_placed("meeting"),
        _id("unit_id"),
        sa.Column("rhythm_id", sa.Uuid),
        _text("period_code"),
        _text("kind"),
        _text("title"),
        _day("held_on"),
        _text("place"),
        _text("chair"),
        sa.Column("present", sa.Text, nullable=False, comment="people of one's own unit and guests, in words"),
        _text("absent"),
        _text("minutes"),
        sa.Column("number", sa.Text, nullable=False, comment="of the minutes, as their issuer writes it"),
        _text("state"),
        _text("struck_reason"),
        _whole("version"),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("noted_by", sa.Uuid),
        _text("noter_name"),
        tenant_fk("meeting", "unit_id", "unit"),
        tenant_fk("meeting", "rhythm_id", "meeting_rhythm"),
        check("meeting", "state", "state IN ('noted', 'struck')"),
    )
    index("meeting", "path", "held_on")
    index("meeting", "rhythm_id", "period_code")
    _lines_index("meeting")
    create_tenant_table(
        "meeting_unit",
        *_placed("meeting_unit"),
        _id("meeting_id"),
        _id("unit_id"),
        _text("unit_name"),
        sa.Column("came", sa.Boolean, nullable=False),
        tenant_fk("meeting_unit", "meeting_id", "meeting"),
        tenant_fk("meeting_unit", "unit_id", "unit"),
        unique("meeting_unit", "meeting_id", "unit_id"),
    )
    index("meeting_unit", "path")
    _lines_index("meeting_unit")


def _matter() -> None:
    create_tenant_table(
        "matter",
        *_placed("matter"),
        _id("unit_id"),
        _text("unit_name"),
        _id("lead_id"),
        _text("lead_name"),
        _whole("year"),
        _whole("serial"),
        _text("number"),
        _text("title"),
        _text("body"),
        _text("source"),
        sa.Column("source_note", sa.Text, nullable=False, comment="number of the document, who instructed, where it was found"),
        sa.Column("duty_id", sa.Uuid),
        sa.Column("meeting_id", sa.Uuid),
        _text("term"),
        _whole("term_days"),
        _text("term_unit"),
        sa.Column("is_major", sa.Boolean, nullable=False),
        _text("cycle"),
        _text("state"),
        _day("assigned_on"),
        _day("first_due_on"),
        _day("due_on"),
        _day("due_since"),
        _whole("due_version"),
        sa.Column("redo_by", sa.Date),
        _whole("extensions", "granted so far"),
        sa.Column("has_pending", sa.Boolean, nullable=False, comment="an extension waits for its decision"),
        sa.Column("colour", sa.Text),
        sa.Column("sheet_on", sa.Date),
        sa.Column("answer_by", sa.Date),
        sa.Column("answered", sa.Boolean, nullable=False, comment="the lead has reported since the last sheet"),
        sa.Column("report_due_on", sa.Date),
        sa.Column("report_told_on", sa.Date),
        _whole("reports_missed"),
        sa.Column("next_step_at", INSTANT),
        _whole("steps", "numbers given in its history"),
        _whole("version"),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("registered_by", sa.Uuid),
        _text("registrar_name"),
        sa.Column("signed_at", INSTANT),
        sa.Column("reported_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("filed_at", INSTANT),
        sa.Column("ending", sa.Text, nullable=False, comment="conclusion of the closure, or why it was withdrawn"),
        sa.Column("file_note", sa.Text, nullable=False, comment="where its papers are kept"),
        tenant_fk("matter", "unit_id", "unit"),
        tenant_fk("matter", "lead_id", "unit"),
        tenant_fk("matter", "duty_id", "duty"),
        tenant_fk("matter", "meeting_id", "meeting"),
        unique("matter", "year", "serial"),
        unique("matter", "number"),
        check("matter", "state", f"state IN ({STATES})"),
        check("matter", "colour", f"colour IS NULL OR colour IN ({COLOURS})"),
        check("matter", "cycle", "cycle IN ('none', 'week', 'ten_days', 'month')"),
        check("matter", "led", "to_path IS NOT NULL"),
    )
    index("matter", "path", "state")
    index("matter", "to_path")
    index("matter", "meeting_id")
    op.create_index(
        "ix_matter_one_per_duty",
        "matter",
        ["tenant_id", "duty_id"],
        unique=True,
        postgresql_where=sa.text("duty_id IS NOT NULL AND state <> 'withdrawn'"),
    )
    op.create_index(
        "ix_matter_next_step", "matter", ["tenant_id", "next_step_at"], postgresql_where=sa.text("next_step_at IS NOT NULL")
    )
    _lines_index("matter")


def _parties_and_reports() -> None:
    create_tenant_table(
        "matter_party",
        *_placed("matter_party"),
        _id("matter_id"),
        _id("unit_id"),
        _text("unit_name"),
        _text("role"),
        sa.Column("signed_at", INSTANT),
        sa.Column("signed_by", sa.Uuid),
        _text("signer_name"),
        sa.Column("left_at", INSTANT),
        tenant_fk("matter_party", "matter_id", "matter"),
        tenant_fk("matter_party", "unit_id", "unit"),
        unique("matter_party", "matter_id", "unit_id"),
        check("matter_party", "role", "role IN ('lead', 'co')"),
    )
    index("matter_party", "path")
    _lines_index("matter_party")
    create_tenant_table(
        "matter_report",
        _id("matter_id"),
        _id("unit_id"),
        _text("unit_name"),
        _whole("number"),
        _text("kind"),
        _text("text"),
        _text("late_reason"),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("reported_by", sa.Uuid),
        _text("reporter_name"),
        sa.Column("outcome", sa.Text),
        sa.Column("answers", JSONB, nullable=False, comment="the five questions of the review of closure"),
        _text("reason"),
        sa.Column("reviewed_at", INSTANT),
        sa.Column("reviewed_by", sa.Uuid),
        _text("reviewer_name"),
        tenant_fk("matter_report", "matter_id", "matter"),
        tenant_fk("matter_report", "unit_id", "unit"),
        unique("matter_report", "matter_id", "number"),
        check("matter_report", "kind", "kind IN ('progress', 'final', 'share')"),
        check("matter_report", "outcome", "outcome IS NULL OR outcome IN ('returned', 'accepted')"),
    )
    create_tenant_table(
        "matter_extension",
        _id("matter_id"),
        _id("unit_id"),
        _text("state"),
        _day("before_on"),
        _day("wanted_on"),
        sa.Column("granted_on", sa.Date),
        _text("reason"),
        _text("progress"),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("asked_by", sa.Uuid),
        _text("asker_name"),
        sa.Column("first_at", INSTANT),
        sa.Column("first_by", sa.Uuid),
        _text("first_name"),
        _text("first_words"),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", sa.Uuid),
        _text("decider_name"),
        _text("decided_words"),
        tenant_fk("matter_extension", "matter_id", "matter"),
        tenant_fk("matter_extension", "unit_id", "unit"),
        check("matter_extension", "state", "state IN ('asked', 'passed_on', 'granted', 'refused')"),
    )
    index("matter_extension", "matter_id")
    op.create_index(
        "ix_matter_extension_one_pending",
        "matter_extension",
        ["tenant_id", "matter_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'passed_on')"),
    )


def _papers() -> None:
    create_tenant_table(
        "matter_paper",
        _id("matter_id"),
        _whole("ordinal"),
        _text("kind"),
        _text("colour"),
        _text("origin"),
        _text("number"),
        _text("reason"),
        _text("body"),
        _text("algorithm"),
        _text("digest"),
        _whole("due_version"),
        sa.Column("answer_by", sa.Date),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.Uuid),
        _text("maker_name"),
        sa.Column("issued_at", INSTANT),
        sa.Column("issued_by", sa.Uuid),
        _text("issuer_name"),
        tenant_fk("matter_paper", "matter_id", "matter"),
        unique("matter_paper", "matter_id", "ordinal"),
        check("matter_paper", "kind", "kind IN ('sheet', 'circular')"),
        check("matter_paper", "colour", f"colour IN ({COLOURS})"),
        check("matter_paper", "origin", "origin IN ('ladder', 'hand')"),
    )
    op.execute(
        """
        CREATE FUNCTION matter_paper_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF OLD.issued_at IS NOT NULL AND to_jsonb(NEW) IS DISTINCT FROM to_jsonb(OLD) THEN
                RAISE EXCEPTION 'paper % was issued and cannot be changed', OLD.number;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER stays_as_issued BEFORE UPDATE ON matter_paper FOR EACH ROW EXECUTE FUNCTION matter_paper_stays()"
    )
    create_tenant_table(
        "matter_step",
        _id("matter_id"),
        _whole("number"),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Uuid),
        _text("name"),
        sa.Column("what", sa.Text, nullable=False, comment="a word of wording.STEPS"),
        _text("words"),
        _text("acting_for"),
        tenant_fk("matter_step", "matter_id", "matter"),
        unique("matter_step", "matter_id", "number"),
        may="SELECT, INSERT",
    )


def downgrade() -> None:
    for table in (
        "meeting_resolution", "matter_step", "matter_paper", "matter_extension", "matter_report", "matter_party", "matter",
        "meeting_unit", "meeting", "meeting_rhythm", "matter_numbering",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION matter_paper_stays()")
