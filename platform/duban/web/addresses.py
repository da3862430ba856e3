"""Which page a person came from, when the address at hand is one that only takes forms."""

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect


def _opens(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


def page_above(path: str) -> str:
    """Give the nearest address above that opens as a page: /duties/7/submit gives /duties/7."""
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0]
        if path and _opens(path):
            return path
    return "/"


def page_behind() -> str | None:
    """Give the page a form was sent from: by the browser's word if it is one of ours, else the nearest above. None for a read."""
    if request.method in {"GET", "HEAD"}:
        return None
    said = urlsplit(request.referrer or "")
    if said.netloc == request.host and _opens(said.path):
        return f"{said.path}?{said.query}" if said.query else said.path
    return request.path if _opens(request.path) else page_above(request.path)


def safe_next(target: str | None) -> str | None:
    """Give the address to go on to if it is one of ours, else None: no redirect to foreign sites."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or urlsplit(target).netloc:
        return None
    return target
