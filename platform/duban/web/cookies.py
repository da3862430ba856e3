"""Cookies: one way to name and set them, so that none is weaker than the others."""

from flask import current_app
from werkzeug.wrappers import Response

from duban.web.requests import EXTENSION


def is_secure_site() -> bool:
    """Say whether this installation is reached by TLS only."""
    means = current_app.extensions.get(EXTENSION)
    return bool(means and means.settings.cookie_secure)


def cookie_name(name: str) -> str:
    """Name a cookie; the __Host- prefix makes browsers insist on Secure, on this very host and on the whole site."""
    return f"__Host-{name}" if is_secure_site() else name


def put_cookie(response: Response, name: str, value: str, *, max_age: int) -> None:
    """Set a cookie no script can read and no other site's form brings along."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        secure=is_secure_site(),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def drop_cookie(response: Response, name: str) -> None:
    """Take a cookie away again."""
    response.delete_cookie(cookie_name(name), path="/", secure=is_secure_site(), httponly=True, samesite="Lax")
