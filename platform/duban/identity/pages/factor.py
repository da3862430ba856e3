"""The second factor: showing it at the door, setting it up, codes for paper."""

import pyotp
import segno
from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from duban.identity import operations
from duban.identity.door import session_key
from duban.identity.guard import signed_in
from duban.identity.queries import find_factor, get_person, recovery_codes_left
from duban.identity.sealing import SealBrokenError
from duban.identity.step_up import put_session_cookie
from duban.kernel.errors import AnticipatedError
from duban.web.addresses import safe_next
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, runtime, work


def second_factor() -> ResponseReturnValue:
    """Ask for the code after the password; nothing else opens before it is right."""
    found = signed_in()
    going = safe_next(request.values.get("next")) or ""
    if not found.factor_missing:
        return redirect(going or "/")
    if request.method == "GET":
        return _code_page(going, None)
    try:
        with work() as scope:
            operations.check_code(scope, code=request.form.get("code", ""), keys=runtime().settings.factor_keys)
            token = operations.renew_session(scope, session_id=found.session_id, factor=True)
    except AnticipatedError as error:
        return _code_page(going, translate(error.text)), status_of(error)
    response = redirect(going or "/")
    put_session_cookie(response, session_key(found.tenant.id, token))
    return response


def _code_page(going: str, error: str | None) -> str:
    return render_template("identity/code.html", going=going, error=error, demo_code=_demo_code())


def _demo_code() -> str | None:
    """In a demo nobody has the phone: the page itself says the code. Never on a real installation."""
    scope = current_scope()
    if not (runtime().settings.demo and operations.is_demo(scope)):
        return None
    return operations.current_code(scope, person_id=scope.person_id, keys=runtime().settings.factor_keys)


def enrol() -> ResponseReturnValue:
    """Show the secret as a picture for the app, and bind it once the app proves to have it."""
    scope, found = current_scope(), signed_in()
    if find_factor(scope, scope.person_id) is not None:
        return _factor_page(())
    keys = runtime().settings.factor_keys
    proposal = request.form.get("proposal") or operations.propose_secret(scope, keys=keys)
    try:
        secret = operations.open_proposal(scope, proposal, keys=keys)
    except (SealBrokenError, ValueError):
        return redirect(url_for("identity.enrol"))
    if request.method == "GET":
        return _enrol_page(proposal, secret, None)
    try:
        with work() as writing:
            done = operations.enrol(
                writing, proposal=proposal, code=request.form.get("code", ""), session_id=found.session_id, keys=keys
            )
    except AnticipatedError as error:
        return _enrol_page(proposal, secret, translate(error.text)), status_of(error)
    answer = make_response(_factor_page(done.recovery_codes), 201)
    put_session_cookie(answer, session_key(found.tenant.id, done.token))
    return answer


def _enrol_page(proposal: str, secret: str, error: str | None) -> str:
    scope = current_scope()
    settings = runtime().settings
    totp = pyotp.TOTP(secret)
    address = totp.provisioning_uri(name=get_person(scope, scope.person_id).login, issuer_name=f"督办 {scope.tenant.slug}")
    # drawn by the page itself, as elements and attributes: no image from elsewhere, no style the policy would refuse
    picture = segno.make(address, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff", omitsize=True)
    demo_code = totp.at(scope.now) if settings.demo and operations.is_demo(scope) else None
    return render_template(
        "identity/enrol.html",
        proposal=proposal,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=Markup(picture),  # noqa: S704 - made here from an address this module has escaped
        error=error,
        demo_code=demo_code,
        required=signed_in().privileged,
    )


def _factor_page(codes: tuple[str, ...]) -> str:
    scope = current_scope()
    factor = find_factor(scope, scope.person_id)
    return render_template(
        "identity/factor.html",
        factor=factor,
        codes=codes,
        left=recovery_codes_left(scope, scope.person_id),
        required=signed_in().privileged,
    )


def new_codes() -> ResponseReturnValue:
    """Make a new set of codes for paper, shown once."""
    with work() as scope:
        codes = operations.new_recovery_codes(scope)
    return _factor_page(codes), 201


def drop() -> ResponseReturnValue:
    """Take one's own second factor away, where it is not required."""
    if signed_in().privileged:
        flash(gettext("管理员账号必须有动态口令。更换手机请联系安全管理员重置。"), "error")
        return redirect(url_for("identity.enrol"))
    with work() as scope:
        operations.drop_factor(scope, person_id=scope.person_id)
    return redirect(url_for("identity.sign_in", slug=signed_in().tenant.slug))
