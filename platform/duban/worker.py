"""The worker: names of background work bound to their tasks, and the RQ process that performs them when woken."""

import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from redis import Redis
from redis.client import Pipeline
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from duban.assessments import open_work as _assessments  # noqa: F401
from duban.auditing import tasks as auditing
from duban.console import measuring
from duban.dispatches import open_work as _dispatches  # noqa: F401
from duban.dispatches import tasks as dispatches
from duban.embedded.keeper import die_with_parent
from duban.files import tasks as files
from duban.identity import tasks as identity
from duban.kernel.clock import SystemClock
from duban.kernel.db import engine_options
from duban.kernel.errors import UnfitDatabaseError
from duban.kernel.heartbeats import beat
from duban.kernel.jobs import JobName, Periodic
from duban.kernel.logs import configure_logs, get_logger
from duban.kernel.queue import QUEUE, check_queue, connect
from duban.kernel.runtime import Runtime, check_database
from duban.kernel.scope import TenantInfo, open_session
from duban.kernel.settings import Settings, SettingsError, read_settings
from duban.letters import open_work as _letters  # noqa: F401
from duban.matters import open_work as _matters  # noqa: F401
from duban.matters import tasks as matters
from duban.notifications import lendings
from duban.notifications import tasks as notifications
from duban.notifications.digests import GroupOf
from duban.notifications.operations import Freshen, StillWanted
from duban.notifications.tasks import Courier, deliver
from duban.organisation import tasks as organisation
from duban.reporting import open_work as _reporting  # noqa: F401 - registers what counts a unit's open work
from duban.reporting import tasks as reporting
from duban.targets import open_work as _targets  # noqa: F401
from duban.tenancy.queries import list_tenants
from duban.web import replies
from duban.web.i18n import load_translations

log = get_logger(__name__)

WORKER_TTL_SECONDS = 30
MAINTENANCE_SECONDS = 15
MONITOR_SECONDS = 10

STILL_WANTED: Mapping[str, StillWanted] = {
    **reporting.STILL_WANTED,
    **dispatches.STILL_WANTED,
    **matters.STILL_WANTED,
    lendings.KIND: lendings.still_wanted,
}
"""By the kind of subject a message is about: is it still true? Asked just before sending."""
FRESHEN: Mapping[str, Freshen] = {**reporting.FRESHEN, **matters.FRESHEN}
"""By the same kind: how is it said at the moment it is sent?"""
GROUP_OF: Mapping[str, GroupOf] = {**reporting.GROUP_OF, **matters.GROUP_OF}
"""By the same kind: under which heading of the mail of the day does it go?"""

PERIODIC: tuple[Periodic, ...] = (
    *auditing.PERIODIC,
    *reporting.PERIODIC,
    *dispatches.PERIODIC,
    *matters.PERIODIC,
    *notifications.PERIODIC,
    *files.PERIODIC,
    *identity.PERIODIC,
    *organisation.PERIODIC,
    *replies.PERIODIC,
    *measuring.PERIODIC,
)
"""What the clock does in every tenant besides delivering."""


def courier(runtime: Runtime) -> Courier:
    """Give what delivering needs."""
    return Courier(
        runtime=runtime,
        translations=lambda locale: load_translations(locale).gettext,
        still_wanted=STILL_WANTED,
        freshen=FRESHEN,
        group_of=GROUP_OF,
    )


def _deliver(runtime: Runtime, tenant: TenantInfo) -> object:
    return deliver(courier(runtime), tenant)


JOBS: Mapping[JobName, Callable[[Runtime, TenantInfo], object]] = {JobName.DELIVER: _deliver}


def perform(name: str, tenant_id: str) -> None:
    """Do one job: what RQ calls, in a process of its own. An unknown tenant (closed meanwhile) is no error."""
    settings = read_settings()
    engine = unpooled_engine(settings)
    with open_session(engine, None) as session:
        found = [tenant for tenant in list_tenants(session) if tenant.id == UUID(tenant_id)]
    for tenant in found:
        JOBS[JobName(name)](Runtime(settings=settings, engine=engine, clock=SystemClock()), tenant)


def unpooled_engine(settings: Settings) -> Engine:
    """Open an engine that keeps no connection: one must never cross a fork."""
    options = engine_options(context_key=settings.context_key, application_name="duban-worker")
    return create_engine(
        settings.database_url, poolclass=NullPool, **{name: options[name] for name in ("connect_args", "execution_options")}
    )


class WakeableWorker(Worker):
    """RQ's worker with signs of life in the database, and whose jobs end with it."""

    def __init__(self, connection: Redis, engine: Engine) -> None:
        super().__init__(
            [QUEUE],
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=0,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            job_monitoring_interval=MONITOR_SECONDS,
            log_job_description=False,
        )
        self._engine = engine

    @override
    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Beat in Redis for RQ, and in the database for /readyz."""
        super().heartbeat(timeout, pipeline)
        try:
            beat(self._engine, "worker", datetime.now(UTC))  # noqa: TID251 - a sign of life is in real time
        except SQLAlchemyError as error:
            log.warning("no heartbeat", reason=str(error))

    @override
    def setup_work_horse_signals(self) -> None:
        """In the forked job: end with the worker. RQ would let it run on while another worker starts it again."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        die_with_parent(signal.SIGKILL)()


def main() -> None:
    """Run until asked to stop. A bad setting ends it with a sentence."""
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(f"duban worker: {error}")
    if not settings.redis_url:
        sys.exit("duban worker: DUBAN_REDIS_URL is not set. Point it at a Redis server, or run `duban up`, which brings one.")
    configure_logs(settings.log_format)
    engine = unpooled_engine(settings)
    try:
        check_database(engine)
    except UnfitDatabaseError as error:
        sys.exit(f"duban worker: {error}")
    connection = connect(settings.redis_url, timeout_seconds=None)
    check_queue(connection)
    WakeableWorker(connection, engine).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
