"""Grants: which person holds which role at which unit, in which line, from when to when."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk


class RoleGrant(TenantTable, Base):
    """A role held at a unit during a half-open period. Stored by unit, so it follows the unit when that moves."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to IS NULL OR active_to >= active_from", name="dates"),
        Index(None, "tenant_id", "person_id"),
        Index(None, "tenant_id", "unit_id", "role"),
    )

    person_id: Mapped[UUID]
    role: Mapped[str]
    unit_id: Mapped[UUID]
    line: Mapped[str] = mapped_column(default="territorial")
    active_from: Mapped[date]
    active_to: Mapped[date | None]
