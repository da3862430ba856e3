"""Tables of what people ask and decide about due dates: extensions, decisions about many, calendar feeds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk
from duban.reporting.states import ExtensionState


class Extension(TenantTable, Base):
    """
    A unit's request for a later day, made before the due date was over, and what became of it. At most one waits per duty.

    `due_on` is the date it was made against, `wanted_on` the day wished for, `granted_on` the day given.
    """

    __table_args__ = (
        tenant_fk("duty_id", "duty"),
        CheckConstraint("state IN ('asked', 'granted', 'refused', 'withdrawn', 'lapsed')", name="state"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state = 'granted') = (granted_on IS NOT NULL)", name="granted"),
        Index(None, "tenant_id", "duty_id"),
        Index("uq_extension_asked", "tenant_id", "duty_id", unique=True, postgresql_where=text("state = 'asked'")),
    )

    duty_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default=ExtensionState.ASKED.value)
    reason: Mapped[str] = mapped_column(default="", server_default="")
    progress: Mapped[str] = mapped_column(default="", server_default="")
    due_on: Mapped[date]
    wanted_on: Mapped[date]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    asker_name: Mapped[str] = mapped_column(default="", server_default="")
    granted_on: Mapped[date | None]
    answer: Mapped[str] = mapped_column(default="", server_default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="", server_default="")

    @property
    def stands(self) -> ExtensionState:
        """Its state as a word of the state table."""
        return ExtensionState(self.state)


class DueDecision(TenantTable, Base):
    """One decision that moved the date of many duties: of a requirement, or of one of its periods. Never changed."""

    __table_args__ = (
        tenant_fk("requirement_id", "requirement"),
        CheckConstraint("(after_on IS NULL) <> (by_days IS NULL)", name="new_date"),
        Index(None, "tenant_id", "requirement_id"),
    )

    requirement_id: Mapped[UUID]
    period_code: Mapped[str] = mapped_column(default="", server_default="")
    """Empty for all periods."""
    after_on: Mapped[date | None]
    by_days: Mapped[int | None]
    """Each date so many days later, where no single day is given."""
    reason: Mapped[str] = mapped_column(default="", server_default="")
    duties: Mapped[int]
    """How many it moved."""
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="", server_default="")


class CalendarFeed(TenantTable, Base):
    """A person's private address for calendar programs; the address itself is kept nowhere, only its digest."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "token_digest"),
        Index("uq_calendar_feed_person", "tenant_id", "person_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    person_id: Mapped[UUID]
    token_digest: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    """When the stretch began in which its reads are counted."""
    reads: Mapped[int] = mapped_column(default=0, server_default="0")
    revoked_at: Mapped[datetime | None]
