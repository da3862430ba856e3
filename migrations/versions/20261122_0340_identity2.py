"""
Who is an administrator is read from the tenant's roles, not from a role's name; passwords given anew by two hands; tenants made
before telephone numbers were masked get the lines that say who sees them. See docs/decisions/0034 and 0035.
"""

import sqlalchemy as sa
from alembic import op

from migrations.tenant_tables import check, create_tenant_table, index, open_to_owner, tenant_fk

revision = "0021_identity2"
down_revision = "0023_indexes"

INSTANT = sa.DateTime(timezone=True)
BY_NAME = (
    "CASE WHEN role LIKE '%.admin' THEN 'system' WHEN role LIKE '%.security' THEN 'security' "
    "WHEN role LIKE '%.auditor' THEN 'audit' END"
)
NOT_BY_NAME = "role NOT LIKE '%.admin' AND role NOT LIKE '%.security' AND role NOT LIKE '%.auditor'"

_ROLE = """
  SELECT item INTO its
  FROM (SELECT body FROM public.catalogue WHERE tenant_id = NEW.tenant_id AND part = 'roles' ORDER BY version DESC LIMIT 1) AS newest,
       jsonb_array_elements(newest.body->'items') AS item
  WHERE item->>'code' = NEW.role;
"""
# A role the tenant's roles do not know keeps what the row says: while a tenant is brought back, its grants may come first.
_GRANT_GETS_DUTY = f"""
CREATE FUNCTION grant_gets_duty() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  its jsonb;
BEGIN
{_ROLE}
  IF its IS NOT NULL THEN
    NEW.duty := its->>'duty';
  END IF;
  RETURN NEW;
END $$
"""
_NO_DUTY_LENT = f"""
CREATE FUNCTION no_duty_is_lent() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  its jsonb;
BEGIN
{_ROLE}
  IF its->>'duty' IS NOT NULL THEN
    RAISE EXCEPTION 'what administrators do is never lent'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_delegation_no_duty', TABLE = 'delegation';
  END IF;
  RETURN NEW;
END $$
"""
FUNCTIONS = ("grant_gets_duty()", "no_duty_is_lent()")

# What the kinds of this day say of telephone numbers, for tenants that copied them before.
_KINDS = {
    "county": ("county", "county.admin", "county.security", (("department.officer", "county.line_superior"),)),
    "expressway": ("expressway", "owner.admin", "owner.security", (("supervision_office.inspector", "expressway.line_superior"),)),
    "street": ("street", "office.admin", "office.security", ()),
}
_LEADERS = {"county": "county.leader", "expressway": "owner.leader", "street": "office.leader"}


def _lines(kind: str) -> str:
    base, admin, security, line = _KINDS[kind]
    lines = [
        f"p, {base}.member, own, phone, reveal",
        f"p, {base}.member, ancestors, phone, reveal",
        f"p, {base}.reporter, own, phone, read",
        f"p, {base}.superior, below, phone, reveal",
        f"p, {base}.manager, below, phone, read",
        f"p, {admin}, subtree, phone, read",
        f"p, {security}, subtree, phone, reveal",
    ]
    for officer, superior in line:
        lines += [f"p, {superior}, line_below, phone, reveal", f"p, {officer}, line_below, phone, read"]
    return "\n".join(lines) + "\n"


def upgrade() -> None:
    with open_to_owner("catalogue", "tenant"):
        _fill_roles()
        _fill_policies()
    op.execute("ALTER TABLE role_grant ALTER COLUMN duty DROP EXPRESSION")
    op.drop_constraint(op.f("ck_delegation_no_duty"), "delegation", type_="check")
    for body in (_GRANT_GETS_DUTY, _NO_DUTY_LENT):
        op.execute(body)
    op.execute(
        "CREATE TRIGGER gets_duty BEFORE INSERT OR UPDATE OF role, duty ON role_grant FOR EACH ROW EXECUTE FUNCTION grant_gets_duty()"
    )
    op.execute("CREATE TRIGGER no_duty BEFORE INSERT OR UPDATE ON delegation FOR EACH ROW EXECUTE FUNCTION no_duty_is_lent()")
    create_tenant_table(
        "password_reset",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("asked_by", sa.Uuid, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("sealed_half", sa.Text, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("settled_by", sa.Uuid),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        tenant_fk("password_reset", "person_id", "person"),
        tenant_fk("password_reset", "asked_by", "person"),
        tenant_fk("password_reset", "settled_by", "person"),
        check("password_reset", "other_hand", "NOT confirmed OR (settled_by <> asked_by AND settled_by <> person_id)"),
        check("password_reset", "settled", "settled_at IS NULL OR sealed_half = ''"),
        check("password_reset", "confirmed", "NOT confirmed OR settled_at IS NOT NULL"),
    )
    index("password_reset", "person_id")


def _fill_roles() -> None:
    """Say in each tenant's copy of its roles which are administrators', as their names did until today."""
    op.execute(
        "UPDATE catalogue SET body = jsonb_set(body, '{items}', (SELECT jsonb_agg(CASE"
        " WHEN item ? 'duty' THEN item"
        " WHEN item->>'code' LIKE '%.admin' THEN item || '{\"duty\": \"system\"}'"
        " WHEN item->>'code' LIKE '%.security' THEN item || '{\"duty\": \"security\"}'"
        " WHEN item->>'code' LIKE '%.auditor' THEN item || '{\"duty\": \"audit\"}'"
        " ELSE item END ORDER BY place) FROM jsonb_array_elements(body->'items') WITH ORDINALITY AS listed(item, place)))"
        " WHERE part = 'roles' AND jsonb_array_length(body->'items') > 0"
    )
    for kind, leader in _LEADERS.items():
        op.get_bind().execute(
            sa.text(
                "UPDATE catalogue SET body = jsonb_set(body, '{items}', (SELECT jsonb_agg(CASE WHEN item->>'code' = :leader"
                " THEN item || '{\"guarded\": true}' ELSE item END ORDER BY place)"
                " FROM jsonb_array_elements(body->'items') WITH ORDINALITY AS listed(item, place)))"
                " WHERE part = 'roles' AND tenant_id IN (SELECT id FROM tenant WHERE kind = :kind)"
            ),
            {"leader": leader, "kind": kind},
        )


def _fill_policies() -> None:
    for kind in _KINDS:
        op.get_bind().execute(
            sa.text(
                "UPDATE catalogue SET body = jsonb_set(body, '{text}', to_jsonb(rtrim(body->>'text', E'\\n') || E'\\n' || :lines))"
                " WHERE part = 'policy' AND body->>'text' NOT LIKE '%, phone, %'"
                " AND tenant_id IN (SELECT id FROM tenant WHERE kind = :kind)"
            ),
            {"lines": _lines(kind), "kind": kind},
        )
    op.execute(
        "UPDATE tenant SET policy_digest = encode(sha256(convert_to(newest.body->>'text', 'UTF8')), 'hex') FROM"
        " (SELECT DISTINCT ON (tenant_id) tenant_id, body FROM catalogue WHERE part = 'policy' ORDER BY tenant_id, version DESC)"
        " AS newest WHERE newest.tenant_id = tenant.id"
    )


def downgrade() -> None:
    op.drop_table("password_reset")
    op.execute("DROP TRIGGER no_duty ON delegation")
    op.execute("DROP TRIGGER gets_duty ON role_grant")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.create_check_constraint(op.f("ck_delegation_no_duty"), "delegation", NOT_BY_NAME)
    op.drop_column("role_grant", "duty")
    op.add_column("role_grant", sa.Column("duty", sa.Text, sa.Computed(BY_NAME, persisted=True)))
