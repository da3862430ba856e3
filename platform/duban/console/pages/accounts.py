"""The operator's door as pages: signing in, the first password, the second factor."""

import io

import segno
from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from duban.console.demo import PASSWORD
from duban.console.door import desk, drop_cookie, reading, remember_device, set_cookie, try_sign_in
from duban.console.factors import enrolment_uri, usable_code
from duban.console.operations import accounts
from duban.console.queries import demo_operators
from duban.kernel.errors import AnticipatedError
from duban.kernel.text import N_, Text
from duban.web.errors import refused, translate
from duban.web.requests import runtime


def sign_in() -> ResponseReturnValue:
    """Show the operator's door; open it to the right login, password and code."""
    login = request.form.get("login", "")
    if request.method == "GET":
        return _door(login, None)
    outcome = try_sign_in(login, request.form.get("password", ""), request.form.get("code", ""))
    if isinstance(outcome, AnticipatedError):
        return refused(_door(login, translate(outcome.text)), outcome)
    response = redirect(url_for("console.tenants"))
    set_cookie(response, outcome)
    remember_device(response, login=login)
    return response


def _door(login: str, error: str | None) -> str:
    demos: list[dict[str, object]] = []
    if runtime().settings.demo:
        with reading() as session:
            operators = demo_operators(session)
        for found in operators:
            secret = accounts.secret_of(found, keys=runtime().settings.factor_keys)
            code = usable_code(secret, now=runtime().clock.now(), after=found.totp_step)
            demos.append({"login": found.login, "name": found.name, "password": PASSWORD, "code": code})
    return render_template("console/sign_in.html", login=login, error=error, demos=demos)


def sign_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    with desk() as open_desk:
        accounts.sign_out(open_desk, session_id=g.operator.session_id)
    response = redirect(url_for("console.sign_in"))
    drop_cookie(response)
    return response


def password() -> ResponseReturnValue:
    """Change one's own password."""
    if request.method == "GET":
        return render_template("console/password.html", error=None)
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    refused = Text(N_("两次输入的新密码不一致，请重新输入。")) if new != again else None
    if refused is None:
        try:
            with desk() as open_desk:
                accounts.change_password(open_desk, old=old, new=new, session_id=g.operator.session_id)
        except AnticipatedError as error:
            refused = error.text
    if refused is not None:
        return render_template("console/password.html", error=translate(refused)), 422
    flash(translate(Text(N_("密码已修改。"))), "success")
    return redirect(url_for("console.tenants"))


def second_factor() -> ResponseReturnValue:
    """Set up the second factor: scan, then prove it with the first code."""
    if g.operator.is_proved:
        return redirect(url_for("console.tenants"))
    if g.operator.must_change:
        return redirect(url_for("console.password"))
    error, keys = None, runtime().settings.factor_keys
    if request.method == "POST":
        try:
            with desk() as open_desk:
                accounts.confirm_factor(open_desk, code=request.form.get("code", ""), session_id=g.operator.session_id, keys=keys)
        except AnticipatedError as refused:
            error = translate(refused.text)
        else:
            flash(translate(Text(N_("动态口令已启用，以后每次登录都需要。"))), "success")
            return redirect(url_for("console.tenants"))
    with desk() as open_desk:
        secret = accounts.begin_factor(open_desk, keys=keys)
    page = render_template("console/second_factor.html", error=error, secret=secret, picture=_picture(secret))
    return (page, 422) if error else page


def _picture(secret: str) -> Markup:
    out = io.BytesIO()
    code = segno.make(enrolment_uri(secret, g.operator.login), error="m")
    code.save(out, kind="svg", scale=5, border=2, xmldecl=False, svgns=True, nl=False, svgclass="qr", lineclass=None)
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn by segno from our own text
