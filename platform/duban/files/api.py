"""Files for programs: what is known of one, and its bytes."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.files.queries import get_readable
from duban.files.receiving import sent
from duban.files.schemas import FileSchema
from duban.web.api import ETAG, ApiBlueprint, tag_of, tagged
from duban.web.requests import current_scope

blp = ApiBlueprint("api-files", __name__, url_prefix="/api/v1/files", description="Stored files")


@blp.get("/<uuid:file_id>")
@blp.response(200, FileSchema, headers=ETAG)
def show(file_id: UUID) -> ResponseReturnValue:
    """Describe a file."""
    row = get_readable(current_scope(), file_id)
    return tagged(row, tag_of(row))


@blp.get("/<uuid:file_id>/content")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="*/*", description="The kind the file was found to be.")
def content(file_id: UUID) -> ResponseReturnValue:
    """Send a file's bytes."""
    return sent(get_readable(current_scope(), file_id), shown=False)
