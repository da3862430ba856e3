"""The auditor's pages: the record with filters, one record, taking it away, checking that it is whole."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import Place, may
from duban.audit.models import AuditRecord
from duban.audit.queries import last_check
from duban.auditing import operations, queries
from duban.auditing.acts import GROUPS, SUBJECTS, group_of, words_of
from duban.auditing.forms import NAMES, read_wanted
from duban.auditing.showing import columns, line, named_in, shown_details
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.tree.queries import get_unit, root
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work
from duban.web.tables import CSV_TYPE, XLSX_TYPE, attachment, csv_lines, xlsx_file

bp = Blueprint("auditing", __name__, template_folder="templates")

NAV = (
    NavEntry(
        label=N_("审计记录"),
        endpoint="auditing.list_records",
        icon="shield-check",
        group=N_("系统"),
        order=10,
        prefix="auditing.",
        condition=queries.is_auditor,
    ),
)


def _audits_all(scope: Scope) -> bool:
    return may(scope, "audit", "read", Place(root(scope).path))


def _words() -> dict[str, Any]:
    return {"words_of": words_of, "named_in": named_in, "group_of": group_of, "groups": GROUPS, "subjects": SUBJECTS}


@bp.get("/audit")
def list_records() -> ResponseReturnValue:
    """Show the record, newest first, with its filters and what the last check found."""
    scope = current_scope()
    errors: dict[str, Any] = {}
    try:
        wanted = read_wanted(request.args)
    except InvalidInputError as error:
        wanted, errors = queries.Wanted(), dict(error.fields)
    page = queries.list_records(scope, wanted, after=request.args.get("after"))
    unit = get_unit(scope, wanted.unit_id) if wanted.unit_id else None
    body = render_template(
        "auditing/records.html",
        page=page,
        errors=errors,
        unit=unit,
        names=queries.names_for(scope, page.items),
        check=last_check(scope),
        audits_all=_audits_all(scope),
        asked={name: request.args[name] for name in NAMES if request.args.get(name)},
        limit=queries.TAKEN_AT_MOST,
        **_words(),
    )
    return body, 422 if errors else 200


@bp.get("/audit/<int:seq>")
def show_record(seq: int) -> ResponseReturnValue:
    """Show one record whole, with its hash and what was done to the same subject before and after."""
    scope = current_scope()
    row = queries.get_record(scope, seq)
    around = queries.list_records(scope, queries.Wanted(subject_id=row.subject_id), limit=20)
    return render_template(
        "auditing/record.html",
        row=row,
        details=shown_details(row.details),
        around=around.items,
        more=around.next is not None,
        names=queries.names_for(scope, [row, *around.items]),
        **_words(),
    )


@bp.post("/audit/export")
def export() -> ResponseReturnValue:
    """Send the filtered record as CSV or XLSX. A POST, for taking it away is itself recorded."""
    form = "csv" if request.form.get("form") == "csv" else "xlsx"
    try:
        wanted = read_wanted(request.form)
        with work() as scope:
            operations.take_away(scope, wanted, form=form)
    except InvalidInputError as error:
        texts = [text for texts in error.fields.values() for text in texts] or [error.text]
        flash(_("；").join(_(text.template) % dict(text.params) for text in texts), "error")
        asked = {name: request.form[name] for name in NAMES if request.form.get(name)}
        return redirect(f"{url_for('auditing.list_records')}?{urlencode(asked)}", 303)
    scope = current_scope()
    rows = (_line(scope, row) for row in queries.stream_records(scope, wanted))
    name = _("审计记录 %(day)s", day=scope.today.isoformat())
    if form == "csv":
        # read to the end here: the connection is given back before the answer is sent
        return attachment(list(csv_lines(columns(), rows)), CSV_TYPE, f"{name}.csv")
    return attachment(xlsx_file([(_("审计记录"), columns(), rows)]), XLSX_TYPE, f"{name}.xlsx")


def _line(scope: Scope, row: AuditRecord) -> list[str | int | None]:
    return line(row, zone=scope.zone)


@bp.post("/audit/check")
def check() -> ResponseReturnValue:
    """Walk the whole chain now."""
    with work() as scope:
        found = operations.check_now(scope)
    if found.bad_seq is None:
        flash(_("已校验 %(n)s 条记录，链条完整。", n=found.rows), "success")
    else:
        flash(_("第 %(n)s 条记录有问题：%(why)s。请立即报告运维单位。", n=found.bad_seq, why=found.reason), "error")
    return redirect(url_for("auditing.list_records"), 303)
