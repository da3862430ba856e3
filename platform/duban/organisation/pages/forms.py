"""What the forms of this feature share: reading fields, and turning refusals into a page that keeps what was typed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.text import N_, Text
from duban.web.errors import status_of, translate


@dataclass(frozen=True)
class Refusal:
    """Why a form was not taken: per field, or as a whole."""

    status: int
    general: str | None = None
    errors: dict[str, list[Any]] = field(default_factory=dict)


def attempt(action: Callable[[], Any]) -> Refusal | None:
    """
    Do what a form asks.

    Gives:  None when done, else why not, for the form to be shown again with what was typed.
    Raises: NotFoundError, NotAllowedError: there is no form to show again then.
    """
    try:
        action()
    except (NotFoundError, NotAllowedError):
        raise
    except InvalidInputError as error:
        errors = {name: list(texts) for name, texts in error.fields.items()}
        return Refusal(422, None if errors else translate(error.text), errors)
    except AnticipatedError as error:
        return Refusal(status_of(error), translate(error.text))
    return None


def do_and_return(action: Callable[[], Any], *, to: str, done: Text | Callable[[], Text]) -> ResponseReturnValue:
    """Do what a button asks and go back to a page, saying that it is done, or what came of it, or why it is not."""
    try:
        action()
    except (InvalidInputError, RuleBrokenError) as error:
        texts = [text for texts in getattr(error, "fields", {}).values() for text in texts] or [error.text]
        flash(_("；").join(translate(text) for text in texts), "error")
    else:
        flash(translate(done() if callable(done) else done), "success")
    return redirect(to)


def typed(*names: str) -> dict[str, str]:
    """Give what was typed into these fields, or stands in the address."""
    return {name: request.form.get(name, request.args.get(name, "")) for name in names}


def day(name: str) -> date | None:
    """
    Read a day from a form field; None when left empty.

    Raises: InvalidInputError.
    """
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return read_day(text)
    except ValueError as error:
        raise InvalidInputError(fields={name: [Text(wrong_day(error, N_("请填写日期，例如 2026-06-28。")))]}) from error


def unit_id(text: str) -> UUID | None:
    """Read the id of a unit; None for anything else, so that a code typed without JavaScript can be looked up."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None
