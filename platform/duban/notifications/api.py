"""The inbox for programs."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.kernel.scope import Scope
from duban.notifications import choices, operations, queries
from duban.notifications.models import Notice
from duban.notifications.schemas import ChoiceSchema, HoursSchema, InboxArgs, NoticeSchema, ReadAllSchema
from duban.notifications.wording import words_of
from duban.tenancy.models import Catalogue
from duban.web.api import ETAG, ApiBlueprint, expected_version, page_body, paged, tagged
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


@blp.get("/choice")
@blp.response(200, ChoiceSchema, headers=ETAG)
def choice() -> ResponseReturnValue:
    """Show how one's own e-mail comes."""
    row = choices.own_choice(current_scope())
    return tagged(row or {"email": "at_once", "digest_at": "08:00"}, row.version if row else 0)


@blp.put("/choice")
@blp.arguments(ChoiceSchema)
@blp.response(200, ChoiceSchema, headers=ETAG)
def choose(body: dict[str, Any]) -> ResponseReturnValue:
    """Choose how one's own e-mail comes; it holds for what is written from now on."""
    with work() as scope:
        row = choices.choose(scope, **body, version=expected_version())
        return tagged(row, row.version)


@blp.get("/hours")
@blp.response(200, HoursSchema, headers=ETAG)
def hours() -> ResponseReturnValue:
    """Show when nobody in the tenant is mailed, as last set."""
    scope = current_scope()
    choices.require_keeping_hours(scope)
    newest = choices.newest_hours(scope)
    return tagged(_hours(newest), newest.version if newest else 0)


@blp.put("/hours")
@blp.arguments(HoursSchema)
@blp.response(200, HoursSchema, headers=ETAG)
def set_hours(body: dict[str, Any]) -> ResponseReturnValue:
    """Set when nobody in the tenant is mailed, from a day on."""
    with work() as scope:
        made = choices.set_hours(scope, **body, version=expected_version())
        return tagged(_hours(made), made.version)


def _hours(row: Catalogue | None) -> dict[str, object]:
    plain: dict[str, object] = {"quiet_from": "", "quiet_to": "", "workdays_only": False, "red_exempt": True}
    return plain | (row.body if row else {}) | {"active_from": row.active_from if row else None}
