"""Ordering long work: exports, imports, deletions. The steward carries it out."""

import re
from uuid import UUID

from sqlalchemy import func, select

from duban.console.desk import Desk
from duban.console.errors import (
    ArchiveRefusedError,
    NotSuspendedError,
    OrderOpenError,
    OrderOverError,
    SameOperatorError,
    WrongSlugError,
)
from duban.console.models import OperatorOrder
from duban.console.queries import get_order, get_tenant, open_order
from duban.console.states import COOLING_OFF, TWO_HANDS, OrderKind, OrderState
from duban.kernel.ids import new_id
from duban.kernel.text import N_

_ARCHIVE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.zip", re.ASCII)


def _lock_tenant(desk: Desk, tenant_id: UUID) -> None:
    """Let orders for one tenant be placed one after the other: two at once must see each other."""
    desk.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"order {tenant_id}", 0))))


def order_export(desk: Desk, *, tenant_id: UUID) -> OperatorOrder:
    """
    Order an export of all a tenant has. It begins once another operator confirms it, however long that takes.

    Raises: NotFoundError, OrderOpenError.
    """
    _lock_tenant(desk, tenant_id)
    tenant = get_tenant(desk.session, tenant_id)
    if open_order(desk.session, tenant_id) is not None:
        raise OrderOpenError
    archive = f"{tenant.slug}-{desk.now:%Y%m%d-%H%M%S}.zip"
    order = _order(desk, OrderKind.EXPORT, tenant_id=tenant_id, slug=tenant.slug, archive=archive)
    desk.record("export.ordered", "tenant", tenant_id, slug=tenant.slug, archive=archive, order=order.id)
    return order


def order_import(desk: Desk, *, archive: str, slug: str = "") -> OperatorOrder:
    """
    Order the import of an archive from the folder of exports.

    Takes:  `slug` where the tenant shall have another code than in the archive.
    Raises: ArchiveRefusedError for a name that is none.
    """
    if not _ARCHIVE.fullmatch(archive):
        raise ArchiveRefusedError(N_("没有这个归档文件。请先把它放进服务器数据文件夹的 exports 目录。"))
    order = _order(desk, OrderKind.IMPORT, tenant_id=None, slug=slug.strip().lower(), archive=archive)
    desk.record("import.ordered", "order", order.id, archive=archive, slug=order.slug, order=order.id)
    return order


def order_deletion(desk: Desk, *, tenant_id: UUID, typed_slug: str) -> OperatorOrder:
    """
    Order a deletion. It begins once another operator confirms it, or after the cooling-off period.

    Raises: NotFoundError, WrongSlugError, NotSuspendedError, OrderOpenError.
    """
    _lock_tenant(desk, tenant_id)
    tenant = get_tenant(desk.session, tenant_id)
    if typed_slug.strip() != tenant.slug:
        raise WrongSlugError(tenant.slug)
    if not tenant.is_suspended:
        raise NotSuspendedError
    if open_order(desk.session, tenant_id) is not None:
        raise OrderOpenError
    order = _order(desk, OrderKind.DELETION, tenant_id=tenant_id, slug=tenant.slug)
    order.begins_at = desk.now + COOLING_OFF
    desk.record("deletion.ordered", "tenant", tenant_id, slug=tenant.slug, begins_at=order.begins_at.isoformat(), order=order.id)
    return order


def confirm_order(desk: Desk, *, order_id: UUID, typed_slug: str = "") -> OperatorOrder:
    """
    Be the second hand of an export or a deletion: it begins at once.

    Takes:  the tenant's code typed again for a deletion, which cannot be taken back.
    Raises: NotFoundError, WrongSlugError, OrderOverError, SameOperatorError.
    """
    order = get_order(desk.session, order_id, lock=True)
    if order.kind not in TWO_HANDS or order.state != OrderState.WAITING or order.confirmed_by is not None:
        raise OrderOverError
    if order.kind == OrderKind.DELETION and typed_slug.strip() != order.slug:
        raise WrongSlugError(order.slug)
    if desk.hand.id is None or desk.hand.id == order.ordered_by:
        raise SameOperatorError
    order.confirmed_at, order.confirmed_by, order.confirmed_name = desk.now, desk.hand.id, desk.hand.name
    order.begins_at = desk.now
    desk.record(f"{order.kind}.confirmed", "tenant", order.tenant_id or order.id, slug=order.slug, order=order.id)
    return order


def cancel_order(desk: Desk, *, order_id: UUID) -> OperatorOrder:
    """Take back what has not begun. Raises: NotFoundError, OrderOverError."""
    order = get_order(desk.session, order_id, lock=True)
    if order.state != OrderState.WAITING:
        raise OrderOverError
    order.state, order.ended_at = OrderState.CANCELLED, desk.now
    desk.record("order.cancelled", "tenant", order.tenant_id or order.id, slug=order.slug, kind=order.kind)
    return order


def _order(desk: Desk, kind: OrderKind, *, tenant_id: UUID | None, slug: str, archive: str = "") -> OperatorOrder:
    order = OperatorOrder(
        id=new_id(),
        kind=kind.value,
        state=OrderState.WAITING.value,
        tenant_id=tenant_id,
        slug=slug,
        ordered_at=desk.now,
        ordered_by=desk.hand.id,
        ordered_name=desk.hand.name,
        begins_at=desk.now,
        archive=archive,
    )
    desk.session.add(order)
    desk.session.flush()  # the answer shows it, with what the table puts in by itself
    return order
