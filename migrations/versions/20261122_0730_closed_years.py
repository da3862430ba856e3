"""
What is frozen is guarded from both sides: neither the row as it was nor the row as it becomes may belong to a closed year.

Until here an UPDATE was judged by its new row alone, so a mark or a scorecard could be moved out of a closed year into an
open one; an issued letter could be made a draft and rewritten; a second factor could change its owner unnoticed.
"""

from alembic import op

revision = "0026_closed_years"
down_revision = "0024_policy_waiting"

_HEAD = "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$\n"
_REFUSED = "USING ERRCODE = 'integrity_constraint_violation'"
EMPTIED = ("assessment", "scorecard", "item_mark", "veto_decision")
"""Guarded row by row since 0009; a TRUNCATE meets no rows."""

# In a trigger for INSERT every field of OLD is null, for DELETE every field of NEW.
CARD = (
    _HEAD.format(name="guard_closed_scorecard")
    + f"""
BEGIN
    IF EXISTS (SELECT 1 FROM public.assessment a
               WHERE a.closed_at IS NOT NULL
                 AND ((a.tenant_id = OLD.tenant_id AND a.id = OLD.assessment_id)
                      OR (a.tenant_id = NEW.tenant_id AND a.id = NEW.assessment_id))) THEN
        RAISE EXCEPTION 'frozen: % of a scorecard of a closed assessment is refused', TG_OP {_REFUSED};
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
)
MARK = (
    _HEAD.format(name="guard_closed_mark")
    + f"""
BEGIN
    IF EXISTS (SELECT 1 FROM public.scorecard c
               JOIN public.assessment a ON a.tenant_id = c.tenant_id AND a.id = c.assessment_id
               WHERE a.closed_at IS NOT NULL
                 AND ((c.tenant_id = OLD.tenant_id AND c.id = OLD.scorecard_id)
                      OR (c.tenant_id = NEW.tenant_id AND c.id = NEW.scorecard_id))) THEN
        RAISE EXCEPTION 'frozen: % of a mark of a closed assessment is refused', TG_OP {_REFUSED};
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
)
LETTER = (
    _HEAD.format(name="letter_stays_as_issued")
    + """
BEGIN
    IF OLD.state <> 'draft' AND (NEW.state = 'draft' OR (
        NEW.body, NEW.algorithm, NEW.digest, NEW.number, NEW.year, NEW.upper_id, NEW.lower_id, NEW.upper_name, NEW.lower_name
    ) IS DISTINCT FROM (
        OLD.body, OLD.algorithm, OLD.digest, OLD.number, OLD.year, OLD.upper_id, OLD.lower_id, OLD.upper_name, OLD.lower_name
    )) THEN
        RAISE EXCEPTION 'letter % was issued and cannot be changed', OLD.number;
    END IF;
    RETURN NEW;
END $$
"""
)
FACTOR = (
    _HEAD.format(name="factor_moves_epoch")
    + """
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = OLD.tenant_id AND id = OLD.id;
    ELSIF TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
        UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = OLD.tenant_id AND id IN (OLD.id, NEW.id);
    ELSIF NEW.confirmed_at IS DISTINCT FROM (CASE WHEN TG_OP = 'UPDATE' THEN OLD.confirmed_at END) THEN
        UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
    END IF;
    RETURN NULL;
END $$
"""
)


def upgrade() -> None:
    for function in (CARD, MARK, LETTER, FACTOR):
        op.execute(function)
    for table in EMPTIED:
        op.execute(f"CREATE TRIGGER frozen_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_frozen()")


def downgrade() -> None:
    """The functions stay as they are: no code before this migration needs the hole back."""
    for table in EMPTIED:
        op.execute(f"DROP TRIGGER frozen_all ON {table}")
