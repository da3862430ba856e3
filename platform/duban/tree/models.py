"""Units, their placements in lines, their former names and their successors."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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
    """
    Where a unit stands, or stood, in one line (territorial 块, sector 条, project) during a half-open period.

    A path is given once in a line and never again, so that it names the unit for ever. A place taken and left on one day has
    an empty period: nobody stood there on any day, but what was made there is still found.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("parent_id", "unit"),
        path_check(),
        UniqueConstraint("tenant_id", "line", "path"),
        CheckConstraint("active_to IS NULL OR active_to >= active_from", name="dates"),
        Index(None, "tenant_id", "unit_id", "line", unique=True, postgresql_where=text("active_to IS NULL")),
        Index(None, "tenant_id", "unit_id"),
        Index(None, "tenant_id", "path"),
    )

    unit_id: Mapped[UUID]
    line: Mapped[str]
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(Text(collation="C"))
    is_primary: Mapped[bool]
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class FormerName(TenantTable, Base):
    """A name a unit had during a half-open period; the name of today is the unit's own."""

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to >= active_from", name="dates"),
        Index(None, "tenant_id", "unit_id"),
    )

    unit_id: Mapped[UUID]
    name: Mapped[str]
    short_name: Mapped[str]
    active_from: Mapped[date]
    active_to: Mapped[date]


class Succession(TenantTable, Base):
    """
    Who came after a unit. The main successor inherits: it sees the predecessor's history and finishes its open work.

    A unit has one main successor at most; the others took over part of its area and nothing it had begun.
    """

    __table_args__ = (
        tenant_fk("predecessor_id", "unit"),
        tenant_fk("successor_id", "unit"),
        tenant_fk("reorganisation_id", "reorganisation"),
        CheckConstraint("predecessor_id <> successor_id", name="two_units"),
        Index(None, "tenant_id", "successor_id"),
        Index(None, "tenant_id", "predecessor_id", unique=True, postgresql_where=text("is_main")),
    )

    predecessor_id: Mapped[UUID]
    successor_id: Mapped[UUID]
    is_main: Mapped[bool]
    active_from: Mapped[date]
    reorganisation_id: Mapped[UUID]


class Reorganisation(TenantTable, Base):
    """
    A decided change of the tree: move, merge, split, close or rename, done or planned for a day ahead.

    `path` is the unit's place when it was decided. `change` is JSON as organisation.rules.changes writes it, `figures` what the
    preview counted. `note` says why a planned change could not be done at its day.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        path_check(),
        CheckConstraint("kind IN ('move', 'merge', 'split', 'close', 'rename')", name="kind"),
        CheckConstraint("state IN ('planned', 'done', 'cancelled', 'refused')", name="state"),
        CheckConstraint("(state = 'planned') = (settled_at IS NULL)", name="settled"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "unit_id"),
        Index(None, "tenant_id", "effective_on", postgresql_where=text("state = 'planned'")),
    )

    unit_id: Mapped[UUID]
    path: Mapped[str] = mapped_column(Text(collation="C"))
    depth: Mapped[int] = mapped_column(Integer, Computed("length(path) - length(replace(path, '.', ''))", persisted=True))
    kind: Mapped[str]
    state: Mapped[str]
    effective_on: Mapped[date]
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    basis: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str]
    settled_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
