"""
Making tenant tables: the key, row-level security and grants are the same for all, so they are written once, here.

Never imports the application: a migration must do tomorrow what it did today.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

APP_ROLE = "duban_app"
PLAIN_TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
SIGNED_TENANT = "(SELECT app_tenant_id())"
"""What policies compare with: before and since migration 0010."""
PATH_PATTERN = r"^([0-9a-z]+\.)+$"
CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _name(kind: str, table: str, columns: Sequence[str]) -> str:
    return f"{kind}_{table}_{'_'.join(columns)}"


def create_tenant_table(
    name: str,
    *items: SchemaItem,
    key: Sequence[str] = ("id",),
    key_type: type[sa.types.TypeEngine] = sa.Uuid,
    may: str = "SELECT, INSERT, UPDATE",
) -> None:
    """
    Create a table keyed (tenant_id, *key) with row-level security and the application role's rights.

    Takes: columns and constraints; `may` adds DELETE only where rows are no evidence.
    """
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid, sa.ForeignKey("tenant.id", name=f"fk_{name}_tenant_id"), nullable=False),
        *[sa.Column(column, key_type, nullable=False, autoincrement=False) for column in key],
        *items,
        sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"),
    )
    secure(name, may=may)


def secure(name: str, *, may: str) -> None:
    """Turn on row-level security: one restrictive policy on the bound tenant; without a bound tenant there are no rows."""
    signed = op.get_bind().execute(sa.text("SELECT to_regprocedure('app_tenant_id()') IS NOT NULL")).scalar()
    tenant = SIGNED_TENANT if signed else PLAIN_TENANT  # tables of migrations before 0010 are altered by it
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY everyone ON {name} AS PERMISSIVE FOR ALL USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY tenant ON {name} AS RESTRICTIVE FOR ALL USING (tenant_id = {tenant}) WITH CHECK (tenant_id = {tenant})"
    )
    op.execute(f"GRANT {may} ON {name} TO {APP_ROLE}")


def secure_register(name: str, *, column: str = "tenant_id") -> None:
    """Let everybody read a table of the installation that has a row per tenant, but write only the bound tenant's row."""
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY everyone ON {name} AS PERMISSIVE FOR ALL USING (true) WITH CHECK (true)")
    own = f"{column} = {SIGNED_TENANT}"
    op.execute(f"CREATE POLICY own_new ON {name} AS RESTRICTIVE FOR INSERT WITH CHECK ({own})")
    op.execute(f"CREATE POLICY own_changed ON {name} AS RESTRICTIVE FOR UPDATE USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY own_gone ON {name} AS RESTRICTIVE FOR DELETE USING ({own})")


@contextmanager
def open_to_owner(*tables: str) -> Iterator[None]:
    """Let the migration's own statements see every tenant's rows of these tables, to fill a new column."""
    for name in tables:
        op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    yield
    for name in tables:
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def tenant_fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """Link (tenant_id, column) to the target's key: the database refuses links across tenants."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], name=_name("fk", table, ("tenant_id", column))
    )


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Unique inside the tenant."""
    return sa.UniqueConstraint("tenant_id", *columns, name=_name("uq", table, ("tenant_id", *columns)))


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    """A named check."""
    # op.f: the name is final, no naming convention is put on top
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def path_column(name: str = "path", *, nullable: bool = False) -> sa.Column[str]:
    """A materialised path."""
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def path_shape(table: str, column: str = "path") -> sa.CheckConstraint:
    """Refuse malformed paths: an empty one would be everybody's ancestor."""
    return check(table, f"{column}_shape", f"{column} ~ '{PATH_PATTERN}'")


def depth_column() -> sa.Column[int]:
    """The number of labels of `path`, kept by the database itself."""
    return sa.Column(
        "depth", sa.Integer, sa.Computed("length(path) - length(replace(path, '.', ''))", persisted=True), nullable=False
    )


def placed_columns(table: str) -> list[SchemaItem]:
    """Columns and checks of kernel.db.Placed; add `index(table, "path")` after creating the table."""
    return [path_column(), path_column("to_path", nullable=True), depth_column(), path_shape(table), path_shape(table, "to_path")]


def index(table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    """Index (tenant_id, columns)."""
    op.create_index(
        _name("ix", table, ("tenant_id", *columns)),
        table,
        ["tenant_id", *columns],
        unique=unique,
        postgresql_where=sa.text(where) if where else None,
    )
