"""
Asking again who is sitting there before a weighty act, without losing what was typed: the page that asks carries the form
along and sends it on with the answer.
"""

from collections.abc import Mapping

from flask import after_this_request, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from duban.identity import operations
from duban.identity.door import SESSION, session_key
from duban.identity.errors import FreshProofNeededError
from duban.identity.guard import signed_in
from duban.identity.passwords import Weighed
from duban.identity.rules.sessions import is_fresh
from duban.identity.weighty import ASKS_FOR_PASSWORD, WEIGHTY
from duban.kernel.errors import AnticipatedError
from duban.kernel.scope import unit_of_work
from duban.web.addresses import page_behind
from duban.web.cookies import cookie_name, put_cookie
from duban.web.errors import status_of, translate, wants_json
from duban.web.requests import runtime, work

PROOF = "_proof"
"""Field of the password or code in the page that asks."""
_OURS = {PROOF, "csrf_token", "once"}


def put_session_cookie(response: Response, key: str) -> None:
    """Give the browser its session."""
    put_cookie(response, SESSION, key, max_age=runtime().settings.session_hours * 3600)


def ask_again() -> ResponseReturnValue | None:
    """Before every request, behind the guard and the check of the form token."""
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    if not unsafe or request.endpoint not in WEIGHTY or not current_user.is_authenticated:
        return None
    found = signed_in()
    if is_fresh(found.confirmed_at, runtime().clock.now()):
        return None
    if wants_json() or current_user.by_token:  # a program gets its new key from the address made for that
        raise FreshProofNeededError
    proof = request.form.get(PROOF)
    if proof is None:
        return _page(None, 403)
    _weigh(proof)
    try:
        key = prove(proof)
    except AnticipatedError as error:
        return _page(translate(error.text), status_of(error))
    after_this_request(lambda response: _with_cookie(response, key))
    return None


def weigh_ahead() -> None:
    """
    Before a request that shows a password: do the hashing now, while nothing is held.

    A page's form and a request under a key are one transaction from their first line to the last (duban.web.replies): inside,
    it would be too late to let go of the connection.
    """
    asked = ASKS_FOR_PASSWORD.get(request.endpoint or "")
    if asked is None or request.method != "POST" or not current_user.is_authenticated:
        return
    sent = request.get_json(silent=True) if request.is_json else request.form
    shown, new = (sent.get(name) if isinstance(sent, Mapping) and name else None for name in asked)
    if isinstance(shown, str) and shown:
        _weigh(shown, new if isinstance(new, str) else None)


def _weigh(password: str, new: str | None = None) -> None:
    if "\x00" in f"{password}{new}" or password.strip().isdigit():
        return  # none, and a code of the second factor: there is nothing to hash in it
    found = signed_in()
    with unit_of_work(runtime().engine, tenant=found.tenant, actor=found.actor, now=runtime().clock.now()) as scope:
        g.weighed = operations.weigh(scope, password=password, new=new)


def weighed() -> Weighed:
    """Give what was hashed ahead of this request's work."""
    found: Weighed = g.get("weighed") or Weighed()
    return found


def prove(proof: str) -> str:
    """
    Take a password, or the code of the second factor where there is one, and give the session's new key.

    Raises: WrongPasswordError, WrongCodeError, LockedOutError.
    """
    found = signed_in()
    with work() as scope:
        operations.prove_presence(scope, proof=proof, keys=runtime().settings.factor_keys, weighed=weighed())
        token = operations.confirm_session(scope, session_id=found.session_id)
    return session_key(found.tenant.id, token)


def _with_cookie(response: Response, key: str) -> Response:
    """The act itself may have given the session a newer key, as binding a phone does."""
    if not any(cookie.startswith(f"{cookie_name(SESSION)}=") for cookie in response.headers.getlist("Set-Cookie")):
        put_session_cookie(response, key)
    return response


def _page(error: str | None, status: int) -> ResponseReturnValue:
    if request.files:
        # files cannot be carried along in a page; no weighty act takes any today, and one that does must not lose them
        return redirect(page_behind() or "/")
    held = [(name, value) for name, value in request.form.items(multi=True) if name not in _OURS]
    action = request.full_path.rstrip("?")
    back = page_behind() or "/"
    page = render_template("identity/again.html", held=held, action=action, back=back, error=error, enrolled=signed_in().enrolled)
    return page, status
