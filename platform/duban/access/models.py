"""Grants: which person holds which role at which unit, in which line, from when to when; and who lets whom use them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, Index
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
    pending: Mapped[bool] = mapped_column(default=False)
    """Proposed by the system administrator; of no effect until the security administrator confirms it."""
    duty: Mapped[str | None] = mapped_column(FetchedValue())
    """`system`, `security` or `audit`: set by the database from the tenant's roles; it lets nobody hold two at a time."""


class Delegation(TenantTable, Base):
    """
    Somebody lets somebody else use one of their roles at a unit for a half-open period. Ended at once by `revoked_at`.

    What administrators do is never lent (the database refuses it).
    Only a role held by grant is lent, so nothing lent is lent on; when the grant ends, the delegation gives nothing.
    """

    __table_args__ = (
        tenant_fk("giver_id", "person"),
        tenant_fk("receiver_id", "person"),
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to > active_from", name="dates"),
        CheckConstraint("giver_id <> receiver_id", name="another"),
        CheckConstraint("reason <> ''", name="reason"),
        Index(None, "tenant_id", "receiver_id"),
        Index(None, "tenant_id", "giver_id"),
    )

    giver_id: Mapped[UUID]
    receiver_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    role: Mapped[str]
    active_from: Mapped[date]
    active_to: Mapped[date]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]
