"""Steps about results that wait for a second person. See docs/decisions/0043."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk

revision = "0031_second_person"
down_revision = "0030_own_quota"

INSTANT = sa.DateTime(timezone=True)
GUARD = """
CREATE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'waiting'
        OR to_jsonb(NEW) - ARRAY['state', 'decided_by', 'decided_name', 'decided_at']
           <> to_jsonb(OLD) - ARRAY['state', 'decided_by', 'decided_name', 'decided_at'] THEN
        RAISE EXCEPTION 'frozen: what was proposed, and how it was answered, cannot be changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


def text(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, comment=comment)


def upgrade() -> None:
    create_tenant_table(
        "result_proposal",
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("scorecard_id", sa.Uuid),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        text("kind"),
        sa.Column("draft", JSONB, nullable=False, comment="the mark and its ground, or the grounds of lifting; texts"),
        text("basis", "what the proposer saw: a digest, or the version of a frozen result"),
        text("state"),
        sa.Column("proposed_by", sa.Uuid, nullable=False),
        text("proposed_name"),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Uuid),
        text("decided_name"),
        sa.Column("decided_at", INSTANT),
        tenant_fk("result_proposal", "assessment_id", "assessment"),
        tenant_fk("result_proposal", "scorecard_id", "scorecard"),
        tenant_fk("result_proposal", "proposed_by", "person"),
        tenant_fk("result_proposal", "decided_by", "person"),
        check("result_proposal", "kind", "kind IN ('close', 'publish', 'correct', 'lift')"),
        check("result_proposal", "state", "state IN ('waiting', 'confirmed', 'withdrawn', 'declined')"),
        check("result_proposal", "two_people", "state NOT IN ('confirmed', 'declined') OR decided_by <> proposed_by"),
        check("result_proposal", "decided", "(state = 'waiting') = (decided_by IS NULL)"),
    )
    index("result_proposal", "assessment_id")
    op.create_index(
        "ix_result_proposal_waiting",
        "result_proposal",
        ["tenant_id", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.execute(GUARD)
    op.execute("CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON result_proposal FOR EACH ROW EXECUTE FUNCTION guard_proposal()")
    op.execute(
        "CREATE TRIGGER frozen_all BEFORE TRUNCATE ON result_proposal FOR EACH STATEMENT EXECUTE FUNCTION refuse_frozen()"
    )


def downgrade() -> None:
    op.drop_table("result_proposal")
    op.execute("DROP FUNCTION guard_proposal()")
