"""Where one is signed in, and ending that."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from duban.audit.operations import record
from duban.identity import operations
from duban.identity.guard import limits, signed_in
from duban.identity.queries import find_factor, living_sessions, password_policy, recovery_codes_left
from duban.web.requests import current_scope, work


def devices() -> ResponseReturnValue:
    """List the devices one is signed in on, with the state of password and second factor."""
    scope, found = current_scope(), signed_in()
    factor = find_factor(scope, scope.person_id)
    return render_template(
        "identity/devices.html",
        sessions=living_sessions(scope, scope.person_id, limits(), privileged=found.privileged),
        own=found.session_id,
        factor=factor,
        left=recovery_codes_left(scope, scope.person_id) if factor else 0,
        policy=password_policy(scope),
        required=found.privileged,
    )


def end_one(session_id: UUID) -> ResponseReturnValue:
    """End one of them."""
    with work() as scope:
        operations.end_session(scope, session_id=session_id)
    flash(gettext("该设备已退出。"), "success")
    return redirect(url_for("identity.devices"))


def end_others() -> ResponseReturnValue:
    """End all but the one at hand."""
    with work() as scope:
        ended = operations.end_sessions(scope, person_id=scope.person_id, except_session=signed_in().session_id)
        record(scope, "session.others-ended", "person", scope.person_id, count=ended)
    flash(gettext("其他设备已全部退出。"), "success")
    return redirect(url_for("identity.devices"))
