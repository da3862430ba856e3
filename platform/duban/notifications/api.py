"""The inbox for programs."""

from typing import Any
from uuid import UUID

from duban.kernel.scope import Scope
from duban.notifications import operations, queries
from duban.notifications.models import Notice
from duban.notifications.schemas import InboxArgs, NoticeSchema, ReadAllSchema
from duban.notifications.wording import words_of
from duban.web.api import ApiBlueprint, page_body, paged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-notices", __name__, url_prefix="/api/v1/notices", description="One's own messages")


def _as_item(scope: Scope, notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "text": words_of(scope, notice),
        "link": notice.link,
        "created_at": notice.created_at,
        "read_at": notice.read_at,
    }


@blp.get("/")
@blp.arguments(InboxArgs, location="query")
@blp.response(200, paged(NoticeSchema))
def list_notices(args: dict[str, Any]) -> dict[str, object]:
    """List one's own messages, newest first."""
    scope = current_scope()
    page = queries.inbox(scope, after=args["after"], unread_only=args["unread"], limit=args["limit"])
    return page_body(page, lambda notice: _as_item(scope, notice))


@blp.post("/<uuid:notice_id>/read")
@blp.unconditional("only ever marks as read; twice is as good as once")
@blp.response(200, NoticeSchema)
def read(notice_id: UUID) -> dict[str, object]:
    """Mark a message as read; repeating it changes nothing."""
    with work() as scope:
        return _as_item(scope, operations.read_notice(scope, notice_id=notice_id))


@blp.post("/read")
@blp.response(200, ReadAllSchema)
def read_all() -> dict[str, int]:
    """Mark every message as read."""
    with work() as scope:
        return {"count": operations.read_all_notices(scope)}
