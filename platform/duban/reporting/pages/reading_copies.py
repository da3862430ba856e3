"""The workbook of all units of a requirement for those above them."""

from datetime import datetime
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.kernel.paging import MOST_TAKEN
from duban.reporting import queries
from duban.reporting.workbooks.overview import TooManyUnitsError, overview_of
from duban.reporting.workbooks.reading_copy import reading_copy
from duban.web.filters import local
from duban.web.requests import current_scope
from duban.web.tables import XLSX_TYPE, attachment


def answers_file(requirement_id: UUID) -> ResponseReturnValue:
    """Send what the units handed in for a period (?period=), of those whose reports the reader may read."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    period = request.args.get("period", "")
    try:
        found = overview_of(scope, requirement, period)
    except TooManyUnitsError:
        flash(_("这一期有超过 %(n)s 个单位，没有导出。请由下级单位各自下载本单位范围内的。", n=MOST_TAKEN), "warning")
        return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id))
    return attachment(reading_copy(found, said_at=_said), XLSX_TYPE, f"{requirement.title}-{period}.xlsx")


def _said(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"
