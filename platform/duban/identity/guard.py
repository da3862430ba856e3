"""Finds out who every request comes from, and lets nobody past the door who is not through it with both feet."""

import inspect
from collections.abc import Callable
from datetime import timedelta

from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user

from duban.identity import operations
from duban.identity.door import SESSION, read_session_key
from duban.identity.errors import NotByTokenError
from duban.identity.queries import SignedIn, find_signed_in, find_token
from duban.identity.rules.sessions import Limits
from duban.identity.rules.tokens import may_use
from duban.identity.unsent import UNSENT, init_unsent, keep_unsent
from duban.identity.weighty import NOT_BY_TOKEN, WEIGHTY
from duban.kernel.scope import open_session, unit_of_work
from duban.kernel.text import N_, Text
from duban.tenancy.queries import refuse_suspended
from duban.web.addresses import page_behind
from duban.web.cookies import cookie_name
from duban.web.errors import problem, translate, wants_json
from duban.web.requests import admit, close_reads, reading_session, runtime

PUBLIC_ENDPOINTS = {
    "static": "styles and scripts",
    "identity.sign_in": "the door itself",
    "console.sign_in": "the operator's door",
    "operator-session.start": "the operator's door for programs",
    "health.healthz": "asked by supervisors",
    "health.readyz": "asked by load balancers",
    "health.metrics": "asked by the monitoring, which sends a token of its own",
    "offline.worker": "a script, the same for everybody",
    "offline.page": "what a phone shows without a network, the same for everybody",
    "session.start": "the door for programs",
    "reporting.calendar_file": "calendar programs, which send a person's private address",
    "api-docs.openapi_json": "describes the API, holds no data",
    "api-docs.openapi_page": "describes the API, holds no data",
}
ALWAYS = frozenset({"identity.sign_out", "identity.set_language", "session.end"})
"""Open to whoever is half through the door."""
AT_FACTOR = ALWAYS | {"identity.second_factor", "session.second_factor"}
AT_ENROLMENT = ALWAYS | {"identity.enrol"}
AT_PASSWORD = ALWAYS | {"identity.change_password"}
READS = frozenset({"GET", "HEAD"})
TOUCH_EVERY = timedelta(seconds=1)
"""Time-outs are exact to this."""


class Visitor(UserMixin):  # type: ignore[misc]
    """What Flask-Login carries: the living session or token of this request."""

    def __init__(self, signed_in: SignedIn, *, by_token: bool) -> None:
        self.id = str(signed_in.session_id)
        self.signed_in = signed_in
        self.by_token = by_token


def signed_in() -> SignedIn:
    """Give what this request stands on; only behind the guard."""
    found: SignedIn = current_user.signed_in
    return found


def limits() -> Limits:
    """Give how long sessions live here."""
    settings = runtime().settings
    return Limits(
        idle=timedelta(minutes=settings.idle_minutes),
        idle_privileged=timedelta(minutes=min(settings.idle_minutes, settings.idle_minutes_privileged)),
        absolute=timedelta(hours=settings.session_hours),
    )


def _find_visitor(key: str, *, by_token: bool) -> Visitor | None:
    read = read_session_key(key)
    if read is None:
        return None
    tenant_id, token = read
    now = runtime().clock.now()
    session = reading_session(tenant_id)
    found = find_signed_in(session, tenant_id=tenant_id, token=token, now=now, limits=limits())
    if found is None and by_token:
        found = find_token(session, tenant_id=tenant_id, token=token, now=now)
    if found is None or request.method not in READS:
        close_reads()  # what only reads goes on in the transaction that found out who asks
    return Visitor(found, by_token=by_token) if found else None


def _load_visitor(_request: object) -> Visitor | None:
    """A request that brings a bearer token is the token's, whatever cookie comes along: the audit must name the right one."""
    authorization = request.headers.get("Authorization", "")
    kind, _, key = authorization.partition(" ")
    if kind.lower() == "bearer":
        return _find_visitor(key.strip(), by_token=True)
    cookie = request.cookies.get(cookie_name(SESSION))
    return _find_visitor(cookie, by_token=False) if cookie else None


def _keep_alive(found: SignedIn) -> None:
    now = runtime().clock.now()
    if now - found.seen_at < TOUCH_EVERY:
        return
    close_reads()
    with unit_of_work(runtime().engine, tenant=found.tenant, actor=found.actor, now=now) as scope:
        if found.scopes is None:
            operations.touch_session(scope, session_id=found.session_id)
        else:
            operations.touch_token(scope, token_id=found.session_id)


def _say_if_suspended() -> None:
    """Tell somebody who was signed in that the whole system is closed for now, and why. Raises: TenantSuspendedError."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    read = read_session_key(key.strip() if kind.lower() == "bearer" else request.cookies.get(cookie_name(SESSION), ""))
    if read is not None:
        with open_session(runtime().engine, None) as session:
            refuse_suspended(session, tenant_id=read[0])


def _to_the_door() -> ResponseReturnValue | None:
    if request.endpoint in PUBLIC_ENDPOINTS:
        return None
    _say_if_suspended()
    if wants_json():
        return problem(401, "sign-in-needed", translate(Text(N_("请先登录。"))))
    target = request.full_path.rstrip("?") if request.method == "GET" else keep_unsent() or page_behind()
    return redirect(url_for("identity.sign_in", next=target))


def _half_through(found: SignedIn) -> ResponseReturnValue | None:
    """Stop whoever has not shown the second factor or holds a password that must be changed."""
    if found.factor_missing and found.enrolled:
        return _only(AT_FACTOR, "identity.second_factor", "second-factor-needed", N_("请先输入动态口令。"))
    if found.must_change_password or found.password_over:
        words = N_("首次登录请先修改密码。") if found.must_change_password else N_("密码已到更换期限，请先修改密码。")
        return _only(AT_PASSWORD, "identity.change_password", "password-change-needed", words)
    if found.factor_missing:
        return _only(
            AT_ENROLMENT, "identity.enrol", "second-factor-needed", N_("管理员账号须先绑定动态口令。请用浏览器登录并绑定。")
        )
    return None


def _only(allowed: frozenset[str], page: str, code: str, words: str) -> ResponseReturnValue | None:
    if request.endpoint in allowed:
        return None
    if wants_json():
        return problem(403, code, translate(Text(words)))
    # what was typed before the session ended comes back behind these pages, too
    return redirect(url_for(page, next=request.full_path if UNSENT in request.args else None))


def _check_token(scopes: tuple[str, ...]) -> None:
    """Raises: NotByTokenError where a program's token does not reach."""
    endpoint = request.endpoint or ""
    reads = request.method in {"GET", "HEAD", "OPTIONS"}
    reaches = may_use(scopes, feature=_feature(current_app.view_functions[endpoint]), reads=reads)
    if not request.path.startswith("/api/") or endpoint in NOT_BY_TOKEN or endpoint in WEIGHTY or not reaches:
        raise NotByTokenError


def _feature(view: Callable[..., object]) -> str:
    """Name the feature whose function answers, below the wrappers put round it."""
    inner = inspect.unwrap(view)
    inner = getattr(inner, "view_class", inner)
    return str(inner.__module__).removeprefix("duban.").split(".")[0]


def _guard() -> ResponseReturnValue | None:
    """Admit the signed-in, send everybody else to the door. Runs before every request."""
    # An endpoint that does not exist is for the error page to say, not for the door.
    if request.endpoint is None or request.endpoint == "static" or request.endpoint.startswith("health."):
        return None
    if g.get("other_door"):
        return None  # the operator's console has asked at its own door
    if not current_user.is_authenticated:
        return _to_the_door()
    found = signed_in()
    admit(found.tenant, found.actor)
    g.half_through = found.factor_missing or found.must_change_password or found.password_over
    _keep_alive(found)
    refusal = _half_through(found)
    if refusal is None and found.scopes is not None:
        _check_token(found.scopes)
    return refusal


def init_identity(app: Flask) -> None:
    """Ask at the door before every request, ahead of everything else."""
    manager = LoginManager()
    manager.request_loader(_load_visitor)
    manager.session_protection = None  # our sessions are rows; Flask's cookie carries no login
    manager.init_app(app)
    app.before_request(_guard)
    init_unsent(app)
