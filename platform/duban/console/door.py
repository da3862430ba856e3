"""The operator's door: who asks, before every page and program's door of the console, and nothing of the tenants' door."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

from flask import Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from duban.console.desk import CONSOLE, Desk, Hand, at_desk
from duban.console.operations import accounts
from duban.console.queries import AtWork, find_at_work
from duban.console.rules import ABSOLUTE
from duban.identity.door import YEAR_SECONDS
from duban.identity.doorway import OPERATORS
from duban.identity.operations.attempts import login_subject
from duban.kernel.errors import AnticipatedError, TooBusyError
from duban.kernel.scope import open_session
from duban.kernel.text import N_, Text
from duban.web.cookies import cookie_name as web_cookie
from duban.web.cookies import put_cookie
from duban.web.errors import problem, translate, wants_json
from duban.web.request_logs import bind_operator
from duban.web.requests import runtime

BLUEPRINTS = frozenset({"console", "operator", "operator-session"})
OPEN = frozenset({"console.sign_in", "operator-session.start"})
"""Endpoints before which nobody is asked: the doors themselves."""
FIRST_STEPS = frozenset({"console.password", "console.second_factor", "console.sign_out"})
TOUCH_EVERY = timedelta(minutes=1)
DEVICE = "duban-operator-device"
BEARER = "op_"
"""What an operator's token begins with; a person's never does."""


def cookie_name() -> str:
    """Name the operator's session cookie."""
    return "__Host-duban-operator" if runtime().settings.cookie_secure else "duban-operator"


def init_console(app: Flask) -> None:
    """Ask at the operator's door, ahead of the tenants'. Call it before `init_identity`."""
    app.before_request(_guard)


def _guard() -> ResponseReturnValue | None:
    if request.blueprint not in BLUEPRINTS:
        return None
    g.other_door = True
    if request.endpoint in OPEN:
        return None
    found = _find()
    if found is None:
        if wants_json():
            return problem(401, "sign-in-needed", translate(Text(N_("请先登录。"))))
        return redirect(url_for("console.sign_in"))
    g.operator = found
    bind_operator(found.id)
    _keep_alive(found)
    return _first_steps(found)


def _first_steps(found: AtWork) -> ResponseReturnValue | None:
    """Nothing is open before the first-time password is changed and the second factor shown."""
    if request.endpoint in FIRST_STEPS:
        return None
    wanted = "console.password" if found.must_change else None if found.is_proved else "console.second_factor"
    if wanted is None:
        return None
    if wants_json():
        return problem(403, "set-up-needed", translate(Text(N_("请先在网页上修改初始密码并启用动态口令。"))))
    return redirect(url_for(wanted))


def _find() -> AtWork | None:
    bearer = request.headers.get("Authorization", "")
    g.operator_by_token = bearer.startswith(f"Bearer {BEARER}")
    token = bearer.removeprefix(f"Bearer {BEARER}").strip() if g.operator_by_token else request.cookies.get(cookie_name(), "")
    if not token:
        return None
    with reading() as session:
        return find_at_work(session, token=token, now=runtime().clock.now())


def _keep_alive(found: AtWork) -> None:
    if runtime().clock.now() - found.seen_at >= TOUCH_EVERY:
        with desk() as open_desk:
            accounts.touch_session(open_desk, session_id=found.session_id)


def hand() -> Hand:
    """Give the operator of this request, as the one who acts."""
    operator: AtWork = g.operator
    return Hand(id=operator.id, name=operator.name)


@contextmanager
def desk(who: Hand | None = None) -> Iterator[Desk]:
    """Open the unit of work of this request's operator; `who` says under which key, too."""
    with at_desk(runtime().engine, hand=who or hand(), now=runtime().clock.now()) as open_desk:
        yield open_desk


@contextmanager
def reading() -> Iterator[Session]:
    """Open the console's tables for reading."""
    with open_session(runtime().engine, CONSOLE) as session:
        yield session


def _device_signer() -> URLSafeSerializer:
    keys = list(reversed(runtime().settings.secret_keys))  # itsdangerous signs with the last and tries all
    return URLSafeSerializer(
        keys, salt=b"duban.operator-device", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
    )


def _known_device(login: str) -> str | None:
    """Give the number of this browser where the login has come through the door from it before."""
    try:
        found = _device_signer().loads(request.cookies.get(web_cookie(DEVICE), ""))
    except BadSignature:
        return None
    return str(found["number"]) if isinstance(found, dict) and found.get("account") == login_subject(login) else None


def remember_device(response: Response, *, login: str) -> None:
    """Note on this browser that the operator has signed in from it; it opens nothing."""
    number = _known_device(login) or secrets.token_urlsafe(12)
    sealed = _device_signer().dumps({"account": login_subject(login), "number": number})
    put_cookie(response, DEVICE, str(sealed), max_age=YEAR_SECONDS)


def try_sign_in(login: str, password: str, code: str) -> str | AnticipatedError:
    """Give the token for a right login, password and code, or the error to show."""
    login, password, code = (text.replace("\x00", "") for text in (login, password, code))
    device = _known_device(login)
    try:
        with OPERATORS.passing(device):
            arrival = accounts.Arrival(
                login, password, code, address=request.remote_addr or "", device=request.user_agent.string, known_device=device
            )
            return accounts.enter(runtime().engine, arrival, keys=runtime().settings.factor_keys, now=runtime().clock.now())
    except TooBusyError as error:
        return error


def set_cookie(response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        secure=runtime().settings.cookie_secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )


def drop_cookie(response: Response) -> None:
    """Take the session from the browser."""
    secure = runtime().settings.cookie_secure
    response.delete_cookie(cookie_name(), path="/", secure=secure, httponly=True, samesite="Strict")
