"""Tables of the review: what each level did, to whom it was handed over, what was corrected afterwards."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, path_check, tenant_fk


class ReviewStep(TenantTable, Base):
    """
    What one level did with a version; kept for ever. `remarks` are the reasons pinned to fields, as remarks.Remark writes
    them.
    """

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        UniqueConstraint("tenant_id", "duty_id", "position"),
        path_check("level_path"),
        CheckConstraint("outcome IN ('passed', 'accepted', 'returned', 'given_back', 'skipped')", name="outcome"),
    )

    duty_id: Mapped[UUID]
    position: Mapped[int]
    number: Mapped[int]
    """The version it was about."""
    level_path: Mapped[str] = mapped_column(Text(collation="C"))
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    remarks: Mapped[list[Any]] = mapped_column(JSONB)
    arrived_at: Mapped[datetime]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")


class Handover(TenantTable, Base):
    """A reviewer asked a colleague at the same unit to review what waits; kept for ever."""

    __table_args__ = (tenant_fk("duty_id", "duty"), tenant_fk("receiver_id", "person"), Index(None, "tenant_id", "duty_id"))

    duty_id: Mapped[UUID]
    number: Mapped[int]
    receiver_id: Mapped[UUID]
    receiver_name: Mapped[str] = mapped_column(default="")
    until: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")
    handed_at: Mapped[datetime]
    handed_by: Mapped[UUID | None]
    hander_name: Mapped[str] = mapped_column(default="")


class Correction(TenantTable, Base):
    """
    The correction of an accepted version: asked for by the unit or ordered by the superior, and what became of it.

    `from_version` counted when it began; `to_version` counts since `settled_at` where it is done.
    """

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        UniqueConstraint("tenant_id", "duty_id", "position"),
        CheckConstraint("state IN ('asked', 'open', 'submitted', 'done', 'refused', 'dropped')", name="state"),
        CheckConstraint("(state = 'done') = (to_version IS NOT NULL)", name="done"),
        Index(None, "tenant_id", "settled_at", postgresql_where=text("state = 'done'")),
    )

    duty_id: Mapped[UUID]
    position: Mapped[int]
    state: Mapped[str]
    from_version: Mapped[int]
    to_version: Mapped[int | None]
    reason: Mapped[str]
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[UUID | None]
    asker_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
