"""Operators, their sessions, acts and orders; certificates of deletion. Global; open to the console's own context only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base
from duban.kernel.ids import new_id


class Operator(Base):
    """Somebody who runs the service. `slip_ends_at` bounds a first-time password, `totp_step` is the last code used."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(default=True)
    slip_ends_at: Mapped[datetime | None]
    totp_secret: Mapped[str] = mapped_column(default="")
    totp_confirmed_at: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]


class OperatorSession(Base):
    """One signed-in device; nothing is open before `proved_at`, when the second factor was shown."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    operator_id: Mapped[UUID] = mapped_column(ForeignKey("operator.id"), index=True)
    token_digest: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    address: Mapped[str]
    device: Mapped[str]


class OperatorAttempt(Base):
    """Tries not yet proven right, by login as typed (its digest), known browser, source address, or operator proving it anew."""

    __table_args__ = (CheckConstraint("kind IN ('account', 'device', 'source', 'proof')", name="kind"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    failing_since: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class OperatorAct(Base):
    """One act of an operator, chained by hash like the tenants' records. Never changed, never deleted."""

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    operator_id: Mapped[UUID | None]
    operator_name: Mapped[str]
    act: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[str]
    hash: Mapped[str]


class OperatorActHead(Base):
    """End of the operators' chain; its lock puts writers in order."""

    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


class OperatorOrder(Base):
    """Long work ordered: an export, an import or a deletion. `archive` is a file's name in the folder of exports."""

    __table_args__ = (
        CheckConstraint("kind IN ('export', 'import', 'deletion')", name="kind"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by IS DISTINCT FROM ordered_by", name="other_hand"),
        Index(None, "begins_at", postgresql_where=text("state IN ('waiting', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    tenant_id: Mapped[UUID | None]
    slug: Mapped[str]
    ordered_at: Mapped[datetime]
    ordered_by: Mapped[UUID | None]
    ordered_name: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    confirmed_name: Mapped[str] = mapped_column(default="")
    begins_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    archive: Mapped[str] = mapped_column(default="")
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class DeletionCertificate(Base):
    """What remains of a deleted tenant: who wanted it, what was removed, where its record of acts ended."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID]
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    ordered_at: Mapped[datetime]
    ordered_name: Mapped[str]
    confirmed_name: Mapped[str]
    deleted_at: Mapped[datetime]
    rows: Mapped[dict[str, Any]] = mapped_column(JSONB)
    files: Mapped[int] = mapped_column(BigInteger)
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    audit_records: Mapped[int] = mapped_column(BigInteger)
    audit_hash: Mapped[str]
