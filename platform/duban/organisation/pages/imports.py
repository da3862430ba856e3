"""The pages that take a file of units or people: first what would happen, then the doing."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may_somewhere
from duban.kernel.text import N_
from duban.organisation.operations.importing import ImportReport, check_units_file, import_units
from duban.organisation.operations.people_import import PeopleReport, check_people_file, import_people
from duban.organisation.pages.forms import Refusal, attempt
from duban.organisation.rules.people_file import MOST_PEOPLE, NEEDED_PERSON_COLUMNS, PERSON_COLUMN_LABELS, PersonColumn
from duban.organisation.rules.units_file import RowProblem
from duban.organisation.states import COLUMN_LABELS, REQUIRED_COLUMNS
from duban.tenancy.kinds_in_force import structure
from duban.web.errors import translate
from duban.web.i18n import gettext
from duban.web.requests import current_scope, work
from duban.web.tables import csv_lines

LARGEST_FILE_BYTES = 1024 * 1024
ROWS_SHOWN = 100


def units() -> ResponseReturnValue:
    """Take a file: a dry run first; the checked content comes back with the confirmation, so nothing lies about in between."""
    if not may_somewhere(current_scope(), "unit", "manage"):
        return redirect(url_for("organisation.tree"))
    if request.method == "GET":
        return _page(None, "", Refusal(200))
    data = _content()
    if data is None:
        return _page(None, "", Refusal(422, errors={"file": [N_("请选择一个 Excel 或 CSV 文件，最大 1 MB。")]}))
    if request.form.get("problems") == "1":
        report = check_units_file(current_scope(), data=data)
        return _problems_file(report.problems, {column.value: COLUMN_LABELS[column] for column in COLUMN_LABELS})
    reports: list[ImportReport] = []

    def act() -> None:
        if request.form.get("confirmed") == "1":
            with work() as scope:
                reports.append(import_units(scope, data=data))
        else:
            reports.append(check_units_file(current_scope(), data=data))

    refusal = attempt(act)
    if refusal:
        # Something changed since the dry run: say what, from a fresh one.
        return _page(check_units_file(current_scope(), data=data), "", refusal)
    report = reports[0]
    return _page(report, "" if report.done else b64encode(data).decode(), Refusal(200))


def units_template() -> ResponseReturnValue:
    """Give an empty file of units with the headings and one example, which Excel opens as it is."""
    headings = ",".join(COLUMN_LABELS[column] for column in COLUMN_LABELS)
    kind = structure(current_scope())
    example = next(level for level in kind.levels if not level.root)
    text = f"{headings}\r\n430112001,{N_('某某街道')},{example.name.zh},430112,{N_('某某')},\r\n"
    return _download(text, "units-template.csv")


def _download(text: str, name: str) -> ResponseReturnValue:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "text/csv; charset=utf-8"}
    return b"\xef\xbb\xbf" + text.encode(), 200, headers


def _problems_file(problems: Sequence[RowProblem], labels: Mapping[str, str]) -> ResponseReturnValue:
    """Give every mistake of a file as a table, to be worked through beside it."""
    rows = [[str(one.line), gettext(labels.get(one.column, one.column)), translate(one.text)] for one in problems]
    headings = [gettext(N_("行")), gettext(N_("列")), gettext(N_("怎样更正"))]
    return _download("".join(csv_lines(headings, rows)).removeprefix("\ufeff"), "problems.csv")


def people() -> ResponseReturnValue:
    """Take a file of people for a dry run: it changes nothing, and a file could not be carried through being asked again."""
    if not may_somewhere(current_scope(), "person", "manage"):
        return redirect(url_for("organisation.people"))
    if request.method == "GET":
        return _people_page(None, "", Refusal(200))
    data = _content()
    if data is None:
        return _no_people_file()
    report = check_people_file(current_scope(), data=data)
    if request.form.get("problems") == "1":
        return _problems_file(report.problems, {column.value: PERSON_COLUMN_LABELS[column] for column in PersonColumn})
    return _people_page(report, b64encode(data).decode(), Refusal(200))


def take_people() -> ResponseReturnValue:
    """Make the accounts of a file that was looked at; the answer shows all slips, once."""
    if not may_somewhere(current_scope(), "person", "manage"):
        return redirect(url_for("organisation.people"))
    data = _content()
    if data is None:
        return _no_people_file()
    reports: list[PeopleReport] = []

    def act() -> None:
        with work() as scope:
            reports.append(import_people(scope, data=data))

    refusal = attempt(act)
    if refusal:
        # Something changed since the dry run: say what, from a fresh one.
        return _people_page(check_people_file(current_scope(), data=data), "", refusal)
    return _people_page(reports[0], "", Refusal(200))


def _no_people_file() -> ResponseReturnValue:
    return _people_page(None, "", Refusal(422, errors={"file": [N_("请选择一个 Excel 或 CSV 文件，最大 1 MB。")]}))


def _people_page(report: PeopleReport | None, content: str, refusal: Refusal) -> ResponseReturnValue:
    kind = structure(current_scope())
    sound = report is None or report.is_sound
    status = refusal.status if refusal.status != HTTPStatus.OK or sound else HTTPStatus.UNPROCESSABLE_ENTITY
    page = render_template(
        "organisation/people_import.html",
        report=report,
        content=content,
        refusal=refusal,
        rows_shown=ROWS_SHOWN,
        most=MOST_PEOPLE,
        columns=[(column.value, PERSON_COLUMN_LABELS[column], column in NEEDED_PERSON_COLUMNS) for column in PersonColumn],
        column_labels={column.value: PERSON_COLUMN_LABELS[column] for column in PersonColumn},
        roles=[role for role in kind.roles if role.is_grantable],
    )
    return page, int(status), {"Cache-Control": "no-store"}


def people_template() -> ResponseReturnValue:
    """Give an empty file of people with the headings."""
    return _download(",".join(PERSON_COLUMN_LABELS[column] for column in PersonColumn) + "\r\n", "people-template.csv")


def _content() -> bytes | None:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        with sent.stream as stream:
            data = stream.read(LARGEST_FILE_BYTES + 1)
    else:
        try:
            data = b64decode(request.form.get("content", ""), validate=True)
        except ValueError:
            return None
    return data if 0 < len(data) <= LARGEST_FILE_BYTES else None


def _page(report: ImportReport | None, content: str, refusal: Refusal) -> ResponseReturnValue:
    kind = structure(current_scope())
    status = refusal.status if refusal.status != 200 or report is None or report.is_sound else 422  # noqa: PLR2004 - HTTP's own
    page = render_template(
        "organisation/import.html",
        report=report,
        content=content,
        refusal=refusal,
        rows_shown=ROWS_SHOWN,
        columns=[(column.value, COLUMN_LABELS[column], column in REQUIRED_COLUMNS) for column in COLUMN_LABELS],
        column_labels={column.value: COLUMN_LABELS[column] for column in COLUMN_LABELS},
        levels=[level for level in kind.levels if not level.root],
    )
    return page, status
