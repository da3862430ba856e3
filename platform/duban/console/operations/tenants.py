"""What an operator does to a tenant without opening it: quotas, suspension, resumption."""

from uuid import UUID

from sqlalchemy import select

from duban.console.desk import Desk
from duban.console.errors import OrderOpenError, TenantOpenStateError
from duban.console.queries import open_order
from duban.console.states import OrderKind
from duban.kernel.errors import InvalidInputError, NotFoundError, StaleError
from duban.kernel.text import N_, Text
from duban.tenancy.models import Tenant, TenantQuota

LARGEST = 2**53
"""Any limit is below this: it survives every program's numbers."""


def _locked(desk: Desk, tenant_id: UUID) -> Tenant:
    statement = select(Tenant).where(Tenant.id == tenant_id, Tenant.active | Tenant.suspended_at.is_not(None)).with_for_update()
    tenant = desk.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if tenant is None:
        raise NotFoundError
    return tenant


def set_quota(
    desk: Desk,
    *,
    tenant_id: UUID,
    people_limit: int | None,
    storage_limit_bytes: int | None,
    files_limit: int | None = None,
    expected: int | None = None,
) -> None:
    """
    Set how much a tenant may have; None for no limit. Below what is used already nothing is taken away, only nothing added.

    Takes:  `expected`, the version read before, where the change must not overwrite another's.
    Raises: NotFoundError, InvalidInputError, StaleError.
    """
    tenant = _locked(desk, tenant_id)
    limits = {"people_limit": people_limit, "storage_limit_bytes": storage_limit_bytes, "files_limit": files_limit}
    wrong = {name: [Text(N_("应为大于 0 的整数；不限请留空。"))] for name, value in limits.items() if not _is_sound(value)}
    if wrong:
        raise InvalidInputError(fields=wrong)
    quota = desk.session.get(TenantQuota, tenant_id, with_for_update=True, populate_existing=True)
    if expected is not None and expected != (quota.version if quota else 0):
        raise StaleError
    if quota is None:
        quota = TenantQuota(tenant_id=tenant_id, version=0)
        desk.session.add(quota)
    quota.people_limit, quota.storage_limit_bytes, quota.files_limit = people_limit, storage_limit_bytes, files_limit
    quota.version += 1
    desk.record("tenant.quota-set", "tenant", tenant.id, slug=tenant.slug, **limits)


def _is_sound(limit: int | None) -> bool:
    return limit is None or 0 < limit < LARGEST


def suspend(desk: Desk, *, tenant_id: UUID, reason: str) -> None:
    """
    Close a tenant for everybody, from their next request on, on every worker; its jobs wait. Nothing is lost.

    Takes:  the reason, which its people are shown.
    Raises: NotFoundError, InvalidInputError, TenantOpenStateError.
    """
    tenant = _locked(desk, tenant_id)
    reason = " ".join(reason.split())
    longest = 500
    if not reason or len(reason) > longest:
        raise InvalidInputError(fields={"reason": [Text(N_("请写明暂停的原因，最多 500 字；该系统的用户会看到。"))]})
    if tenant.suspended_at is not None:
        raise TenantOpenStateError(N_("该租户已经暂停。"))
    tenant.active, tenant.suspended_at, tenant.suspended_reason = False, desk.now, reason
    desk.record("tenant.suspended", "tenant", tenant.id, slug=tenant.slug, reason=reason)


def resume(desk: Desk, *, tenant_id: UUID) -> None:
    """
    Open a tenant again: sessions that have not ended meanwhile go on, waiting jobs are done.

    Raises: NotFoundError, TenantOpenStateError, OrderOpenError while its deletion is ordered.
    """
    tenant = _locked(desk, tenant_id)
    if tenant.suspended_at is None:
        raise TenantOpenStateError(N_("该租户没有暂停。"))
    if open_order(desk.session, tenant_id, (OrderKind.DELETION,)) is not None:
        raise OrderOpenError
    tenant.active, tenant.suspended_at, tenant.suspended_reason = True, None, ""
    desk.record("tenant.resumed", "tenant", tenant.id, slug=tenant.slug)
