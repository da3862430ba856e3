"""Reading the console's forms, and showing them again with what was typed."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from duban.console import divisions
from duban.console.operations.founding import NewTenant
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.text import N_, Text
from duban.web.amounts import gigabytes, whole_number
from duban.web.errors import status_of, translate

LARGEST_FILE_BYTES = 5 * 1024 * 1024
FIELDS = (
    *("kind", "name", "slug", "time_zone", "source", "division", "division_shown", "root_code", "root_name"),
    *("admin_login", "admin_name", "people_limit", "storage_limit", "files_limit"),
)


@dataclass(frozen=True)
class Refusal:
    """Why a form was not taken: per field, or as a whole."""

    status: int = 200
    general: str | None = None
    errors: dict[str, list[Any]] = field(default_factory=dict)


def refusal_of(error: AnticipatedError) -> Refusal:
    """Say in a form why it was refused. Raises: NotFoundError again: there is no form to show then."""
    if isinstance(error, NotFoundError):
        raise error
    if isinstance(error, InvalidInputError):
        errors = {name: list(texts) for name, texts in error.fields.items()}
        return Refusal(422, None if errors else translate(error.text), errors)
    return Refusal(status_of(error), translate(error.text))


def said(action: Callable[[], Any], done: Text) -> bool:
    """Do what a button asks and say whether it was done, in a message on the next page."""
    try:
        action()
    except NotFoundError:
        raise
    except AnticipatedError as error:
        texts = [text for texts in getattr(error, "fields", {}).values() for text in texts] or [error.text]
        flash(_("；").join(translate(text) for text in texts), "error")
        return False
    flash(translate(done), "success")
    return True


def typed() -> dict[str, str]:
    """Give what was typed into the form of a new tenant."""
    return {name: request.form.get(name, "").replace("\x00", "") for name in FIELDS}


def new_tenant(values: dict[str, str]) -> NewTenant:
    """
    Read the form of a new tenant; its units come from a division, a file just chosen, or the file of the step before.

    Raises: InvalidInputError with every field that cannot be read.
    """
    found: dict[str, Any] = {}
    errors: dict[str, list[Text]] = {}
    for name, read in (
        ("people_limit", lambda: whole_number("people_limit", values["people_limit"])),
        ("storage_limit", lambda: gigabytes("storage_limit", values["storage_limit"])),
        ("files_limit", lambda: whole_number("files_limit", values["files_limit"])),
        ("units", lambda: _units(values)),
    ):
        try:
            found[name] = read()
        except InvalidInputError as error:
            errors |= {key: list(texts) for key, texts in error.fields.items()}
    if errors:
        raise InvalidInputError(fields=errors)
    return NewTenant(
        kind=values["kind"],
        name=values["name"] or (values["root_name"] if values["source"] == "division" else ""),
        slug=values["slug"],
        time_zone=values["time_zone"],
        root_code=values["root_code"],
        root_name=values["root_name"],
        admin_login=values["admin_login"],
        admin_name=values["admin_name"],
        units=found["units"],
        people_limit=found["people_limit"],
        storage_limit_bytes=found["storage_limit"],
        files_limit=found["files_limit"],
    )


def _units(values: dict[str, str]) -> bytes:
    if values["source"] == "division":
        root = divisions.root_of(values["kind"], values["division"]) if divisions.is_installed() else None
        if root is None:
            raise InvalidInputError(
                fields={"division": [Text(N_("请选择与类型相符的行政区划：县级类型选县区，街道类型选街道。"))]}
            )
        values["root_code"], values["division_shown"] = root.full_code, f"{root.within}{root.name}"
        values["root_name"] = values["root_name"] or root.name
        return divisions.units_file(values["kind"], root)
    if values["source"] == "file":
        return _file()
    return b""


def _file() -> bytes:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        with sent.stream as stream:
            data = stream.read(LARGEST_FILE_BYTES + 1)
    else:
        try:
            data = base64.b64decode(request.form.get("content", ""), validate=True)
        except ValueError:
            data = b""
    if not 0 < len(data) <= LARGEST_FILE_BYTES:
        raise InvalidInputError(fields={"file": [Text(N_("请选择一个单位文件，最大 5 MB。"))]})
    return data
