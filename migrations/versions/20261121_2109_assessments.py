"""
Tables of the feature assessments, and the triggers that make frozen results final.

The triggers hold for the application role and for the owner alike: a frozen year is changed by a new version, never by SQL.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0009_assessments"
down_revision = "0008_reporting"

INSTANT = sa.DateTime(timezone=True)
POINTS = sa.Numeric(18, 4)


def text(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, comment=comment)


def upgrade() -> None:
    create_tenant_table(
        "assessment",
        *placed_columns("assessment"),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        text("round", "annual, or the code of another round of the year"),
        text("group_code", "the group of units, as the scheme's weights name it"),
        text("name"),
        sa.Column("levels", JSONB, nullable=False, comment="levels of unit this group consists of"),
        sa.Column("scheme", JSONB, nullable=False),
        text("scheme_digest"),
        text("state"),
        sa.Column("self_due_on", sa.Date, comment="last day for the units' own scores"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("opened_by", sa.Uuid),
        sa.Column("closed_at", INSTANT),
        sa.Column("published_at", INSTANT),
        sa.Column("frozen_version", sa.Integer, nullable=False, comment="newest frozen version, 0 while open"),
        tenant_fk("assessment", "unit_id", "unit"),
        unique("assessment", "unit_id", "year", "round", "group_code"),
        check("assessment", "state", "state IN ('preparing', 'self_scoring', 'scoring', 'closed', 'published')"),
        check("assessment", "closed", "(state IN ('closed', 'published')) = (closed_at IS NOT NULL)"),
        check("assessment", "published", "(state = 'published') = (published_at IS NOT NULL)"),
        check("assessment", "frozen_version", "(closed_at IS NULL) = (frozen_version = 0)"),
    )
    index("assessment", "path")
    create_tenant_table(
        "scorecard",
        *placed_columns("scorecard"),
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        text("unit_name"),
        sa.Column("position", sa.Integer, nullable=False),
        text("state"),
        sa.Column("facts", JSONB, comment="what was counted from the records; marks are in item_mark"),
        sa.Column("facts_at", INSTANT),
        sa.Column("self_total", POINTS, comment="points by the unit's own score"),
        sa.Column("self_scored_at", INSTANT),
        text("self_scored_by", "name and post at the time"),
        tenant_fk("scorecard", "assessment_id", "assessment"),
        tenant_fk("scorecard", "unit_id", "unit"),
        unique("scorecard", "assessment_id", "unit_id"),
        check("scorecard", "state", "state IN ('open', 'self_scored')"),
        check("scorecard", "self_scored", "(state = 'self_scored') = (self_scored_at IS NOT NULL)"),
    )
    index("scorecard", "path")
    index("scorecard", "assessment_id")
    create_tenant_table(
        "item_mark",
        sa.Column("scorecard_id", sa.Uuid, nullable=False),
        text("item_code"),
        text("rule_code"),
        text("side"),
        sa.Column("value", POINTS),
        text("reason"),
        text("evidence", "where the evidence is: file number, folder, page"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        text("person_name"),
        sa.Column("updated_at", INSTANT, nullable=False),
        tenant_fk("item_mark", "scorecard_id", "scorecard"),
        tenant_fk("item_mark", "person_id", "person"),
        unique("item_mark", "scorecard_id", "item_code", "rule_code", "side"),
        check("item_mark", "side", "side IN ('self', 'evaluator')"),
        check("item_mark", "value", "value >= 0 AND value <> 'NaN'"),
    )
    _veto_decision()
    _frozen()
    _triggers()


def _veto_decision() -> None:
    create_tenant_table(
        "veto_decision",
        *placed_columns("veto_decision"),
        sa.Column("scorecard_id", sa.Uuid, nullable=False),
        text("rule_code"),
        text("document", "number and title of the document it rests on"),
        text("reason"),
        text("state"),
        sa.Column("proposed_by", sa.Uuid, nullable=False),
        text("proposed_name"),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.Uuid, comment="who answered the proposal, yes or no"),
        text("confirmed_name"),
        sa.Column("decided_at", INSTANT),
        sa.Column("lifted_by", sa.Uuid),
        text("lifted_name"),
        sa.Column("lifted_at", INSTANT),
        text("lift_document"),
        text("lift_reason"),
        tenant_fk("veto_decision", "scorecard_id", "scorecard"),
        tenant_fk("veto_decision", "proposed_by", "person"),
        tenant_fk("veto_decision", "confirmed_by", "person"),
        tenant_fk("veto_decision", "lifted_by", "person"),
        check("veto_decision", "state", "state IN ('proposed', 'confirmed', 'rejected', 'lifted')"),
        check("veto_decision", "two_people", "confirmed_by <> proposed_by"),
        check("veto_decision", "confirmed", "(state = 'proposed') = (confirmed_by IS NULL)"),
        check("veto_decision", "lifted", "(state = 'lifted') = (lifted_by IS NOT NULL)"),
        check("veto_decision", "grounds", "document <> '' AND reason <> ''"),
    )
    index("veto_decision", "path")
    op.create_index(
        "ix_veto_decision_standing", "veto_decision", ["tenant_id", "scorecard_id", "rule_code"], unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'confirmed')"),
    )


def _frozen() -> None:
    create_tenant_table(
        "frozen_result",
        *placed_columns("frozen_result"),
        sa.Column("scorecard_id", sa.Uuid, nullable=False),
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("result", JSONB, nullable=False),
        text("scheme_digest"),
        text("facts_digest"),
        text("result_digest"),
        sa.Column("total", POINTS, nullable=False),
        text("grade", "after veto and quota"),
        sa.Column("is_vetoed", sa.Boolean, nullable=False),
        sa.Column("place", sa.Integer, comment="None for a vetoed unit: it takes no place"),
        text("why", "why there is this version"),
        sa.Column("frozen_at", INSTANT, nullable=False),
        text("frozen_by"),
        tenant_fk("frozen_result", "scorecard_id", "scorecard"),
        tenant_fk("frozen_result", "assessment_id", "assessment"),
        unique("frozen_result", "scorecard_id", "version"),
        check("frozen_result", "version", "version >= 1"),
        may="SELECT, INSERT",
    )
    index("frozen_result", "assessment_id")
    create_tenant_table(
        "frozen_ranking",
        *placed_columns("frozen_ranking"),
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rows", JSONB, nullable=False),
        sa.Column("composite", JSONB),
        text("digest"),
        text("why"),
        sa.Column("frozen_at", INSTANT, nullable=False),
        text("frozen_by"),
        tenant_fk("frozen_ranking", "assessment_id", "assessment"),
        unique("frozen_ranking", "assessment_id", "version"),
        check("frozen_ranking", "version", "version >= 1"),
        may="SELECT, INSERT",
    )


def _guard(table: str, events: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER frozen BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")


def _triggers() -> None:
    op.execute("""
        CREATE FUNCTION refuse_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'frozen: % of % is refused, a correction is a new version', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """)
    for table in ("frozen_result", "frozen_ranking"):
        op.execute(f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_frozen()")
        op.execute(f"CREATE TRIGGER frozen_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_frozen()")
    # `depth` is left out of comparisons: a generated column is not yet computed in a BEFORE trigger.
    # Of a closed assessment only publishing and the number of the newest version may still move.
    op.execute("""
        CREATE FUNCTION guard_closed_assessment() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.closed_at IS NULL THEN
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            END IF;
            IF TG_OP = 'UPDATE'
                AND to_jsonb(NEW) - ARRAY['depth', 'state', 'published_at', 'frozen_version']
                    = to_jsonb(OLD) - ARRAY['depth', 'state', 'published_at', 'frozen_version']
                AND NEW.frozen_version >= OLD.frozen_version
                AND (NEW.state = OLD.state OR (OLD.state = 'closed' AND NEW.state = 'published'))
                AND (OLD.published_at IS NULL OR NEW.published_at = OLD.published_at) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'frozen: % of a closed assessment is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """)
    _guard("assessment", "UPDATE OR DELETE", "guard_closed_assessment")
    op.execute("""
        CREATE FUNCTION guard_closed_scorecard() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            touched scorecard;
        BEGIN
            touched := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            IF EXISTS (SELECT 1 FROM assessment a
                       WHERE a.tenant_id = touched.tenant_id AND a.id = touched.assessment_id AND a.closed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'frozen: % of a scorecard of a closed assessment is refused', TG_OP
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN touched;
        END $$
    """)
    _guard("scorecard", "INSERT OR UPDATE OR DELETE", "guard_closed_scorecard")
    op.execute("""
        CREATE FUNCTION guard_closed_mark() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            touched item_mark;
        BEGIN
            touched := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            IF EXISTS (SELECT 1 FROM scorecard c
                       JOIN assessment a ON a.tenant_id = c.tenant_id AND a.id = c.assessment_id
                       WHERE c.tenant_id = touched.tenant_id AND c.id = touched.scorecard_id AND a.closed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'frozen: % of a mark of a closed assessment is refused', TG_OP
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN touched;
        END $$
    """)
    _guard("item_mark", "INSERT OR UPDATE OR DELETE", "guard_closed_mark")
    # The grounds of a veto and who stands for it are fixed once written.
    op.execute("""
        CREATE FUNCTION guard_veto() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE'
                OR to_jsonb(NEW) - ARRAY['depth', 'state', 'confirmed_by', 'confirmed_name', 'decided_at',
                                         'lifted_by', 'lifted_name', 'lifted_at', 'lift_document', 'lift_reason']
                   <> to_jsonb(OLD) - ARRAY['depth', 'state', 'confirmed_by', 'confirmed_name', 'decided_at',
                                            'lifted_by', 'lifted_name', 'lifted_at', 'lift_document', 'lift_reason']
                OR (OLD.confirmed_by IS NOT NULL
                    AND (NEW.confirmed_by, NEW.confirmed_name, NEW.decided_at)
                        IS DISTINCT FROM (OLD.confirmed_by, OLD.confirmed_name, OLD.decided_at))
                OR OLD.state IN ('rejected', 'lifted')
                OR (OLD.state = 'confirmed' AND NEW.state NOT IN ('confirmed', 'lifted')) THEN
                RAISE EXCEPTION 'frozen: the grounds of a veto decision cannot be changed'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    _guard("veto_decision", "UPDATE OR DELETE", "guard_veto")


def downgrade() -> None:
    for table in ("frozen_ranking", "frozen_result", "veto_decision", "item_mark", "scorecard", "assessment"):
        op.drop_table(table)
    for function in ("guard_veto", "guard_closed_mark", "guard_closed_scorecard", "guard_closed_assessment", "refuse_frozen"):
        op.execute(f"DROP FUNCTION {function}()")
