"""Tables of the feature letters."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, placed_columns, tenant_fk, unique

revision = "0007_letters"
down_revision = "0006_targets"

INSTANT = sa.DateTime(timezone=True)
STATES = "'draft', 'issued', 'signed_by_lower', 'signed_by_upper', 'in_force', 'withdrawn'"


def upgrade() -> None:
    create_tenant_table(
        "letter_campaign",
        *placed_columns("letter_campaign"),
        sa.Column("upper_id", sa.Uuid, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False, comment="what stands before the year in a letter's number"),
        sa.Column("numbers_given", sa.Integer, nullable=False, comment="a number is never given twice, not even of a withdrawn letter"),
        tenant_fk("letter_campaign", "upper_id", "unit"),
        unique("letter_campaign", "upper_id", "year"),
        check("letter_campaign", "numbers_given", "numbers_given >= 0"),
    )
    create_tenant_table(
        "letter",
        *placed_columns("letter"),
        sa.Column("campaign_id", sa.Uuid, nullable=False),
        sa.Column("upper_id", sa.Uuid, nullable=False),
        sa.Column("lower_id", sa.Uuid, nullable=False),
        sa.Column("upper_name", sa.Text, nullable=False),
        sa.Column("lower_name", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="canonical text, see docs/rules/decomposition.md section 8"),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="of body; frozen from issue on"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("drafted_at", INSTANT, nullable=False),
        sa.Column("issued_at", INSTANT),
        sa.Column("in_force_at", INSTANT),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("withdrawn_reason", sa.Text, nullable=False),
        tenant_fk("letter", "campaign_id", "letter_campaign"),
        tenant_fk("letter", "upper_id", "unit"),
        tenant_fk("letter", "lower_id", "unit"),
        unique("letter", "campaign_id", "serial"),
        check("letter", "state", f"state IN ({STATES})"),
        check("letter", "addressed", "to_path IS NOT NULL"),
        check("letter", "digest", "digest ~ '^[0-9a-f]{64}$'"),
    )
    op.create_index(
        "ix_letter_one_living", "letter", ["tenant_id", "upper_id", "lower_id", "year"], unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    index("letter", "path")
    index("letter", "to_path")
    create_tenant_table(
        "signature",
        sa.Column("letter_id", sa.Uuid, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("text_digest", sa.Text, nullable=False, comment="digest of the text the person was shown"),
        sa.Column("seal", sa.Text, nullable=False, comment="binds text, side, person, name, post and instant"),
        tenant_fk("signature", "letter_id", "letter"),
        tenant_fk("signature", "person_id", "person"),
        unique("signature", "letter_id", "side"),
        check("signature", "side", "side IN ('upper', 'lower')"),
        may="SELECT, INSERT",
    )
    # What was issued is what was signed: from then on not even a statement typed by hand may change the text.
    op.execute(
        """
        CREATE FUNCTION letter_stays_as_issued() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state <> 'draft' AND (
                NEW.body, NEW.algorithm, NEW.digest, NEW.number, NEW.year, NEW.upper_id, NEW.lower_id, NEW.upper_name, NEW.lower_name
            ) IS DISTINCT FROM (
                OLD.body, OLD.algorithm, OLD.digest, OLD.number, OLD.year, OLD.upper_id, OLD.lower_id, OLD.upper_name, OLD.lower_name
            ) THEN
                RAISE EXCEPTION 'letter % was issued and cannot be changed', OLD.number;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute("CREATE TRIGGER stays_as_issued BEFORE UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION letter_stays_as_issued()")


def downgrade() -> None:
    op.drop_table("signature")
    op.drop_table("letter")
    op.drop_table("letter_campaign")
    op.execute("DROP FUNCTION letter_stays_as_issued()")
