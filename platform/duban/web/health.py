"""Is the process alive, and can it serve: for load balancers, supervisors and the person on duty."""

from datetime import datetime, timedelta

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from redis import Redis, RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from duban.kernel.migrating import newest_revision
from duban.web.requests import runtime

bp = Blueprint("health", __name__)
SILENCE_ALLOWED = timedelta(seconds=90)
WATCHED = ("clock", "worker")


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process answers; touches nothing."""
    return jsonify(status="ok")


def _database(engine: Engine, now: datetime) -> dict[str, str]:
    checks: dict[str, str] = {}
    with engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        beats = {row.name: row.beat_at for row in connection.execute(text("SELECT name, beat_at FROM heartbeat"))}
    checks["schema"] = "ok" if revision == newest_revision() else f"at {revision}, needs {newest_revision()}"
    for name in WATCHED:
        beat = beats.get(name)
        checks[name] = "ok" if beat and now - beat < SILENCE_ALLOWED else "silent"
    return checks


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether database, schema, Redis, clock and worker are all there; 503 with the culprit otherwise."""
    means = runtime()
    checks = {"database": "ok", "redis": "ok"}
    try:
        checks |= _database(means.engine, means.clock.now())
    except SQLAlchemyError:
        checks["database"] = "unreachable"
    try:
        if means.settings.redis_url:
            Redis.from_url(means.settings.redis_url, socket_timeout=2).ping()
    except RedisError:
        # Redis only wakes workers: without it things are slower, nothing is lost
        checks["redis"] = "unreachable"
    ready = all(value == "ok" for value in checks.values())
    return jsonify(status="ok" if ready else "degraded", checks=checks), 200 if ready else 503
