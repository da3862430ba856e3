"""The people a unit has named as its contacts."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk


class UnitContact(TenantTable, Base):
    """
    Who answers for a unit in one capacity (分管领导, 专人 …) during a half-open period.

    A name, not an account: the leader in charge of a village may never sign in.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        CheckConstraint("active_to IS NULL OR active_to > active_from", name="dates"),
        CheckConstraint("name <> ''", name="named"),
        Index(None, "tenant_id", "unit_id", "kind", unique=True, postgresql_where=text("active_to IS NULL")),
    )

    unit_id: Mapped[UUID]
    kind: Mapped[str]
    name: Mapped[str]
    post: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    active_from: Mapped[date]
    active_to: Mapped[date | None]
