"""
Deleting a tenant for good: rows of every tenant table, files, the register's entry. What remains is the certificate.

The application's role cannot delete evidence and never could; this runs with the owner's role, in the steward or a terminal,
bound to the one tenant: row-level security keeps even a mistake here from touching another (docs/decisions/0018).
Done table by table, each in its own transaction, so that it can go on after a crash and holds no lock for long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, select, text

from duban.audit.models import AuditHead
from duban.console.desk import STEWARD, at_desk
from duban.console.models import DeletionCertificate, OperatorOrder
from duban.console.queries import get_order
from duban.console.states import OrderKind, OrderState
from duban.console.tables import Table, registers, tenant_tables
from duban.files.storage import Store
from duban.kernel.clock import Clock
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import TenantId, new_id
from duban.kernel.scope import open_session
from duban.tenancy.models import Tenant, TenantQuota

Progress = Callable[[int, int], None]


COUNTED = ("rows", "audit_records", "audit_hash", "files", "file_bytes")
"""What an order's outcome keeps of the count, for the certificate."""


class NotDueError(Exception):
    """The order is not one that may be carried out now: not suspended, not confirmed, not cooled off, or over."""


@dataclass(frozen=True)
class _Counted:
    """What there is to delete."""

    rows: dict[str, int]
    audit_records: int
    audit_hash: str


def erase_tenant(
    owner: Engine, *, order_id: Any, store: Store, clock: Clock, progress: Progress = lambda _d, _t: None
) -> DeletionCertificate:
    """
    Carry out a deletion that is due. May be called again after a crash: it goes on where it was.

    Takes:  the owner's engine; the order as it stands in the console's own table, which only the console can write.
    Raises: NotDueError.
    """
    now = clock.now()
    with at_desk(owner, hand=STEWARD, now=now) as desk:
        order = get_order(desk.session, order_id, lock=True)
        tenant = desk.session.get(Tenant, order.tenant_id)
        may_begin = order.confirmed_by is not None or now >= order.begins_at
        if order.kind != OrderKind.DELETION or order.state not in {OrderState.WAITING, OrderState.RUNNING} or not may_begin:
            raise NotDueError
        if tenant is None or tenant.suspended_at is None:
            raise NotDueError
        order.state = OrderState.RUNNING.value
        known = {name: order.outcome[name] for name in COUNTED if name in order.outcome}
        tenant_id = TenantId(tenant.id)
    if "rows" not in known:
        # Counted once, before the first row goes: after a crash the certificate must not tell of the rest only.
        counted = _count(owner, tenant_id)
        files, size = _measure_files(store, tenant_id)
        known = {
            "rows": counted.rows,
            "audit_records": counted.audit_records,
            "audit_hash": counted.audit_hash,
            "files": files,
            "file_bytes": size,
        }
        with at_desk(owner, hand=STEWARD, now=now) as desk:
            get_order(desk.session, order_id, lock=True).outcome = known
    _erase_rows(owner, tenant_id, progress)
    _erase_files(store, tenant_id)
    return _certify(owner, order_id=order_id, tenant_id=tenant_id, known=known, clock=clock)


def _count(owner: Engine, tenant_id: TenantId) -> _Counted:
    with open_session(owner, tenant_id) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        rows = {
            table.name: int(
                session.execute(
                    text(f"SELECT count(*) FROM {table.name} WHERE tenant_id = :tenant"),  # noqa: S608 - of the catalogue
                    {"tenant": tenant_id},
                ).scalar_one()
            )
            for table in tenant_tables(session.connection())
        }
        head = session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.tenant_id == tenant_id)).one_or_none()
    return _Counted(rows, head.seq if head else 0, head.hash if head else "")


def _erase_rows(owner: Engine, tenant_id: TenantId, progress: Progress) -> None:
    with open_session(owner, tenant_id) as session:
        tables = tenant_tables(session.connection())
    for number, table in enumerate(reversed(tables)):
        progress(number, len(tables))
        with open_session(owner, tenant_id) as session, session.begin():
            _erase_table(session, table, tenant_id)
    with open_session(owner, tenant_id) as session, session.begin():
        for name in registers(session.connection()):
            session.execute(text(f"DELETE FROM {name} WHERE tenant_id = :tenant"), {"tenant": tenant_id})  # noqa: S608
    progress(len(tables), len(tables))


def _erase_table(session: Any, table: Table, tenant_id: TenantId) -> None:
    session.execute(text("SET LOCAL statement_timeout = 0"))
    # Frozen results refuse to go row by row, whoever asks, and places to go before their units. The table's owner lifts that for
    # this transaction; other tenants' writers to this one table wait, and their rows are out of reach by row-level security.
    for guard in table.guards_delete:
        session.execute(text(f'ALTER TABLE {table.name} DISABLE TRIGGER "{guard}"'))
    session.execute(text(f"DELETE FROM {table.name} WHERE tenant_id = :tenant"), {"tenant": tenant_id})  # noqa: S608
    for guard in table.guards_delete:
        session.execute(text(f'ALTER TABLE {table.name} ENABLE TRIGGER "{guard}"'))


def _measure_files(store: Store, tenant_id: TenantId) -> tuple[int, int]:
    count = size = 0
    for key, _ in store.keys(tenant_id):
        count, size = count + 1, size + store.size(key)
    return count, size


def _erase_files(store: Store, tenant_id: TenantId) -> None:
    for key, _ in store.keys(tenant_id):
        store.delete(key)
    store.forget(tenant_id)


def _certify(owner: Engine, *, order_id: Any, tenant_id: TenantId, known: dict[str, Any], clock: Clock) -> DeletionCertificate:
    now = clock.now()
    with at_desk(owner, hand=STEWARD, now=now) as desk:
        order: OperatorOrder = get_order(desk.session, order_id, lock=True)
        tenant = desk.session.get(Tenant, tenant_id)
        if tenant is None:
            raise NotFoundError
        certificate = DeletionCertificate(
            id=new_id(),
            tenant_id=tenant_id,
            slug=tenant.slug,
            name=tenant.name,
            kind=tenant.kind,
            ordered_at=order.ordered_at,
            ordered_name=order.ordered_name,
            confirmed_name=order.confirmed_name,
            deleted_at=now,
            **known,
        )
        desk.session.add(certificate)
        desk.session.execute(delete(TenantQuota).where(TenantQuota.tenant_id == tenant_id))
        desk.session.execute(delete(Tenant).where(Tenant.id == tenant_id))
        order.state, order.ended_at = OrderState.DONE.value, now
        order.outcome = known | {"certificate": str(certificate.id)}
        desk.record(
            "tenant.deleted",
            "tenant",
            tenant_id,
            slug=certificate.slug,
            certificate=str(certificate.id),
            rows=sum(known["rows"].values()),
            files=known["files"],
            audit_records=known["audit_records"],
            audit_hash=known["audit_hash"],
        )
    return certificate
