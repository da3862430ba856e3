"""What every page and program's door that takes or shows files needs from the request."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from flask import Response, request, url_for
from werkzeug.datastructures import FileStorage

from duban.files.errors import FileGoneError
from duban.files.models import StoredFile
from duban.files.names import disposition
from duban.files.operations import FileOwner, store
from duban.files.states import KINDS
from duban.files.storage import Store, open_store
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.web.requests import runtime

_CHUNK = 256 * 1024
_SHOWN = frozenset(kind.media_type for kind in KINDS.values() if kind.may_be_shown)
_NOTHING_RUNS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _store_at(url: str) -> Store:
    return open_store(url)


def current_store() -> Store:
    """Give this installation's store; reached once per process."""
    return _store_at(runtime().settings.resolved_files_url)


def upload_limit() -> int:
    """Give the most bytes one file may have."""
    return runtime().settings.upload_limit_bytes


def uploads(field: str = "files") -> Sequence[FileStorage]:
    """Give the files of a form's field; a field left empty gives none."""
    return [item for item in request.files.getlist(field) if item.filename]


def single_upload(field: str = "file") -> FileStorage:
    """Give the one file of a form's field. Raises: InvalidInputError when there is none."""
    found = uploads(field)
    if len(found) != 1:
        raise InvalidInputError(fields={field: [Text(N_("请选择一个文件"))]})
    return found[0]


def keep(scope: Scope, owner: FileOwner, upload: FileStorage) -> StoredFile:
    """Store what came with a request. Raises: what `operations.store` does."""
    row = store(
        scope, owner=owner, filename=upload.filename or "", stream=upload.stream, into=current_store(), limit_bytes=upload_limit()
    )
    scope.session.flush()  # an answer is read from the row, and the limit of an owner counts rows
    return row


def file_items(rows: Sequence[StoredFile], remove_url: Callable[[StoredFile], str] | None = None) -> list[dict[str, Any]]:
    """Give what the macro `ui.file_list` shows; with `remove_url` each has a button to remove it."""
    return [
        {
            "name": row.original_name,
            "url": url_for("files.download", file_id=row.id),
            "show_url": url_for("files.download", file_id=row.id, show=1) if row.media_type in _SHOWN else None,
            "size": row.size_bytes,
            "is_picture": row.media_type.startswith("image/"),
            "remove_url": remove_url(row) if remove_url else None,
        }
        for row in rows
    ]


def sent(row: StoredFile, *, shown: bool) -> Response:
    """
    Answer with a file's bytes, under its own name, as the kind we found it to be.

    A picture or PDF may be `shown` in the browser; everything else is saved. Nothing in it can run or reach our pages.
    Raises: FileGoneError.
    """
    try:
        content = current_store().open(row.storage_key)
    except OSError as error:
        raise FileGoneError from error
    shown = shown and row.media_type in _SHOWN
    response = Response(iter(lambda: content.read(_CHUNK), b""), mimetype=row.media_type)
    response.call_on_close(content.close)
    response.content_length = row.size_bytes
    response.headers["Content-Disposition"] = disposition(row.original_name, inline=shown)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # A sandbox would also switch off the browser's own PDF viewer.
    sandbox = "" if row.media_type == "application/pdf" else "; sandbox"
    response.headers["Content-Security-Policy"] = _NOTHING_RUNS + sandbox
    response.headers["Cache-Control"] = "private, no-store"
    response.set_etag(row.digest)
    return response
