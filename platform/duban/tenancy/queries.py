"""Reads of the tenant register and of the catalogue in force."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from duban.kernel.ids import TenantId
from duban.kernel.scope import Scope, TenantInfo
from duban.tenancy.errors import TenantSuspendedError
from duban.tenancy.models import Catalogue, Tenant


def as_info(tenant: Tenant) -> TenantInfo:
    """Give the part of a tenant's row that every act needs."""
    return TenantInfo(
        id=TenantId(tenant.id),
        slug=tenant.slug,
        kind=tenant.kind,
        name=tenant.name,
        zone=ZoneInfo(tenant.time_zone),
        policy_digest=tenant.policy_digest,
        catalogue_version=tenant.catalogue_version,
    )


def find_tenant(session: Session, slug: str) -> TenantInfo | None:
    """Find an active tenant by its code in addresses, in any letter case."""
    tenant = session.scalars(select(Tenant).where(Tenant.slug == slug.strip().lower(), Tenant.active)).one_or_none()
    return as_info(tenant) if tenant else None


def tenant_by_id(session: Session, tenant_id: UUID) -> TenantInfo | None:
    """Find an active tenant by its id."""
    tenant = session.scalars(select(Tenant).where(Tenant.id == tenant_id, Tenant.active)).one_or_none()
    return as_info(tenant) if tenant else None


def refuse_suspended(session: Session, *, tenant_id: UUID | None = None, slug: str = "") -> None:
    """Say that a tenant is suspended, if it is. Raises: TenantSuspendedError. Costs: one query."""
    wanted = Tenant.id == tenant_id if tenant_id is not None else Tenant.slug == slug.strip().lower()
    reason = session.scalars(select(Tenant.suspended_reason).where(wanted, Tenant.suspended_at.is_not(None))).one_or_none()
    if reason is not None:
        raise TenantSuspendedError(reason)


def list_tenants(session: Session) -> Sequence[TenantInfo]:
    """List the active tenants, for the clock and the worker, which then work in one at a time."""
    return [as_info(tenant) for tenant in session.scalars(select(Tenant).where(Tenant.active).order_by(Tenant.slug))]


def closed_tenants(session: Session) -> Sequence[TenantInfo]:
    """List the suspended tenants, for the clock, which only watches their record."""
    return [as_info(tenant) for tenant in session.scalars(select(Tenant).where(~Tenant.active).order_by(Tenant.slug))]


def every_tenant(session: Session) -> Sequence[TenantInfo]:
    """List all tenants, closed ones too: what is kept must stay provable."""
    return [as_info(tenant) for tenant in session.scalars(select(Tenant).order_by(Tenant.slug))]


def registered_tenants(session: Session) -> Sequence[TenantInfo]:
    """List all tenants, suspended ones included: for checks that must not overlook one because it is closed for now."""
    return [as_info(tenant) for tenant in session.scalars(select(Tenant).order_by(Tenant.slug))]


def demo_tenants(session: Session) -> Sequence[TenantInfo]:
    """List the tenants that exist for showing."""
    return [as_info(tenant) for tenant in session.scalars(select(Tenant).where(Tenant.demo, Tenant.active).order_by(Tenant.slug))]


def catalogue(scope: Scope, part: str) -> dict[str, Any]:
    """
    Give a part of the tenant's catalogue as in force today; {} when the kind has no such part.

    Never change what it gives: other units of work read the same.
    Costs: one query per part, until the catalogue changes or the day does.
    """
    key = f"catalogue:{part}"
    if key not in scope.memo:
        scope.memo[key] = _kept(scope, part)
    body: dict[str, Any] = scope.memo[key]
    return body


CHANGING = "catalogue_changing"
"""In a session's info: this work adds to the catalogue, so nothing it reads of it may be kept for others."""
_KEPT_AT_MOST = 2000
_bodies: dict[tuple[UUID, int, date, str], dict[str, Any]] = {}


def _kept(scope: Scope, part: str) -> dict[str, Any]:
    """Give what this process has read before, if the tenant's row says that nothing was added since."""
    version = scope.tenant.catalogue_version
    if not version or scope.session.info.get(CHANGING):
        return _read(scope, part)
    key = (scope.tenant_id, version, scope.today, part)
    body = _bodies.get(key)
    if body is None:
        if len(_bodies) >= _KEPT_AT_MOST:
            _bodies.clear()
        body = _bodies[key] = _read(scope, part)
    return body


def _read(scope: Scope, part: str) -> dict[str, Any]:
    return (
        scope.session.scalars(
            select(Catalogue.body)
            .where(Catalogue.tenant_id == scope.tenant_id, Catalogue.part == part, Catalogue.active_from <= scope.today)
            .order_by(Catalogue.version.desc())
            .limit(1)
        ).first()
        or {}
    )
