"""The inbox: what the bell in the page's head opens."""

from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may_somewhere
from duban.kernel.days import read_day
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.text import N_
from duban.notifications import choices, operations, queries
from duban.notifications.hours import hours_from_json, say_hour
from duban.notifications.wording import words_of
from duban.web.errors import status_of, translate
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

LONGEST_VERSION = 9
bp = Blueprint("notifications", __name__, template_folder="templates")

NAV = (
    NavEntry(
        label=N_("消息"),
        endpoint="notifications.list_notices",
        icon="bell",
        group=N_("工作"),
        order=90,
        prefix="notifications.list_notices notifications.choose",
        count=queries.unread_tally,
    ),
    NavEntry(
        label=N_("邮件时段"),
        endpoint="notifications.hours",
        icon="clock",
        group=N_("系统"),
        order=36,
        prefix="notifications.hours",
        condition=lambda scope: may_somewhere(scope, "tenant", "manage"),
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


@bp.route("/account/notices", methods=["GET", "POST"])
def choose() -> ResponseReturnValue:
    """Choose how one's own e-mail comes: at once or once a day, and when not."""
    row = choices.own_choice(current_scope())
    typed: dict[str, object] = {
        name: getattr(row, name) if row else default
        for name, default in (("email", "at_once"), ("digest_at", "08:00"), ("quiet_from", ""), ("quiet_to", ""))
    } | {"workdays_only": bool(row and row.workdays_only), "version": row.version if row else 0}
    if request.method == "GET":
        return _choice_page(typed)
    typed = {name: request.form.get(name, "").strip() for name in ("email", "digest_at", "quiet_from", "quiet_to", "version")}
    typed["workdays_only"] = request.form.get("workdays_only") == "1"
    try:
        with work() as scope:
            choices.choose(
                scope,
                email=str(typed["email"]),
                digest_at=str(typed["digest_at"]),
                quiet_from=str(typed["quiet_from"]),
                quiet_to=str(typed["quiet_to"]),
                workdays_only=bool(typed["workdays_only"]),
                version=_version(str(typed["version"])),
            )
    except InvalidInputError as error:
        return _choice_page(typed, errors=error.fields), status_of(error)
    except StaleError as error:
        return _choice_page(typed, general=translate(error.text)), status_of(error)
    flash(_("接收方式已保存，从下一条消息起生效。"), "success")
    return redirect(url_for("notifications.choose"), 303)


def _choice_page(typed: dict[str, object], *, errors: object = None, general: str | None = None) -> str:
    tenant = choices.tenant_hours(current_scope())
    return render_template(
        "notifications/choice.html", typed=typed, tenant=tenant, say_hour=say_hour, errors=errors, general=general
    )


@bp.route("/notices/hours", methods=["GET", "POST"])
def hours() -> ResponseReturnValue:
    """Set when nobody in the tenant is mailed."""
    scope = current_scope()
    choices.require_keeping_hours(scope)
    newest = choices.newest_hours(scope)
    now = hours_from_json(newest.body if newest else {})
    typed: dict[str, object] = {
        "quiet_from": say_hour(now.quiet_from), "quiet_to": say_hour(now.quiet_to), "workdays_only": now.workdays_only,
        "red_exempt": now.red_exempt, "active_from": str(scope.today), "version": newest.version if newest else 0,
    }  # fmt: skip
    if request.method == "GET":
        return _hours_page(typed)
    typed = {name: request.form.get(name, "").strip() for name in ("quiet_from", "quiet_to", "active_from", "version")}
    typed |= {name: request.form.get(name) == "1" for name in ("workdays_only", "red_exempt")}
    try:
        with work() as writing:
            choices.set_hours(
                writing,
                quiet_from=str(typed["quiet_from"]),
                quiet_to=str(typed["quiet_to"]),
                workdays_only=bool(typed["workdays_only"]),
                red_exempt=bool(typed["red_exempt"]),
                active_from=_day(str(typed["active_from"])),
                version=_version(str(typed["version"])),
            )
    except InvalidInputError as error:
        return _hours_page(typed, errors=error.fields), status_of(error)
    except StaleError as error:
        return _hours_page(typed, general=translate(error.text)), status_of(error)
    flash(_("邮件时段已保存。"), "success")
    return redirect(url_for("notifications.hours"), 303)


def _hours_page(typed: dict[str, object], *, errors: object = None, general: str | None = None) -> str:
    return render_template("notifications/hours.html", typed=typed, errors=errors, general=general)


def _version(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= LONGEST_VERSION else -1


def _day(written: str) -> date | None:
    try:
        return read_day(written)
    except ValueError:
        return None
