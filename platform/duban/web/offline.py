"""What a phone keeps for the time without a network: the script that answers then, and the page it shows."""

from flask import Blueprint, Response, render_template, send_from_directory

from duban.web.static_files import STATIC

bp = Blueprint("offline", __name__)


@bp.get("/sw.js")
def worker() -> Response:
    """
    Give the service worker. It stands at the root, for a worker may only answer for addresses below its own.

    Asked for anew at each start: a worker that stays behind would answer with pages of yesterday.
    """
    response = send_from_directory(STATIC / "js", "sw.js", mimetype="text/javascript")
    del response.headers["Cache-Control"]  # the usual one of pages is put on: stored nowhere
    return response


@bp.get("/offline")
def page() -> str:
    """Show what is shown without a network: the same for everybody, nothing of anybody's."""
    return render_template("offline.html")
