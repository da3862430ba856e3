"""The record for programs: an auditor's own archive may fetch it."""

from typing import Any

from duban.audit.models import AuditRecord
from duban.audit.queries import Verdict
from duban.auditing import operations, queries
from duban.auditing.schemas import CheckSchema, RecordArgs, RecordSchema
from duban.web.api import ApiBlueprint, page_body, paged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-audit", __name__, url_prefix="/api/v1/audit", description="The record of acts, for auditors")


@blp.get("/")
@blp.arguments(RecordArgs, location="query")
@blp.response(200, paged(RecordSchema))
def list_records(args: dict[str, Any]) -> dict[str, object]:
    """List records, newest first."""
    after, limit = args.pop("after"), args.pop("limit")
    return page_body(queries.list_records(current_scope(), queries.Wanted(**args), after=after, limit=limit))


@blp.get("/<int:seq>")
@blp.response(200, RecordSchema)
def show_record(seq: int) -> AuditRecord:
    """Give one record."""
    return queries.get_record(current_scope(), seq)


@blp.post("/check")
@blp.response(200, CheckSchema)
def check() -> Verdict:
    """Walk the whole chain now and compare it with the anchor file; the check itself is recorded."""
    with work() as scope:
        return operations.check_now(scope)
