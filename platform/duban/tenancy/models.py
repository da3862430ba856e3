"""The register of tenants and the versioned catalogue each has copied from its kind."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable
from duban.kernel.ids import new_id


class Tenant(Base):
    """A supervising system. Global: read before a tenant is bound, e.g. at sign-in."""

    __table_args__ = (CheckConstraint("suspended_at IS NULL OR NOT active", name="suspended"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    time_zone: Mapped[str]
    policy_digest: Mapped[str]
    """The name of the newest policy in its catalogue, in force or to come: to tell tenants apart by. It decides nothing."""
    tree_version: Mapped[int] = mapped_column(default=1)
    catalogue_version: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    """Counted up by the database whenever a part of the catalogue is added."""
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    suspended_at: Mapped[datetime | None]
    suspended_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Catalogue(TenantTable, Base):
    """One part of a tenant's copied kind (`kind`, `roles`, `policy`, `requirements` …) in one version."""

    __table_args__ = (UniqueConstraint("tenant_id", "part", "version"),)

    part: Mapped[str]
    version: Mapped[int]
    active_from: Mapped[date]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TenantUsage(Base):
    """
    How much a tenant uses. Global: the operator reads figures without ever opening a tenant.

    Triggers keep people (active ones) and bytes while writers wait for each other; the rest is measured.
    """

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger, default=0)
    storage_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    files: Mapped[int | None] = mapped_column(BigInteger)
    """None until the first file after they began to be counted."""
    units: Mapped[int] = mapped_column(BigInteger, default=0)
    last_sign_in_at: Mapped[datetime | None]
    measured_at: Mapped[datetime | None]
    policy_waiting: Mapped[int | None]
    """Changes of the kind's policy and roles the tenant has not taken over; None where nobody could tell."""


class TenantQuota(Base):
    """How much a tenant may use; only the console writes it. No row, or an empty limit: no limit."""

    __table_args__ = (
        CheckConstraint("people_limit > 0 AND storage_limit_bytes > 0", name="positive"),
        CheckConstraint("files_limit > 0", name="files_positive"),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    people_limit: Mapped[int | None] = mapped_column(BigInteger)
    storage_limit_bytes: Mapped[int | None] = mapped_column(BigInteger)
    files_limit: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(default=1)


class UploadLimit(TenantTable, Base):
    """
    How much each person may upload and each unit may be given in a calendar year; `id` is the tenant's id. Empty: no limit.

    By the year, for what was reported is evidence and never taken away: a limit on all of it would in the end stop everybody.
    Every tenant begins with a row; the database refuses what would go beyond.
    """

    __table_args__ = (
        CheckConstraint("id = tenant_id", name="one_per_tenant"),
        CheckConstraint("person_bytes > 0 AND person_files > 0 AND unit_bytes > 0 AND unit_files > 0", name="positive"),
    )

    person_bytes: Mapped[int | None] = mapped_column(BigInteger, default=5 * 1024**3)
    person_files: Mapped[int | None] = mapped_column(BigInteger, default=5_000)
    unit_bytes: Mapped[int | None] = mapped_column(BigInteger, default=20 * 1024**3)
    unit_files: Mapped[int | None] = mapped_column(BigInteger, default=20_000)
    version: Mapped[int] = mapped_column(default=1)
