"""Puts the web application together: the one place, with worker and cli, that knows every feature."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import cast

from flask import Flask, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFError
from werkzeug.middleware.proxy_fix import ProxyFix

from duban.access.holding import name_of_rights
from duban.audit.anchors import shelf
from duban.console.door import init_console
from duban.dashboards.queries import home_unit
from duban.identity.guard import init_identity
from duban.identity.step_up import ask_again, weigh_ahead
from duban.identity.unsent import keep_unsent
from duban.identity.views import DEMO_ACCOUNTS
from duban.kernel.clock import Clock, SystemClock
from duban.kernel.db import Base, engine_options
from duban.kernel.jobs import bell
from duban.kernel.queue import ringer
from duban.kernel.runtime import Runtime, check_database
from duban.kernel.settings import Settings
from duban.web import health, offline
from duban.web.errors import init_errors
from duban.web.exports import init_exports
from duban.web.form_numbers import form_number, shown_to
from duban.web.forms import FormGuard
from duban.web.metrics import init_metrics
from duban.web.replies import init_replies, pressed_once
from duban.web.request_logs import init_request_logs
from duban.web.requests import current_scope, init_requests, is_admitted, runtime
from duban.web.typed import WholeRequest, refuse_unstorable

FEATURES = (
    "identity",
    "dashboards",
    "notifications",
    "organisation",
    "files",
    "forms",
    "programmes",
    "dispatches",
    "targets",
    "letters",
    "reporting",
    "matters",
    "rollup",
    "assessments",
    "access",
    "auditing",
    "console",
    "security",
)
"""Every folder with pages (`views.bp`, menu entries `views.NAV`) or programs' doors (`api.blp`)."""

FILES_AT_ONCE = 5
"""A form may carry this many files of the largest size: several photographs of a phone go in one sending."""
_FORM_BYTES = 1024 * 1024

_FRAME_LINKS = {
    "home": "dashboards.home",
    "notices": "notifications.list_notices",
    "person": "organisation.own_page",
    "security": "identity.devices",
    "sign_out": "identity.sign_out",
}

db = SQLAlchemy(metadata=Base.metadata)
csrf = FormGuard()


def _is_there(package: str, name: str) -> bool:
    return find_spec(package) is not None and find_spec(f"{package}.{name}") is not None


def feature_modules(name: str) -> list[ModuleType]:
    """Import that file of every feature which has it."""
    return [import_module(f"duban.{feature}.{name}") for feature in FEATURES if _is_there(f"duban.{feature}", name)]


def import_models() -> None:
    """Import every mapped class, so that the metadata is whole, and with them what counts a unit's open work
    and tells of delegations.
    """
    for name in (
        "kernel.heartbeats",
        "kernel.backup_runs",
        "kernel.figures",
        "web.replies",
        "kernel.context_keys",
        "tenancy.models",
        "audit.models",
        "identity.models",
        "tree.models",
        "access.models",
    ):
        import_module(f"duban.{name}")
    feature_modules("models")
    feature_modules("open_work")
    feature_modules("closed_years")
    import_module("duban.notifications.lendings")  # tells of delegations


def create_app(settings: Settings, *, clock: Clock | None = None, propagate_defects: bool = False) -> Flask:
    """
    Build the application on a migrated database.

    Takes: settings with a database URL. Raises: UnsafeRoleError, ContextRefusedError.
    """
    import_models()  # and with them what features register with those below: who counts open work, asks a form, has closed years
    settings = replace(settings, secret_key=settings.secret_key or secrets.token_hex(32))
    app = Flask("duban.web", template_folder="templates", static_folder="static")
    app.request_class = WholeRequest
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(context_key=settings.context_key, application_name="duban-web"),
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        TRUSTED_HOSTS=settings.hosts,
        SESSION_COOKIE_NAME="__Host-duban-form" if settings.cookie_secure else "duban-form",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=FILES_AT_ONCE * settings.upload_limit_bytes + _FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        PROPAGATE_DEFECTS=propagate_defects,
        JSON_SORT_KEYS=False,
    )
    app.jinja_env.globals["together_limit"] = lambda: FILES_AT_ONCE * settings.upload_limit_bytes
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    check_database(engine)
    if settings.proxy_hops:
        # exactly so many are ours; whatever stands further left in the header was written by the sender
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxy_hops, x_proto=settings.proxy_hops, x_host=0)  # type: ignore[method-assign]
    init_request_logs(app, behind_proxy=bool(settings.proxy_hops))
    init_requests(app, Runtime(settings=settings, engine=engine, clock=clock or SystemClock()))
    init_replies(app, name_of_rights)
    bell.hang(ringer(settings.redis_url) if settings.redis_url else None)
    shelf.put(settings.resolved_anchor_file)
    init_console(app)
    init_identity(app)
    csrf.init_app(app)
    app.before_request(_check_form_token)
    app.before_request(refuse_unstorable)
    app.before_request(ask_again)
    app.before_request(weigh_ahead)
    init_errors(app)
    init_metrics(app, engine)
    app.register_blueprint(health.bp)
    app.register_blueprint(offline.bp)
    for views in feature_modules("views"):
        app.register_blueprint(views.bp)
    _press_once(app)
    init_exports(app)
    _register_api(app)
    _register_face(app)
    if settings.demo:
        app.extensions[DEMO_ACCOUNTS] = import_module("duban.simulation.accounts").for_sign_in()
    return app


def _check_form_token() -> ResponseReturnValue | None:
    """Every change made with a cookie carries a form token; a bearer token is never sent by a browser on its own."""
    # These set no cookie, so there is nothing a foreign page could make use of.
    signing_in = request.endpoint in {"session.start", "operator-session.start"}
    if request.endpoint is None:
        return None  # nothing is there that could be changed: the answer is 404 or 405
    if not signing_in and not g.get("operator_by_token") and not (current_user.is_authenticated and current_user.by_token):
        try:
            csrf.protect()
        except CSRFError:
            page = keep_unsent() if is_admitted() and shown_to() == (g.tenant.id, g.actor.person_id) else None
            if page is None:
                raise
            return redirect(page)  # the browser has forgotten its token: the form comes back with a new one, filled in
    return None


def _press_once(app: Flask) -> None:
    """Let no page's form take effect twice."""
    app.jinja_env.globals["form_number"] = form_number
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = pressed_once(cast("Callable[..., ResponseReturnValue]", view))


def _register_api(app: Flask) -> None:
    if find_spec("duban.web.api") is None:
        return
    web_api = import_module("duban.web.api")
    api = web_api.init_api(app)
    for module in feature_modules("api"):
        for name in (
            "blp",
            "session_blp",
            "groups_blp",
            "dates_blp",
            "ladders_blp",
            "reviews_blp",
            "workbooks_blp",
            "working_days_blp",
        ):
            if hasattr(module, name):
                api.register_blueprint(getattr(module, name))


def _register_face(app: Flask) -> None:
    if find_spec("duban.web.faces") is None:
        return
    faces, navigation = import_module("duban.web.faces"), import_module("duban.web.navigation")
    entries = [entry for views in feature_modules("views") for entry in getattr(views, "NAV", ())]

    def frame() -> object:
        if not is_admitted() or g.get("half_through"):
            return navigation.Frame(tenant_name=g.tenant.name if is_admitted() else "")
        scope = current_scope()
        unit = home_unit(scope)
        return navigation.Frame(
            tenant_name=g.tenant.name,
            unit_name=unit.name if unit else "",
            person_name=g.actor.name,
            zone=str(scope.zone),
            person_mark=sha256(f"{scope.tenant_id}:{scope.person_id}".encode()).hexdigest()[:16],
            is_demo=runtime().settings.demo,
            scope=scope,
            doors=import_module("duban.dashboards.working_for").doors(scope)
            if _is_there("duban.dashboards", "working_for")
            else (),
            links={name: endpoint for name, endpoint in _FRAME_LINKS.items() if endpoint in app.view_functions},
        )

    faces.init_face(app, entries=entries, frame=frame, preferred_language=lambda: g.actor.locale if is_admitted() else None)
