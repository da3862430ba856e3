"""
The steward: the one process with the owner's role besides migrations. It carries out what operators ordered, and nothing else.

It listens on no port and reads its orders from a table that only the console's own context can write. `python -m
duban.console.steward` stays; `duban tenant carry-out` does what is due once, for a timer or a terminal.
"""

import signal
import sys
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine, select, true
from sqlalchemy.exc import SQLAlchemyError

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind
from duban.console.desk import CONSOLE, STEWARD, Desk, at_desk
from duban.console.erasing import NotDueError, erase_tenant
from duban.console.exporting import export_tenant
from duban.console.importing import import_tenant
from duban.console.models import OperatorOrder
from duban.console.queries import get_order
from duban.console.states import OPEN_STATES, OrderKind, OrderState
from duban.embedded.services import require_owner_url
from duban.files.storage import Store, open_store
from duban.kernel.clock import Clock, SystemClock
from duban.kernel.db import make_engine
from duban.kernel.errors import AnticipatedError
from duban.kernel.heartbeats import beat
from duban.kernel.ids import TenantId
from duban.kernel.logs import configure_logs, get_logger
from duban.kernel.scope import open_session
from duban.kernel.settings import Settings, SettingsError, read_settings

log = get_logger(__name__)

LEASE = timedelta(minutes=10)
"""Longer than the largest table takes; what a crashed steward held is taken up again after it."""
RETRY = timedelta(minutes=1)
ROUND_SECONDS = 3.0
BEAT_EVERY = timedelta(seconds=20)
NAME = "steward"


def exports_folder(settings: Settings) -> Path:
    """Give the folder archives are written to and read from."""
    return Path(settings.data_dir) / "exports"


@dataclass(frozen=True)
class Means:
    """What the steward works with. `owner` deletes and imports, `engine` (the application's role) exports."""

    owner: Engine
    engine: Engine
    store: Store
    exports: Path
    clock: Clock
    anchors: Path | None = None
    """The anchor file of the tenants' audit, which must know that a tenant is gone on purpose."""


def means_of(settings: Settings) -> Means:
    """Open what the settings name. Raises: SettingsError without the owner's URL."""
    owner_url = require_owner_url(settings)
    return Means(
        owner=make_engine(owner_url, context_key=settings.context_key, pool_size=2, application_name="duban-steward"),
        engine=make_engine(
            settings.database_url, context_key=settings.context_key, pool_size=2, application_name="duban-steward"
        ),
        store=open_store(settings.resolved_files_url),
        exports=exports_folder(settings),
        clock=SystemClock(),
        anchors=settings.resolved_anchor_file,
    )


def carry_out(means: Means, *, only: Collection[UUID] | None = None) -> list[UUID]:
    """
    Carry out what is due, one order after the other. Gives: the orders that were taken up, whatever became of them.

    Takes: `only` where a terminal asks for some orders and the rest is the steward's.
    """
    taken: list[UUID] = []
    while (order_id := _take(means, only)) is not None:
        taken.append(order_id)
        _do(means, order_id)
    return taken


def _take(means: Means, only: Collection[UUID] | None) -> UUID | None:
    """Take up the oldest order that is due and held by nobody; a crashed steward's comes back when its lease ends."""
    now = means.clock.now()
    with at_desk(means.owner, hand=STEWARD, now=now) as desk:
        order = desk.session.scalars(
            select(OperatorOrder)
            .where(
                OperatorOrder.state.in_([state.value for state in OPEN_STATES]),
                OperatorOrder.begins_at <= now,
                (OperatorOrder.kind != OrderKind.EXPORT.value) | OperatorOrder.confirmed_by.is_not(None),
                OperatorOrder.leased_until.is_(None) | (OperatorOrder.leased_until <= now),
                true() if only is None else OperatorOrder.id.in_(only),
            )
            .order_by(OperatorOrder.begins_at, OperatorOrder.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if order is None:
            return None
        order.state, order.leased_until = OrderState.RUNNING.value, now + LEASE
        return order.id


def _progress(means: Means, order_id: UUID) -> Callable[[int, int], None]:
    """Note how far it is and hold on to the order; at most once a second, so that it costs nothing."""
    told: list[float] = []

    def tell(done: int, total: int) -> None:
        now = means.clock.now()
        if told and done < total and now.timestamp() - told[-1] < 1:
            return
        told.append(now.timestamp())
        with at_desk(means.owner, hand=STEWARD, now=now) as desk:
            order = get_order(desk.session, order_id, lock=True)
            order.done, order.total, order.leased_until = done, total, now + LEASE

    return tell


def _do(means: Means, order_id: UUID) -> None:
    with open_session(means.owner, CONSOLE) as session:
        order = get_order(session, order_id)
        session.expunge(order)
    try:
        _ACTIONS[OrderKind(order.kind)](means, order)
    except (AnticipatedError, NotDueError, AnchorFileError, OSError, SQLAlchemyError, psycopg.Error, ValueError) as error:
        if isinstance(error, AnticipatedError):
            log.warning("order refused", order=str(order_id), kind=order.kind, code=error.code)
        else:
            log.error("order failed", order=str(order_id), kind=order.kind, error=type(error).__name__)  # noqa: TRY400 - no rows in logs
        _fail(means, order, error)


def _fail(means: Means, order: OperatorOrder, error: Exception) -> None:
    # The words go onto the operator's page: those of an anticipated error, of any other only its kind, which holds no content.
    said = str(error) if isinstance(error, AnticipatedError) else type(error).__name__
    template = error.text.template if isinstance(error, AnticipatedError) else ""
    params = {name: str(value) for name, value in error.text.params.items()} if isinstance(error, AnticipatedError) else {}
    with at_desk(means.owner, hand=STEWARD, now=means.clock.now()) as desk:
        row = get_order(desk.session, order.id, lock=True)
        if row.state != OrderState.RUNNING:
            return  # another steward took it up when the lease ended, and finished it
        if order.kind == OrderKind.DELETION and "rows" in row.outcome:
            # Half deleted is neither: it stays this order's, and is gone on with in a while, until it is done.
            row.leased_until = desk.now + RETRY
        else:
            row.state, row.ended_at = OrderState.FAILED.value, desk.now
        row.outcome = row.outcome | {"error": said, "template": template, "params": params}
        desk.record("order.failed", "tenant", order.tenant_id or order.id, kind=order.kind, slug=order.slug, error=said)


def _end(desk: Desk, order_id: UUID, outcome: dict[str, Any]) -> None:
    row = get_order(desk.session, order_id, lock=True)
    row.state, row.ended_at, row.outcome = OrderState.DONE.value, desk.now, outcome


def _export(means: Means, order: OperatorOrder) -> None:
    tenant_id = TenantId(order.tenant_id or UUID(int=0))
    done = export_tenant(
        means.engine,
        tenant_id=tenant_id,
        store=means.store,
        into=means.exports / order.archive,
        now=means.clock.now(),
        progress=_progress(means, order.id),
    )
    figures = {
        "digest": done.digest,
        "rows": done.rows,
        "files": done.files,
        "missing": done.missing,
        "size_bytes": done.size_bytes,
        "audit_records": done.audit_records,
    }
    with at_desk(means.owner, hand=STEWARD, now=means.clock.now()) as desk:
        _end(desk, order.id, figures)
        desk.record("tenant.exported", "tenant", tenant_id, slug=order.slug, archive=order.archive, **figures)


def _import(means: Means, order: OperatorOrder) -> None:
    done = import_tenant(
        means.owner,
        source=means.exports / order.archive,
        store=means.store,
        now=means.clock.now(),
        slug=order.slug,
        progress=_progress(means, order.id),
    )
    figures = {"rows": done.rows, "files": done.files, "audit_records": done.audit_records}
    figures |= {"sessions_ended": done.sessions_ended, "tokens_revoked": done.tokens_revoked}
    # An archive may be older than the chain was when the tenant was deleted: what came after it is given up, and that is said.
    _anchor(
        means,
        AnchorKind.RESET,
        done.tenant.id,
        seq=done.audit_records,
        head=done.audit_hash,
        reason=f"brought back from {order.archive}, ordered by {order.ordered_name}",
    )
    with at_desk(means.owner, hand=STEWARD, now=means.clock.now()) as desk:
        _end(desk, order.id, figures)
        row = get_order(desk.session, order.id)
        row.tenant_id, row.slug = done.tenant.id, done.tenant.slug
        desk.record("tenant.imported", "tenant", done.tenant.id, slug=done.tenant.slug, archive=order.archive, **figures)


def _anchor(means: Means, kind: AnchorKind, tenant_id: UUID, *, seq: int, head: str, reason: str) -> None:
    """Say it in the anchor file. Where that is lost nothing is written over it: the alarm stands until an operator settles it."""
    if means.anchors is None:
        return
    file = AnchorFile(means.anchors)
    anchor = Anchor(at=means.clock.now(), tenant_id=tenant_id, seq=seq, hash=head, kind=kind, reason=reason)
    try:
        if file.is_begun():
            file.append(anchor)
            return
        said = "the anchor file is not there or empty"
    except (OSError, AnchorFileError) as error:
        said = str(error)
    log.error("audit not anchored", tenant=str(tenant_id), kind=kind.value, reason=said)


def _delete(means: Means, order: OperatorOrder) -> None:
    done = erase_tenant(means.owner, order_id=order.id, store=means.store, clock=means.clock, progress=_progress(means, order.id))
    _anchor(
        means,
        AnchorKind.CLOSED,
        done.tenant_id,
        seq=done.audit_records,
        head=done.audit_hash,
        reason=f"deleted, certificate {done.id}",
    )


_ACTIONS: dict[OrderKind, Callable[[Means, OperatorOrder], None]] = {
    OrderKind.EXPORT: _export,
    OrderKind.IMPORT: _import,
    OrderKind.DELETION: _delete,
}


def run(means: Means, stop: threading.Event) -> None:
    """Carry out orders until asked to stop; the database being away only means waiting for it."""
    beaten = None
    while not stop.is_set():
        try:
            now = means.clock.now()
            if beaten is None or now - beaten >= BEAT_EVERY:
                beat(means.engine, NAME, now)
                beaten = now
            carry_out(means)
        except SQLAlchemyError as error:
            log.warning("steward waits for the database", reason=type(error).__name__)
        stop.wait(ROUND_SECONDS)


def main() -> None:
    """Run until asked to stop. A bad setting ends it with a sentence."""
    try:
        settings = read_settings()
        means = means_of(settings)
    except SettingsError as error:
        sys.exit(f"duban steward: {error}")
    configure_logs(settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(means, stop)


if __name__ == "__main__":
    main()
