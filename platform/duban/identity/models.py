"""Persons, credentials and login sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk


class Person(TenantTable, Base):
    """Somebody known to a tenant; may or may not be able to sign in."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "login"),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        tenant_fk("merged_into", "person"),
        CheckConstraint("merged_into IS NULL OR (merged_into <> id AND NOT active)", name="merged"),
    )

    login: Mapped[str]
    name: Mapped[str]
    post: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    search: Mapped[str] = mapped_column(default="")
    """Lower-case name, pinyin and initials; the clock fills in what is empty."""
    merged_into: Mapped[UUID | None]
    """The account that took this one's place; what was done under this one stays under its name."""


class Credential(TenantTable, Base):
    """A person's password, apart from the person so that listing people never loads it. `id` is the person's id."""

    __table_args__ = (tenant_fk("id", "person"),)

    password_hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]


class LoginSession(TenantTable, Base):
    """One signed-in device. Only the digest of its token is kept."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "token_digest"),
        Index(None, "tenant_id", "person_id"),
    )

    person_id: Mapped[UUID]
    token_digest: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="")
