"""The inbox: what the bell in the page's head opens."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.kernel.text import N_
from duban.notifications import operations, queries
from duban.notifications.wording import words_of
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

bp = Blueprint("notifications", __name__, template_folder="templates")

NAV = (
    NavEntry(
        label=N_("消息"),
        endpoint="notifications.list_notices",
        icon="bell",
        group=N_("工作"),
        order=90,
        count=queries.unread_count,
    ),
)


@bp.get("/notices")
def list_notices() -> ResponseReturnValue:
    """Show one's own messages, newest first; ?unread=1 leaves out what was read."""
    scope = current_scope()
    unread_only = request.args.get("unread") == "1"
    page = queries.inbox(scope, after=request.args.get("after"), unread_only=unread_only)
    return render_template(
        "notifications/inbox.html",
        rows=[(notice, words_of(scope, notice)) for notice in page.items],
        next_cursor=page.next,
        unread=queries.unread_count(scope),
        unread_only=unread_only,
    )


@bp.post("/notices/<uuid:notice_id>/open")
def open_notice(notice_id: UUID) -> ResponseReturnValue:
    """Mark a message as read and go to what it is about. A POST, for it changes something."""
    with work() as scope:
        link = operations.read_notice(scope, notice_id=notice_id).link
    return redirect(link or url_for("notifications.list_notices"), 303)


@bp.post("/notices/read")
def read_all() -> ResponseReturnValue:
    """Mark everything as read."""
    with work() as scope:
        count = operations.read_all_notices(scope)
    flash(_("已将 %(n)s 条消息标为已读。", n=count), "success")
    return redirect(url_for("notifications.list_notices"), 303)
