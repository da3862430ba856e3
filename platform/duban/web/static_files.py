"""Styles and scripts over the wire: small (gzip, made once per process) and kept by the browser while unchanged."""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request

STATIC = Path(__file__).parent / "static"
COMPRESSED_SUFFIXES = {".css", ".js", ".svg", ".json"}
SMALLEST_BYTES = 1024
FOREVER = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "public, no-cache"  # the browser keeps it and asks with the ETag


@lru_cache(maxsize=256)
def compress(path: Path, modified_ns: int) -> bytes:  # noqa: ARG001 - a changed file is another entry
    """Give the file compressed; remembered until it changes."""
    return gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)


def slim_static(response: Response) -> Response:
    """Compress a static file for browsers that say they can read it, and tell how long it may be kept."""
    if request.endpoint != "static" or response.status_code not in {200, 304}:
        return response
    response.headers["Cache-Control"] = FOREVER if "v" in request.args else ASK_EACH_TIME
    response.vary.add("Accept-Encoding")
    path = STATIC / (request.view_args or {})["filename"]
    if response.status_code == 200 and _may_compress(path, response):  # noqa: PLR2004 - a plain answer
        response.close()  # the opened file is not what is sent
        response.direct_passthrough = False
        response.set_data(compress(path, path.stat().st_mtime_ns))
        response.headers["Content-Encoding"] = "gzip"
        etag, _weak = response.get_etag()
        response.set_etag(etag or path.name, weak=True)
    return response


def _may_compress(path: Path, response: Response) -> bool:
    accepted = request.accept_encodings.quality("gzip") > 0
    size = response.content_length or 0
    return accepted and path.suffix in COMPRESSED_SUFFIXES and size >= SMALLEST_BYTES and "Range" not in request.headers


def init_static_files(app: Flask) -> None:
    """Slim the static files of `app`."""
    app.after_request(slim_static)
