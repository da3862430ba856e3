"""RQ, used as a bell and nothing more: JSON only, short waits, and no failure of it ever fails what rings."""

from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from duban.kernel.ids import TenantId
from duban.kernel.jobs import JobName
from duban.kernel.logs import get_logger

log = get_logger(__name__)

QUEUE = "duban"
TASK = "duban.worker.perform"
RING_TIMEOUT_SECONDS = 1.0
JOB_TIMEOUT_SECONDS = 120
FAILURES_KEPT_SECONDS = 86_400


def connect(redis_url: str, *, timeout_seconds: float | None) -> Redis:
    """Open a client that fails at once instead of trying again for seconds; a blocking reader needs no time-out."""
    return Redis.from_url(
        redis_url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=RING_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class UnsafeQueueError(Exception):
    """The Redis server would drop jobs; the message says which setting to change."""


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WANTED_SETTINGS = {"maxmemory-policy": "noeviction", "appendonly": "yes"}


def check_queue(client: Redis) -> None:
    """
    Refuse a Redis that evicts keys, forgets them at a restart, or lets anybody on the network in without a password.

    One that hides its settings (CONFIG taken away from our user, as managed services do) is taken with a warning.

    Raises: UnsafeQueueError.
    """
    used = client.connection_pool.connection_kwargs
    if used.get("host", "localhost") not in LOOPBACK and not used.get("password"):
        raise UnsafeQueueError(f"DUBAN_REDIS_URL: {used['host']} is reached without a password; set one (requirepass, or ACL).")
    for name, wanted in WANTED_SETTINGS.items():
        try:
            found = client.config_get(name).get(name)
        except ResponseError as error:
            log.warning("queue settings hidden", reason=str(error))
            return
        if found != wanted:
            raise UnsafeQueueError(f"DUBAN_REDIS_URL: the server has {name} {found}; set it to {wanted}.")


def ringer(redis_url: str) -> Callable[[JobName, TenantId], None]:
    """Give what `kernel.jobs.bell` needs: it puts a job on the queue, or logs that it could not."""
    queue = Queue(QUEUE, connection=connect(redis_url, timeout_seconds=RING_TIMEOUT_SECONDS), serializer=JSONSerializer)

    def ring(name: JobName, tenant_id: TenantId) -> None:
        try:
            queue.enqueue(
                TASK,
                name.value,
                str(tenant_id),
                job_timeout=JOB_TIMEOUT_SECONDS,
                result_ttl=0,
                failure_ttl=FAILURES_KEPT_SECONDS,
                description=f"{name.value} {tenant_id}",
            )
        except (RedisError, OSError) as error:
            log.warning("bell not heard", job=name.value, reason=str(error))

    return ring
