"""The door's pages: signing in and out, one's password, second factor, devices and tokens."""

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.identity import operations
from duban.identity.door import SESSION, remember_device, try_sign_in
from duban.identity.guard import PUBLIC_ENDPOINTS, Visitor, init_identity, signed_in
from duban.identity.pages import devices, factor, tokens
from duban.identity.queries import password_policy
from duban.identity.rules.passwords import POLICIES
from duban.identity.step_up import put_session_cookie, weighed
from duban.kernel.errors import AnticipatedError, TooBusyError
from duban.kernel.scope import TenantInfo, open_session
from duban.kernel.text import N_, Text
from duban.tenancy.queries import demo_tenants
from duban.web.addresses import safe_next
from duban.web.cookies import cookie_name, drop_cookie, put_cookie
from duban.web.errors import refused, translate, wants_json
from duban.web.requests import current_scope, is_admitted, runtime, work

__all__ = ["PUBLIC_ENDPOINTS", "Visitor", "bp", "init_identity"]

bp = Blueprint("identity", __name__, template_folder="templates")

LAST_TENANT = "tenant"
"""Cookie with the slug of the last sign-in on this device; opens nothing."""
DEMO_ACCOUNTS = "duban-demo-accounts"
_YEAR = 31_536_000
_FORM = ["GET", "POST"]

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
        if wants_json():
            raise outcome  # js/door.js, which comes back by itself and shows the words beside what was typed
        return refused(_door(typed, outcome), outcome)
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
    busy = isinstance(error, TooBusyError)
    return render_template("identity/sign_in.html", typed=typed, error=message, busy=busy, tenants=tenants, accounts=accounts)


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
            operations.change_own_password(scope, old=old, new=new, weighed=weighed())
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
