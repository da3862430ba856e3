"""Counting the tenants' totals: one statement per tenant, once a minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.exc import SQLAlchemyError

from duban.audit.models import AuditHead
from duban.files.models import StoredFile
from duban.identity.models import LoginSession, Person
from duban.kernel import figures
from duban.kernel.db import TenantTable
from duban.kernel.logs import get_logger
from duban.kernel.runtime import Runtime
from duban.kernel.scope import SYSTEM, Scope, TenantInfo, unit_of_work
from duban.notifications.models import Effect
from duban.notifications.states import OPEN_STATES, EffectState
from duban.reporting.models import Duty
from duban.reporting.queries.requirements import is_unmet
from duban.reporting.states import DutyState
from duban.tree.models import Unit

log = get_logger(__name__)

EVERY = timedelta(minutes=1)
_OWED = (DutyState.OPEN.value, DutyState.RETURNED.value)
_ROWS: ColumnElement[Any] = func.count()
LARGEST = frozenset({figures.EFFECTS_LATENESS_SECONDS})
"""Figures of which the largest over all tenants counts; of the others the sum."""


def totals_of(scope: Scope, *, idle_minutes: int) -> dict[str, Decimal]:
    """Count one tenant. Units: seconds, bytes, else numbers of rows. Costs: one statement."""
    now = scope.now
    due = (Effect.state.in_(OPEN_STATES), Effect.next_try_at <= now)
    alive = (LoginSession.ended_at.is_(None), LoginSession.seen_at > now - timedelta(minutes=idle_minutes))
    columns: dict[str, ScalarSelect[Any]] = {
        "people_active": _of(scope, Person, _ROWS, Person.active.is_(True)),
        "units": _of(scope, Unit, _ROWS, Unit.active_to.is_(None)),
        "sessions_alive": _of(scope, LoginSession, _ROWS, *alive),
        "duties_owed": _of(scope, Duty, _ROWS, Duty.state.in_(_OWED)),
        "duties_late": _of(scope, Duty, _ROWS, is_unmet(scope)),
        "files": _of(scope, StoredFile, _ROWS),
        "file_bytes": _of(scope, StoredFile, func.sum(StoredFile.size_bytes)),
        figures.EFFECTS_DUE: _of(scope, Effect, _ROWS, *due),
        figures.EFFECTS_DEAD: _of(scope, Effect, _ROWS, Effect.state == EffectState.DEAD),
        figures.EFFECTS_LATENESS_SECONDS: _of(scope, Effect, func.extract("epoch", now - func.min(Effect.next_try_at)), *due),
        "audit_records": select(AuditHead.seq).where(AuditHead.tenant_id == scope.tenant_id).scalar_subquery(),
    }
    row = scope.session.execute(select(*(one.label(name) for name, one in columns.items()))).one()
    return {name: Decimal(value or 0) for name, value in row._mapping.items()}  # noqa: SLF001 - SQLAlchemy's public name


def _of(scope: Scope, model: type[TenantTable], value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(value).select_from(model).where(model.tenant_id == scope.tenant_id, *conditions).scalar_subquery()


class MinuteCount:
    """Counts once a minute and keeps the result in the database, where every web process reads it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._counted_at: datetime | None = None

    def look(self, tenants: Sequence[TenantInfo]) -> None:
        """Count if a minute has gone by. A tenant that cannot be counted is logged and left out."""
        now = self._runtime.clock.now()
        if self._counted_at is not None and now - self._counted_at < EVERY:
            return
        self._counted_at = now
        found = {"tenants": Decimal(len(tenants))}
        for tenant in tenants:
            for name, value in self._counted(tenant, now).items():
                before = found.get(name, Decimal(0))
                found[name] = max(before, value) if name in LARGEST else before + value
        figures.note_figures(self._runtime.engine, found, now)

    def _counted(self, tenant: TenantInfo, now: datetime) -> dict[str, Decimal]:
        try:
            with unit_of_work(self._runtime.engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
                return totals_of(scope, idle_minutes=self._runtime.settings.idle_minutes)
        except SQLAlchemyError as error:
            log.warning("tenant not counted", tenant=tenant.slug, reason=str(error))
            return {}
