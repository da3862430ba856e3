"""The private address for calendar programs: its page, and the file behind it."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import BadSignature, Signer

from duban.forms.wording import in_words
from duban.identity.door import secret_signer
from duban.kernel.ids import TenantId
from duban.kernel.scope import Scope, open_session
from duban.reporting import operations, queries
from duban.reporting.icalendar_feed import DueEvent, calendar_file
from duban.reporting.models import Duty
from duban.reporting.queries import DutyLine
from duban.reporting.states import DUTY_LABELS, DutyState
from duban.web.errors import translate
from duban.web.requests import admit, current_scope, runtime, work

BACK, AHEAD = timedelta(days=92), timedelta(days=400)
"""How much of the past and of what is to come the file holds."""
_START = "cal"
RETRY_SECONDS = 300
DONE = frozenset({DutyState.SUBMITTED, DutyState.ACCEPTED, DutyState.MISSING_SUBMITTED})


def show() -> ResponseReturnValue:
    """Show whether one has an address, and how to use it."""
    return render_template("reporting/calendar_feed.html", feed=queries.feed_of(current_scope()), address=None)


def renew() -> ResponseReturnValue:
    """Make a new address and show it, once: not a redirect, for it is kept nowhere."""
    with work() as scope:
        made = operations.renew_feed(scope)
        key = _signer().sign(f"{_START}.{scope.tenant_id.hex}.{made.secret}").decode()
    address = url_for("reporting.calendar_file", _external=True, key=key)
    return render_template("reporting/calendar_feed.html", feed=made.feed, address=address), 201


def revoke() -> ResponseReturnValue:
    """Take the address away."""
    with work() as scope:
        operations.revoke_feed(scope)
    flash(_("日历地址已作废。"), "success")
    return redirect(url_for("reporting.calendar_feed"), 303)


def calendar() -> ResponseReturnValue:
    """
    Give a person's own due dates to whoever knows their private address.

    The key travels in the query, which is never logged. A key that opens nothing is answered with a bare 404, all alike: an error
    page of ours has links that hold the address asked for, and with it the key.
    """
    read = _read_key(request.args.get("key", ""))
    if read is None:
        return _bare(404)
    tenant_id, token = read
    now = runtime().clock.now()
    with open_session(runtime().engine, tenant_id) as session:
        found = queries.find_reader(session, tenant_id=tenant_id, token=token, now=now)
    if found is None:
        return _bare(404)
    if found.too_often:
        return _bare(429, **{"Retry-After": str(RETRY_SECONDS)})
    admit(found.tenant, found.actor)
    with work() as scope:
        operations.count_read(scope, feed_id=found.feed.id)
        body = _file(scope)
    answer = Response(body, mimetype="text/calendar", headers={"Cache-Control": "private, no-store"})
    answer.headers["Content-Disposition"] = 'inline; filename="duban.ics"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _bare(status: int, **headers: str) -> Response:
    return Response(status=status, mimetype="text/plain", headers={"Cache-Control": "no-store", **headers})


def _file(scope: Scope) -> bytes:
    lines = queries.due_for_calendar(scope, scope.today - BACK, scope.today + AHEAD)
    several = len({line.unit.id for line in lines}) > 1
    events = [_event(line, several=several) for line in lines]
    return calendar_file(events, name=_("%(tenant)s报送", tenant=scope.tenant.name), zone=scope.zone.key)


def _event(line: DutyLine, *, several: bool) -> DueEvent:
    duty, requirement = line.duty, line.requirement
    title = _titles(line)["title"]
    if several:
        title = _("%(name)s：%(text)s", name=line.unit.name, text=title)
    if duty.stands in DONE:
        title = _("✓ %(title)s", title=title)
    link = url_for("reporting.show_duty", duty_id=duty.id, _external=True)
    said = [_(DUTY_LABELS[duty.stands]), _("%(unit)s报%(recipient)s", unit=line.unit.name, recipient=requirement.recipient)]
    return DueEvent(
        uid=_uid(duty),
        version=duty.due_version,
        due_on=duty.due_on,
        changed_at=duty.changed_at,
        title=title,
        text="\n".join([*said, link]),
        link=link,
        is_off=duty.stands is DutyState.CANCELLED,
    )


def _titles(line: DutyLine) -> Mapping[str, str]:
    title = in_words(line.requirement.title, line.requirement.title_en)
    if line.duty.period_code == "once":
        return {"title": title}
    return {"title": title + _("（%(period)s）", period=translate(line.duty.period.label))}


def _uid(duty: Duty) -> str:
    return f"{duty.id}@duban"


def _signer() -> Signer:
    return secret_signer(b"duban.calendar")


def _read_key(key: str) -> tuple[TenantId, str] | None:
    """Give tenant and token of a key this installation has signed."""
    try:
        start, tenant_hex, token = _signer().unsign(key.encode("utf-8", "surrogatepass")).decode().split(".")
        return (TenantId(UUID(hex=tenant_hex)), token) if start == _START else None
    except (BadSignature, ValueError):
        return None
