"""Opening files. Uploading happens on the pages of what they hang on."""

from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from duban.files.queries import get_readable
from duban.files.receiving import sent
from duban.web.requests import current_scope

bp = Blueprint("files", __name__)


@bp.get("/files/<uuid:file_id>")
def download(file_id: UUID) -> ResponseReturnValue:
    """Send a file to be saved, or with `?show=1` to be looked at where that is safe."""
    return sent(get_readable(current_scope(), file_id), shown=request.args.get("show") == "1")
