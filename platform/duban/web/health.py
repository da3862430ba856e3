"""Is the process alive, and can it serve: for load balancers, supervisors and the person on duty."""

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from duban.web.alarms import standing_of
from duban.web.metrics import TYPE, is_admitted_with, written
from duban.web.requests import runtime

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process answers; touches nothing."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """
    Say whether database, schema, Redis, clock and worker are all there; 503 with the culprit otherwise.

    `alarms` names what to act on, critical or not; the words for people are on the operator's page.
    """
    found = standing_of(runtime())
    raised = [
        {"code": alarm.code, "critical": alarm.is_critical, "since": alarm.since.isoformat() if alarm.since else None}
        for alarm in found.alarms
    ]
    status = "ok" if found.is_ready else "degraded"
    return jsonify(status=status, checks=found.checks, alarms=raised), 200 if found.is_ready else 503


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Give the monitoring its figures; to everybody without the token there is nothing here."""
    if not is_admitted_with(runtime().settings.metrics_token, request.headers.get("Authorization", "")):
        abort(404)
    return Response(written(runtime()), content_type=TYPE)
