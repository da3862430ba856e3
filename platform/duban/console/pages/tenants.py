"""Tenants as the operator sees them: the list with figures and alarms, one tenant, and making a new one."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.console import divisions as division_data
from duban.console.desk import Hand
from duban.console.door import desk, reading
from duban.console.models import OperatorAct
from duban.console.once import done_once, first_password, pressing, shown_again
from duban.console.operations import tenants as operations
from duban.console.operations.founding import Founded, NewTenant, found, try_founding
from duban.console.pages import forms
from duban.console.pages.forms import Refusal, refusal_of
from duban.console.queries import get_tenant, list_acts, list_orders, list_tenants, steward_beat
from duban.console.states import COOLING_OFF
from duban.identity.rules.sessions import FIRST_SECRET_LIVES
from duban.kernel.errors import AnticipatedError, InvalidInputError
from duban.kernel.logs import get_logger
from duban.kernel.text import N_, Text
from duban.organisation.operations.people import Slip
from duban.tenancy.kinds import Kind, load_all
from duban.tenancy.kinds_reading import KindError
from duban.tenancy.queries import tenant_by_id
from duban.web.alarms import alarms
from duban.web.amounts import GIB, gigabytes, whole_number
from duban.web.errors import translate
from duban.web.replies import ShownOnceError
from duban.web.requests import runtime

log = get_logger(__name__)
STEWARD_SILENCE = timedelta(seconds=90)
_ROWS_SHOWN = 20


def overview() -> ResponseReturnValue:
    """List the tenants with what they use, below what is wrong with the installation."""
    words, after = request.args.get("q", "").replace("\x00", ""), request.args.get("after", "").replace("\x00", "")
    with reading() as session:
        rows, following = list_tenants(session, words=words, after=after)
        beat = steward_beat(session)
    silent = beat is None or runtime().clock.now() - beat > STEWARD_SILENCE
    return render_template(
        "console/tenants.html",
        tenants=rows,
        following=following,
        alarms=alarms(runtime()),
        steward_silent=silent,
        steward_beat=beat,
        kinds=_known_kinds(),
    )


def _known_kinds() -> Mapping[str, Kind]:
    """Give the kinds, none where a folder is broken: tenants have their own copies, and the operator must still see them."""
    try:
        return load_all()
    except KindError as error:
        log.warning("kinds not readable", problems=len(error.problems))
        return {}


def divisions() -> ResponseReturnValue:
    """Answer the picker: counties and townships by name or the beginning of their code."""
    words = request.args.get("q", "")
    found_rows = [*division_data.search("county", words, limit=12), *division_data.search("street", words, limit=8)]
    return jsonify([{"id": one.code, "name": one.name, "note": f"{one.within} {one.code}"} for one in found_rows])


def new() -> ResponseReturnValue:
    """Make a tenant: the form, then what it would make, then the administrator's slip."""
    kinds = _known_kinds()
    if not kinds:
        flash(translate(Text(N_("类型定义有误，暂时不能新建租户。请运行 duban kind check 查看。"))), "error")
        return redirect(url_for("console.tenants"))
    if request.method == "GET":
        first = next(iter(kinds.values()))
        values = dict.fromkeys(forms.FIELDS, "") | {
            "kind": first.code,
            "source": "division" if division_data.is_installed() else "file",
            "time_zone": first.zone.key,
            "admin_login": "admin",
        }
        return _form(values, Refusal())
    values = forms.typed()
    try:
        wanted = forms.new_tenant(values)
        if request.form.get("confirmed") == "1":
            return done_once(lambda who: _slip(_made(wanted, who), runtime().clock.now()), _slip_again)
        tried = try_founding(runtime().engine, new=wanted, kinds=load_all(), now=runtime().clock.now())
    except AnticipatedError as error:
        return _form(values, refusal_of(error))
    return _preview(values, wanted, tried)


def _made(wanted: NewTenant, who: Hand) -> Founded:
    now = runtime().clock.now()
    return found(runtime().engine, new=wanted, kinds=load_all(), now=now, hand=who, first_password=first_password(who))


def _slip_again(done: OperatorAct) -> ResponseReturnValue:
    """Show the slip of the first press to the second: the same tenant, the same password."""
    with reading() as session:
        tenant = tenant_by_id(session, done.subject_id)
    if tenant is None:
        raise ShownOnceError
    slip = Slip(person_id=done.subject_id, login=done.details["admin_login"], password=shown_again(done, pressing()))
    return _slip(Founded(tenant, slip, done.details["units"], None), done.at)


def _form(values: dict[str, str], refusal: Refusal) -> ResponseReturnValue:
    page = render_template(
        "console/new_tenant.html",
        values=values,
        refusal=refusal,
        kinds=load_all(),
        divisions_installed=division_data.is_installed(),
        fitting=tuple(division_data.FITTINGS),
        zones=sorted(available_timezones()),
    )
    return page, refusal.status


def _preview(values: dict[str, str], wanted: NewTenant, tried: Founded) -> ResponseReturnValue:
    report = tried.report
    if report is not None and not report.is_sound:
        page = render_template("console/units_wrong.html", report=report, values=values, rows_shown=_ROWS_SHOWN)
        return page, 422
    return render_template(
        "console/preview.html",
        values=values | {"root_code": wanted.root_code, "root_name": wanted.root_name or wanted.name},
        tried=tried,
        kind=load_all()[wanted.kind],
        content=base64.b64encode(wanted.units).decode() if values["source"] == "file" else "",
        rows_shown=_ROWS_SHOWN,
    )


def _slip(made: Founded, at: datetime) -> ResponseReturnValue:
    return render_template(
        "console/slip.html",
        made=made,
        kind=load_all()[made.tenant.kind],
        ends_at=at + FIRST_SECRET_LIVES,
        address=f"{runtime().settings.base_url}{url_for('identity.sign_in', slug=made.tenant.slug)}",
    )


def show(tenant_id: UUID) -> ResponseReturnValue:
    """Show one tenant: what it uses and may use, what can be done to it, what was."""
    return _page(tenant_id, Refusal(), {})


def _page(tenant_id: UUID, refusal: Refusal, values: dict[str, str]) -> ResponseReturnValue:
    with reading() as session:
        tenant = get_tenant(session, tenant_id)
        page = render_template(
            "console/tenant.html",
            tenant=tenant,
            kind=_known_kinds().get(tenant.kind),
            orders=list_orders(session, tenant_id=tenant_id, limit=10),
            acts=list_acts(session, subject_id=tenant_id, limit=10),
            refusal=refusal,
            values=values,
            cooling_days=COOLING_OFF.days,
            gib=GIB,
        )
    return page, refusal.status


def quota(tenant_id: UUID) -> ResponseReturnValue:
    """Set a tenant's limits."""
    values = {name: request.form.get(name, "") for name in ("people_limit", "storage_limit", "files_limit", "version")}
    try:
        people = whole_number("people_limit", values["people_limit"])
        storage = gigabytes("storage_limit", values["storage_limit"])
        files = whole_number("files_limit", values["files_limit"])
        expected = whole_number("version", values["version"])
        with desk() as open_desk:
            operations.set_quota(
                open_desk,
                tenant_id=tenant_id,
                people_limit=people,
                storage_limit_bytes=storage,
                files_limit=files,
                expected=expected,
            )
    except InvalidInputError as error:
        return _page(tenant_id, refusal_of(error), values)
    flash(translate(Text(N_("配额已保存。"))), "success")
    return redirect(url_for("console.tenant", tenant_id=tenant_id))


def suspend(tenant_id: UUID) -> ResponseReturnValue:
    """Close a tenant for everybody."""

    def act() -> None:
        with desk() as open_desk:
            operations.suspend(open_desk, tenant_id=tenant_id, reason=request.form.get("reason", "").replace("\x00", ""))

    forms.said(act, Text(N_("租户已暂停：所有用户从下一次请求起被拒绝，数据完好。")))
    return redirect(url_for("console.tenant", tenant_id=tenant_id))


def resume(tenant_id: UUID) -> ResponseReturnValue:
    """Open a tenant again."""

    def act() -> None:
        with desk() as open_desk:
            operations.resume(open_desk, tenant_id=tenant_id)

    forms.said(act, Text(N_("租户已恢复使用。")))
    return redirect(url_for("console.tenant", tenant_id=tenant_id))
