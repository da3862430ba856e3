"""The security administrator's pages."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from duban.access.checks import may, may_somewhere
from duban.identity.guard import limits
from duban.identity.operations import FirstSecret
from duban.identity.queries import get_person, password_policy
from duban.identity.states import POLICY_LABELS, POLICY_NOTES, SCOPE_LABELS
from duban.kernel.errors import AnticipatedError, NotAllowedError, RuleBrokenError
from duban.kernel.text import N_
from duban.security import operations, queries
from duban.security.leave import KEEP, may_keep, require_keeping
from duban.tenancy.kinds_in_force import structure
from duban.tree.queries import root
from duban.web.errors import translate
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, runtime, work

bp = Blueprint("security", __name__, template_folder="templates", url_prefix="/security")


@bp.get("")
def overview() -> ResponseReturnValue:
    """Show administrators and their second factor, locked accounts, tokens, and the password policy."""
    scope = current_scope()
    if not may_somewhere(scope, *KEEP):
        raise NotAllowedError
    return render_template(
        "security/overview.html",
        administrators=queries.administrators(scope),
        locked=queries.locked_accounts(scope),
        tokens=queries.living_tokens(scope),
        resets=queries.waiting_resets(scope),
        policy=password_policy(scope),
        policies=POLICY_LABELS,
        notes=POLICY_NOTES,
        scopes=SCOPE_LABELS,
        decides=may(scope, *KEEP, root(scope)),
        role_names={role.code: role.name for role in structure(scope).roles},
    )


@bp.get("/people/<uuid:person_id>")
def person(person_id: UUID) -> ResponseReturnValue:
    """Show one person's devices, lock, second factor and tokens."""
    scope = current_scope()
    found = get_person(scope, person_id)
    require_keeping(scope, found, alone=False)
    return render_template(
        "security/person.html",
        account=queries.account(scope, found.id, limits()),
        keeps=may_keep(scope, found, alone=True),
        own=found.id == scope.actor.person_id,
        scopes=SCOPE_LABELS,
    )


def _back(person_id: UUID, done: str) -> ResponseReturnValue:
    flash(gettext(done), "success")
    return redirect(url_for("security.person", person_id=person_id))


@bp.post("/people/<uuid:person_id>/unlock")
def unlock(person_id: UUID) -> ResponseReturnValue:
    """Open a lock before its time."""
    with work() as scope:
        operations.unlock_account(scope, person_id=person_id)
    return _back(person_id, N_("账号已解锁。"))


@bp.post("/people/<uuid:person_id>/sessions/end")
def end_all(person_id: UUID) -> ResponseReturnValue:
    """Sign a person out everywhere."""
    with work() as scope:
        operations.end_all_sessions(scope, person_id=person_id)
    return _back(person_id, N_("此人已从所有设备退出。"))


@bp.post("/sessions/<uuid:session_id>/end")
def end_one(session_id: UUID) -> ResponseReturnValue:
    """Sign a person out from one device."""
    with work() as scope:
        ended = operations.end_session(scope, session_id=session_id)
    return _back(ended.id, N_("该设备已退出。"))


@bp.post("/people/<uuid:person_id>/factor/reset")
def reset_factor(person_id: UUID) -> ResponseReturnValue:
    """Take a lost second factor away."""
    with work() as scope:
        operations.reset_factor(scope, person_id=person_id)
    return _back(person_id, N_("动态口令已重置，此人下次登录时重新绑定。"))


@bp.get("/resets")
def resets() -> ResponseReturnValue:
    """Show the passwords asked for anew that wait for the reader's hand."""
    return _resets_page(None)


def _resets_page(secret: FirstSecret | None) -> str:
    return render_template("security/resets.html", waiting=queries.waiting_resets(current_scope()), secret=secret)


@bp.post("/resets/<uuid:reset_id>/confirm")
def confirm_reset(reset_id: UUID) -> ResponseReturnValue:
    """Be the second hand of a new password and show its second half, once."""
    try:
        with work() as scope:
            secret = operations.confirm_reset(scope, reset_id=reset_id, keys=runtime().settings.factor_keys)
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
        return redirect(url_for("security.resets"))
    return _resets_page(secret), 200, {"Cache-Control": "no-store"}


@bp.post("/resets/<uuid:reset_id>/refuse")
def refuse_reset(reset_id: UUID) -> ResponseReturnValue:
    """Let a password reset come to nothing."""
    try:
        with work() as scope:
            operations.refuse_reset(scope, reset_id=reset_id)
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    else:
        flash(gettext("已拒绝，原密码照常有效。"), "success")
    return redirect(url_for("security.resets"))


@bp.post("/tokens/<uuid:token_id>/revoke")
def revoke_token(token_id: UUID) -> ResponseReturnValue:
    """End a program's token."""
    with work() as scope:
        operations.revoke_token(scope, token_id=token_id)
    flash(gettext("令牌已作废。"), "success")
    return redirect(url_for("security.overview"))


@bp.post("/policy")
def set_policy() -> ResponseReturnValue:
    """Choose the password policy."""
    try:
        with work() as scope:
            operations.set_password_policy(scope, code=request.form.get("password_policy", ""))
    except NotAllowedError:
        raise
    except AnticipatedError as error:
        flash(translate(error.text), "error")
    else:
        flash(gettext("密码策略已更改。"), "success")
    return redirect(url_for("security.overview"))


NAV = (
    NavEntry(
        label=N_("账号安全"),
        endpoint="security.overview",
        icon="shield-lock",
        group=N_("系统"),
        order=30,
        prefix="security.overview security.person",
        condition=lambda scope: may_somewhere(scope, *KEEP),
    ),
    NavEntry(
        label=N_("密码重置确认"),
        endpoint="security.resets",
        icon="key",
        group=N_("系统"),
        order=31,
        prefix="security.reset security.confirm_reset",
        condition=queries.is_waited_for,
        count=lambda scope: len(queries.waiting_resets(scope)),
    ),
)
