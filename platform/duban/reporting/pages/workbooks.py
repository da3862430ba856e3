"""The pages of a requirement as a workbook: download it filled in, send it back, choose what becomes of the rows."""

import time
from base64 import b64decode, b64encode
from collections import Counter
from http import HTTPStatus
from uuid import UUID

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.reporting.errors import NoDraftsError
from duban.reporting.models import Requirement
from duban.reporting.operations.workbooks import check_workbook, take_rows
from duban.reporting.workbooks.judging import VERDICT_LABELS, Judgement, Verdict
from duban.reporting.workbooks.knowing import Sheet, get_for_writing, open_periods, sheet_of
from duban.reporting.workbooks.writing import mistakes, returned, said_mistakes, template
from duban.web.errors import status_of, translate
from duban.web.requests import current_scope, work
from duban.web.tables import XLSX_TYPE, attachment

LARGEST_FILE_BYTES = 1024 * 1024
LISTED = 100
ROWS_AT_ONCE = 20
MOST_SECONDS = 15
OUTDATED = Text(N_("表单已经更新，这张表是按另一版做的。请下载换好的新表，核对后再上传。"))
_NO_FILE = Text(N_("请选择填好的 Excel 工作簿（.xlsx），最大 1 MB。"))
_STEPS = frozenset({"", "marked", "draft", "submit"})


def show(duty_id: UUID) -> ResponseReturnValue:
    """Show what can be downloaded, and where the filled-in workbook is sent."""
    return _page(current_scope(), duty_id)


def download(duty_id: UUID) -> ResponseReturnValue:
    """Give the workbook of a period (?period=, that of the duty when left out)."""
    return send_template(current_scope(), duty_id, request.args.get("period", ""))


def send_template(scope: Scope, duty_id: UUID, period: str) -> Response:
    """Send the workbook of a period, that of the duty where none is named."""
    sheet = sheet_of(scope, get_for_writing(scope, duty_id), period)
    return attachment(template(sheet), XLSX_TYPE, f"{_file_name(sheet)}.xlsx")


def send_marked(sheet: Sheet, judgement: Judgement) -> Response:
    """Send a workbook back with its mistakes marked."""
    marked = _("标出错误")
    return attachment(returned(sheet, judgement), XLSX_TYPE, f"{_file_name(sheet)}-{marked}.xlsx")


def upload(duty_id: UUID) -> ResponseReturnValue:
    """
    Take a workbook: first only judged, then, with its content sent along, marked, kept or handed in.

    Nothing lies about in between: the content comes back with the choice.
    """
    step = request.form.get("step", "")
    data = _content()
    if data is None or step not in _STEPS:
        return _page(current_scope(), duty_id, error=no_file())
    try:
        scope = current_scope()
        sheet, judgement = check_workbook(scope, duty_id=duty_id, data=data, anyway="anyway" in request.form)
        if step in {"draft", "submit"}:
            refuse_untakeable(sheet, judgement, hand_in=step == "submit")
    except NotFoundError:
        raise
    except AnticipatedError as error:
        return _page(current_scope(), duty_id, error=error)
    if step == "marked":
        return send_marked(sheet, judgement)
    period = translate(sheet.period.label)
    if step:
        take_in(duty_id, sheet, judgement, hand_in=step == "submit")
    return _judged_page(duty_id, sheet, judgement, data, period, is_done=bool(step))


def refuse_untakeable(sheet: Sheet, judgement: Judgement, *, hand_in: bool) -> None:
    """
    Take no rows of a workbook made for another version of the form, and keep no drafts in a unit's stead.

    Raises: InvalidInputError, NoDraftsError.
    """
    if sheet.office is not None and not hand_in:
        raise NoDraftsError
    if judgement.is_outdated:
        raise InvalidInputError(OUTDATED.template, fields={"file": [OUTDATED]})


def take_in(duty_id: UUID, sheet: Sheet, judgement: Judgement, *, hand_in: bool) -> None:
    """
    Take the rows in, some at a time, each lot for good: what is cut off later stays done, and the same file sent again goes on.

    Costs: as long as it takes, but no lot is begun after MOST_SECONDS; what is left waits for another press of the button.
    """
    until = time.monotonic() + MOST_SECONDS
    waiting = [row for row in judgement.rows if row.is_waiting]
    for first in range(0, len(waiting), ROWS_AT_ONCE):
        if time.monotonic() > until:
            return
        with work() as scope:
            take_rows(scope, duty_id=duty_id, sheet=sheet, rows=waiting[first : first + ROWS_AT_ONCE], hand_in=hand_in)


def _content() -> bytes | None:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return read_file(sent)
    try:
        return _of_size(b64decode(request.form.get("content", ""), validate=True))
    except ValueError:
        return None


def read_file(sent: FileStorage) -> bytes | None:
    """Read an uploaded workbook; none that is empty or too large."""
    with sent.stream as stream:
        return _of_size(stream.read(LARGEST_FILE_BYTES + 1))


def _of_size(data: bytes) -> bytes | None:
    return data if 0 < len(data) <= LARGEST_FILE_BYTES else None


def no_file() -> InvalidInputError:
    """Say that no workbook came, or one too large."""
    return InvalidInputError(_NO_FILE.template, fields={"file": [_NO_FILE]})


def _file_name(sheet: Sheet) -> str:
    return f"{sheet.requirement.title}-{sheet.period.code}"


def _page(scope: Scope, duty_id: UUID, *, error: AnticipatedError | None = None) -> ResponseReturnValue:
    filling = get_for_writing(scope, duty_id)
    errors = error.fields if isinstance(error, InvalidInputError) else {}
    page = render_template(
        "reporting/workbook.html",
        requirement=filling.requirement,
        duty=filling.duty,
        office=filling.office,
        periods=open_periods(scope, filling),
        errors=errors,
        general=error.text if error is not None and not errors else None,
    )
    return page, status_of(error) if error is not None else HTTPStatus.OK


def _judged_page(
    duty_id: UUID, sheet: Sheet, judgement: Judgement, data: bytes, period: str, *, is_done: bool
) -> ResponseReturnValue:
    scope, counts = current_scope(), judgement.counted()
    waiting = Counter(row.verdict for row in judgement.rows if row.is_waiting)
    found = list(mistakes(sheet, judgement))
    page = render_template(
        "reporting/workbook_judged.html",
        duty_id=duty_id,
        requirement=get_owned(scope, Requirement, sheet.mark.requirement_id),
        period=period,
        judgement=judgement,
        office=sheet.office,
        anyway=sheet.anyway,
        tiles=[(verdict.value, _(VERDICT_LABELS[verdict]), counts[verdict]) for verdict in Verdict if counts[verdict]],
        said_mistakes=said_mistakes(judgement, len(found)),
        sound=waiting[Verdict.SOUND],
        kept=waiting.total(),
        mistakes=found[:LISTED],
        mistake_count=len(found),
        content=b64encode(data).decode(),
        is_done=is_done and not waiting,
        is_begun=is_done and bool(waiting),
    )
    return page, HTTPStatus.OK, {"Cache-Control": "no-store"}
