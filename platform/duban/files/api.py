"""Files for programs: what is known of one, and its bytes."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.files.operations import set_upload_limits
from duban.files.queries import get_readable, upload_limits
from duban.files.receiving import sent
from duban.files.schemas import FileSchema, UploadLimitsSchema
from duban.web.api import ETAG, ApiBlueprint, expected_version, tag_of, tagged
from duban.web.requests import current_scope, work

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


@blp.get("/limits")
@blp.response(200, UploadLimitsSchema, headers=ETAG)
def limits() -> ResponseReturnValue:
    """Show how much each person may upload and each unit be given in a calendar year."""
    row = upload_limits(current_scope())
    return tagged(row, row.version)


@blp.put("/limits")
@blp.arguments(UploadLimitsSchema)
@blp.response(200, UploadLimitsSchema, headers=ETAG)
def set_limits(body: dict[str, Any]) -> ResponseReturnValue:
    """Set how much each person may upload and each unit be given in a calendar year."""
    with work() as scope:
        row = set_upload_limits(scope, limits=body, expected=expected_version())
        return tagged(row, row.version)
