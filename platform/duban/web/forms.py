"""Forms come from our own pages: a token in each, and a browser that says where it stood when it was sent."""

from urllib.parse import urlsplit

from flask import current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from typing_extensions import override
from wtforms import ValidationError  # type: ignore[import-untyped]

TOKEN_HEADERS = ("X-CSRFToken", "X-CSRF-Token")


def is_foreign() -> bool:
    """
    Say whether the browser tells that another site sends this.

    The browser writes Origin and Sec-Fetch-Site itself, no page can. Programs send neither.
    """
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


class FormGuard(CSRFProtect):  # type: ignore[misc]
    """Flask-WTF's check, with the keys that are on their way out too, so that open pages survive a change of key."""

    @override
    def protect(self) -> None:
        """Refuse a change without our token, or sent by another site. Raises: CSRFError."""
        if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
            return
        if is_foreign():
            raise CSRFError("The request comes from another site.")
        token = request.form.get("csrf_token") or next(
            (value for name in TOKEN_HEADERS if (value := request.headers.get(name))), None
        )
        keys = [current_app.secret_key, *current_app.config.get("SECRET_KEY_FALLBACKS", [])]
        reason = "The form token is missing."
        for key in keys:
            try:
                validate_csrf(token, secret_key=key)
            except ValidationError as error:
                reason = str(error.args[0])
            else:
                return
        raise CSRFError(reason)
