"""The clock: a plain loop that finds what is due in every tenant and sees that it is done. Any number may run; one works."""

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from duban.audit.anchors import shelf
from duban.audit.tasks import EVERY, check
from duban.backup.schedule import DailyBackup
from duban.console.anchoring import Watch, begin_with, being_deleted
from duban.kernel.clock import SystemClock
from duban.kernel.db import make_engine
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.heartbeats import beat
from duban.kernel.ids import TenantId
from duban.kernel.jobs import JobName, Periodic
from duban.kernel.logs import configure_logs, get_logger
from duban.kernel.queue import ringer
from duban.kernel.runtime import Runtime, check_database
from duban.kernel.scope import SYSTEM, TenantInfo, open_session, unit_of_work
from duban.kernel.settings import SettingsError, read_settings
from duban.notifications.queries import count_due
from duban.notifications.tasks import deliver
from duban.tenancy.queries import closed_tenants, list_tenants
from duban.watch.counting import MinuteCount
from duban.worker import PERIODIC, courier

log = get_logger(__name__)

OF_CLOSED = Periodic("audit.check", EVERY, check)
"""What the clock does for suspended tenants: their record could be rewritten just as well while nobody signs in."""
MOST_BATCHES = 100
"""Of one task of one tenant in a round: the others are not to wait for ever."""
LEADER_KEY = 20110429
"""Of the advisory lock that lets one clock work and the others wait."""


class Leadership:
    """The session lock in PostgreSQL that one clock at a time holds; it ends with the connection, so with the process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def is_held(self) -> bool:
        """Take the lock if it is free; tell whether we have it. Costs: one statement."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            held = self._connection.execute(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND pid = pg_backend_pid()"),
                {"key": LEADER_KEY},
            ).scalar()
            return bool(held or self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_KEY}).scalar())
        except SQLAlchemyError as error:
            log.warning("database not reached", reason=str(error))
            self.give_up()
            return False

    def give_up(self) -> None:
        """Let the lock go with its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
            connection.invalidate()  # never back into the pool: it might still hold the lock
            connection.close()


class Rounds:
    """What the clock does once every few seconds, and what it remembers from one round to the next."""

    def __init__(
        self, runtime: Runtime, *, ring: Callable[[JobName, TenantId], None], periodic: Iterable[Periodic] = PERIODIC
    ) -> None:
        self._runtime = runtime
        self._ring = ring
        self._periodic = tuple(periodic)
        self._done_at: dict[tuple[TenantId, str], datetime] = {}
        self._totals = MinuteCount(runtime)
        self._operators = Watch(runtime.engine)

    def go(self) -> None:
        """Visit every tenant; a failure in one is logged and does not hold up the others."""
        with open_session(self._runtime.engine, None) as session:
            tenants, closed = list_tenants(session), closed_tenants(session)
        if closed:
            leaving = being_deleted(self._runtime.engine)
            closed = [tenant for tenant in closed if tenant.id not in leaving]
        for tenant in tenants:
            beat(self._runtime.engine, "clock", self._runtime.clock.now())  # a round through many tenants may take long
            for task in self._periodic:
                self._guarded(tenant, task.name, partial(self._run, tenant, task))
            self._guarded(tenant, "sweep", partial(self._sweep, tenant))
        for tenant in closed:
            # Nothing is done for who is suspended, but what is kept of them is watched like everybody's.
            self._guarded(tenant, OF_CLOSED.name, partial(self._run, tenant, OF_CLOSED))
        self._guarded(None, "operators' audit", lambda: self._operators.look(self._runtime.clock.now()))
        self._totals.look(tenants)

    def _guarded(self, tenant: TenantInfo | None, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # one tenant's trouble must not stop the clock of the others
            log.exception("round failed", tenant=tenant.slug if tenant else None, task=name)

    def _run(self, tenant: TenantInfo, task: Periodic) -> None:
        now = self._runtime.clock.now()
        last = self._done_at.get((tenant.id, task.name))
        if last is None or now - last >= task.every:
            for _ in range(MOST_BATCHES):
                with unit_of_work(self._runtime.engine, tenant=tenant, actor=SYSTEM, now=self._runtime.clock.now()) as scope:
                    done = task.run(scope)
                if task.batch is None or not isinstance(done, int) or done < task.batch:
                    break
            self._done_at[tenant.id, task.name] = now

    def _sweep(self, tenant: TenantInfo) -> None:
        """Wake a worker for what is due; do it here if it has waited for a whole round, for then nobody was woken."""
        now = self._runtime.clock.now()
        patience = timedelta(seconds=self._runtime.settings.sweep_seconds)
        with unit_of_work(self._runtime.engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
            due, left_lying = count_due(scope), count_due(scope, before=now - patience)
        if left_lying:
            deliver(courier(self._runtime), tenant)
        elif due:
            self._ring(JobName.DELIVER, tenant.id)


def main() -> None:
    """Run until asked to stop. A bad setting ends it with a sentence."""
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(f"duban clock: {error}")
    if not settings.redis_url:
        sys.exit("duban clock: DUBAN_REDIS_URL is not set. Point it at a Redis server, or run `duban up`, which brings one.")
    configure_logs(settings.log_format)
    engine = make_engine(settings.database_url, context_key=settings.context_key, pool_size=3, application_name="duban-clock")
    try:
        check_database(engine)
    except UnfitDatabaseError as error:
        sys.exit(f"duban clock: {error}")
    shelf.put(settings.resolved_anchor_file)
    begin_with(settings, now=SystemClock().now())
    runtime = Runtime(settings=settings, engine=engine, clock=SystemClock())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(runtime, Rounds(runtime, ring=ringer(settings.redis_url)), stop, daily=DailyBackup(settings, engine))


def run(runtime: Runtime, rounds: Rounds, stop: threading.Event, *, daily: DailyBackup) -> None:
    """Go round while leading, until the event is set; the database being away only means waiting for it."""
    leadership = Leadership(runtime.engine)
    while not stop.is_set():
        if leadership.is_held():
            try:
                rounds.go()
                daily.look(runtime.clock.now())
                beat(runtime.engine, "clock", runtime.clock.now())
            except SQLAlchemyError as error:
                log.warning("round not finished", reason=str(error))
        stop.wait(runtime.settings.sweep_seconds)
    daily.stop()
    leadership.give_up()


if __name__ == "__main__":
    main()
