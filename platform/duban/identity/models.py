"""Persons, credentials, login sessions, second factors, tokens for programs, and the counters that stop guessing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable, tenant_fk


class Person(TenantTable, Base):
    """Somebody known to a tenant; may or may not be able to sign in."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "login"),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        tenant_fk("merged_into", "person"),
        CheckConstraint("merged_into IS NULL OR (merged_into <> id AND NOT active)", name="merged"),
        Index(None, "tenant_id", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
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
    let_in_at: Mapped[datetime | None]
    """When they were last let in again by somebody: an unused account is counted from there."""


class Credential(TenantTable, Base):
    """
    A person's password, apart from the person so that listing people never loads it. `id` is the person's id.

    `epoch` is moved on by the database at every new password, change of status or change of second factor: sessions and
    tokens of an older epoch are dead. `expires_at` is set for a secret somebody else handed out.
    """

    __table_args__ = (tenant_fk("id", "person"),)

    password_hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)


class LoginSession(TenantTable, Base):
    """
    One signed-in device. Only the digest of its token is kept.

    `confirmed_at` is when the person last proved to be there (password or code); `factor_at` when the second factor was
    shown, None while it was not.
    """

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
    epoch: Mapped[int] = mapped_column(default=0)
    factor_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime]


class AttemptCounter(TenantTable, Base):
    """
    Attempts not yet proven right, by account, known device, source address or second factor.

    Counted by the digest of what was typed, not by person: an account that does not exist is counted and locked alike.
    """

    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject"),
        CheckConstraint("kind IN ('account', 'device', 'source', 'factor')", name="kind"),
        Index(None, "tenant_id", "failing_since"),
    )

    kind: Mapped[str]
    subject: Mapped[str]
    failures: Mapped[int]
    failing_since: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class PastPassword(TenantTable, Base):
    """A password a person had; kept as hash so that it is not taken again."""

    __table_args__ = (tenant_fk("person_id", "person"), Index(None, "tenant_id", "person_id"))

    person_id: Mapped[UUID]
    password_hash: Mapped[str]
    set_at: Mapped[datetime]


class SecurityPolicy(TenantTable, Base):
    """What a tenant has decided about passwords; `id` is the tenant's id. Without a row the kind's default holds."""

    __table_args__ = (
        CheckConstraint("id = tenant_id", name="one_per_tenant"),
        CheckConstraint("password_policy IN ('mlps3', 'asvs')", name="password_policy"),
    )

    password_policy: Mapped[str]
    changed_at: Mapped[datetime]


class SecondFactor(TenantTable, Base):
    """A person's authenticator app; `id` is the person's id. Not in force until `confirmed_at`."""

    __table_args__ = (tenant_fk("id", "person"),)

    sealed_secret: Mapped[str]
    enrolled_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The number of the newest half minute whose code was used: no code of it or before opens anything again."""


class RecoveryCode(TenantTable, Base):
    """A code on paper for whoever has lost the phone; opens once."""

    __table_args__ = (tenant_fk("person_id", "person"), UniqueConstraint("tenant_id", "person_id", "digest"))

    person_id: Mapped[UUID]
    digest: Mapped[str]
    used_at: Mapped[datetime | None]


class ApiToken(TenantTable, Base):
    """A named key for a program: what its owner may do now, cut down to `scopes`, until it expires."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        UniqueConstraint("tenant_id", "token_digest"),
        Index(None, "tenant_id", "person_id"),
        CheckConstraint("expires_at > created_at", name="life"),
    )

    person_id: Mapped[UUID]
    name: Mapped[str]
    token_digest: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    epoch: Mapped[int]
    factor_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PasswordReset(TenantTable, Base):
    """Somebody's new password asked for by one hand and confirmed by another; the first half is kept sealed until then."""

    __table_args__ = (
        tenant_fk("person_id", "person"),
        tenant_fk("asked_by", "person"),
        tenant_fk("settled_by", "person"),
        Index(None, "tenant_id", "person_id"),
        CheckConstraint("NOT confirmed OR (settled_by <> asked_by AND settled_by <> person_id)", name="other_hand"),
        CheckConstraint("settled_at IS NULL OR sealed_half = ''", name="settled"),
        CheckConstraint("NOT confirmed OR settled_at IS NOT NULL", name="confirmed"),
    )

    person_id: Mapped[UUID]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    sealed_half: Mapped[str]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    confirmed: Mapped[bool]
