"""The door's pages: signing in and out, one's password, second factor, devices and tokens."""

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.identity import operations
from duban.identity.door import SESSION, remember_device, try_sign_in
from duban.identity.guard import PUBLIC_ENDPOINTS, Visitor, init_identity, signed_in
from duban.identity.pages import devices, factor, tokens
from duban.identity.queries import password_policy
from duban.identity.rules.passwords import POLICIES
from duban.identity.step_up import put_session_cookie
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import TenantInfo, open_session
from duban.kernel.text import N_, Text
<<<<<<< HEAD
from duban.tenancy.queries import demo_tenants
from duban.web.addresses import safe_next
from duban.web.cookies import cookie_name, drop_cookie, put_cookie
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, is_admitted, runtime, work

__all__ = ["PUBLIC_ENDPOINTS", "Visitor", "bp", "init_identity"]

bp = Blueprint("identity", __name__, template_folder="templates")

=======
from duban.tenancy.queries import demo_tenants, refuse_suspended
from duban.web.addresses import page_behind
from duban.web.errors import problem, status_of, translate, wants_json
from duban.web.requests import admit, is_admitted, runtime, work

bp = Blueprint("identity", __name__, template_folder="templates")

PUBLIC_ENDPOINTS = {
    "static": "styles and scripts",
    "identity.sign_in": "the door itself",
    "console.sign_in": "the operator's door",
    "operator-session.start": "the operator's door for programs",
    "health.healthz": "asked by supervisors",
    "health.readyz": "asked by load balancers",
    "health.metrics": "asked by the monitoring, which sends a token of its own",
    "session.start": "the door for programs",
    "api-docs.openapi_json": "describes the API, holds no data",
    "api-docs.openapi_page": "describes the API, holds no data",
}
>>>>>>> 494fcf9 (Operator's console: operators with two factors, tenants from a kind and the administrative division, quotas, suspension)
LAST_TENANT = "tenant"
"""Cookie with the slug of the last sign-in on this device; opens nothing."""
DEMO_ACCOUNTS = "duban-demo-accounts"
_YEAR = 31_536_000
_FORM = ["GET", "POST"]

<<<<<<< HEAD
for _rule, _name, _page, _methods in (
    ("/account/code", "second_factor", factor.second_factor, _FORM),
    ("/account/factor", "enrol", factor.enrol, _FORM),
    ("/account/factor/codes", "new_codes", factor.new_codes, ["POST"]),
    ("/account/factor/drop", "drop_factor", factor.drop, ["POST"]),
    ("/account/devices", "devices", devices.devices, ["GET"]),
    ("/account/devices/<uuid:session_id>/end", "end_device", devices.end_one, ["POST"]),
    ("/account/devices/end-others", "end_other_devices", devices.end_others, ["POST"]),
    ("/account/tokens", "tokens", tokens.tokens, ["GET"]),
    ("/account/tokens/new", "create_token", tokens.create, ["POST"]),
    ("/account/tokens/<uuid:token_id>/revoke", "revoke_token", tokens.revoke, ["POST"]),
):
    bp.add_url_rule(_rule, _name, _page, methods=_methods)
=======

class Visitor(UserMixin):  # type: ignore[misc]
    """What Flask-Login carries: the living session of this request."""

    def __init__(self, signed_in: SignedIn, *, by_token: bool) -> None:
        self.id = str(signed_in.session_id)
        self.signed_in = signed_in
        self.by_token = by_token


def cookie_name() -> str:
    """Name the session cookie; the __Host- prefix makes browsers insist on Secure, this host and the whole site."""
    return "__Host-duban" if runtime().settings.cookie_secure else "duban"


def _find_visitor(key: str, *, by_token: bool) -> Visitor | None:
    tenant_hex, _, token = key.partition(".")
    try:
        tenant_id = TenantId(UUID(hex=tenant_hex))
    except ValueError:
        return None
    settings, now = runtime().settings, runtime().clock.now()
    with open_session(runtime().engine, tenant_id) as session:
        signed_in = find_signed_in(
            session,
            tenant_id=tenant_id,
            token=token,
            now=now,
            idle=timedelta(minutes=settings.idle_minutes),
            absolute=timedelta(hours=settings.session_hours),
        )
    return Visitor(signed_in, by_token=by_token) if signed_in else None


def _load_visitor(_request: object) -> Visitor | None:
    bearer = request.headers.get("Authorization", "")
    if bearer.startswith("Bearer "):
        return _find_visitor(bearer.removeprefix("Bearer ").strip(), by_token=True)
    cookie = request.cookies.get(cookie_name())
    return _find_visitor(cookie, by_token=False) if cookie else None


def _say_if_suspended() -> None:
    """Tell somebody who was signed in that the whole system is closed for now, and why. Raises: TenantSuspendedError."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or request.cookies.get(cookie_name(), "")
    try:
        tenant_id = UUID(hex=key.partition(".")[0])
    except ValueError:
        return
    with open_session(runtime().engine, None) as session:
        refuse_suspended(session, tenant_id=tenant_id)


def _keep_alive(signed_in: SignedIn) -> None:
    now = runtime().clock.now()
    if now - signed_in.seen_at >= TOUCH_EVERY:
        with unit_of_work(runtime().engine, tenant=signed_in.tenant, actor=signed_in.actor, now=now) as scope:
            operations.touch_session(scope, session_id=signed_in.session_id)


def _ask() -> ResponseReturnValue | None:
    return None if g.get("other_door") else _guard()  # the operator's console asks at its own door


def _guard() -> ResponseReturnValue | None:
    """Admit the signed-in, send everybody else to the door. Runs before every request."""
    # An endpoint that does not exist is for the error page to say, not for the door.
    if request.endpoint is None or request.endpoint == "static" or request.endpoint.startswith("health."):
        return None
    if not current_user.is_authenticated:
        if request.endpoint in PUBLIC_ENDPOINTS:
            return None
        _say_if_suspended()
        if wants_json():
            return problem(401, "sign-in-needed", translate(Text(N_("请先登录。"))))
        target = request.full_path.rstrip("?") if request.method == "GET" else page_behind()
        return redirect(url_for("identity.sign_in", next=target))
    signed_in: SignedIn = current_user.signed_in
    admit(signed_in.tenant, signed_in.actor)
    _keep_alive(signed_in)
    if signed_in.must_change_password and request.endpoint not in {"identity.change_password", "identity.sign_out"}:
        if wants_json():
            return problem(403, "password-change-needed", translate(Text(N_("首次登录请先修改密码。"))))
        return redirect(url_for("identity.change_password"))
    return None


def init_identity(app: Flask) -> None:
    """Ask at the door before every request, ahead of everything else."""
    manager = LoginManager()
    manager.request_loader(_load_visitor)
    manager.session_protection = None  # our sessions are rows; Flask's cookie carries no login
    manager.init_app(app)
    app.before_request(_ask)


def safe_next(target: str | None) -> str | None:
    """Give the address to go on to if it is one of ours, else None: no redirect to foreign sites."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or urlsplit(target).netloc:
        return None
    return target
>>>>>>> 494fcf9 (Operator's console: operators with two factors, tenants from a kind and the administrative division, quotas, suspension)


@bp.route("/sign-in", methods=["GET", "POST"])
@bp.route("/sign-in/<slug>", methods=["GET", "POST"])
def sign_in(slug: str | None = None) -> ResponseReturnValue:
    """Show the door; open it to the right tenant, login and password."""
    if is_admitted() and request.method == "GET":
        return redirect("/")
    last = request.cookies.get(cookie_name(LAST_TENANT), "")
    typed = {
        "slug": request.form.get("slug", slug or request.args.get("tenant") or last).strip(),
        "login": request.form.get("login", request.args.get("login", "")).strip(),
        "next": safe_next(request.values.get("next")) or "",
    }
    if request.method == "GET":
        return _door(typed)
    outcome = try_sign_in(typed["slug"], typed["login"], request.form.get("password", ""))
    if isinstance(outcome, AnticipatedError):
        return _door(typed, outcome), status_of(outcome)
    response = redirect(typed["next"] or "/")
    put_session_cookie(response, outcome)
    remember_device(response, slug=typed["slug"], login=typed["login"])
    # Whoever comes back after an expired session must not be asked which installation, nor be refused for a wrong guess.
    put_cookie(response, LAST_TENANT, typed["slug"], max_age=_YEAR)
    return response


def _door(typed: dict[str, str], error: AnticipatedError | None = None) -> str:
    tenants: list[TenantInfo] = []
    if runtime().settings.demo:
        with open_session(runtime().engine, None) as session:
            tenants = list(demo_tenants(session))
    accounts = current_app.extensions.get(DEMO_ACCOUNTS, [])
    message = translate(error.text) if error else None
    return render_template("identity/sign_in.html", typed=typed, error=message, tenants=tenants, accounts=accounts)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    with work() as scope:
        operations.sign_out(scope, session_id=signed_in().session_id)
    response = redirect(url_for("identity.sign_in", slug=g.tenant.slug))
    drop_cookie(response, SESSION)
    return response


@bp.route("/password", methods=["GET", "POST"])
def change_password() -> ResponseReturnValue:
    """Change one's own password; every device has to sign in again."""
    if request.method == "GET":
        return _password_page([])
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return _password_page([Text(N_("两次输入的新密码不一致，请重新输入。"))]), 422
    try:
        with work() as scope:
            operations.change_own_password(scope, old=old, new=new)
    except AnticipatedError as error:
        return _password_page(list(getattr(error, "reasons", (error.text,)))), 422
    response = redirect(url_for("identity.sign_in", slug=g.tenant.slug, changed=1))
    drop_cookie(response, SESSION)
    return response


def _password_page(wrong: list[Text]) -> str:
    found = signed_in()
    return render_template(
        "identity/password.html",
        errors=[translate(text) for text in wrong],
        first_time=found.must_change_password,
        is_over=found.password_over,
        policy=password_policy(current_scope()),
        policies=POLICIES,
    )


@bp.post("/language")
def set_language() -> ResponseReturnValue:
    """Remember the person's language for pages and messages."""
    wanted = request.form.get("locale", "zh")
    if wanted in {"zh", "en"}:
        with work() as scope:
            operations.set_locale(scope, locale=wanted)
    response = redirect(safe_next(request.form.get("next")) or "/")
    put_cookie(response, "lang", wanted if wanted in {"zh", "en"} else "zh", max_age=_YEAR)
    return response
