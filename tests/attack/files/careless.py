"""The application behind something that takes the half of a body that came for all of it. For test_cut_off.py, run by gunicorn."""

import io
import os
from collections.abc import Callable, Iterable
from typing import Any

from flask import Request

from wsgi import app as whole

if "request" in os.environ.get("TAKES_HALF_FORMS", ""):
    whole.request_class = Request


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    if os.environ.get("TAKES_HALF_FORMS") == "request alone":
        return whole(environ, start)
    found = io.BytesIO()
    try:
        while piece := environ["wsgi.input"].read(4096):
            found.write(piece)
    except OSError:
        pass
    environ["CONTENT_LENGTH"] = str(found.tell())
    found.seek(0)
    environ["wsgi.input"] = found
    return whole(environ, start)
