"""
Figures for Prometheus: what this web server does, counted as it happens, and how the installation stands.

No tenant's name or content is in them. Under gunicorn each worker counts in its own file and every answer is the sum.
"""

import hmac
import os
import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from duban.kernel import backup_runs, figures
from duban.kernel.runtime import Runtime
from duban.web.alarms import standing_of

TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("duban_requests", "Requests answered", ["endpoint", "method", "status"])
SECONDS = Histogram("duban_request_seconds", "Seconds to answer", ["endpoint"], buckets=_BUCKETS)
CONNECTIONS = Gauge(
    "duban_db_connections_in_use", "Database connections lent out by the pools of this server", multiprocess_mode="livesum"
)


def init_metrics(app: Flask, engine: Engine) -> None:
    """Count requests and lent connections from now on."""
    app.before_request(_begin)
    app.after_request(_count)
    event.listen(engine, "checkout", lambda *_: CONNECTIONS.inc())
    event.listen(engine, "checkin", lambda *_: CONNECTIONS.dec())


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"  # never the address: it names things and has no end
    REQUESTS.labels(endpoint, request.method if request.endpoint else "none", str(response.status_code)).inc()
    if "began" in g:
        SECONDS.labels(endpoint).observe(time.perf_counter() - g.began)
    return response


def is_admitted_with(token: str, header: str) -> bool:
    """Tell whether an Authorization header bears the token; without a token set, nobody's does."""
    return bool(token) and hmac.compare_digest(header.encode(), f"Bearer {token}".encode())


def written(means: Runtime) -> bytes:
    """Write all figures in Prometheus's text form. Costs: as `standing_of`, and two small statements."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    installation = CollectorRegistry()
    installation.register(_Installation(means))
    return generate_latest(registry) + generate_latest(installation)


class _Installation(Collector):
    """What is the same whichever worker answers; read from the database at each scrape."""

    def __init__(self, means: Runtime) -> None:
        self._means = means

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the state of the parts, the alarms, signs of life, backups and totals."""
        standing = standing_of(self._means)
        up = GaugeMetricFamily("duban_up", "1: well, 0: see /readyz", labels=["part"])
        for part, state in standing.checks.items():
            up.add_metric([part], int(state == "ok"))
        yield up
        raised = GaugeMetricFamily("duban_alarm", "Alarms raised now", labels=["code", "critical"])
        for alarm in standing.alarms:
            raised.add_metric([alarm.code, str(alarm.is_critical).lower()], 1)
        yield raised
        if standing.checks["database"] == "ok":
            try:
                yield from self._from_database()
            except SQLAlchemyError:
                return  # it went away just now; duban_up says so at the next scrape

    def _from_database(self) -> Iterator[GaugeMetricFamily]:
        now, engine = self._means.clock.now(), self._means.engine
        silence = GaugeMetricFamily("duban_silence_seconds", "Since the last sign of life", labels=["process"])
        with engine.connect() as connection:
            for name, beat_at in connection.execute(text("SELECT name, beat_at FROM heartbeat ORDER BY name")):
                silence.add_metric([name], (now - beat_at).total_seconds())
        yield silence
        backup = backup_runs.standing(engine)
        if backup.good_at is not None:
            age = (now - backup.good_at).total_seconds()
            yield GaugeMetricFamily("duban_backup_age_seconds", "Since the last good backup", value=age)
            yield GaugeMetricFamily("duban_backup_size_bytes", "Of the last good backup", value=backup.good_size_bytes)
        failed = int(backup.failed_at is not None)
        yield GaugeMetricFamily("duban_backup_failed", "1: the last attempt failed", value=failed)
        total = GaugeMetricFamily("duban_total", "Over all tenants, counted by the clock every minute", labels=["of"])
        for name, (value, _) in sorted(figures.read_figures(engine).items()):
            total.add_metric([name], float(value))  # a figure to look at, not one that counts
        yield total
