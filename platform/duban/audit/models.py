"""Audit rows, the head of each tenant's chain, and what checking the chains found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base


class AuditRecord(Base):
    """One act. The application role may insert and read, never change or delete."""

    __table_args__ = (
        Index(None, "tenant_id", "subject_kind", "subject_id"),
        Index(None, "tenant_id", "actor_id"),
        Index(None, "tenant_id", "at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("tenant.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    act: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    unit_path: Mapped[str | None] = mapped_column(Text(collation="C"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The last sequence number and hash of a tenant's chain; its row lock puts writers in order."""

    tenant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("tenant.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


class AuditCheck(Base):
    """
    What the clock last found about a tenant's chain, for the person on duty. Global: it says nothing of the content.

    Never trusted by checking itself, which starts from the anchor file.
    """

    tenant_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("tenant.id"), primary_key=True)
    checked_at: Mapped[datetime]
    rows: Mapped[int] = mapped_column(BigInteger)
    whole_at: Mapped[datetime | None]
    """When the chain was last walked from its first record to its last."""
    anchored_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    anchored_at: Mapped[datetime | None]
    bad_seq: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="")
