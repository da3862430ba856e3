"""The register of tenants and the versioned catalogue each has copied from its kind."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base, TenantTable
from duban.kernel.ids import new_id


class Tenant(Base):
    """A supervising system. Global: read before a tenant is bound, e.g. at sign-in."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    time_zone: Mapped[str]
    policy_digest: Mapped[str]
    tree_version: Mapped[int] = mapped_column(default=1)
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Catalogue(TenantTable, Base):
    """One part of a tenant's copied kind (`kind`, `roles`, `policy`, `requirements` …) in one version."""

    __table_args__ = (UniqueConstraint("tenant_id", "part", "version"),)

    part: Mapped[str]
    version: Mapped[int]
    active_from: Mapped[date]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
