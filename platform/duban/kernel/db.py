"""Tables' common parts: base class, column types, the tenant key, place in the unit tree, engines."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    Text,
    Uuid,
    create_engine,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from typing_extensions import override

from duban.kernel.context import ENGINE_OPTION, ContextKey
from duban.kernel.ids import new_id

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Number = Annotated[Decimal, mapped_column(Numeric(18, 4))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonList = Annotated[list[Any], mapped_column(JSONB)]
Str = Annotated[str, mapped_column(Text)]

PATH_PATTERN = r"^([0-9a-z]+\.)+$"


class Base(DeclarativeBase):
    """Every mapped class; names of constraints are made by one rule so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, UUID: Uuid, datetime: DateTime(timezone=True), Decimal: Numeric(18, 4)}  # noqa: RUF012

    @declared_attr.directive
    @override
    def __tablename__(cls) -> str:  # noqa: N805 - declared_attr passes the class
        """Name the table after the class: RoleGrant → role_grant."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class TenantTable:
    """
    Key of every table that belongs to a tenant: (tenant_id, id).

    Foreign keys between such tables are made with `tenant_fk`, so the database itself refuses a link across tenants.
    """

    tenant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)


class Placed:
    """
    A row that stands somewhere in the unit tree, copied from its unit when made (history keeps the path of the time).

    `path` is the unit's materialised path, labels of [0-9a-z] each followed by a dot; `to_path` the addressee's, if any.
    The migration's `placed_columns()` makes the same columns and the check.
    """

    path: Mapped[str] = mapped_column(Text(collation="C"))
    to_path: Mapped[str | None] = mapped_column(Text(collation="C"))
    depth: Mapped[int] = mapped_column(Integer, Computed("length(path) - length(replace(path, '.', ''))", persisted=True))
    lines: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """Who stood above the unit in second lines （条） when the row was made: copied from the unit or the row it belongs to."""
    work_line: Mapped[str | None]
    """The second line the row works in; None the primary one. Only superiors of that line decide about it."""


def tenant_fk(column: str, table: str, *, name: str | None = None) -> ForeignKeyConstraint:
    """Link (tenant_id, column) to another tenant table's key; deferred never, cascades never."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], name=name)


def path_check(column: str = "path") -> CheckConstraint:
    """Refuse malformed paths: an empty one would be everybody's ancestor."""
    return CheckConstraint(f"{column} ~ '{PATH_PATTERN}'", name=f"{column}_shape")


def lines_index(table: str) -> Index:
    """Find rows by a superior in a second line; rows without one take no room in it."""
    return Index(f"ix_{table}_lines", "lines", postgresql_using="gin", postgresql_where=text("lines <> '{}'"))


_CONNECTION_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


def engine_options(*, context_key: str, pool_size: int = 10, application_name: str = "duban") -> dict[str, Any]:
    """
    Give the options of every engine of the application role.

    Takes: the setting `context_key`, which its tenant contexts are signed with; '' for an engine that binds no tenant.
    Prepared statements are off: a generic plan turns a path range of 0.1 ms into 0.7 s.
    """
    return {
        "pool_size": pool_size,
        "max_overflow": 10,
        "pool_timeout": 5,
        "pool_pre_ping": True,
        "execution_options": {ENGINE_OPTION: ContextKey.of(context_key) if context_key else None},
        "connect_args": {
            "prepare_threshold": None,
            "application_name": application_name,
            "options": " ".join(f"-c {name}={value}" for name, value in _CONNECTION_SETTINGS.items()),
        },
    }


def make_engine(url: str, *, context_key: str, pool_size: int = 10, application_name: str = "duban") -> Engine:
    """Open an engine for the application role, for processes without a web application."""
    return create_engine(url, **engine_options(context_key=context_key, pool_size=pool_size, application_name=application_name))
