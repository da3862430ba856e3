"""Is the process alive, and can it serve: for load balancers, supervisors and the person on duty."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from duban.web.alarms import standing_of
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
