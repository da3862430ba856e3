"""Opening files, and the limits of uploads. Uploading happens on the pages of what files hang on."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from duban.access.checks import may_somewhere
from duban.files.operations import LIMITS, set_upload_limits
from duban.files.queries import get_readable, uploads
from duban.files.receiving import sent
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.text import N_
from duban.tenancy.models import UploadLimit
from duban.web.amounts import GIB, gigabytes, whole_number
from duban.web.errors import status_of, translate
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

bp = Blueprint("files", __name__, template_folder="templates")

NAV = (
    NavEntry(
        label=N_("附件限额"),
        endpoint="files.limits",
        icon="gauge",
        group=N_("系统"),
        order=40,
        prefix="files.limits files.set_limits",
        condition=lambda scope: may_somewhere(scope, "tenant", "manage"),
    ),
)


@bp.get("/files/<uuid:file_id>")
def download(file_id: UUID) -> ResponseReturnValue:
    """Send a file to be saved, or with `?show=1` to be looked at where that is safe."""
    return sent(get_readable(current_scope(), file_id), shown=request.args.get("show") == "1")


@bp.get("/files/limits")
def limits() -> ResponseReturnValue:
    """Show how much people and units may upload in a year, and who has uploaded most."""
    return _page()


@bp.post("/files/limits")
def set_limits() -> ResponseReturnValue:
    """Set how much people and units may upload in a year."""
    typed = {name: request.form.get(name, "") for name in (*LIMITS, "version")}
    try:
        read = {name: (gigabytes if name.endswith("_bytes") else whole_number)(name, typed[name]) for name in LIMITS}
        with work() as scope:
            set_upload_limits(scope, limits=read, expected=whole_number("version", typed["version"]) or 0)
    except InvalidInputError as error:
        return _page(typed, errors=error.fields), status_of(error)
    except StaleError as error:
        return _page(typed, general=translate(error.text)), status_of(error)
    flash(gettext("附件限额已保存，从下一次上传起生效。"), "success")
    return redirect(url_for("files.limits"))


def _page(typed: dict[str, str] | None = None, *, errors: object = None, general: str | None = None) -> str:
    found = uploads(current_scope())
    values = {**(typed or _shown(found.limits)), "version": found.limits.version}
    return render_template("files/limits.html", found=found, values=values, errors=errors, general=general)


def _shown(row: UploadLimit) -> dict[str, str]:
    """Write the limits as they are typed: gigabytes and whole numbers, nothing for no limit."""
    numbers = {name: getattr(row, name) for name in LIMITS}
    return {
        name: "" if number is None else f"{number / GIB:g}" if name.endswith("_bytes") else str(number)
        for name, number in numbers.items()
    }
