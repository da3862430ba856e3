"""Reads of the console: operators' sessions, tenants with what they use, orders, acts. No tenant is ever opened here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from duban.console.models import DeletionCertificate, Operator, OperatorAct, OperatorOrder, OperatorSession
from duban.console.rules import session_lives
from duban.console.states import OPEN_STATES, OrderKind
from duban.identity.queries import token_digest
from duban.kernel.errors import NotFoundError
from duban.kernel.heartbeats import Heartbeat
from duban.tenancy.models import Tenant, TenantQuota, TenantUsage

PAGE = 50


@dataclass(frozen=True)
class AtWork:
    """The operator a request comes from."""

    id: UUID
    login: str
    name: str
    session_id: UUID
    seen_at: datetime
    must_change: bool
    is_proved: bool


def find_at_work(session: Session, *, token: str, now: datetime) -> AtWork | None:
    """Find the living session of a token. Costs: one query."""
    row = session.execute(
        select(OperatorSession, Operator)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(OperatorSession.token_digest == token_digest(token), Operator.active)
    ).one_or_none()
    if row is None:
        return None
    login, operator = row
    if not session_lives(started_at=login.started_at, seen_at=login.seen_at, ended_at=login.ended_at, now=now):
        return None
    return AtWork(
        id=operator.id,
        login=operator.login,
        name=operator.name,
        session_id=login.id,
        seen_at=login.seen_at,
        must_change=operator.must_change,
        is_proved=login.proved_at is not None,
    )


def demo_operators(session: Session) -> Sequence[Operator]:
    """List the operators that exist for showing."""
    return session.scalars(select(Operator).where(Operator.demo, Operator.active).order_by(Operator.login)).all()


@dataclass(frozen=True)
class TenantLine:
    """A tenant as the operator sees it: names and figures, no content."""

    id: UUID
    slug: str
    name: str
    kind: str
    time_zone: str
    demo: bool
    created_at: datetime
    suspended_at: datetime | None
    suspended_reason: str
    people: int
    units: int
    storage_bytes: int
    files: int | None
    last_sign_in_at: datetime | None
    measured_at: datetime | None
    people_limit: int | None
    storage_limit_bytes: int | None
    files_limit: int | None
    quota_version: int
    policy_waiting: int | None
    """Changes of its kind's policy it has not adopted; None where that was not measured or the kind cannot be read."""

    @property
    def is_suspended(self) -> bool:
        """Whether nobody can sign in."""
        return self.suspended_at is not None


def _tenants() -> Select[Tenant, TenantUsage | None, TenantQuota | None]:
    # What is neither active nor suspended is still being made (or a demo not yet shown): nobody's business yet.
    return (
        select(Tenant, TenantUsage, TenantQuota)
        .outerjoin(TenantUsage, TenantUsage.tenant_id == Tenant.id)
        .outerjoin(TenantQuota, TenantQuota.tenant_id == Tenant.id)
        .where(Tenant.active | Tenant.suspended_at.is_not(None))
    )


def _line(tenant: Tenant, usage: TenantUsage | None, quota: TenantQuota | None) -> TenantLine:
    return TenantLine(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        kind=tenant.kind,
        time_zone=tenant.time_zone,
        demo=tenant.demo,
        created_at=tenant.created_at,
        suspended_at=tenant.suspended_at,
        suspended_reason=tenant.suspended_reason,
        people=usage.people if usage else 0,
        units=usage.units if usage else 0,
        storage_bytes=usage.storage_bytes if usage else 0,
        files=usage.files if usage else None,
        last_sign_in_at=usage.last_sign_in_at if usage else None,
        measured_at=usage.measured_at if usage else None,
        people_limit=quota.people_limit if quota else None,
        storage_limit_bytes=quota.storage_limit_bytes if quota else None,
        files_limit=quota.files_limit if quota else None,
        quota_version=quota.version if quota else 0,
        policy_waiting=usage.policy_waiting if usage else None,
    )


def list_tenants(session: Session, *, words: str = "", after: str = "", limit: int = PAGE) -> tuple[list[TenantLine], str | None]:
    """List tenants by code with what they use, page by page. Gives: the page and the code to go on after. Costs: one query."""
    statement = _tenants().where(Tenant.slug > after)
    if words:
        pattern = f"%{words.lower().replace('%', '')}%"
        statement = statement.where(func.lower(Tenant.slug).like(pattern) | func.lower(Tenant.name).like(pattern))
    rows = session.execute(statement.order_by(Tenant.slug).limit(limit + 1)).all()
    lines = [_line(row[0], row[1], row[2]) for row in rows[:limit]]
    return lines, lines[-1].slug if len(rows) > limit else None


def get_tenant(session: Session, tenant_id: UUID) -> TenantLine:
    """Get one tenant. Raises: NotFoundError."""
    row = session.execute(_tenants().where(Tenant.id == tenant_id)).one_or_none()
    if row is None:
        raise NotFoundError
    return _line(row[0], row[1], row[2])


def find_by_slug(session: Session, slug: str) -> TenantLine:
    """Get one tenant by its code. Raises: NotFoundError."""
    row = session.execute(_tenants().where(Tenant.slug == slug.strip().lower())).one_or_none()
    if row is None:
        raise NotFoundError
    return _line(row[0], row[1], row[2])


def steward_beat(session: Session) -> datetime | None:
    """Give the steward's last sign of life."""
    return session.scalars(select(Heartbeat.beat_at).where(Heartbeat.name == "steward")).one_or_none()


def list_orders(session: Session, *, tenant_id: UUID | None = None, limit: int = PAGE) -> Sequence[OperatorOrder]:
    """List orders, newest first."""
    statement = select(OperatorOrder)
    if tenant_id is not None:
        statement = statement.where(OperatorOrder.tenant_id == tenant_id)
    return session.scalars(statement.order_by(OperatorOrder.ordered_at.desc(), OperatorOrder.id.desc()).limit(limit)).all()


def get_order(session: Session, order_id: UUID, *, lock: bool = False) -> OperatorOrder:
    """Get an order. Raises: NotFoundError."""
    statement = select(OperatorOrder).where(OperatorOrder.id == order_id)
    order = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if order is None:
        raise NotFoundError
    return order


def open_orders_of(session: Session, slug: str) -> Sequence[UUID]:
    """List what is waiting or running for a tenant's code, oldest first."""
    statement = select(OperatorOrder.id).where(
        OperatorOrder.slug == slug, OperatorOrder.state.in_([state.value for state in OPEN_STATES])
    )
    return session.scalars(statement.order_by(OperatorOrder.ordered_at, OperatorOrder.id)).all()


def open_order(session: Session, tenant_id: UUID, kinds: Sequence[OrderKind] = tuple(OrderKind)) -> OperatorOrder | None:
    """Find what is waiting or running for a tenant."""
    return session.scalars(
        select(OperatorOrder)
        .where(
            OperatorOrder.tenant_id == tenant_id,
            OperatorOrder.state.in_([state.value for state in OPEN_STATES]),
            OperatorOrder.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(OperatorOrder.ordered_at)
        .limit(1)
    ).one_or_none()


def list_acts(
    session: Session, *, subject_id: UUID | None = None, before: int | None = None, limit: int = PAGE
) -> Sequence[OperatorAct]:
    """List operators' acts, newest first, before a sequence number."""
    statement = select(OperatorAct)
    if subject_id is not None:
        statement = statement.where(OperatorAct.subject_id == subject_id)
    if before is not None:
        statement = statement.where(OperatorAct.seq < before)
    return session.scalars(statement.order_by(OperatorAct.seq.desc()).limit(limit)).all()


def list_certificates(session: Session) -> Sequence[DeletionCertificate]:
    """List what remains of deleted tenants, newest first."""
    return session.scalars(select(DeletionCertificate).order_by(DeletionCertificate.deleted_at.desc()).limit(PAGE)).all()


def get_certificate(session: Session, certificate_id: UUID) -> DeletionCertificate:
    """Get a certificate. Raises: NotFoundError."""
    found = session.get(DeletionCertificate, certificate_id)
    if found is None:
        raise NotFoundError
    return found


@dataclass(frozen=True)
class ArchiveFile:
    """An archive lying in the folder of exports."""

    name: str
    size_bytes: int


def list_archives(folder: Path) -> list[ArchiveFile]:
    """List the archives in the folder of exports, newest name last."""
    if not folder.is_dir():
        return []
    return [ArchiveFile(path.name, path.stat().st_size) for path in sorted(folder.glob("*.zip"))]


def password_hash_of(session: Session, login: str) -> str | None:
    """Give what an operator's password is compared with; None for nobody, which takes as long to refuse."""
    wanted = (Operator.login == login.strip().lower(), Operator.active)
    return session.scalars(select(Operator.password_hash).where(*wanted)).one_or_none()
