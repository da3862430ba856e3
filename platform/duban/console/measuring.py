"""
What the operator reads of a tenant and no trigger counts: units, the last sign-in, whether its policy is behind its kind's. The
clock measures.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select, update

from duban.access.renewal import waiting
from duban.identity.models import LoginSession
from duban.kernel.jobs import Periodic
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, open_session, unit_of_work
from duban.tenancy.models import TenantUsage
from duban.tenancy.queries import registered_tenants
from duban.tree.models import Unit
from duban.tree.queries import is_active


def measure(scope: Scope) -> None:
    """Write down the tenant's figures. Costs: three queries; harmless when repeated."""
    units = scope.session.scalar(
        select(func.count()).select_from(Unit).where(Unit.tenant_id == scope.tenant_id, is_active(scope))
    )
    seen = scope.session.scalar(select(func.max(LoginSession.started_at)).where(LoginSession.tenant_id == scope.tenant_id))
    scope.session.execute(
        update(TenantUsage)
        .where(TenantUsage.tenant_id == scope.tenant_id)
        .values(units=units or 0, last_sign_in_at=seen, measured_at=scope.now, policy_waiting=waiting(scope))
    )


def policies(engine: Engine, *, now: datetime, slug: str | None = None) -> Iterator[tuple[TenantInfo, int | None]]:
    """Measure now, for every tenant or one, how many changes of its kind's policy wait for it. Costs: one query a tenant."""
    with open_session(engine, None) as session:
        asked = [one for one in registered_tenants(session) if slug in {None, one.slug}]
    for tenant in asked:
        with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
            yield tenant, waiting(scope)


PERIODIC = (Periodic("console.measure", timedelta(minutes=2), measure),)
