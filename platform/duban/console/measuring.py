"""What a tenant uses that no trigger counts: units and the last sign-in. The clock measures; the operator reads the figures."""

from datetime import timedelta

from sqlalchemy import func, select, update

from duban.identity.models import LoginSession
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.tenancy.models import TenantUsage
from duban.tree.models import Unit
from duban.tree.queries import is_active


def measure(scope: Scope) -> None:
    """Write down the tenant's figures. Costs: two counts; harmless when repeated."""
    units = scope.session.scalar(
        select(func.count()).select_from(Unit).where(Unit.tenant_id == scope.tenant_id, is_active(scope))
    )
    seen = scope.session.scalar(select(func.max(LoginSession.started_at)).where(LoginSession.tenant_id == scope.tenant_id))
    scope.session.execute(
        update(TenantUsage)
        .where(TenantUsage.tenant_id == scope.tenant_id)
        .values(units=units or 0, last_sign_in_at=seen, measured_at=scope.now)
    )


PERIODIC = (Periodic("console.measure", timedelta(minutes=2), measure),)
