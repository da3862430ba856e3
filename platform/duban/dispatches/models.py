"""Dispatches, their receipts and the replies to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.dispatches.rules import Progress
from duban.kernel.db import Base, Placed, TenantTable, lines_index, path_check, tenant_fk


class Dispatch(TenantTable, Placed, Base):
    """
    One unit sends one document to units below it. `path` is the sender's place.

    `trail` is the way the document came: ids of dispatch, receipt, dispatch, … from the first sender on, this one last; all that
    was sent on from this dispatch begins with it. `above_id` is the dispatch the sender itself was reached by.
    """

    __table_args__ = (
        tenant_fk("unit_id", "unit"),
        tenant_fk("document_id", "document"),
        tenant_fk("above_id", "dispatch"),
        tenant_fk("replaces_id", "dispatch"),
        tenant_fk("sent_by", "person"),
        CheckConstraint("above_id IS NULL OR above_id <> id", name="not_above_itself"),
        CheckConstraint("(reply_by IS NULL) = (reply_due_at IS NULL)", name="reply"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended"),
        path_check(),
        path_check("to_path"),
        path_check("trail"),
        Index(None, "tenant_id", "path", "id"),
        Index(None, "tenant_id", "document_id"),
        Index(None, "tenant_id", "trail"),
        Index(None, "tenant_id", "replaces_id", postgresql_where=text("replaces_id IS NOT NULL")),
        lines_index("dispatch"),
    )

    unit_id: Mapped[UUID]
    unit_name: Mapped[str] = mapped_column(comment="the sender's name of the time")
    document_id: Mapped[UUID]
    above_id: Mapped[UUID | None]
    trail: Mapped[str] = mapped_column(Text(collation="C"))
    number: Mapped[str] = mapped_column(comment="the forwarding unit's own document number; may be empty")
    note: Mapped[str] = mapped_column(comment="covering note: 转发意见")
    reply_by: Mapped[date | None]
    reply_due_at: Mapped[datetime | None] = mapped_column(comment="first instant too late for reply_by")
    sent_at: Mapped[datetime]
    sent_by: Mapped[UUID | None]
    sender_name: Mapped[str]
    replaces_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None] = mapped_column(comment="the dispatch whose end ended it: itself, or one above")
    ended_reason: Mapped[str] = mapped_column(default="")
    ladder: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Who is reminded when, as calendar.ladder_json writes it; None: as every document was before."""
    version: Mapped[int] = mapped_column(default=1)


class Receipt(TenantTable, Placed, Base):
    """
    One unit's copy of a dispatch. `path` is the sender's place, `to_path` the receiver's at the time.

    `next_step_at` is when the clock looks at it next; None when nothing is left to remind of. `next_step_on` is that of a receipt
    sent before there were ladders and not looked at since. `due_version` counts what reminders are about: those of an earlier one
    are no longer sent.
    """

    __table_args__ = (
        tenant_fk("dispatch_id", "dispatch"),
        tenant_fk("document_id", "document"),
        tenant_fk("unit_id", "unit"),
        tenant_fk("opened_by", "person"),
        tenant_fk("signed_by", "person"),
        UniqueConstraint("tenant_id", "dispatch_id", "unit_id"),
        CheckConstraint("to_path IS NOT NULL", name="addressed"),
        CheckConstraint("(reply_by IS NULL) = (reply_due_at IS NULL)", name="reply"),
        CheckConstraint("replied_at IS NULL OR signed_at IS NOT NULL", name="replied_is_signed"),
        CheckConstraint("signed_at IS NULL OR opened_at IS NOT NULL", name="signed_is_opened"),
        CheckConstraint("ended_at IS NULL OR next_step_on IS NULL", name="ended_is_quiet"),
        CheckConstraint("ended_at IS NULL OR next_step_at IS NULL", name="ended_looks_no_more"),
        path_check(),
        path_check("to_path"),
        path_check("trail"),
        Index(None, "tenant_id", "to_path", "id"),
        Index(None, "tenant_id", "path"),
        Index(None, "tenant_id", "document_id", "to_path"),
        Index(None, "tenant_id", "trail"),
        Index("ix_receipt_next_step_at", "tenant_id", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
        Index("ix_receipt_next_step", "tenant_id", "next_step_on", postgresql_where=text("next_step_on IS NOT NULL")),
        lines_index("receipt"),
    )

    dispatch_id: Mapped[UUID]
    document_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    trail: Mapped[str] = mapped_column(Text(collation="C"))
    sent_on: Mapped[date]
    reply_by: Mapped[date | None]
    reply_due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[UUID | None]
    opened_name: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    signed_name: Mapped[str] = mapped_column(default="")
    replied_at: Mapped[datetime | None] = mapped_column(comment="of the first reply, by which it is judged")
    urged_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    next_step_on: Mapped[date | None]
    climbed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """How far the ladder was climbed, as calendar.climbing writes it; None: sent before there were ladders."""
    next_step_at: Mapped[datetime | None]
    due_version: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(self.opened_at, self.signed_at, self.replied_at, self.ended_at, self.reply_due_at)


class DispatchReply(TenantTable, Placed, Base):
    """What a receiver answered; the first counts for the day, more may follow. Rows are only ever added."""

    __table_args__ = (
        tenant_fk("receipt_id", "receipt"),
        tenant_fk("replied_by", "person"),
        path_check(),
        path_check("to_path"),
        Index(None, "tenant_id", "receipt_id"),
        lines_index("dispatch_reply"),
    )

    receipt_id: Mapped[UUID]
    text: Mapped[str]
    replied_at: Mapped[datetime]
    replied_by: Mapped[UUID | None]
    replier_name: Mapped[str]
