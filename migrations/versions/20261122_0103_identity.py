"""Second factor, password policies, counted attempts, tokens, sessions that end with the credential, administrators apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenant_tables import check, create_tenant_table, index, tenant_fk, unique

revision = "0013_identity"
down_revision = "0012_reorganisation"

INSTANT = sa.DateTime(timezone=True)

DUTY = (
    "CASE WHEN role LIKE '%.admin' THEN 'system' WHEN role LIKE '%.security' THEN 'security' "
    "WHEN role LIKE '%.auditor' THEN 'audit' END"
)
NO_DUTY = "role NOT LIKE '%.admin' AND role NOT LIKE '%.security' AND role NOT LIKE '%.auditor'"

# A new password, a changed status or factor moves the epoch on, whoever writes it and by whatever path; sessions and
# tokens of an older epoch are dead. Said here once, because a path that forgets to end sessions is how it goes wrong.
_EPOCH_OF_PASSWORD = """
CREATE FUNCTION credential_moves_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
    NEW.epoch := OLD.epoch + 1;
  END IF;
  RETURN NEW;
END $$
"""
_EPOCH_OF_STATUS = """
CREATE FUNCTION person_moves_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.active IS DISTINCT FROM OLD.active THEN
    UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
  END IF;
  RETURN NULL;
END $$
"""
_EPOCH_OF_FACTOR = """
CREATE FUNCTION factor_moves_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = OLD.tenant_id AND id = OLD.id;
  ELSIF NEW.confirmed_at IS DISTINCT FROM (CASE WHEN TG_OP = 'UPDATE' THEN OLD.confirmed_at END) THEN
    UPDATE public.credential SET epoch = epoch + 1 WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
  END IF;
  RETURN NULL;
END $$
"""
# The person's row is locked first: two grants given at the same moment see each other.
_DUTIES_APART = """
CREATE FUNCTION duties_stay_apart() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.duty IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM public.person WHERE tenant_id = NEW.tenant_id AND id = NEW.person_id FOR UPDATE;
  IF EXISTS (
    SELECT 1 FROM public.role_grant AS other
    WHERE other.tenant_id = NEW.tenant_id AND other.person_id = NEW.person_id AND other.id <> NEW.id AND other.duty <> NEW.duty
      AND daterange(other.active_from, other.active_to) && daterange(NEW.active_from, NEW.active_to)
  ) THEN
    RAISE EXCEPTION 'system, security and audit administrator are three people'
      USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'role_grant_duties_apart', TABLE = 'role_grant';
  END IF;
  RETURN NULL;
END $$
"""
FUNCTIONS = ("credential_moves_epoch", "person_moves_epoch", "factor_moves_epoch", "duties_stay_apart")


def upgrade() -> None:
    _credentials()
    _factors()
    _tokens()
    op.add_column("role_grant", sa.Column("duty", sa.Text, sa.Computed(DUTY, persisted=True)))
    # what administrators do is never lent: through a delegation one person would hold two duties after all
    op.create_check_constraint(op.f("ck_delegation_no_duty"), "delegation", NO_DUTY)
    for body in (_EPOCH_OF_PASSWORD, _EPOCH_OF_STATUS, _EPOCH_OF_FACTOR, _DUTIES_APART):
        op.execute(body)
    op.execute("CREATE TRIGGER moves_epoch BEFORE UPDATE ON credential FOR EACH ROW EXECUTE FUNCTION credential_moves_epoch()")
    op.execute("CREATE TRIGGER moves_epoch AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION person_moves_epoch()")
    op.execute(
        "CREATE TRIGGER moves_epoch AFTER INSERT OR UPDATE OR DELETE ON second_factor "
        "FOR EACH ROW EXECUTE FUNCTION factor_moves_epoch()"
    )
    op.execute(
        "CREATE TRIGGER duties_apart AFTER INSERT OR UPDATE ON role_grant FOR EACH ROW EXECUTE FUNCTION duties_stay_apart()"
    )


def _credentials() -> None:
    for column in ("failures", "failing_since", "locked_until"):
        op.drop_column("credential", column)
    op.add_column("credential", sa.Column("expires_at", INSTANT))
    op.add_column("credential", sa.Column("epoch", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("credential", "epoch", server_default=None)
    op.add_column("person", sa.Column("let_in_at", INSTANT))
    op.add_column("login_session", sa.Column("epoch", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("login_session", "epoch", server_default=None)
    op.add_column("login_session", sa.Column("factor_at", INSTANT))
    op.add_column("login_session", sa.Column("confirmed_at", INSTANT))
    op.execute("UPDATE login_session SET confirmed_at = started_at")
    op.alter_column("login_session", "confirmed_at", nullable=False)
    create_tenant_table(
        "attempt_counter",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", INSTANT, nullable=False),
        sa.Column("locked_until", INSTANT),
        unique("attempt_counter", "kind", "subject"),
        check("attempt_counter", "kind", "kind IN ('account', 'device', 'source', 'factor')"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )
    index("attempt_counter", "failing_since")
    create_tenant_table(
        "past_password",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        tenant_fk("past_password", "person_id", "person"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )
    index("past_password", "person_id")
    create_tenant_table(
        "security_policy",
        sa.Column("password_policy", sa.Text, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        check("security_policy", "one_per_tenant", "id = tenant_id"),
        check("security_policy", "password_policy", "password_policy IN ('mlps3', 'asvs')"),
    )


def _factors() -> None:
    create_tenant_table(
        "second_factor",
        sa.Column("sealed_secret", sa.Text, nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("last_step", sa.BigInteger),
        tenant_fk("second_factor", "id", "person"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )
    create_tenant_table(
        "recovery_code",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("used_at", INSTANT),
        tenant_fk("recovery_code", "person_id", "person"),
        unique("recovery_code", "person_id", "digest"),
        may="SELECT, INSERT, UPDATE, DELETE",
    )


def _tokens() -> None:
    create_tenant_table(
        "api_token",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("scopes", JSONB, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("factor_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        tenant_fk("api_token", "person_id", "person"),
        unique("api_token", "token_digest"),
        check("api_token", "life", "expires_at > created_at"),
    )
    index("api_token", "person_id")


def downgrade() -> None:
    for table in ("credential", "person", "second_factor"):
        op.execute(f"DROP TRIGGER moves_epoch ON {table}")
    op.execute("DROP TRIGGER duties_apart ON role_grant")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_constraint(op.f("ck_delegation_no_duty"), "delegation", type_="check")
    op.drop_column("role_grant", "duty")
    for table in ("api_token", "recovery_code", "second_factor", "security_policy", "past_password", "attempt_counter"):
        op.drop_table(table)
    for column in ("confirmed_at", "factor_at", "epoch"):
        op.drop_column("login_session", column)
    op.drop_column("person", "let_in_at")
    op.drop_column("credential", "epoch")
    op.drop_column("credential", "expires_at")
    op.add_column("credential", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("credential", "failures", server_default=None)
    op.add_column("credential", sa.Column("failing_since", INSTANT))
    op.add_column("credential", sa.Column("locked_until", INSTANT))
