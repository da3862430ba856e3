"""Response headers that let a browser run only our own files.

The policy has no `unsafe-inline`: pages carry no inline script, style element, `style=` attribute or `onclick`.
"""

from http import HTTPStatus

from flask import Flask, Response, request

from duban.web.cookies import is_secure_site

SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",  # data: Tabler's own form icons; blob: the preview of a photo before it is sent
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in SOURCES.items())
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=(), usb=(), camera=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
YEAR_SECONDS = 31_536_000


def add_headers(response: Response) -> Response:
    """Put the headers on `response`, keeping one a view has set on purpose; a page about people is never stored."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static" or response.status_code >= HTTPStatus.BAD_REQUEST:
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure or is_secure_site():
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}; includeSubDomains")
    return response


def init_headers(app: Flask) -> None:
    """Add the headers to every answer of `app`, errors included."""
    app.after_request(add_headers)
