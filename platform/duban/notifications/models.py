"""The effect ledger and the in-app messages it makes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk
from duban.kernel.words import WordOf
from duban.notifications.states import Channel, EffectState

HOUR_SHAPE = "~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'"
OPEN = "state IN ('pending', 'claimed')"
PARTS = f"in_digest AND digest_id IS NULL AND {OPEN}"


class Effect(TenantTable, Base):
    """
    One thing that is to reach one person through one channel, exactly once.

    The unique key says what "once" means: the same subject and stage may be told again only under a new `due_version`.
    `epoch` grows with every claim: a worker that lost its lease cannot mark what another one has taken.
    """

    __table_args__ = (
        UniqueConstraint(
            *("tenant_id", "subject_kind", "subject_id", "stage", "recipient_id", "channel", "due_version"),
            name="uq_effect_once",
        ),
        tenant_fk("recipient_id", "person"),
        CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in EffectState)})", name="state"),
        CheckConstraint(f"channel IN ({', '.join(repr(channel.value) for channel in Channel)})", name="channel"),
        Index(None, "tenant_id", "channel", "next_try_at", postgresql_where=text(OPEN)),
        Index(
            "ix_effect_parts", "tenant_id", "next_try_at", postgresql_where=text(f"in_digest AND digest_id IS NULL AND {OPEN}")
        ),
        Index("ix_effect_digest", "tenant_id", "digest_id", postgresql_where=text("digest_id IS NOT NULL")),
    )

    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    stage: Mapped[str]
    recipient_id: Mapped[UUID]
    channel: Mapped[Channel] = mapped_column(WordOf(Channel))
    due_version: Mapped[int]
    template: Mapped[str] = mapped_column(comment="a Chinese msgid")
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="packed by notifications.rules.pack")
    link: Mapped[str] = mapped_column(comment="path inside the site, or empty")
    state: Mapped[EffectState] = mapped_column(WordOf(EffectState))
    tries: Mapped[int] = mapped_column(comment="tries that failed")
    epoch: Mapped[int] = mapped_column(comment="number of claims so far; the fence against a late worker")
    next_try_at: Mapped[datetime] = mapped_column(comment="not before; for a claimed one, the end of the lease")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    in_digest: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Waits for the person's one mail of the day instead of a mail of its own."""
    digest_id: Mapped[UUID | None]
    """The effect of the mail it goes with, once that is gathered."""
    note: Mapped[str] = mapped_column(comment="why it failed or was cancelled, for operators")


class Notice(TenantTable, Base):
    """A message in somebody's inbox."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "effect_id"),
        tenant_fk("effect_id", "effect"),
        tenant_fk("recipient_id", "person"),
        Index(None, "tenant_id", "recipient_id", "id"),
        Index("ix_notice_unread", "tenant_id", "recipient_id", postgresql_where=text("read_at IS NULL")),
    )

    effect_id: Mapped[UUID]
    recipient_id: Mapped[UUID]
    template: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    link: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NoticeChoice(TenantTable, Base):
    """How a person wants their e-mail: hours are "HH:MM" on the tenant's clocks; empty quiet hours are the tenant's."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "person_id"),
        CheckConstraint("email IN ('at_once', 'digest')", name="email"),
        CheckConstraint(f"digest_at {HOUR_SHAPE}", name="digest_at"),
        CheckConstraint(
            "(quiet_from = '' AND quiet_to = '') OR "
            f"(quiet_from {HOUR_SHAPE} AND quiet_to {HOUR_SHAPE} AND quiet_from <> quiet_to)",
            name="quiet",
        ),
    )

    person_id: Mapped[UUID]
    email: Mapped[str]
    digest_at: Mapped[str]
    quiet_from: Mapped[str]
    quiet_to: Mapped[str]
    workdays_only: Mapped[bool]
    version: Mapped[int]
    changed_at: Mapped[datetime]
