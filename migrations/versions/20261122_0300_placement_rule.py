"""An active unit stands somewhere: its holders, and so its reminders, are found through its place. See docs/decisions/0033."""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import open_to_owner

revision = "0020_placement_rule"
down_revision = "0017_data"

# A row is judged as it is when the transaction ends, whatever it was when the check was queued.
STANDS = """
CREATE FUNCTION unit_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tenant uuid;
    about uuid;
BEGIN
    IF TG_TABLE_NAME = 'unit' THEN
        tenant := NEW.tenant_id;
        about := NEW.id;
        IF EXISTS (SELECT 1 FROM public.placement p WHERE p.tenant_id = tenant AND p.unit_id = about
                   AND p.active_to IS NULL AND p.is_primary AND p.path = NEW.path) THEN
            RETURN NULL;
        END IF;
    ELSE
        tenant := OLD.tenant_id;
        about := OLD.unit_id;
    END IF;
    IF EXISTS (SELECT 1 FROM public.unit u WHERE u.tenant_id = tenant AND u.id = about AND u.active_to IS NULL
               AND NOT EXISTS (SELECT 1 FROM public.placement p WHERE p.tenant_id = tenant AND p.unit_id = about
                               AND p.active_to IS NULL AND p.is_primary AND p.path = u.path)) THEN
        RAISE EXCEPTION 'unit % is active and stands nowhere in its primary line', about
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_stands', TABLE = 'unit';
    END IF;
    RETURN NULL;
END $$
"""
HOMELESS = (
    "SELECT count(*) FROM unit u WHERE u.active_to IS NULL AND NOT EXISTS (SELECT 1 FROM placement p"
    " WHERE p.tenant_id = u.tenant_id AND p.unit_id = u.id AND p.active_to IS NULL AND p.is_primary AND p.path = u.path)"
)


def upgrade() -> None:
    with open_to_owner("unit", "placement"):
        homeless = op.get_bind().execute(sa.text(HOMELESS)).scalar()
    if homeless:
        # Which line is a unit's primary one is the tenant kind's to say, not the migration's.
        raise RuntimeError(f"{homeless} active units have no open primary placement: add them first")
    op.execute(STANDS)
    op.execute(
        "CREATE CONSTRAINT TRIGGER unit_stands AFTER INSERT OR UPDATE OF active_to, path ON unit DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.active_to IS NULL) EXECUTE FUNCTION unit_stands()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER unit_stands AFTER UPDATE OR DELETE ON placement DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (OLD.is_primary AND OLD.active_to IS NULL) EXECUTE FUNCTION unit_stands()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER unit_stands ON placement")
    op.execute("DROP TRIGGER unit_stands ON unit")
    op.execute("DROP FUNCTION unit_stands()")
