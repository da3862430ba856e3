"""Units and their placements in lines."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, lines_index, path_check, tenant_fk


class Unit(TenantTable, Base):
    """
    A government level, department, enterprise, park, contractor or section.

    `path` is its place in the primary line; `placement` holds every line with its dates.
    """

    __table_args__ = (
        tenant_fk("parent_id", "unit"),
        UniqueConstraint("tenant_id", "path"),
        UniqueConstraint("tenant_id", "code"),
        path_check(),
        CheckConstraint("active_to IS NULL OR active_to > active_from", name="dates"),
        Index(None, "tenant_id", "parent_id"),
        lines_index("unit"),
    )

    code: Mapped[str]
    name: Mapped[str]
    short_name: Mapped[str]
    level: Mapped[str]
    sector: Mapped[str] = mapped_column(default="")
    search: Mapped[str] = mapped_column(default="")
    """Lower-case name, pinyin and initials, for the unit picker."""
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(Text(collation="C"))
    depth: Mapped[int] = mapped_column(Integer, Computed("length(path) - length(replace(path, '.', ''))", persisted=True))
    lines: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """Who stands above it in second lines （条） today, as tokens (tree.lines); `placement` is what they are made from."""
    children_made: Mapped[int] = mapped_column(default=0)
    """How many labels were ever given to children; a label is never given twice."""
    position: Mapped[int] = mapped_column(default=0)
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class Placement(TenantTable, Base):
    """Where a unit stands in one line (territorial 块, sector 条, project) during a half-open period."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("parent_id", "unit"),
        path_check(),
        UniqueConstraint("tenant_id", "unit_id", "line", "active_from"),
        CheckConstraint("active_to IS NULL OR active_to > active_from", name="dates"),
        Index(None, "tenant_id", "line", "path"),
    )

    unit_id: Mapped[UUID]
    line: Mapped[str]
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(Text(collation="C"))
    is_primary: Mapped[bool]
    active_from: Mapped[date]
    active_to: Mapped[date | None]
